/**
 * The deterministic state machine. `apply` is the only way its state changes: no clock, no randomness, no
 * I/O, so replaying a journal rebuilds the state exactly.
 */
import { assert, unreachable } from "../domain/assert.ts";
import type { Command, PlaceOrder, PlannedDeposit, Sequenced } from "../domain/commands.ts";
import type { EventLog } from "../domain/event-log.ts";
import type { Event } from "../domain/events.ts";
import type { Rejection } from "../domain/rejections.ts";
import { type EpochMs, epochMs, type Seq, seq } from "../domain/units.ts";
import { amendOrder } from "./commands/amend-order.ts";
import { cancelAllOrders, cancelOrder } from "./commands/cancel-order.ts";
import { expireOrders } from "./commands/expire-orders.ts";
import { createKey, openAccount, revokeKey, setAccountStatus } from "./commands/manage-accounts.ts";
import { changeMarket, listAsset, listMarket } from "./commands/manage-markets.ts";
import { depositFunds, refusalOfDeposit, transferFunds, withdrawFunds } from "./commands/move-funds.ts";
import { placeOrder } from "./commands/place-order.ts";
import { setCancelAfter } from "./commands/set-cancel-after.ts";
import { settleFunds } from "./commands/settle-funds.ts";
import { dump, type Moment, restore } from "./dump.ts";
import { Inspection } from "./inspect.ts";
import { checkInvariants } from "./invariants.ts";
import { type Previewed, preview } from "./preview.ts";
import { wentShortWay } from "./short-way/short-way.ts";
import { standing } from "./standing.ts";
import { emptyState, type State } from "./state.ts";

/** The engine goes the short way where it can; without it, only tests do, to compare the two. */
export type Ways = "short and general" | "general";

export class Engine {
  readonly #state: State;
  readonly #goesShortWay: boolean;
  #appliedSeq: Seq;
  #at: EpochMs;

  /** An engine that has seen nothing, or is as another one was. */
  constructor(
    { state, appliedSeq, at }: Moment = { state: emptyState(), appliedSeq: seq(0), at: epochMs(0) },
    ways: Ways = "short and general",
  ) {
    this.#state = state;
    this.#goesShortWay = ways === "short and general";
    this.#appliedSeq = appliedSeq;
    this.#at = at;
  }

  /** An engine that will answer as the one that was dumped. @throws DecodeError for bytes that are no dump. */
  static restore(bytes: Uint8Array<ArrayBuffer>): Engine {
    return new Engine(restore(bytes));
  }

  /** All that the engine remembers, in a canonical form. */
  dump(): Uint8Array<ArrayBuffer> {
    return dump({ state: this.#state, appliedSeq: this.#appliedSeq, at: this.#at });
  }

  /** What stands in the books and wallets, as a command that changed all of it would tell: the worst levels first. */
  standing(): Event[] {
    return standing(this.#state);
  }

  /** The last command that was applied. */
  get appliedSeq(): Seq {
    return this.#appliedSeq;
  }

  /** When the first order expires, or the first account's switch runs out, or null if none will. */
  get nextExpiry(): EpochMs | null {
    const { open, deadlines } = this.#state;
    const { firstAt } = open.expiries;
    const deadline = deadlines.firstAt;
    return deadline !== null && (firstAt === null || deadline < firstAt) ? deadline : firstAt;
  }

  /** What `execute` has recorded: its callers read it, and clear it when they are done. */
  get log(): EventLog {
    return this.#state.log;
  }

  /** Applies the next command and gives its events: what it does, the levels and the wallets that it changed. */
  apply(entry: Sequenced): Event[] {
    const { log } = this.#state;
    log.clear();
    this.execute(entry);
    return log.events(entry);
  }

  /** Applies the next command; what it brings about is added to the log. */
  execute(entry: Sequenced): void {
    assert(entry.seq === this.#appliedSeq + 1, "commands are applied in sequence, none left out");
    assert(entry.at >= this.#at, "time never runs backwards");
    if (!this.#goesShortWay || !wentShortWay(this.#state, entry)) goGeneralWay(this.#state, entry);
    this.#appliedSeq = entry.seq;
    this.#at = entry.at;
  }

  /** What placing an order would do now, if it meets no more orders than that. Nothing changes. */
  preview(entry: Sequenced<PlaceOrder>, ordersMax: number): Previewed {
    return preview(this.#state, entry, ordersMax);
  }

  /** Why a deposit would be refused now; null if it would not be. Nothing changes. */
  refusalOfDeposit(deposit: PlannedDeposit): Rejection | null {
    return refusalOfDeposit(this.#state, deposit);
  }

  /** A look into the state, as it is whenever it is asked. */
  inspect(): Inspection {
    return new Inspection(this.#state);
  }

  /** Checks every invariant by full scans: for tests and verification, not for every command of a live exchange. */
  check(): void {
    checkInvariants(this.#state);
  }
}

function goGeneralWay(state: State, entry: Sequenced): void {
  const { changedBooks, markets, wallets, log } = state;
  const refusal = dispatch(state, entry);
  if (refusal !== null) log.tell({ kind: "CommandRejected", reason: refusal });
  changedBooks.tellChanges(log, markets);
  wallets.tellChanges(log);
}

/** Gives why the rules refuse the command, in which case nothing has changed; null if they do not. */
function dispatch(state: State, entry: Sequenced): Rejection | null {
  const { command } = entry;
  switch (command.kind) {
    case "PlaceOrder":
      return placeOrder(state, of(entry, command));
    case "AmendOrder":
      return amendOrder(state, of(entry, command));
    case "CancelOrder":
      return cancelOrder(state, of(entry, command));
    case "CancelAllOrders":
      return cancelAllOrders(state, of(entry, command));
    case "SetCancelAfter":
      return setCancelAfter(state, of(entry, command));
    case "ExpireOrders":
      return expireOrders(state, of(entry, command));
    case "DepositFunds":
      return depositFunds(state, of(entry, command));
    case "WithdrawFunds":
      return withdrawFunds(state, of(entry, command));
    case "TransferFunds":
      return transferFunds(state, of(entry, command));
    case "OpenAccount":
      return openAccount(state, of(entry, command));
    case "SetAccountStatus":
      return setAccountStatus(state, of(entry, command));
    case "CreateKey":
      return createKey(state, of(entry, command));
    case "RevokeKey":
      return revokeKey(state, of(entry, command));
    case "ListAsset":
      return listAsset(state, of(entry, command));
    case "ListMarket":
      return listMarket(state, of(entry, command));
    case "ChangeMarket":
      return changeMarket(state, of(entry, command));
    case "SettleFunds":
      return settleFunds(state, of(entry, command));
    default:
      return unreachable(command);
  }
}

/** The entry, known to carry this kind of command. */
function of<C extends Command>(entry: Sequenced, _command: C): Sequenced<C> {
  return entry as Sequenced<C>;
}
