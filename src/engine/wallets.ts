/**
 * Available and held balances of every account, an array of doubles an asset. Every change goes through a
 * verb that cannot leave a balance negative, and the supply of an asset is counted on a path of its own,
 * so that conservation can be checked after every command at no cost.
 */
import { assert } from "../domain/assert.ts";
import type { WalletChanged } from "../domain/events.ts";
import { type AccountIndex, AMOUNT_MAX, type AssetIndex, type Minor } from "../domain/units.ts";
import { grownDoubles, grownIntegers } from "./grown.ts";

const ACCOUNTS_FIRST = 64;
const CHANGES_FIRST = 64;

/** The balances of accounts in one asset, by account. */
export type Balances = {
  readonly available: ArrayLike<number>;
  readonly held: ArrayLike<number>;
  readonly supply: number;
};

/** The balances of all accounts in one asset. */
class AssetWallets {
  available = new Float64Array(ACCOUNTS_FIRST);
  held = new Float64Array(ACCOUNTS_FIRST);
  /** The command that last changed the wallet, so that each is reported once a command. */
  changedBy = new Float64Array(ACCOUNTS_FIRST);
  /** Deposited less withdrawn: what all wallets must hold together. */
  supply = 0;
  /** What all wallets do hold together, counted balance by balance. */
  total = 0;

  reach(account: number): void {
    if (account < this.available.length) return;
    const length = Math.max(this.available.length * 2, account + 1);
    this.available = grownDoubles(this.available, length);
    this.held = grownDoubles(this.held, length);
    this.changedBy = grownDoubles(this.changedBy, length);
  }
}

export class Wallets {
  readonly #assets: AssetWallets[] = [];
  /** The wallets that the current command has changed, in the order of their first change. */
  #changedAccounts = new Int32Array(CHANGES_FIRST);
  #changedAssets = new Int32Array(CHANGES_FIRST);
  #changes = 0;
  #command = 0;

  listAsset(): void {
    this.#assets.push(new AssetWallets());
  }

  available(account: AccountIndex, asset: AssetIndex): Minor {
    return (this.#assets[asset]!.available[account] ?? 0) as Minor;
  }

  held(account: AccountIndex, asset: AssetIndex): Minor {
    return (this.#assets[asset]!.held[account] ?? 0) as Minor;
  }

  /** Puts all balances of an asset that has none yet in place, an account a row; nothing is told of it. */
  restore(asset: AssetIndex, balances: Balances): void {
    const wallets = this.#assets[asset]!;
    const { available, held, supply } = balances;
    wallets.reach(available.length - 1);
    wallets.available.set(available);
    wallets.held.set(held);
    wallets.supply = supply;
    for (let account = 0; account < available.length; account += 1) {
      wallets.total += available[account]! + held[account]!;
    }
    assert(wallets.total === supply, "all wallets together hold what was deposited and not withdrawn");
  }

  /** Deposited less withdrawn. */
  supply(asset: AssetIndex): Minor {
    return this.#assets[asset]!.supply as Minor;
  }

  /** Whether a deposit would keep the asset's supply a safe integer, so that no balance can overflow. */
  fits(asset: AssetIndex, amount: Minor): boolean {
    return this.#assets[asset]!.supply + amount <= AMOUNT_MAX;
  }

  deposit(account: AccountIndex, asset: AssetIndex, amount: Minor): void {
    this.#assets[asset]!.supply += amount;
    this.credit(account, asset, amount);
  }

  withdraw(account: AccountIndex, asset: AssetIndex, amount: Minor): void {
    this.#assets[asset]!.supply -= amount;
    this.debit(account, asset, amount);
  }

  /** Adds to what is available: one leg of a movement whose other leg is a debit or a spending. */
  credit(account: AccountIndex, asset: AssetIndex, amount: number): void {
    const wallets = this.#change(account, asset);
    wallets.available[account]! += amount;
    wallets.total += amount;
  }

  /** Takes from what is available. */
  debit(account: AccountIndex, asset: AssetIndex, amount: number): void {
    const wallets = this.#change(account, asset);
    const left = wallets.available[account]! - amount;
    assert(left >= 0, "no available balance is negative");
    wallets.available[account] = left;
    wallets.total -= amount;
  }

  /** Sets money aside for an order. */
  hold(account: AccountIndex, asset: AssetIndex, amount: number): void {
    const wallets = this.#change(account, asset);
    const left = wallets.available[account]! - amount;
    assert(left >= 0, "only what is available is held");
    wallets.available[account] = left;
    wallets.held[account]! += amount;
  }

  /** Gives back what an order no longer needs. */
  release(account: AccountIndex, asset: AssetIndex, amount: number): void {
    const wallets = this.#change(account, asset);
    const left = wallets.held[account]! - amount;
    assert(left >= 0, "no held balance is negative");
    wallets.held[account] = left;
    wallets.available[account]! += amount;
  }

  /** Pays out of what an order holds: one leg of a trade. */
  spend(account: AccountIndex, asset: AssetIndex, amount: number): void {
    const wallets = this.#change(account, asset);
    const left = wallets.held[account]! - amount;
    assert(left >= 0, "an order spends no more than it holds");
    wallets.held[account] = left;
    wallets.total -= amount;
  }

  /** Ends a command: reports each wallet that it changed, once, and checks that nothing was made or lost. */
  drainChanges(events: { push(event: WalletChanged): void }): void {
    for (let i = 0; i < this.#changes; i += 1) {
      const account = this.#changedAccounts[i] as AccountIndex;
      const asset = this.#changedAssets[i] as AssetIndex;
      const { available, held, total, supply } = this.#assets[asset]!;
      assert(total === supply, "all wallets together hold what was deposited and not withdrawn");
      events.push({
        kind: "WalletChanged",
        account,
        asset,
        available: available[account] as Minor,
        held: held[account] as Minor,
      });
    }
    this.#changes = 0;
    this.#command += 1;
  }

  /** Every balance that there is, for the checks. */
  *balances(asset: AssetIndex): Generator<{ account: AccountIndex; available: number; held: number }> {
    const { available, held } = this.#assets[asset]!;
    for (let account = 0; account < available.length; account += 1) {
      yield { account: account as AccountIndex, available: available[account]!, held: held[account]! };
    }
  }

  #change(account: AccountIndex, asset: AssetIndex): AssetWallets {
    const wallets = this.#assets[asset]!;
    wallets.reach(account);
    // Zero is what a new wallet has, so commands count from one here.
    if (wallets.changedBy[account] !== this.#command + 1) {
      wallets.changedBy[account] = this.#command + 1;
      this.#noteChange(account, asset);
    }
    return wallets;
  }

  #noteChange(account: AccountIndex, asset: AssetIndex): void {
    if (this.#changes === this.#changedAccounts.length) {
      this.#changedAccounts = grownIntegers(this.#changedAccounts, this.#changes * 2);
      this.#changedAssets = grownIntegers(this.#changedAssets, this.#changes * 2);
    }
    this.#changedAccounts[this.#changes] = account;
    this.#changedAssets[this.#changes] = asset;
    this.#changes += 1;
  }
}
