/**
 * One record of a frame: a command and the ids that trace it. The only file that knows the layout of
 * records. Sequence and time are the frame's, so they are not written again. A tag or a place in a table
 * never changes its meaning; a later layout is a table of its own under the next `RECORD_VERSION`.
 */
import {
  type ByteReader,
  type ByteWriter,
  type Codec,
  type Fields,
  integer,
  list,
  nullable,
  oneOf,
  record,
  signed,
  tagged,
  text,
} from "../domain/codec.ts";
import {
  ACCOUNT_STATUSES,
  type Command,
  type DepositFunds,
  type Request,
  SCOPES,
} from "../domain/commands.ts";
import { marketListingFields, orderTermsFields, settlementFields } from "../domain/event-codec.ts";
import { MARKET_STATUSES } from "../domain/market.ts";

export const RECORD_VERSION = 1;

const movementFields: Fields<Omit<DepositFunds, "kind">> = {
  account: integer(),
  asset: integer(),
  amount: integer(),
  reference: text,
};

const command: Codec<Command> = tagged<Command>({
  PlaceOrder: [1, orderTermsFields],
  CancelOrder: [2, { account: integer(), order: integer() }],
  CancelAllOrders: [3, { account: integer(), market: nullable(integer()) }],
  ExpireOrders: [4, {}],
  DepositFunds: [5, movementFields],
  WithdrawFunds: [6, movementFields],
  TransferFunds: [7, { ...movementFields, toAccount: integer() }],
  OpenAccount: [8, { accountId: text, name: nullable(text) }],
  SetAccountStatus: [9, { account: integer(), status: oneOf(ACCOUNT_STATUSES) }],
  CreateKey: [
    10,
    { account: integer(), keyId: text, name: text, scopes: list(oneOf(SCOPES)), secretHash: text },
  ],
  RevokeKey: [11, { keyId: text }],
  ListAsset: [12, { name: text, scale: integer() }],
  ListMarket: [13, marketListingFields],
  ChangeMarket: [
    14,
    {
      market: integer(),
      status: nullable(oneOf(MARKET_STATUSES)),
      makerFee: nullable(signed()),
      takerFee: nullable(integer()),
      priceBand: nullable(integer()),
    },
  ],
  AmendOrder: [
    15,
    {
      account: integer(),
      order: integer(),
      price: nullable(integer()),
      quantity: nullable(integer()),
    },
  ],
  SetCancelAfter: [16, { account: integer(), seconds: integer() }],
  SettleFunds: [17, settlementFields],
});

const request: Codec<Request> = record<Request>({ requestId: text, traceId: nullable(text), command });

/** Appends the record of a command. */
export function writeRecord(writer: ByteWriter, entry: Request): void {
  request.write(writer, entry);
}

/** Reads the next record; a `DecodeError` says that these bytes are none. */
export function readRecord(reader: ByteReader): Request {
  return request.read(reader);
}
