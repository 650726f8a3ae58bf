/** What the journal's tests share: commands of every kind, a stand-in for the engine, and damaged copies. */
import { copyFileSync, cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { afterAll } from "vitest";
import { ByteWriter } from "../../src/domain/codec.ts";
import type { Command, Sequenced } from "../../src/domain/commands.ts";
import { encodeOutcome } from "../../src/domain/event-codec.ts";
import {
  accountIndex,
  assetIndex,
  epochMs,
  lots,
  marketIndex,
  minor,
  orderId,
  type PartsPerMillion,
  partsPerMillion,
  seq,
  ticks,
} from "../../src/domain/units.ts";
import { type Disk, nodeDisk } from "../../src/journal/disk.ts";
import type { Frame } from "../../src/journal/frame.ts";
import { Journal, type JournalOptions, type JournalReport } from "../../src/journal/journal.ts";

export const SEGMENT_BYTES = 16 * 1024;

const account = accountIndex(3);
const market = marketIndex(1);
const movement = {
  account,
  asset: assetIndex(2),
  amount: minor(Number.MAX_SAFE_INTEGER),
  reference: "wire 17",
};

export const EVERY_COMMAND: readonly Command[] = [
  {
    kind: "PlaceOrder",
    account,
    market,
    side: "sell",
    type: "limit",
    timeInForce: "gtd",
    price: ticks(10_000),
    triggerPrice: null,
    trailingOffset: null,
    quantity: lots(2 ** 40),
    quoteQuantity: null,
    displayQuantity: lots(2 ** 35),
    expiresAt: epochMs(1_800_000_000_000),
    postOnly: true,
    selfTradePrevention: "cancel-maker",
    clientOrderId: "café-☕",
  },
  {
    kind: "PlaceOrder",
    account,
    market,
    side: "buy",
    type: "market",
    timeInForce: "ioc",
    price: null,
    triggerPrice: null,
    trailingOffset: null,
    quantity: null,
    quoteQuantity: minor(5),
    displayQuantity: null,
    expiresAt: null,
    postOnly: false,
    selfTradePrevention: "cancel-maker",
    clientOrderId: null,
  },
  {
    kind: "PlaceOrder",
    account,
    market,
    side: "sell",
    type: "take-profit-limit",
    timeInForce: "gtc",
    price: ticks(300),
    triggerPrice: ticks(301),
    trailingOffset: null,
    quantity: lots(6),
    quoteQuantity: null,
    displayQuantity: null,
    expiresAt: null,
    postOnly: false,
    selfTradePrevention: "cancel-both",
    clientOrderId: null,
  },
  {
    kind: "PlaceOrder",
    account,
    market,
    side: "buy",
    type: "trailing-stop",
    timeInForce: "ioc",
    price: null,
    triggerPrice: null,
    trailingOffset: ticks(20),
    quantity: null,
    quoteQuantity: minor(5),
    displayQuantity: null,
    expiresAt: null,
    postOnly: false,
    selfTradePrevention: "decrement",
    clientOrderId: null,
  },
  { kind: "AmendOrder", account, order: orderId(77), price: ticks(128), quantity: null },
  { kind: "AmendOrder", account, order: orderId(77), price: null, quantity: lots(2 ** 40) },
  { kind: "SetCancelAfter", account, seconds: 60 },
  { kind: "CancelOrder", account, order: orderId(77) },
  { kind: "CancelAllOrders", account, market: null },
  { kind: "CancelAllOrders", account, market },
  { kind: "ExpireOrders" },
  { kind: "DepositFunds", ...movement },
  { kind: "WithdrawFunds", ...movement },
  { kind: "TransferFunds", ...movement, toAccount: accountIndex(4) },
  {
    kind: "SettleFunds",
    base: assetIndex(0),
    quote: assetIndex(1),
    entries: [
      { account, side: "buy", quantity: minor(3), value: minor(2 ** 53 - 1), reference: "a" },
      { account: accountIndex(4), side: "sell", quantity: minor(3), value: minor(300), reference: "b" },
    ],
    settlementId: "VIB-BRL/17",
  },
  { kind: "SettleFunds", base: assetIndex(0), quote: assetIndex(1), entries: [], settlementId: null },
  { kind: "OpenAccount", accountId: "alice", name: null },
  { kind: "OpenAccount", accountId: "bob", name: "Bob" },
  { kind: "SetAccountStatus", account, status: "suspended" },
  {
    kind: "CreateKey",
    account,
    keyId: "k1",
    name: "laptop",
    scopes: ["read", "trade"],
    secretHash: "ab".repeat(32),
  },
  { kind: "RevokeKey", keyId: "k1" },
  { kind: "ListAsset", name: "BTC", scale: 8 },
  {
    kind: "ListMarket",
    name: "BTC-USD",
    base: assetIndex(0),
    quote: assetIndex(1),
    tickSize: { units: 1, scale: 2 },
    lotSize: { units: 5, scale: 4 },
    baseMinorPerLot: 50_000,
    quoteMinorPerTickLot: 5,
    minNotional: null,
    maxQuantity: lots(9),
    maxOpenOrders: 10_000,
    makerFee: partsPerMillion(100),
    takerFee: partsPerMillion(0),
    priceBand: null,
    referencePrice: ticks(50_000),
    status: "open",
  },
  {
    kind: "ChangeMarket",
    market,
    status: "halted",
    makerFee: null,
    takerFee: partsPerMillion(7),
    priceBand: null,
  },
  {
    kind: "ChangeMarket",
    market,
    status: "auction",
    makerFee: -250 as PartsPerMillion,
    takerFee: null,
    priceBand: partsPerMillion(100_000),
  },
];

const NO_SPACE_LIMITS = { reserveBytes: 0, probeMs: 10 };

/** Gives commands their places from `first` on. */
export function sequenced(commands: readonly Command[], first: number, at: number = first): Sequenced[] {
  return commands.map((command, i) => ({
    seq: seq(first + i),
    at: epochMs(at),
    requestId: `01J${String(first + i).padStart(23, "0")}`,
    traceId: i % 2 === 0 ? null : "0af7651916cd43dd8448eb211c80319c",
    command,
  }));
}

/** The canonical encoding of what a batch caused, had the engine refused it all. */
export function outcomesOf(entries: readonly Sequenced[]): Uint8Array {
  const writer = new ByteWriter(1024);
  for (const entry of entries) {
    encodeOutcome(writer, { entry, events: [{ kind: "CommandRejected", reason: "not-found" }] });
  }
  return writer.view();
}

const directories: string[] = [];
afterAll(() => {
  for (const directory of directories) rmSync(directory, { recursive: true, force: true });
});

export function newDirectory(parent: string = tmpdir()): string {
  const directory = mkdtempSync(join(parent, "pregao-journal-"));
  directories.push(directory);
  return directory;
}

/** A directory in memory where there is such a thing, for tests that open thousands of journals. */
export function newFastDirectory(): string {
  return newDirectory(existsSync("/dev/shm") ? "/dev/shm" : tmpdir());
}

/** A disk that can only be read, and has nothing but these files, by their names. */
export function memoryDisk(files: ReadonlyMap<string, Buffer>): Disk {
  const names = [...files.keys()];
  const bytesOf = (file: number) => files.get(names[file]!)!;
  return {
    ...nodeDisk,
    list: async () => names,
    open: async (path) => names.indexOf(basename(path)),
    close: async () => {},
    size: async (file) => bytesOf(file).length,
    read: async (file, into, position) => bytesOf(file).copy(into, 0, position),
  };
}

/** A journal that was opened, with all that it told. */
export type Opened = {
  readonly journal: Journal;
  readonly frames: readonly Frame[];
  readonly reports: readonly JournalReport[];
};

export async function openJournal(directory: string, options: Partial<JournalOptions> = {}): Promise<Opened> {
  const frames: Frame[] = [];
  const reports: JournalReport[] = [];
  const journal = await Journal.open({
    directory,
    watermarks: [],
    segmentBytes: SEGMENT_BYTES,
    limits: NO_SPACE_LIMITS,
    replay: (frame) => {
      frames.push(frame);
      return outcomesOf(frame.entries);
    },
    onReport: (report) => reports.push(report),
    ...options,
  });
  return { journal, frames, reports };
}

/** Appends a batch and witnesses it, as the sequencer does; gives the entries and the frame's hash. */
export async function appendBatch(
  journal: Journal,
  commands: readonly Command[],
): Promise<{ readonly entries: readonly Sequenced[]; readonly hash: string }> {
  const entries = sequenced(commands, journal.nextSeq);
  const hash = await journal.append(entries);
  journal.witness(outcomesOf(entries));
  return { entries, hash };
}

/** What a crash would leave of an open journal: the files as they are, without the frame of a clean stop. */
export function copyOfOpen(journalDirectory: string): string {
  const copy = newDirectory();
  cpSync(journalDirectory, copy, { recursive: true });
  return copy;
}

/** Puts the segments of one directory in place of another's, and nothing else. */
export function resetDirectory(directory: string, from: string): void {
  rmSync(directory, { recursive: true, force: true });
  mkdirSync(directory);
  for (const name of readdirSync(from)) {
    if (name.endsWith(".segment")) copyFileSync(join(from, name), join(directory, name));
  }
}

export function entriesOf(frames: readonly Frame[]): readonly Sequenced[] {
  return frames.flatMap(({ entries }) => entries);
}
