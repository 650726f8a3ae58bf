/** What every account has: the last balance that a command left, per account and asset. */
import type { Committed, Event } from "../../domain/events.ts";
import { type AccountIndex, type AssetIndex, type Minor, minor } from "../../domain/units.ts";

export type Balance = { readonly available: Minor; readonly held: Minor };

const NOTHING: Balance = { available: minor(0), held: minor(0) };

export class Balances {
  readonly #byAccount = new Map<AccountIndex, Map<AssetIndex, Balance>>();

  /** Zero for an asset that the account never had. */
  get(account: AccountIndex, asset: AssetIndex): Balance {
    return this.#byAccount.get(account)?.get(asset) ?? NOTHING;
  }

  project({ events }: Committed): void {
    this.fold(events);
  }

  fold(events: readonly Event[]): void {
    for (const event of events) {
      if (event.kind !== "WalletChanged") continue;
      let wallets = this.#byAccount.get(event.account);
      if (wallets === undefined) {
        wallets = new Map();
        this.#byAccount.set(event.account, wallets);
      }
      wallets.set(event.asset, event);
    }
  }
}
