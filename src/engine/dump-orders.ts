/**
 * The open orders as columns, oldest first. Where an order stands in its book is the rank of its arrival among
 * those that rest there, which is all that matching asks of it; where it waits follows from its trigger.
 */
import { DecodeError } from "../domain/codec.ts";
import type { ColumnReader, ColumnWriter } from "../domain/columns.ts";
import type { MarketIndex } from "../domain/units.ts";
import type { OrderPool, Slot } from "./book/order-pool.ts";
import type { Trigger } from "./book/pending.ts";
import { PENDING } from "./book/traits.ts";
import type { State } from "./state.ts";

export function dumpOrders(writer: ColumnWriter, state: State): void {
  const { pool } = state.open;
  const slots = state.open.byAge();
  writer.numbers(slots.map((slot) => pool.marketOf(slot)));
  for (const column of columnsOf(pool)) writer.numbers(column.gather(slots));
  writer.texts(Array.from(slots, (slot) => pool.clientOrderId(slot)));
  writer.numbers(ranksOf(state, slots));
  dumpTriggers(writer, state, slots);
}

export function restoreOrders(reader: ColumnReader, state: State): void {
  const { open } = state;
  const { pool } = open;
  const markets = reader.integers();
  pool.takeFirst(markets.length);
  markets.forEach((market, slot) => {
    pool.setMarket(slot, market);
  });
  for (const column of columnsOf(pool)) column.fill(reader, markets.length);
  checkOwners(state, markets.length);
  pool.setClientOrderIds(reader.texts(markets.length).copy());
  for (let slot = 0; slot < markets.length; slot += 1) open.add(slot);
  putBack(state, reader.integers(markets.length));
  restoreTriggers(reader, state);
}

/** Whose an order is, and where it is, must be there. */
function checkOwners({ accountStatuses, markets, open: { pool } }: State, count: number): void {
  for (let slot = 0; slot < count; slot += 1) {
    const isKnown = pool.accountOf(slot) in accountStatuses && pool.marketOf(slot) in markets;
    if (!isKnown) throw new DecodeError(`order ${slot} is of an unknown account or market`);
  }
}

/** A field of all orders: what it is of these, and what it becomes of the first ones. */
type Column = {
  gather(slots: Int32Array): ArrayLike<number>;
  fill(reader: ColumnReader, count: number): void;
};

/**
 * The fields that are an order's own; the others are links, or follow from where it stands. One function a kind of
 * array, as in `grown.ts`: a million orders are gathered, and one for all kinds would be slow.
 */
function columnsOf(pool: OrderPool): readonly Column[] {
  const { id, price, quantity, remaining, hidden, display, held } = pool;
  const { feeWhole, rebateDue, expiresAt, makerFee, takerFee, feeParts } = pool;
  return [
    ...[id, price, quantity, remaining, hidden, display, held, feeWhole, rebateDue, expiresAt].map(doubles),
    accounts(pool),
    ...[makerFee, takerFee, feeParts].map(integers),
    ...[pool.isBuy, pool.selfTrade].map(bytes),
    words(pool.traits),
  ];
}

function accounts(pool: OrderPool): Column {
  return {
    gather: (slots) => slots.map((slot) => pool.accountOf(slot)),
    fill: (reader, count) =>
      reader.integers(count).forEach((account, slot) => {
        pool.setAccount(slot, account);
      }),
  };
}

function doubles(field: Float64Array): Column {
  return {
    gather: (slots) => {
      const column = new Float64Array(slots.length);
      for (let row = 0; row < slots.length; row += 1) column[row] = field[slots[row]!]!;
      return column;
    },
    fill: (reader, count) => field.set(reader.doubles(count)),
  };
}

function integers(field: Int32Array): Column {
  return {
    gather: (slots) => {
      const column = new Int32Array(slots.length);
      for (let row = 0; row < slots.length; row += 1) column[row] = field[slots[row]!]!;
      return column;
    },
    fill: (reader, count) => field.set(reader.integers(count)),
  };
}

function bytes(field: Uint8Array): Column {
  return {
    gather: (slots) => {
      const column = new Uint8Array(slots.length);
      for (let row = 0; row < slots.length; row += 1) column[row] = field[slots[row]!]!;
      return column;
    },
    fill: (reader, count) => field.set(reader.bytes(count)),
  };
}

function words(field: Uint16Array): Column {
  return {
    gather: (slots) => {
      const column = new Uint16Array(slots.length);
      for (let row = 0; row < slots.length; row += 1) column[row] = field[slots[row]!]!;
      return column;
    },
    fill: (reader, count) => {
      const column = reader.integers(count);
      const row = column.findIndex((value) => (value & 0xffff) !== value);
      if (row >= 0) throw new DecodeError(`the traits of order ${row} are more than 16 bits`);
      field.set(column);
    },
  };
}

/** The rank of each order's arrival among those that rest in its market, from 1; 0 for one that waits. */
function ranksOf({ open: { pool }, markets }: State, slots: Int32Array): Int32Array {
  const ranks = new Int32Array(slots.length);
  const rows = markets.map(() => [] as number[]);
  slots.forEach((slot, row) => {
    if (!pool.has(slot, PENDING)) rows[pool.marketOf(slot)]!.push(row);
  });
  for (const resting of rows) {
    // Most stand in the order of their ages already.
    resting.sort((one, other) => pool.arrival[slots[one]!]! - pool.arrival[slots[other]!]!);
    resting.forEach((row, rank) => {
      ranks[row] = rank + 1;
    });
  }
  return ranks;
}

/** Puts the orders that rest back into their books, in the order in which they came there. */
function putBack({ open: { pool }, markets }: State, ranks: Int32Array): void {
  const counts = markets.map(() => 0);
  for (let slot = 0; slot < ranks.length; slot += 1) if (ranks[slot]! > 0) counts[pool.marketOf(slot)]! += 1;
  const queues = counts.map((count) => new Int32Array(count));
  for (let slot = 0; slot < ranks.length; slot += 1) {
    if (ranks[slot]! > 0) queues[pool.marketOf(slot)]![ranks[slot]! - 1] = slot;
  }
  queues.forEach((queue, market) => {
    const { book } = markets[market]!;
    for (const slot of queue) book.putBack(slot);
  });
}

/** What those that wait are waiting for, and the best price that a trailing stop has seen. */
function dumpTriggers(writer: ColumnWriter, { open: { pool }, markets }: State, slots: Int32Array): void {
  const waiting = Array.from(slots)
    .filter((slot) => pool.has(slot, PENDING))
    .map((slot) => {
      const { triggers } = markets[pool.marketOf(slot)]!;
      return { trigger: triggers.triggerOf(slot)!, peak: triggers.peakOf(slot) };
    });
  writer.numbers(waiting.map(({ trigger }) => (trigger.rises ? 1 : 0)));
  writer.numbers(waiting.map(({ trigger }) => trigger.triggerPrice ?? 0));
  writer.numbers(waiting.map(({ trigger }) => trigger.trailingOffset ?? 0));
  writer.numbers(waiting.map(({ peak }) => peak ?? 0));
}

type Waiting = { readonly slot: Slot; readonly trigger: Trigger; readonly peak: number };

function restoreTriggers(reader: ColumnReader, { open, markets }: State): void {
  const { pool } = open;
  const slots: Slot[] = [];
  for (let slot = 0; slot < open.count; slot += 1) if (pool.has(slot, PENDING)) slots.push(slot);
  const rises = reader.bytes(slots.length);
  const triggerPrices = reader.doubles(slots.length);
  const trailingOffsets = reader.doubles(slots.length);
  const peaks = reader.doubles(slots.length);
  const waiting = slots.map((slot, row): Waiting => {
    const trailingOffset = trailingOffsets[row]! === 0 ? null : trailingOffsets[row]!;
    const triggerPrice = trailingOffset === null ? triggerPrices[row]! : null;
    const isBuy = pool.isBuy[slot] === 1;
    const trigger = { isBuy, rises: rises[row] === 1, triggerPrice, trailingOffset };
    return { slot, trigger, peak: peaks[row]! };
  });
  // Who has seen the higher peak is in front, whatever is put between those that trail.
  waiting.sort((one, other) => (other.peak > one.peak ? 1 : other.peak < one.peak ? -1 : 0));
  for (const { slot, trigger, peak } of waiting) {
    markets[pool.marketOf(slot) as MarketIndex]!.triggers.add(slot, pool.id[slot]!, trigger, peak);
  }
}
