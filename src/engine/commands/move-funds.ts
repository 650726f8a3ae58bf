/**
 * Money in, out and between accounts. A reference names one movement of its account and kind, so a retry
 * moves nothing twice.
 */
import { assert } from "../../domain/assert.ts";
import type {
  DepositFunds,
  MovementKind,
  Sequenced,
  TransferFunds,
  WithdrawFunds,
} from "../../domain/commands.ts";
import type { Event } from "../../domain/events.ts";
import { reject, type State } from "../state.ts";

type Movement = DepositFunds | WithdrawFunds | TransferFunds;

const KINDS = {
  DepositFunds: "deposit",
  WithdrawFunds: "withdrawal",
  TransferFunds: "transfer",
} as const satisfies Record<Movement["kind"], MovementKind>;

/** Refused only if the asset's supply would pass 2^53 - 1: a suspended account still receives. */
export function depositFunds(state: State, entry: Sequenced<DepositFunds>): Event[] {
  const { command } = entry;
  const { account, asset, amount, reference } = command;
  const repeated = recognise(state, command);
  if (repeated !== null) return repeated;
  if (!state.wallets.fits(asset, amount)) return reject("amount-too-large");

  remember(state, entry);
  state.wallets.deposit(account, asset, amount);
  return [{ kind: "FundsDeposited", account, asset, amount, reference }];
}

export function withdrawFunds(state: State, entry: Sequenced<WithdrawFunds>): Event[] {
  const { command } = entry;
  const { account, asset, amount, reference } = command;
  const repeated = recognise(state, command);
  if (repeated !== null) return repeated;
  if (state.accountStatuses[account] !== "active") return reject("account-suspended");
  if (state.wallets.available(account, asset) < amount) return reject("insufficient-funds");

  remember(state, entry);
  state.wallets.withdraw(account, asset, amount);
  return [{ kind: "FundsWithdrawn", account, asset, amount, reference }];
}

/** The reference belongs to the account that pays. */
export function transferFunds(state: State, entry: Sequenced<TransferFunds>): Event[] {
  const { command } = entry;
  const { account, toAccount, asset, amount, reference } = command;
  assert(account !== toAccount, "a transfer is between two accounts");
  const repeated = recognise(state, command);
  if (repeated !== null) return repeated;
  if (state.accountStatuses[account] !== "active") return reject("account-suspended");
  if (state.wallets.available(account, asset) < amount) return reject("insufficient-funds");

  remember(state, entry);
  state.wallets.debit(account, asset, amount);
  state.wallets.credit(toAccount, asset, amount);
  return [{ kind: "FundsTransferred", account, toAccount, asset, amount, reference }];
}

/** What a movement that was sent before is answered with, or null for a new one. */
function recognise(state: State, command: Movement): Event[] | null {
  const { account, asset, reference } = command;
  const first = state.once.movement(KINDS[command.kind], account, reference);
  if (first === undefined) return null;
  if (first.content !== content(command)) return reject("reference-reused");
  return [{ kind: "MovementRepeated", account, asset, transaction: first.named }];
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
