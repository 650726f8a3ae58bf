/** A question about the past: lines of the change stream behind a sequence, as many as make a piece. */
import type { Seq } from "../domain/units.ts";
import { changeLine, changeOf } from "../projections/changes/change-line.ts";
import type { FeedEntry } from "../projections/feeds/feed-entry.ts";
import type { PastQuestion } from "./past-question.ts";

type Asked = {
  readonly after: Seq;
  /** Not before `after`, and not after what is durable. */
  readonly through: Seq;
  /** The line that reaches this is the last one of a piece. */
  readonly bytesMax: number;
};

/** Whole lines, one behind the other, up to that of `lastSeq`. */
type ChangesBehind = { readonly lines: Uint8Array<ArrayBuffer>; readonly lastSeq: Seq };

const NO_UPDATES: FeedEntry["orders"] = [];

export const changesBehind: PastQuestion<Asked, ChangesBehind> = async (
  { after, through, bytesMax },
  desk,
) => {
  const past = await desk.past(after);
  const { live } = past.present;
  let updates = NO_UPDATES;
  const listen = (_: unknown, told: FeedEntry | undefined) => {
    updates = told?.orders ?? NO_UPDATES;
  };
  live.listeners.add(listen);
  try {
    const lines: Buffer[] = [];
    let bytes = 0;
    while (past.seq < through && bytes < bytesMax) {
      const command = await past.next(desk.now.seq);
      if (command === null) break;
      const change = changeOf(command.committed, updates, live.orders);
      const line = Buffer.from(changeLine(change, live.directory));
      lines.push(line);
      bytes += line.length;
    }
    const joined = new Uint8Array(bytes);
    let offset = 0;
    for (const line of lines) {
      joined.set(line, offset);
      offset += line.length;
    }
    return { lines: joined, lastSeq: past.seq };
  } finally {
    live.listeners.delete(listen);
  }
};
