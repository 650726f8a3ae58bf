/**
 * Money in, out and between accounts. A reference names one movement of its account and kind, so a retry
 * moves nothing twice.
 */
import { assert } from "../../domain/assert.ts";
import type {
  DepositFunds,
  MovementKind,
  PlannedDeposit,
  Sequenced,
  TransferFunds,
  WithdrawFunds,
} from "../../domain/commands.ts";
import type { Rejection } from "../../domain/rejections.ts";
import type { Seq } from "../../domain/units.ts";
import type { Remembered } from "../memories.ts";
import type { State } from "../state.ts";

type Movement = DepositFunds | WithdrawFunds | TransferFunds;

const KINDS = {
  DepositFunds: "deposit",
  WithdrawFunds: "withdrawal",
  TransferFunds: "transfer",
} as const satisfies Record<Movement["kind"], MovementKind>;

/** Refused only if the asset's supply would pass 2^53 - 1: a suspended account still receives. */
export function depositFunds(state: State, entry: Sequenced<DepositFunds>): Rejection | null {
  const { command } = entry;
  const { account, asset, amount, reference } = command;
  const first = firstOf(state, command);
  if (first !== undefined) return repeat(state, command, first);
  if (!state.wallets.fits(asset, amount)) return "amount-too-large";

  remember(state, entry);
  state.wallets.deposit(account, asset, amount);
  state.log.tell({ kind: "FundsDeposited", account, asset, amount, reference });
  return null;
}

/** Why a deposit would be refused now. An account that is yet to be opened is null: it has no references. */
export function refusalOfDeposit(state: State, deposit: PlannedDeposit): Rejection | null {
  const { account, asset, amount } = deposit;
  if (account !== null) {
    const command = { ...deposit, account };
    const first = firstOf(state, command);
    if (first !== undefined) return first.content === content(command) ? null : "reference-reused";
  }
  return state.wallets.fits(asset, amount) ? null : "amount-too-large";
}

export function withdrawFunds(state: State, entry: Sequenced<WithdrawFunds>): Rejection | null {
  const { command } = entry;
  const { account, asset, amount, reference } = command;
  const first = firstOf(state, command);
  if (first !== undefined) return repeat(state, command, first);
  if (state.accountStatuses[account] !== "active") return "account-suspended";
  if (state.wallets.available(account, asset) < amount) return "insufficient-funds";

  remember(state, entry);
  state.wallets.withdraw(account, asset, amount);
  state.log.tell({ kind: "FundsWithdrawn", account, asset, amount, reference });
  return null;
}

/** The reference belongs to the account that pays. */
export function transferFunds(state: State, entry: Sequenced<TransferFunds>): Rejection | null {
  const { command } = entry;
  const { account, toAccount, asset, amount, reference } = command;
  assert(account !== toAccount, "a transfer is between two accounts");
  const first = firstOf(state, command);
  if (first !== undefined) return repeat(state, command, first);
  if (state.accountStatuses[account] !== "active") return "account-suspended";
  if (state.wallets.available(account, asset) < amount) return "insufficient-funds";

  remember(state, entry);
  state.wallets.debit(account, asset, amount);
  state.wallets.credit(toAccount, asset, amount);
  state.log.tell({ kind: "FundsTransferred", account, toAccount, asset, amount, reference });
  return null;
}

/** What a reference has moved before, if it did. */
function firstOf(state: State, { kind, account, reference }: Movement): Remembered<Seq> | undefined {
  return state.once.movement(KINDS[kind], account, reference);
}

/** Answers a movement that was sent before: nothing moves. */
function repeat(state: State, command: Movement, first: Remembered<Seq>): Rejection | null {
  const { account, asset } = command;
  if (first.content !== content(command)) return "reference-reused";
  state.log.tell({ kind: "MovementRepeated", account, asset, transaction: first.named });
  return null;
}

function remember(state: State, { seq, command }: Sequenced<Movement>): void {
  const { account, reference } = command;
  const kind = KINDS[command.kind];
  state.once.rememberMovement({ kind, account, reference }, { named: seq, content: content(command) });
}

/** In units: two movements under one reference are the same exactly if these are. */
function content(command: Movement): string {
  const to = command.kind === "TransferFunds" ? command.toAccount : "";
  return `${command.asset} ${command.amount} ${to}`;
}
