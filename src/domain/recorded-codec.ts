/**
 * The canonical encoding of an outcome as the engine has recorded it: the very bytes of `event-codec.ts`,
 * without an object for each event. A replay takes its digest over these, the live exchange over those.
 */
import { type ByteWriter, record, signed } from "./codec.ts";
import type { OrderTerms, PlaceOrder, Sequenced } from "./commands.ts";
import { EVENT_TAGS, event, orderTermsFields, outcomeHeading } from "./event-codec.ts";
import { type EventLog, FILLED, isCancel, ROW_LENGTHS, ROWS, reasonPlaceOf } from "./event-log.ts";
import { SIDES } from "./market.ts";

const orderTerms = record<OrderTerms>(orderTermsFields);
const signedInteger = signed();
const BUY = SIDES.indexOf("buy");
const SELL = SIDES.indexOf("sell");

/** Appends the encoding of a command, the only one that the log holds. */
export function encodeRecorded(writer: ByteWriter, entry: Sequenced, log: EventLog): void {
  const { seq, at, requestId, traceId, command } = entry;
  outcomeHeading.write(writer, { seq, at, requestId, traceId, commandKind: command.kind });
  const { numbers, end } = log;
  let count = 0;
  for (let row = 0; row < end; row += ROW_LENGTHS[numbers[row]!]!) count += 1;
  writer.integer(count);
  for (let row = 0; row < end; row += ROW_LENGTHS[numbers[row]!]!) encodeRow(writer, entry, log, row);
}

function encodeRow(writer: ByteWriter, { seq, command }: Sequenced, log: EventLog, row: number): void {
  const { numbers } = log;
  switch (numbers[row]) {
    case ROWS.orderPlaced:
      writer.byte(EVENT_TAGS.OrderPlaced);
      writer.integer(seq);
      orderTerms.write(writer, command as PlaceOrder);
      return;
    case ROWS.tradeExecuted:
      writer.byte(EVENT_TAGS.TradeExecuted);
      encodeIntegers(writer, numbers, row + 1, 5);
      writer.byte(sideByte(numbers[row + 6]!));
      encodeIntegers(writer, numbers, row + 7, 5);
      signedInteger.write(writer, numbers[row + 12]!);
      return;
    case ROWS.orderEnded:
      encodeEnd(writer, numbers, row);
      return;
    case ROWS.levelChanged:
      writer.byte(EVENT_TAGS.LevelChanged);
      writer.integer(numbers[row + 1]!);
      writer.byte(sideByte(numbers[row + 2]!));
      encodeIntegers(writer, numbers, row + 3, 2);
      return;
    case ROWS.walletChanged:
      writer.byte(EVENT_TAGS.WalletChanged);
      encodeIntegers(writer, numbers, row + 1, 4);
      return;
    default:
      event.write(writer, log.other(numbers[row + 1]!));
  }
}

function encodeEnd(writer: ByteWriter, numbers: Float64Array, row: number): void {
  const end = numbers[row + 4]!;
  const { OrderFilled, OrderCanceled, OrderExpired } = EVENT_TAGS;
  if (end === FILLED) writer.byte(OrderFilled);
  else writer.byte(isCancel(end) ? OrderCanceled : OrderExpired);
  encodeIntegers(writer, numbers, row + 1, 3);
  if (end !== FILLED) writer.byte(reasonPlaceOf(end));
}

function encodeIntegers(writer: ByteWriter, numbers: Float64Array, from: number, count: number): void {
  for (let place = from; place < from + count; place += 1) writer.integer(numbers[place]!);
}

function sideByte(buys: number): number {
  return buys === 1 ? BUY : SELL;
}
