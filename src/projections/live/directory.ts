/**
 * Who and what there is: accounts, keys, assets and markets, by name and by index. A fold over events that
 * the edge reads to turn names into indices and back; nothing in it is ever removed but keys.
 */
import { type AccountStatus, FEES_ACCOUNT, FEES_ACCOUNT_ID, type Scope } from "../../domain/commands.ts";
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
        this.#keys.set(key.keyId, key);
        this.#keyCounts[key.account] = this.keyCount(key.account) + 1;
        return;
      }
      case "KeyRevoked":
        this.#forgetKey(event.keyId);
        return;
      case "AssetListed": {
        const { kind: _, ...asset } = event;
        this.#assets[asset.asset] = asset;
        this.#assetsByName.set(asset.name, asset);
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

  #setMarket(market: Market): void {
    this.#markets[market.market] = market;
    this.#marketsByName.set(market.name, market);
  }
}
