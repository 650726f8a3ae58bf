/**
 * The outbox: a row for every trade, written in the transaction of the trade, from the command on with which deliveries
 * to the operator's own wallet service were first configured. Numbers count up by one, so the same journal gives the
 * same numbers whenever the ledger is made anew, and what is kept elsewhere of a delivery still fits.
 */
import type { Database, Statement } from "better-sqlite3";
import { ulidToUUID } from "ulid";
import { assert } from "../../domain/assert.ts";
import type { Outcome } from "../../domain/event-codec.ts";
import type { TradeExecuted } from "../../domain/events.ts";
import { isUlid } from "../../domain/ulid.ts";
import { packHex } from "./words.ts";

export class OutboxRows {
  next: number;
  readonly #from: number | null;
  readonly #insert: Statement;
  readonly #requestId: Statement;

  /** `from` is the first command whose trades are recorded; null for none. */
  constructor(database: Database, from: number | null) {
    this.#from = from;
    this.next = database.prepare("SELECT next_settlement FROM cursor").pluck().get() as number;
    this.#insert = database.prepare(
      `INSERT INTO settlements (settlement, seq, at, market, trade, price, quantity, buyer, seller, buyer_request,
         seller_request, trace_id)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    );
    this.#requestId = database.prepare("SELECT request_id FROM commands WHERE seq = ?").pluck();
  }

  record(trade: TradeExecuted, outcome: Outcome): void {
    const { seq, at } = outcome;
    if (this.#from === null || seq < this.#from) return;
    const taker = { account: trade.takerAccount, request: this.#requestOf(trade.takerOrder, outcome) };
    const maker = { account: trade.makerAccount, request: this.#requestOf(trade.makerOrder, outcome) };
    const [buyer, seller] = trade.takerSide === "buy" ? [taker, maker] : [maker, taker];
    this.#insert.run(
      this.next,
      seq,
      at,
      trade.market,
      trade.trade,
      trade.price,
      trade.quantity,
      buyer.account,
      seller.account,
      buyer.request,
      seller.request,
      traceOf(outcome),
    );
    this.next += 1;
  }

  /** Of the command that placed the order. That of the command being recorded has no row yet. */
  #requestOf(order: number, { seq, requestId }: Outcome): string {
    if (order === seq) return requestId;
    const found = this.#requestId.get(order) as string | undefined;
    assert(found !== undefined, "an order trades after the command that placed it");
    return found;
  }
}

/** The trace that caused the trade. A request that named none is one by itself: both are 128 bits. */
function traceOf({ traceId, requestId }: Outcome): Buffer | string | null {
  if (traceId !== null) return packHex(traceId);
  return isUlid(requestId) ? Buffer.from(ulidToUUID(requestId).replaceAll("-", ""), "hex") : null;
}
