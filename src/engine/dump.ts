/**
 * All that the engine remembers as bytes, and back. The form is canonical: engines that will answer alike have
 * equal bytes, whatever brought them there, so that a hash of the bytes is the digest of a state. What only shows
 * how a state came about is left out: slots, the sizes of tables, what a counter has counted.
 */
import {
  ByteReader,
  ByteWriter,
  DecodeError,
  integer,
  list,
  nullable,
  record,
  text,
} from "../domain/codec.ts";
import { ColumnReader, ColumnWriter } from "../domain/columns.ts";
import { ACCOUNT_STATUSES } from "../domain/commands.ts";
import { keyFields, marketListingFields } from "../domain/event-codec.ts";
import type { Market } from "../domain/market.ts";
import {
  type AccountIndex,
  assetIndex,
  type EpochMs,
  type Seq,
  type Ticks,
  type TradeId,
} from "../domain/units.ts";
import { dumpOrders, restoreOrders } from "./dump-orders.ts";
import { addAccount, addMarket, emptyState, type Key, type State } from "./state.ts";

/** A state with the last command that led to it. */
export type Moment = { readonly state: State; readonly appliedSeq: Seq; readonly at: EpochMs };

type ListedMarket = {
  readonly market: Market;
  readonly nextTrade: TradeId;
  readonly lastPrice: Ticks | null;
};

type Listings = {
  readonly assetNames: readonly string[];
  readonly markets: readonly ListedMarket[];
  readonly keys: readonly Key[];
};

const listings = record<Listings>({
  assetNames: list(text),
  markets: list(
    record<ListedMarket>({
      market: record<Market>({ market: integer(), ...marketListingFields }),
      nextTrade: integer(),
      lastPrice: nullable(integer()),
    }),
  ),
  keys: list(record(keyFields)),
});

export function dump({ state, appliedSeq, at }: Moment): Uint8Array<ArrayBuffer> {
  const writer = new ColumnWriter();
  writer.numbers([appliedSeq, at]);
  dumpListings(writer, state);
  dumpAccounts(writer, state);
  dumpWallets(writer, state);
  dumpOrders(writer, state);
  const armed = state.deadlines.all;
  writer.numbers(armed.map(({ account }) => account));
  writer.numbers(armed.map(({ deadline }) => deadline));
  state.once.dump(writer);
  return writer.take();
}

/** @throws DecodeError for bytes that `dump` did not give. */
export function restore(bytes: Uint8Array<ArrayBuffer>): Moment {
  const state = emptyState();
  const reader = new ColumnReader(bytes);
  const [appliedSeq, at] = reader.doubles(2);
  restoreListings(reader, state);
  restoreAccounts(reader, state);
  restoreWallets(reader, state);
  restoreOrders(reader, state);
  const accounts = reader.integers();
  const deadlines = reader.doubles(accounts.length);
  accounts.forEach((account, row) => {
    state.deadlines.arm(account as AccountIndex, deadlines[row] as EpochMs);
  });
  state.once.restore(reader);
  reader.end();
  return { state, appliedSeq: appliedSeq as Seq, at: at as EpochMs };
}

function dumpListings(writer: ColumnWriter, { assetNames, markets, keys }: State): void {
  const bytes = new ByteWriter();
  listings.write(bytes, {
    assetNames,
    markets,
    keys: [...keys.values()].sort((one, other) => (one.keyId < other.keyId ? -1 : 1)),
  });
  writer.numbers(bytes.view());
}

function restoreListings(reader: ColumnReader, state: State): void {
  const bytes = new ByteReader(reader.bytes());
  const { assetNames, markets, keys } = listings.read(bytes);
  if (!bytes.done) throw new DecodeError(`bytes are left over behind the listings at ${bytes.offset}`);
  for (const name of assetNames) {
    state.assetNames.push(name);
    state.wallets.listAsset();
  }
  for (const { market, nextTrade, lastPrice } of markets) {
    addMarket(state, market);
    Object.assign(state.markets.at(-1)!, { nextTrade, lastPrice });
  }
  for (const key of keys) state.keys.set(key.keyId, key);
}

function dumpAccounts(writer: ColumnWriter, { accountIds, accountStatuses }: State): void {
  const ids: string[] = new Array(accountIds.size);
  for (const [accountId, account] of accountIds) ids[account] = accountId;
  writer.texts(ids);
  writer.numbers(accountStatuses.map((status) => ACCOUNT_STATUSES.indexOf(status)));
}

function restoreAccounts(reader: ColumnReader, state: State): void {
  const ids = reader.texts();
  const statuses = reader.bytes(ids.count);
  // An empty state has the first account, the one for fees.
  for (let account = 0; account < ids.count; account += 1) {
    const status = ACCOUNT_STATUSES[statuses[account]!];
    if (status === undefined) throw new DecodeError(`account ${account} has an unknown status`);
    if (account < state.accountStatuses.length) state.accountStatuses[account] = status;
    else addAccount(state, status);
    state.accountIds.set(ids.given(account), account as AccountIndex);
  }
}

function dumpWallets(writer: ColumnWriter, { wallets, assetNames, accountStatuses }: State): void {
  for (let place = 0; place < assetNames.length; place += 1) {
    const asset = assetIndex(place);
    writer.numbers([wallets.supply(asset)]);
    writer.numbers(accountStatuses.map((_, account) => wallets.available(account as AccountIndex, asset)));
    writer.numbers(accountStatuses.map((_, account) => wallets.held(account as AccountIndex, asset)));
  }
}

function restoreWallets(reader: ColumnReader, { wallets, assetNames, accountStatuses }: State): void {
  for (let place = 0; place < assetNames.length; place += 1) {
    const [supply] = reader.doubles(1);
    const available = reader.doubles(accountStatuses.length);
    const held = reader.doubles(accountStatuses.length);
    wallets.restore(assetIndex(place), { available, held, supply: supply! });
  }
}
