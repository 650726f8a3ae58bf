/**
 * Settling a list of trades that were made elsewhere, whole or not at all. What each account gives and takes is
 * counted first; only what is left of it in the end has to be there, and moves.
 */
import { assert } from "../../domain/assert.ts";
import { FEES_ACCOUNT, type Sequenced, type SettleFunds } from "../../domain/commands.ts";
import type { Rejection } from "../../domain/rejections.ts";
import { type AccountIndex, type AssetIndex, type Minor, minor, type Seq } from "../../domain/units.ts";
import { fingerprint } from "../fingerprint.ts";
import type { Remembered } from "../memories.ts";
import type { State } from "../state.ts";

/** What an account gains, or loses if it is below zero, in either asset. */
type Gain = { base: number; quote: number };

/** An account that only receives may be suspended, as with deposits and transfers. */
export function settleFunds(state: State, { seq, command }: Sequenced<SettleFunds>): Rejection | null {
  const { base, quote, entries, settlementId } = command;
  const content = contentOf(command);
  const known = remembered(state, command);
  if (known.length > 0) return repeat(state, known, content);
  const sums = { base: minor(0), quote: minor(0) };
  for (const { quantity, value } of entries) {
    sums.base = (sums.base + quantity) as Minor;
    sums.quote = (sums.quote + value) as Minor;
    // So no balance can pass 2^53 - 1, in whatever order the entries are counted.
    const fits = state.wallets.fits(base, sums.base) && state.wallets.fits(quote, sums.quote);
    if (!fits) return "amount-too-large";
  }
  const gains = gainsOf(command);
  if (!isBalanced(gains)) return "unbalanced";
  for (const [account, gain] of gains) {
    const pays = gain.base < 0 || gain.quote < 0;
    if (pays && state.accountStatuses[account] !== "active") return "account-suspended";
  }
  for (const [account, gain] of gains) {
    if (!covers(state, account, base, gain.base) || !covers(state, account, quote, gain.quote))
      return "insufficient-funds";
  }

  remember(state, command, { named: seq, content });
  for (const [account, gain] of gains) {
    move(state, account, base, gain.base);
    move(state, account, quote, gain.quote);
  }
  state.log.tell({ kind: "FundsSettled", base, quote, entries, settlementId });
  return null;
}

/** The account that is remembered as the owner of all settlements: it is in none of them. */
const HOUSE = FEES_ACCOUNT;

/** The accounts of a list in the order in which they first appear. */
function gainsOf({ entries }: SettleFunds): Map<AccountIndex, Gain> {
  const gains = new Map<AccountIndex, Gain>();
  for (const { account, side, quantity, value } of entries) {
    let gain = gains.get(account);
    if (gain === undefined) {
      gain = { base: 0, quote: 0 };
      gains.set(account, gain);
    }
    gain.base += side === "buy" ? quantity : -quantity;
    gain.quote += side === "buy" ? -value : value;
  }
  return gains;
}

/** The sums are exact: none of them can pass what the whole list moves. */
function isBalanced(gains: ReadonlyMap<AccountIndex, Gain>): boolean {
  const left = { base: 0, quote: 0 };
  for (const { base, quote } of gains.values()) {
    left.base += base;
    left.quote += quote;
  }
  return left.base === 0 && left.quote === 0;
}

function covers({ wallets }: State, account: AccountIndex, asset: AssetIndex, gain: number): boolean {
  return wallets.available(account, asset) + gain >= 0;
}

function move({ wallets }: State, account: AccountIndex, asset: AssetIndex, gain: number): void {
  if (gain < 0) wallets.debit(account, asset, -gain);
  else if (gain > 0) wallets.credit(account, asset, gain);
}

/** What is remembered under the names that make this list idempotent; of a name that is new, nothing. */
function remembered({ once }: State, { entries, settlementId }: SettleFunds): Remembered<Seq>[] {
  const known =
    settlementId === null
      ? entries.map(({ account, reference }) => once.movement("settlement", account, reference))
      : [once.settlement(HOUSE, settlementId)].concat(
          entries.map(({ account }) => once.settlement(account, settlementId)),
        );
  return known.filter((each) => each !== undefined);
}

/**
 * Answers a list of which something is known: nothing moves. It is the same list if all that is still remembered was
 * part of one settlement with this content.
 */
function repeat(state: State, known: readonly Remembered<Seq>[], content: string): Rejection | null {
  const first = known[0]!;
  const isSame = known.every((each) => each.named === first.named && each.content === content);
  if (!isSame) return "reference-reused";
  state.log.tell({ kind: "SettlementRepeated", transaction: first.named });
  return null;
}

function remember({ once }: State, command: SettleFunds, settled: Remembered<Seq>): void {
  const { entries, settlementId } = command;
  if (settlementId === null) {
    for (const { account, reference } of entries) {
      const isNew = once.movement("settlement", account, reference) === undefined;
      assert(isNew, "no account has two entries under one reference");
      once.rememberMovement({ kind: "settlement", account, reference }, settled);
    }
    return;
  }
  const accounts = new Set([HOUSE, ...entries.map(({ account }) => account)]);
  for (const account of accounts) once.rememberSettlement(account, settlementId, settled);
}

/** In units: two lists are the same exactly if these are. */
function contentOf({ base, quote, entries }: SettleFunds): string {
  const lines = entries.map(
    ({ account, side, quantity, value, reference }) =>
      `${account} ${side} ${quantity} ${value} ${reference.length} ${reference}`,
  );
  return fingerprint(`${base} ${quote} ${lines.join(" ")}`);
}
