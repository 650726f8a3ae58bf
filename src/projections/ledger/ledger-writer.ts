/**
 * The fold from events to rows. A batch of frames is one transaction, with the cursor in it: either all of a
 * batch is in the file or nothing, so a crash only moves the cursor back, together with its rows. The same
 * frames give the same rows, however they are cut into batches.
 */
import type { Database, Statement, Transaction } from "better-sqlite3";
import { assert, unreachable } from "../../domain/assert.ts";
import { COMMAND_KINDS, decodeOutcomes, type Outcome } from "../../domain/event-codec.ts";
import type {
  Event,
  FundsDeposited,
  FundsSettled,
  FundsTransferred,
  FundsWithdrawn,
  TradeExecuted,
} from "../../domain/events.ts";
import { SIDES } from "../../domain/market.ts";
import { REJECTIONS } from "../../domain/rejections.ts";
import type { Seq } from "../../domain/units.ts";
import { readCursor } from "./cursor.ts";
import { DirectoryRows } from "./directory-rows.ts";
import type { LedgerCursor, LedgerFrame } from "./messages.ts";
import { OrderRows } from "./order-rows.ts";
import { OutboxRows } from "./outbox-rows.ts";
import { movementPostings, type Posting, settlementPostings, tradePostings } from "./postings.ts";
import { RequestRanges } from "./request-ranges.ts";
import { WalletTotals } from "./wallet-totals.ts";
import { ENTRY_KINDS, numberOf, packHex } from "./words.ts";

type Statements = ReturnType<typeof prepareStatements>;

/** All that is remembered between batches; made anew from the tables when a batch was rolled back. */
type Memory = {
  readonly directory: DirectoryRows;
  readonly orders: OrderRows;
  readonly wallets: WalletTotals;
  readonly requests: RequestRanges;
  readonly outbox: OutboxRows;
  seq: number;
  frameHash: string | null;
  nextEntry: number;
};

export class LedgerWriter {
  readonly #database: Database;
  readonly #statements: Statements;
  readonly #transaction: Transaction<(frames: readonly LedgerFrame[]) => void>;
  #settlementsFrom: number | null;
  #memory: Memory;

  /**
   * `settlementsFrom` is the first command whose trades go into the outbox, as it is known elsewhere; once a ledger has
   * one, it keeps it.
   */
  constructor(database: Database, settlementsFrom: number | null = null) {
    this.#database = database;
    this.#settlementsFrom = settlementsStart(database, settlementsFrom);
    this.#statements = prepareStatements(database);
    this.#transaction = database.transaction((frames) => this.#fold(frames));
    this.#memory = remember(database, this.#settlementsFrom);
  }

  get cursor(): LedgerCursor {
    return { seq: this.#memory.seq as Seq, frameHash: this.#memory.frameHash };
  }

  get settlementsFrom(): Seq | null {
    return this.#settlementsFrom as Seq | null;
  }

  /** From this command on, which is still to come, trades go into the outbox. It is in the file with the next batch. */
  beginOutbox(from: Seq): void {
    assert(this.#settlementsFrom === null, "the beginning of the outbox is set once");
    assert(from > this.#memory.seq, "the outbox begins with a command that is still to come");
    this.#settlementsFrom = from;
    this.#memory = remember(this.#database, from);
  }

  /** Writes a batch whole, or throws and leaves the file as it was; the batch may then be tried again. */
  apply(frames: readonly LedgerFrame[]): void {
    try {
      this.#transaction.immediate(frames);
    } catch (error) {
      this.#memory = remember(this.#database, this.#settlementsFrom);
      throw error;
    }
  }

  close(): void {
    this.#database.close();
  }

  #fold(frames: readonly LedgerFrame[]): void {
    const memory = this.#memory;
    for (const { firstSeq, lastSeq, hash, outcomes } of frames) {
      assert(firstSeq === memory.seq + 1, "a frame follows the one before");
      for (const outcome of decodeOutcomes(outcomes)) this.#record(outcome);
      assert(memory.seq === lastSeq, "a frame holds the commands that it says");
      this.#statements.frame.run(firstSeq, lastSeq, packHex(hash));
      memory.frameHash = hash;
    }
    memory.orders.save();
    memory.wallets.save();
    memory.requests.save();
    const { seq, frameHash, nextEntry } = memory;
    const hash = frameHash === null ? null : packHex(frameHash);
    this.#statements.cursor.run(seq, hash, nextEntry, this.#settlementsFrom, memory.outbox.next);
  }

  #record(outcome: Outcome): void {
    const memory = this.#memory;
    const { seq, at, requestId, traceId, commandKind, events } = outcome;
    assert(seq === memory.seq + 1, "commands come in order, and none is left out");
    memory.seq = seq;
    memory.requests.add(seq, requestId);
    const firstEntry = memory.nextEntry;
    let refused: number | null = null;
    for (const event of events) {
      if (event.kind === "CommandRejected") refused = numberOf(REJECTIONS, event.reason);
      this.#recordEvent(event, outcome);
    }
    const trace = traceId === null ? null : packHex(traceId);
    const kind = numberOf(COMMAND_KINDS, commandKind);
    this.#statements.command.run(seq, at, kind, refused, firstEntry, requestId, trace);
  }

  #recordEvent(event: Event, outcome: Outcome): void {
    const { seq } = outcome;
    const { directory, orders, wallets } = this.#memory;
    switch (event.kind) {
      case "OrderPlaced":
      case "OrderTriggered":
      case "OrderAmended":
      case "SelfTradePrevented":
      case "OrderFilled":
      case "OrderCanceled":
      case "OrderExpired":
        orders.record(event, outcome);
        break;
      case "TradeExecuted":
        this.#recordTrade(event, outcome);
        this.#memory.outbox.record(event, outcome);
        break;
      case "WalletChanged":
        // Wallets come last among a command's events, so its entries are all counted.
        wallets.check(event);
        break;
      case "FundsDeposited":
      case "FundsWithdrawn":
      case "FundsTransferred":
        this.#recordMovement(event, seq);
        break;
      case "FundsSettled":
        this.#recordSettlement(event, seq);
        break;
      case "AccountOpened":
        directory.openAccount(event);
        break;
      case "AccountStatusChanged":
        directory.changeAccount(event);
        break;
      case "CancelAfterSet":
        directory.setCancelAfter(event);
        break;
      case "AssetListed":
        directory.listAsset(event);
        break;
      case "MarketListed":
        directory.listMarket(event);
        break;
      case "MarketChanged":
        directory.changeMarket(event);
        break;
      case "LevelChanged":
      case "KeyCreated":
      case "KeyRevoked":
      case "MovementRepeated":
      case "SettlementRepeated":
      case "OrderRepeated":
      case "CommandRejected":
        // Nothing of money or orders has changed: the command's own row says all that there is to say.
        break;
      default:
        unreachable(event);
    }
  }

  #recordTrade(event: TradeExecuted, moment: Outcome): void {
    const { seq } = moment;
    const { market, trade, takerAccount, takerOrder, makerAccount, makerOrder } = event;
    const { orders, directory, nextEntry } = this.#memory;
    const takerPrevious = orders.fill(takerOrder, event, moment);
    const makerPrevious = orders.fill(makerOrder, event, moment);
    this.#statements.trade.run(
      market,
      trade,
      seq,
      event.price,
      event.quantity,
      event.value,
      numberOf(SIDES, event.takerSide),
      takerAccount,
      takerOrder,
      event.takerFee,
      takerPrevious,
      makerAccount,
      makerOrder,
      event.makerFee,
      makerPrevious,
      nextEntry,
    );
    this.#post(tradePostings(event, directory.market(market)), seq, event);
  }

  #recordMovement(event: FundsDeposited | FundsWithdrawn | FundsTransferred, seq: number): void {
    const postings = movementPostings(event);
    const kind = numberOf(ENTRY_KINDS, postings[0]!.kind);
    const toAccount = event.kind === "FundsTransferred" ? event.toAccount : null;
    const { account, asset, amount, reference } = event;
    this.#statements.transfer.run(seq, kind, account, toAccount, asset, amount, reference);
    this.#post(postings, seq, null);
  }

  /** The entries of a settlement that a client sent; a settlement of the outbox is a trade, and moves nothing more. */
  #recordSettlement(event: FundsSettled, seq: number): void {
    const postings = settlementPostings(event);
    const { nextEntry } = this.#memory;
    this.#post(postings, seq, null);
    for (const [place, { entry }] of postings.entries()) {
      this.#statements.settled.run(nextEntry + place, event.settlementId ?? entry.reference);
    }
  }

  #post(postings: readonly Posting[], seq: number, trade: TradeExecuted | null): void {
    const memory = this.#memory;
    const marketIndex = trade === null ? null : trade.market;
    const tradeId = trade === null ? null : trade.trade;
    let sum = 0;
    let sumAsset = postings[0]!.asset;
    for (const { account, asset, amount, kind, order } of postings) {
      // Postings come asset by asset: whenever it changes, and at the end, nothing may be left over.
      assert(asset === sumAsset || sum === 0, "the entries of a transaction sum to zero in every asset");
      sumAsset = asset;
      sum += amount;
      const entry = memory.nextEntry++;
      const { total, previous } = memory.wallets.add(account, asset, amount, entry);
      this.#statements.entry.run(
        entry,
        account,
        asset,
        seq,
        amount,
        total,
        numberOf(ENTRY_KINDS, kind),
        order,
        marketIndex,
        tradeId,
        previous,
      );
    }
    assert(sum === 0, "the entries of a transaction sum to zero in every asset");
  }
}

/** @throws if the ledger's own is another, or if trades that should be in the outbox went by without it. */
function settlementsStart(database: Database, known: number | null): number | null {
  const row = database.prepare("SELECT seq, settlements_from FROM cursor").raw().get();
  const [seq, own] = row as [number, number | null];
  if (known === null || known === own) return own;
  if (own === null && known > seq) return known;
  throw new Error(
    `the ledger's outbox begins at sequence ${own ?? "none"}, and settlements.sqlite at ${known}: they do not belong ` +
      "together. Delete ledger.sqlite, which is then made anew from the journal, or bring the right one back",
  );
}

function remember(database: Database, settlementsFrom: number | null): Memory {
  return {
    ...readCursor(database),
    directory: new DirectoryRows(database),
    orders: new OrderRows(database),
    wallets: new WalletTotals(database),
    requests: new RequestRanges(database),
    outbox: new OutboxRows(database, settlementsFrom),
    nextEntry: database.prepare("SELECT next_entry FROM cursor").pluck().get() as number,
  };
}

function prepareStatements(
  database: Database,
): Record<"frame" | "command" | "trade" | "entry" | "transfer" | "settled" | "cursor", Statement> {
  return {
    frame: database.prepare("INSERT INTO frames (first_seq, last_seq, hash) VALUES (?, ?, ?)"),
    command: database.prepare(
      `INSERT INTO commands (seq, at, kind, outcome, first_entry, request_id, trace_id)
       VALUES (?, ?, ?, ?, ?, ?, ?)`,
    ),
    trade: database.prepare(
      `INSERT INTO trades (market, trade, seq, price, quantity, value, taker_side, taker_account, taker_order,
         taker_fee, taker_previous, maker_account, maker_order, maker_fee, maker_previous, first_entry)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    ),
    entry: database.prepare(
      `INSERT INTO entries (entry, account, asset, seq, amount, balance_after, kind, order_id, market, trade,
         previous)
       VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    ),
    transfer: database.prepare(
      `INSERT INTO transfers (seq, kind, account, to_account, asset, amount, reference)
       VALUES (?, ?, ?, ?, ?, ?, ?)`,
    ),
    settled: database.prepare("INSERT INTO settled_entries (entry, reference) VALUES (?, ?)"),
    cursor: database.prepare(
      "UPDATE cursor SET seq = ?, frame_hash = ?, next_entry = ?, settlements_from = ?, next_settlement = ?",
    ),
  };
}
