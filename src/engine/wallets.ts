/**
 * Available and held balances of every account, a row of accounts an asset. Every change goes through a verb
 * that cannot leave a balance negative, and the supply of an asset is counted on a path of its own, so that
 * conservation can be checked after every command at no cost.
 */
import { assert, fail } from "../domain/assert.ts";
import { FEES_ACCOUNT } from "../domain/commands.ts";
import type { EventLog } from "../domain/event-log.ts";
import { type AccountIndex, AMOUNT_MAX, type AssetIndex, type Minor } from "../domain/units.ts";
import { grownDoubleRows, grownDoubles } from "./grown.ts";

const ACCOUNT_BITS_FIRST = 6;

/** The place of a balance: the row of its asset, and in it that of its account. */
type Wallet = number;

/** The assets of a market. */
type Pair = { readonly base: AssetIndex; readonly quote: AssetIndex };

/** The balances of accounts in one asset, by account. */
export type Balances = {
  readonly available: ArrayLike<number>;
  readonly held: ArrayLike<number>;
  readonly supply: number;
};

export class Wallets {
  #assets = 0;
  /** A row is 2 to this power long, so that a place is taken apart without a division. */
  #accountBits = ACCOUNT_BITS_FIRST;
  #available = new Float64Array(0);
  #held = new Float64Array(0);
  /** By asset: deposited less withdrawn, which is what all wallets must hold together. */
  #supply = new Float64Array(0);
  /** By asset: what all wallets do hold together, counted balance by balance. */
  #total = new Float64Array(0);
  /** The wallets that the current command has changed, in the order of their first change, and a one for each. */
  #changed = new Int32Array(0);
  #isChanged = new Uint8Array(0);
  #changes = 0;
  /** Whether money has come into a wallet or left it since then: what is only held stays where it is. */
  #moved = false;

  listAsset(): void {
    this.#assets += 1;
    this.#supply = grownDoubles(this.#supply, this.#assets);
    this.#total = grownDoubles(this.#total, this.#assets);
    this.#resize(this.#accountBits);
  }

  /** Makes room for an account, which is the next one. */
  openAccount(account: AccountIndex): void {
    if (account >= 1 << this.#accountBits) this.#resize(this.#accountBits + 1);
  }

  available(account: AccountIndex, asset: AssetIndex): Minor {
    return this.#available[this.#wallet(account, asset)] as Minor;
  }

  held(account: AccountIndex, asset: AssetIndex): Minor {
    return this.#held[this.#wallet(account, asset)] as Minor;
  }

  /** Puts all balances of an asset that has none yet in place, an account a row; nothing is told of it. */
  restore(asset: AssetIndex, balances: Balances): void {
    const { available, held, supply } = balances;
    const first = this.#wallet(0, asset);
    this.#available.set(available, first);
    this.#held.set(held, first);
    this.#supply[asset] = supply;
    for (let account = 0; account < available.length; account += 1) {
      this.#total[asset]! += available[account]! + held[account]!;
    }
    this.#checkWhole(asset);
  }

  /** Deposited less withdrawn. */
  supply(asset: AssetIndex): Minor {
    return this.#supply[asset] as Minor;
  }

  /** Whether a deposit would keep the asset's supply a safe integer, so that no balance can overflow. */
  fits(asset: AssetIndex, amount: Minor): boolean {
    return this.#supply[asset]! + amount <= AMOUNT_MAX;
  }

  deposit(account: AccountIndex, asset: AssetIndex, amount: Minor): void {
    this.#supply[asset]! += amount;
    this.credit(account, asset, amount);
  }

  withdraw(account: AccountIndex, asset: AssetIndex, amount: Minor): void {
    this.#supply[asset]! -= amount;
    this.debit(account, asset, amount);
  }

  /** Adds to what is available: one leg of a movement whose other leg is a debit or a spending. */
  credit(account: AccountIndex, asset: AssetIndex, amount: number): void {
    const wallet = this.#wallet(account, asset);
    this.#available[wallet]! += amount;
    this.#total[asset]! += amount;
    this.#moved = true;
    this.#note(wallet);
  }

  /** Takes from what is available. */
  debit(account: AccountIndex, asset: AssetIndex, amount: number): void {
    const wallet = this.#wallet(account, asset);
    const left = this.#available[wallet]! - amount;
    assert(left >= 0, "no available balance is negative");
    this.#available[wallet] = left;
    this.#total[asset]! -= amount;
    this.#moved = true;
    this.#note(wallet);
  }

  /** Sets money aside for an order; a negative amount gives back what it no longer needs. */
  hold(account: AccountIndex, asset: AssetIndex, amount: number): void {
    const wallet = this.#wallet(account, asset);
    const left = this.#available[wallet]! - amount;
    const held = this.#held[wallet]! + amount;
    assert(left >= 0, "only what is available is held");
    assert(held >= 0, "no held balance is negative");
    this.#available[wallet] = left;
    this.#held[wallet] = held;
    this.#note(wallet);
  }

  /**
   * As `hold`, of the only wallet that the command changes, and tells of it in the given row of the log. Gives whether
   * so much is available; if not, nothing has changed.
   */
  holdAndTell(account: AccountIndex, asset: AssetIndex, amount: number, log: EventLog, row: number): boolean {
    const wallet = this.#wallet(account, asset);
    const left = this.#available[wallet]! - amount;
    if (left < 0) return false;
    const held = this.#held[wallet]! + amount;
    if (held < 0) fail("no held balance is negative");
    this.#available[wallet] = left;
    this.#held[wallet] = held;
    log.walletChangedAt(row, account, asset, left, held);
    return true;
  }

  /**
   * Moves both legs of a trade out of what the two orders hold. The fees of both sides are in the quote asset; that of
   * one may be negative, a rebate, which is paid out of the other's.
   */
  exchange(
    { base, quote }: Pair,
    buyer: AccountIndex,
    seller: AccountIndex,
    quantity: Minor,
    value: Minor,
    buyerFee: Minor,
    sellerFee: Minor,
  ): void {
    // A rebate is not part of what was held: it is received, and the hold is set anew after the trade.
    const spent = value + Math.max(0, buyerFee);
    const rebate = spent - value - buyerFee;
    const received = value - sellerFee;
    const fees = buyerFee + sellerFee;
    const buyerQuote = this.#wallet(buyer, quote);
    this.#spend(buyerQuote, spent);
    if (rebate > 0) this.#available[buyerQuote]! += rebate;
    this.#receive(this.#wallet(seller, quote), received);
    this.#spend(this.#wallet(seller, base), quantity);
    this.#receive(this.#wallet(buyer, base), quantity);
    if (fees > 0) this.#receive(this.#wallet(FEES_ACCOUNT, quote), fees);
    // Of the base asset the one receives the very quantity that the other spends.
    this.#total[quote]! += rebate + received + fees - spent;
    this.#moved = true;
  }

  /** Ends a command: records each wallet that it changed, once, and checks that nothing was made or lost. */
  tellChanges(log: EventLog): void {
    for (let i = 0; i < this.#changes; i += 1) {
      const wallet = this.#changed[i]!;
      const asset = (wallet >>> this.#accountBits) as AssetIndex;
      const account = (wallet & ((1 << this.#accountBits) - 1)) as AccountIndex;
      if (this.#moved) this.#checkWhole(asset);
      this.#isChanged[wallet] = 0;
      log.walletChanged(account, asset, this.#available[wallet] as Minor, this.#held[wallet] as Minor);
    }
    this.#changes = 0;
    this.#moved = false;
  }

  /** Every balance that there is, for the checks. */
  *balances(asset: AssetIndex): Generator<{ account: AccountIndex; available: number; held: number }> {
    for (let account = 0; account < 1 << this.#accountBits; account += 1) {
      const wallet = this.#wallet(account, asset);
      const [available, held] = [this.#available[wallet]!, this.#held[wallet]!];
      yield { account: account as AccountIndex, available, held };
    }
  }

  #wallet(account: number, asset: number): Wallet {
    return (asset << this.#accountBits) | account;
  }

  #spend(wallet: Wallet, amount: number): void {
    const left = this.#held[wallet]! - amount;
    assert(left >= 0, "an order spends no more than it holds");
    this.#held[wallet] = left;
    this.#note(wallet);
  }

  #receive(wallet: Wallet, amount: number): void {
    this.#available[wallet]! += amount;
    this.#note(wallet);
  }

  #checkWhole(asset: AssetIndex): void {
    const isWhole = this.#total[asset] === this.#supply[asset];
    assert(isWhole, "all wallets together hold what was deposited and not withdrawn");
  }

  #note(wallet: Wallet): void {
    if (this.#isChanged[wallet] === 1) return;
    this.#isChanged[wallet] = 1;
    this.#changed[this.#changes] = wallet;
    this.#changes += 1;
  }

  /** Lays the tables out anew; a copy for a preview opens accounts among its changes. */
  #resize(accountBits: number): void {
    const [from, to] = [1 << this.#accountBits, 1 << accountBits];
    const changed = this.#changed.slice(0, this.#changes);
    this.#available = grownDoubleRows(this.#available, this.#assets, from, to);
    this.#held = grownDoubleRows(this.#held, this.#assets, from, to);
    // No more wallets can change than there are.
    this.#changed = new Int32Array(this.#assets * to);
    this.#isChanged = new Uint8Array(this.#assets * to);
    this.#accountBits = accountBits;
    this.#changes = 0;
    for (const wallet of changed) this.#note(this.#wallet(wallet % from, Math.floor(wallet / from)));
  }
}
