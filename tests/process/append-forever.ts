/**
 * Appends to a journal of small segments until it is ended, and writes the last sequence of every batch to standard
 * output once it has been acknowledged. For tests that cut the power of the disk below it.
 */
import { writeSync } from "node:fs";
import type { Sequenced } from "../../src/domain/commands.ts";
import { epochMs, type Seq } from "../../src/domain/units.ts";
import { Journal } from "../../src/journal/journal.ts";

const SEGMENT_BYTES = 24 * 1024;
const BATCH = 20;
/** What the commands cause makes no difference here. */
const NOTHING = new Uint8Array();

function batchAt(first: number): Sequenced[] {
  return Array.from({ length: BATCH }, (_, i) => ({
    seq: (first + i) as Seq,
    at: epochMs(first),
    requestId: `request-${first + i}`,
    traceId: null,
    command: { kind: "OpenAccount", accountId: `account-${first + i}`, name: null },
  }));
}

const journal = await Journal.open({
  directory: process.argv[2]!,
  watermarks: [],
  segmentBytes: SEGMENT_BYTES,
  limits: { reserveBytes: 0, probeMs: 60_000 },
  replay: () => NOTHING,
});
for (;;) {
  await journal.append(batchAt(journal.nextSeq));
  journal.witness(NOTHING);
  writeSync(1, `${journal.durableSeq}\n`);
}
