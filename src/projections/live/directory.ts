/**
 * Who and what there is: accounts, keys, assets and markets, by name and by index. A fold over events that
 * the edge reads to turn names into indices and back; nothing in it is ever removed but keys.
 */
import {
  ByteReader,
  ByteWriter,
  DecodeError,
  integer,
  list,
  nullable,
  oneOf,
  record,
  text,
} from "../../domain/codec.ts";
import {
  ACCOUNT_STATUSES,
  type AccountStatus,
  FEES_ACCOUNT,
  FEES_ACCOUNT_ID,
  type Scope,
} from "../../domain/commands.ts";
import { keyFields, marketListingFields } from "../../domain/event-codec.ts";
import type { Committed, Event } from "../../domain/events.ts";
import type { Market } from "../../domain/market.ts";
import type { AccountIndex, AssetIndex, MarketIndex } from "../../domain/units.ts";

export type Account = {
  readonly account: AccountIndex;
  readonly accountId: string;
  readonly name: string | null;
  readonly status: AccountStatus;
};

export type Key = {
  readonly keyId: string;
  readonly account: AccountIndex;
  readonly name: string;
  readonly scopes: readonly Scope[];
  readonly secretHash: string;
};

export type Asset = { readonly asset: AssetIndex; readonly name: string; readonly scale: number };

const contents = record<{
  readonly accounts: readonly Account[];
  readonly keys: readonly Key[];
  readonly assets: readonly Asset[];
  readonly markets: readonly Market[];
}>({
  accounts: list(
    record<Account>({
      account: integer(),
      accountId: text,
      name: nullable(text),
      status: oneOf(ACCOUNT_STATUSES),
    }),
  ),
  keys: list(record<Key>(keyFields)),
  assets: list(record<Asset>({ asset: integer(), name: text, scale: integer() })),
  markets: list(record<Market>({ market: integer(), ...marketListingFields })),
});

export class Directory {
  readonly #accounts: Account[] = [];
  readonly #accountsById = new Map<string, Account>();
  readonly #keys = new Map<string, Key>();
  readonly #keyCounts: number[] = [];
  readonly #assets: Asset[] = [];
  readonly #assetsByName = new Map<string, Asset>();
  readonly #markets: Market[] = [];
  readonly #marketsByName = new Map<string, Market>();

  constructor() {
    this.#setAccount({ account: FEES_ACCOUNT, accountId: FEES_ACCOUNT_ID, name: null, status: "active" });
  }

  account(index: AccountIndex): Account {
    return this.#accounts[index]!;
  }

  accountById(accountId: string): Account | undefined {
    return this.#accountsById.get(accountId);
  }

  /** In the order of opening. */
  get accounts(): readonly Account[] {
    return this.#accounts;
  }

  key(keyId: string): Key | undefined {
    return this.#keys.get(keyId);
  }

  /** How many keys an account has. */
  keyCount(account: AccountIndex): number {
    return this.#keyCounts[account] ?? 0;
  }

  asset(index: AssetIndex): Asset {
    return this.#assets[index]!;
  }

  assetByName(name: string): Asset | undefined {
    return this.#assetsByName.get(name);
  }

  /** In the order of listing. */
  get assets(): readonly Asset[] {
    return this.#assets;
  }

  market(index: MarketIndex): Market {
    return this.#markets[index]!;
  }

  marketByName(name: string): Market | undefined {
    return this.#marketsByName.get(name);
  }

  /** In the order of listing. */
  get markets(): readonly Market[] {
    return this.#markets;
  }

  /** All of it as bytes, in a canonical form. */
  dump(): Uint8Array<ArrayBuffer> {
    const keys = [...this.#keys.values()].sort((one, other) => (one.keyId < other.keyId ? -1 : 1));
    const writer = new ByteWriter();
    contents.write(writer, { accounts: this.#accounts, keys, assets: this.#assets, markets: this.#markets });
    return writer.view();
  }

  /** Fills this with what a dump holds. @throws DecodeError */
  restore(bytes: Uint8Array<ArrayBuffer>): void {
    const reader = new ByteReader(bytes);
    const { accounts, keys, assets, markets } = contents.read(reader);
    if (!reader.done) throw new DecodeError(`bytes are left over at ${reader.offset}`);
    for (const account of accounts) this.#setAccount(account);
    for (const key of keys) this.#addKey(key);
    for (const asset of assets) this.#setAsset(asset);
    for (const market of markets) this.#setMarket(market);
  }

  project({ events }: Committed): void {
    for (const event of events) this.#fold(event);
  }

  #fold(event: Event): void {
    switch (event.kind) {
      case "AccountOpened": {
        const { account, accountId, name } = event;
        this.#setAccount({ account, accountId, name, status: "active" });
        return;
      }
      case "AccountStatusChanged":
        this.#setAccount({ ...this.account(event.account), status: event.status });
        return;
      case "KeyCreated": {
        const { kind: _, ...key } = event;
        this.#addKey(key);
        return;
      }
      case "KeyRevoked":
        this.#forgetKey(event.keyId);
        return;
      case "AssetListed": {
        const { kind: _, ...asset } = event;
        this.#setAsset(asset);
        return;
      }
      case "MarketListed": {
        const { kind: _, ...market } = event;
        this.#setMarket(market);
        return;
      }
      case "MarketChanged": {
        const { kind: _, ...changes } = event;
        this.#setMarket({ ...this.market(event.market), ...changes });
        return;
      }
    }
  }

  #addKey(key: Key): void {
    this.#keys.set(key.keyId, key);
    this.#keyCounts[key.account] = this.keyCount(key.account) + 1;
  }

  #forgetKey(keyId: string): void {
    const key = this.#keys.get(keyId);
    if (key === undefined) return;
    this.#keys.delete(keyId);
    this.#keyCounts[key.account]! -= 1;
  }

  #setAccount(account: Account): void {
    this.#accounts[account.account] = account;
    this.#accountsById.set(account.accountId, account);
  }

  #setAsset(asset: Asset): void {
    this.#assets[asset.asset] = asset;
    this.#assetsByName.set(asset.name, asset);
  }

  #setMarket(market: Market): void {
    this.#markets[market.market] = market;
    this.#marketsByName.set(market.name, market);
  }
}
