import { describe, expect, it } from "vitest";
import { LedgerQueries } from "../../src/projections/ledger/ledger-queries.ts";
import type { LedgerCommand } from "../../src/projections/ledger/rows.ts";
import { openWriter } from "./files.ts";
import { Story } from "./story.ts";

const BUCKET = 2 ** 13;
const COMMANDS = 2 * BUCKET + 500;
const RARE = "00f067aa0ba902b70000000000000001";
const COMMON = "4bf92f3577b34da6a3ce929d0e0e4736";
const NO_ONE = "f".repeat(32);

/** Commands over three buckets: one a request, but for a batch that lies on the edge of the first bucket. */
function longStory() {
  const story = new Story();
  const requestId = (seq: number) => `01KBQ${String(seq).padStart(21, "0")}`;
  for (let seq = 1; seq <= COMMANDS; seq += 1) {
    const ids = { requestId: requestId(seq), traceId: seq % 4_000 === 0 ? COMMON : null };
    if (Math.abs(seq - BUCKET) <= 25) ids.requestId = requestId(BUCKET);
    // The clock of the ids has been set back, and then forward again.
    if (seq === BUCKET + 700) ids.requestId = "01AAAAAAAAAAAAAAAAAAAAAAAA";
    if (seq === 300) ids.requestId = "01ZZZZZZZZZZZZZZZZZZZZZZZZ";
    if (seq === 77) ids.traceId = RARE;
    story.did("PlaceOrder", [{ kind: "CommandRejected", reason: "insufficient-funds" }], ids);
    if (seq % 400 === 0) story.frame();
  }
  story.frame();
  const { database, writer } = openWriter();
  for (const frame of story.frames) writer.apply([frame]);
  return { story, queries: new LedgerQueries(database) };
}

function shown({ committed, frames }: Story, seq: number): LedgerCommand {
  const { at, requestId, traceId, command } = committed[seq - 1]!.entry;
  const { hash } = frames.find(({ firstSeq, lastSeq }) => firstSeq <= seq && seq <= lastSeq)!;
  return {
    seq: seq as LedgerCommand["seq"],
    at,
    kind: command.kind,
    refused: "insufficient-funds",
    requestId,
    traceId,
    frameHash: hash,
  };
}

describe("a command is found", () => {
  it("by its request id, in whatever bucket and by whatever clock that was made", () => {
    const { story, queries } = longStory();
    const seqs = [1, 300, 301, BUCKET - 26, BUCKET + 26, BUCKET + 700, 2 * BUCKET - 1, 2 * BUCKET, COMMANDS];
    for (const seq of seqs) {
      const { requestId } = story.committed[seq - 1]!.entry;
      expect(queries.commandsOfRequest(requestId)).toEqual([shown(story, seq)]);
    }
    for (const none of ["00000000000000000000000000", `01KBQ${"9".repeat(21)}`, "7ZZ", ""]) {
      expect(queries.commandsOfRequest(none)).toEqual([]);
    }
  });

  it("by its request id with all that came together, across the edge of a bucket", () => {
    const { story, queries } = longStory();
    const batch = Array.from({ length: 51 }, (_, i) => shown(story, BUCKET - 25 + i));
    expect(queries.commandsOfRequest(batch[0]!.requestId)).toEqual(batch);
  });

  it("by its trace id, newest first and page by page", () => {
    const { story, queries } = longStory();
    const one = queries.commandsOfTrace({ traceId: RARE, limit: 10 });
    expect(one).toEqual({ rows: [shown(story, 77)], next: null });
    const all = [16_000, 12_000, 8_000, 4_000].map((seq) => shown(story, seq));
    const first = queries.commandsOfTrace({ traceId: COMMON, limit: 3 });
    expect(first).toEqual({ rows: all.slice(0, 3), next: 8_000 });
    const second = queries.commandsOfTrace({ traceId: COMMON, limit: 3, before: first.next });
    expect(second).toEqual({ rows: all.slice(3), next: null });
    expect(queries.commandsOfTrace({ traceId: NO_ONE, limit: 3 })).toEqual({ rows: [], next: null });
  });

  it("by its sequence, several in one read and in the order of the question", () => {
    const { story, queries } = longStory();
    const found = queries.commands([COMMANDS, 5, COMMANDS + 1, 0, 5]);
    expect(found).toEqual([COMMANDS, 5, 5].map((seq) => shown(story, seq)));
    expect(queries.commands(Array.from({ length: 1_500 }, (_, i) => i + 1))).toHaveLength(1_000);
  });

  it("not at all in a ledger of no commands", () => {
    const queries = new LedgerQueries(openWriter().database);
    expect(queries.commandsOfRequest("01KBQ000000000000000000001")).toEqual([]);
    expect(queries.commandsOfTrace({ traceId: RARE, limit: 1 })).toEqual({ rows: [], next: null });
    expect(queries.commands([1])).toEqual([]);
  });
});
