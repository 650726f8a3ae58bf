/** A ledger whose outbox holds what a test says, and what is delivered from it by a sender of the test's own. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type Database from "better-sqlite3";
import { afterEach } from "vitest";
import { seq } from "../../../src/domain/units.ts";
import { DeliveryLoop, type LoopReport } from "../../../src/outward/settlements/delivery-loop.ts";
import type { Message, Verdict } from "../../../src/outward/settlements/sender.ts";
import { Store } from "../../../src/outward/settlements/store.ts";
import { SettlementViews } from "../../../src/outward/settlements/views.ts";
import { Outbox } from "../../../src/projections/ledger/outbox.ts";
import { openForReading, openForWriting } from "../../../src/projections/ledger/schema.ts";

/** Buyer and seller. */
export type Pair = readonly [number, number];

export const REQUEST_ID = "01M82G2R9H20KRSFDM2VX254SS";
const ACCOUNTS = 100;
const LOOK_MS = 2;
const PATIENCE_MS = 20_000;

const cleanups: (() => void)[] = [];
afterEach(() => {
  for (const cleanup of cleanups.splice(0).reverse()) cleanup();
});

/** The outbox of a ledger in a directory of its own. */
export class OutboxFile {
  readonly directory = mkdtempSync(join(tmpdir(), "pregao-outbox-"));
  readonly #database: Database.Database;
  #count = 0;

  constructor() {
    this.#database = openForWriting(join(this.directory, "ledger.sqlite")).database;
    this.#database.exec(
      "INSERT INTO markets VALUES (0, 'VIB-BRL', 0, 1, 1, 2, 1, 0, 1, 0, 0, NULL, NULL, 0)",
    );
    this.#database.exec("UPDATE cursor SET settlements_from = 1");
    const account = this.#database.prepare(
      "INSERT INTO accounts (account, account_id, status) VALUES (?, ?, 0)",
    );
    for (let number = 1; number <= ACCOUNTS; number += 1) account.run(number, `account-${number}`);
    cleanups.push(() => {
      this.#database.close();
      rmSync(this.directory, { recursive: true, force: true });
    });
  }

  /** A trade for each pair; their numbers go on from 1. */
  add(pairs: readonly Pair[]): void {
    const insert = this.#database.prepare(
      `INSERT INTO settlements (settlement, seq, at, market, trade, price, quantity, buyer, seller, buyer_request,
         seller_request, trace_id) VALUES (?, ?, ?, 0, ?, 10000, 3, ?, ?, ?, ?, NULL)`,
    );
    const all = this.#database.transaction(() => {
      for (const [buyer, seller] of pairs) {
        this.#count += 1;
        const at = this.#count * 1000;
        insert.run(this.#count, this.#count, at, this.#count, buyer, seller, REQUEST_ID, REQUEST_ID);
      }
      this.#database.prepare("UPDATE cursor SET next_settlement = ?").run(this.#count + 1);
    });
    all();
  }
}

export const DELIVERED: Verdict = { outcome: "delivered", httpStatus: 200, detail: null, retryAfterMs: 0 };
export const FAILED: Verdict = { outcome: "failed", httpStatus: 500, detail: "no", retryAfterMs: 0 };
export const REFUSED: Verdict = { outcome: "refused", httpStatus: 422, detail: "never", retryAfterMs: 0 };

/** Decides what an attempt comes to; `trade` is the number of the settlement as well. */
export type Receiver = (trade: number, message: Message) => Verdict | Promise<Verdict>;

export type Delivering = {
  readonly loop: DeliveryLoop;
  readonly views: SettlementViews;
  readonly reports: readonly LoopReport[];
  /** Lets time pass for whoever waits; below zero it puts the clock back. */
  pass(milliseconds: number): void;
  /** All that was passed. */
  readonly passed: number;
  /** As a crash does: nothing more is written. */
  crash(): void;
};

export function deliver(
  { directory }: OutboxFile,
  receiver: Receiver,
  { failuresMax = 20, chance = () => 0.5 }: { failuresMax?: number; chance?: () => number } = {},
): Delivering {
  const ledger = openForReading(join(directory, "ledger.sqlite"));
  const outbox = new Outbox(ledger);
  const { store } = Store.open(directory, { from: seq(1), appliedSeq: Number.MAX_SAFE_INTEGER });
  const reports: LoopReport[] = [];
  let ahead = 0;
  let isOver = false;
  const sender = {
    send: async (message: Message) => {
      // As on a network: nothing comes back in the turn in which it was sent.
      await new Promise((resolve) => setImmediate(resolve));
      if (isOver) return new Promise<Verdict>(() => {});
      const verdict = await receiver(Number(message.settlementId.split("/")[1]), message);
      // A process that has crashed hears no answers.
      return isOver ? new Promise<Verdict>(() => {}) : verdict;
    },
    close: () => {},
  };
  const onReport = (report: LoopReport) => reports.push(report);
  const now = () => Date.now() + ahead;
  const loop = new DeliveryLoop({ store, outbox, sender, failuresMax, onReport, now, chance, tickMs: 1 });
  loop.start();
  const crash = () => {
    if (isOver) return;
    isOver = true;
    loop.abandon();
    store.close();
    ledger.close();
  };
  cleanups.push(crash);
  return {
    loop,
    views: new SettlementViews({ loop, store, outbox }),
    reports,
    pass: (milliseconds) => {
      ahead += milliseconds;
    },
    get passed() {
      return ahead;
    },
    crash,
  };
}

/** Waits until something is so, which is never long. */
export async function until(isSo: () => boolean): Promise<void> {
  const patience = Date.now() + PATIENCE_MS;
  while (!isSo()) {
    if (Date.now() > patience) throw new Error("it has not come to that in time");
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
  }
}
