/**
 * Every single bit of a small journal is flipped, the real engine replays what is then there, and the state is the
 * same as before or the journal is refused. Nothing in between: no wrong command, no lost one, no other error.
 */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, expect, test } from "vitest";
import type { Command } from "../../src/domain/commands.ts";
import { minor, seq } from "../../src/domain/units.ts";
import { Engine } from "../../src/engine/engine.ts";
import { DamagedJournalError } from "../../src/journal/errors.ts";
import { readJournal } from "../../src/journal/recovery.ts";
import { SEGMENT_HEADER_BYTES } from "../../src/journal/segment.ts";
import { ANN, BASE, BEN, LISTING, placing, QUOTE } from "../engine/desk.ts";
import { outcomesOf, runFrame } from "./run-frame.ts";
import { copyOfOpen, memoryDisk, newDirectory, openJournal, sequenced } from "./support.ts";

/** Small enough for two segments. */
const SEGMENT_BYTES = SEGMENT_HEADER_BYTES + 960;

const deposit = (account: typeof ANN, asset: typeof BASE): Command => ({
  kind: "DepositFunds",
  account,
  asset,
  amount: minor(1_000),
  reference: "first",
});

/** Two traders meet, one of them twice, and what is left is canceled. */
const BATCHES: readonly (readonly Command[])[] = [
  [
    { kind: "ListAsset", name: "BASE", scale: 0 },
    { kind: "ListAsset", name: "QUOTE", scale: 0 },
    { kind: "ListMarket", ...LISTING },
    { kind: "OpenAccount", accountId: "ann", name: null },
    { kind: "OpenAccount", accountId: "ben", name: null },
  ],
  [deposit(ANN, BASE), deposit(BEN, QUOTE)],
  [placing(ANN, "sell", 5, 100, { clientOrderId: "ask" }), placing(BEN, "buy", 2, 101)],
  [placing(BEN, "buy", 1, 90), { kind: "CancelAllOrders", account: ANN, market: null }],
  [placing(BEN, "buy", 3, 80)],
];

/** The segments by their names. */
type Segments = ReadonlyMap<string, Buffer>;

let crashed: Segments;
let closed: Segments;
/** What the journal comes to, and what it came to before its last frame. */
let whole: string;
let shorter: string;
let lastSeq: number;

beforeAll(async () => {
  const directory = newDirectory();
  const { journal } = await openJournal(directory, { segmentBytes: SEGMENT_BYTES });
  const engine = new Engine();
  for (const commands of BATCHES) {
    await runFrame(journal, { engine }, sequenced(commands, journal.nextSeq));
    shorter = whole;
    whole = `${engine.appliedSeq} ${journal.eventDigest}`;
  }
  lastSeq = engine.appliedSeq;
  crashed = load(copyOfOpen(directory));
  await journal.close();
  closed = load(directory);
  expect([...crashed.keys()]).toEqual(["00000001.segment", "00000002.segment"]);
});

function load(directory: string): Segments {
  const names = readdirSync(directory).filter((name) => name.endsWith(".segment"));
  return new Map(names.map((name) => [name, readFileSync(join(directory, name))]));
}

/** What a journal comes to: how far, and all that it caused; or that it is refused. */
async function outcomeOf(segments: Segments, watermark: number): Promise<string> {
  const engine = new Engine();
  try {
    const end = await readJournal({
      directory: "journal",
      disk: memoryDisk(segments),
      watermarks: [{ holder: "ledger", seq: seq(watermark), frameHash: null }],
      replay: ({ entries }) => outcomesOf({ engine }, entries),
    });
    return `${engine.appliedSeq} ${end!.eventDigest.toString("hex")}`;
  } catch (error) {
    if (error instanceof DamagedJournalError) return "refused";
    throw error;
  }
}

/** Flips every bit from an offset of each segment on in turn, and counts what came of it. */
async function flipAll(
  segments: Segments,
  { watermark, from }: { readonly watermark: number; readonly from: number },
): Promise<Map<string, number>> {
  const came = new Map<string, number>();
  for (const bytes of segments.values()) {
    for (let bit = from * 8; bit < bytes.length * 8; bit += 1) {
      bytes[bit >> 3]! ^= 1 << (bit & 7);
      const outcome = await outcomeOf(segments, watermark);
      came.set(outcome, (came.get(outcome) ?? 0) + 1);
      bytes[bit >> 3]! ^= 1 << (bit & 7);
    }
  }
  const told = [...came].map(([outcome, times]) => `${outcome.slice(0, 12)} ${times}`);
  process.stdout.write(`bits flipped: ${told.join(", ")}\n`);
  return came;
}

test("after a clean stop: the same state, or refused", { timeout: 120_000 }, async () => {
  expect(await outcomeOf(closed, 0)).toBe(whole);
  const came = await flipAll(closed, { watermark: 0, from: 0 });
  expect([...came.keys()].sort()).toEqual([whole, "refused"].sort());
});

test("after a crash, when the ledger has seen all: the same state, or refused", {
  timeout: 120_000,
}, async () => {
  const came = await flipAll(crashed, { watermark: lastSeq, from: SEGMENT_HEADER_BYTES });
  expect([...came.keys()].sort()).toEqual([whole, "refused"].sort());
});

test("after a crash that nobody has seen the last frame of: that frame may be taken for torn, and nothing else", {
  timeout: 120_000,
}, async () => {
  const came = await flipAll(crashed, { watermark: 0, from: SEGMENT_HEADER_BYTES });
  expect([...came.keys()].sort()).toEqual([whole, shorter, "refused"].sort());
});
