/**
 * Proves a run after the server has stopped: every acknowledged order is in the ledger, every asset is
 * conserved there, and the journal replays to the digest that the live engine left in it.
 */
import Database from "better-sqlite3";
import { Engine } from "../../src/engine/engine.ts";
import { pathsIn } from "../../src/journal/data-directory.ts";
import { Journal } from "../../src/journal/journal.ts";
import { checkFrames } from "../../src/replay/replay-frames.ts";
import type { Report } from "../report.ts";

export type Proof = {
  readonly acknowledged: number;
  readonly missing: number;
  /** Of the acknowledged ones. */
  readonly traded: number;
  readonly orders: number;
  readonly trades: number;
  /** Per asset: what the ledger's entries sum to, external account included. */
  readonly sums: readonly { readonly asset: string; readonly sum: number; readonly negative: number }[];
  readonly replayed: number;
  readonly replaySeconds: number;
  readonly digest: string;
};

export async function prove(directory: string, acknowledged: readonly number[]): Promise<Proof> {
  return { ...checkLedger(pathsIn(directory).ledger, acknowledged), ...(await replay(directory)) };
}

/** Whether nothing acknowledged is missing, and nothing was made or lost. */
export function isWhole({ missing, sums }: Proof): boolean {
  return missing === 0 && sums.every(({ sum, negative }) => sum === 0 && negative === 0);
}

export function saySums({ sums }: Proof, report: Report): void {
  for (const { asset, sum, negative } of sums) {
    report.say(`  ${asset}: all entries sum to ${sum}, balances below zero: ${negative}`);
  }
}

function checkLedger(file: string, acknowledged: readonly number[]) {
  const ledger = new Database(file, { readonly: true });
  const find = ledger.prepare("SELECT filled_quantity > 0 FROM orders WHERE order_id = ?").pluck();
  const traded = acknowledged.map((order) => find.get(order) as 0 | 1 | undefined);
  const one = (sql: string) => ledger.prepare(sql).pluck().get() as number;
  const proof = {
    acknowledged: acknowledged.length,
    missing: traded.filter((one) => one === undefined).length,
    traded: traded.filter((one) => one === 1).length,
    orders: one("SELECT count(*) FROM orders"),
    trades: one("SELECT count(*) FROM trades"),
    sums: ledger
      .prepare(
        `SELECT assets.name AS asset, sum(entries.amount) AS sum,
                sum(entries.balance_after < 0 AND entries.account >= 0) AS negative
         FROM entries JOIN assets USING (asset) GROUP BY asset`,
      )
      .all() as Proof["sums"],
  };
  ledger.close();
  return proof;
}

/** Recovery checks the digest of every frame; a clean stop has left one for the last. */
async function replay(directory: string) {
  const startedAt = performance.now();
  const engine = new Engine();
  const journal = await Journal.open({
    directory: pathsIn(directory).journal,
    watermarks: [],
    replay: checkFrames(engine),
  });
  const replaySeconds = (performance.now() - startedAt) / 1000;
  engine.check();
  const { eventDigest: digest } = journal;
  await journal.close();
  return { replayed: engine.appliedSeq as number, replaySeconds, digest };
}
