/** The two forms of the change stream on the wire: a JSON object a line, and Server-Sent Events. */
import type { Seq } from "../../domain/units.ts";
import type { Problem } from "../problems.ts";
import type { ChangePiece } from "./change-tail.ts";

/** What a stream says when it has to end before its time. */
export type LastWords = { readonly problem: Problem; readonly resumeFrom: Seq };

export type ChangeForm = {
  readonly type: string;
  /** Sent now and then by a stream that has nothing to tell, and at once by one that follows. */
  readonly heartbeat: string;
  told(piece: ChangePiece): Uint8Array;
  last(words: LastWords): string;
};

const LINE_FEED = 0x0a;

/** An empty line is a heartbeat. */
const LINES: ChangeForm = {
  type: "application/x-ndjson",
  heartbeat: "\n",
  told: ({ lines }) => lines,
  last: (words) => `${JSON.stringify(words)}\n`,
};

/** A comment is a heartbeat. Every command has a line and no sequence is left out, so the lines need not be read. */
const EVENTS: ChangeForm = {
  type: "text/event-stream",
  heartbeat: ":\n\n",
  told: ({ after, lines }) => {
    const parts: Uint8Array[] = [];
    let seq: number = after;
    for (let start = 0; start < lines.length; ) {
      const end = lines.indexOf(LINE_FEED, start) + 1;
      seq += 1;
      parts.push(Buffer.from(`id: ${seq}\ndata: `), lines.subarray(start, end), Buffer.from("\n"));
      start = end;
    }
    return Buffer.concat(parts);
  },
  last: (words) => `event: problem\ndata: ${JSON.stringify(words)}\n\n`,
};

export const CHANGE_TYPES: readonly string[] = [LINES.type, EVENTS.type];

/** A weight of zero says that it is not taken. */
const TAKES_EVENTS = /^\s*text\/event-stream\s*(?:;(?!\s*q=0(?:\.0*)?\s*$).*)?$/i;

/** What the client asks for; lines unless it says that it takes events. */
export function changeFormFor(accept = ""): ChangeForm {
  return accept.split(",").some((range) => TAKES_EVENTS.test(range)) ? EVENTS : LINES;
}
