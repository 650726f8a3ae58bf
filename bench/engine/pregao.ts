/**
 * Our whole engine: wallets, holds, fees and events, in one market and with an account for each trader. Events
 * are recorded, and the log keeps them for all commands of a piece; as objects they are made besides, command by
 * command, and kept, as the live exchange does it.
 */
import type { Command, Sequenced } from "../../src/domain/commands.ts";
import type { Event } from "../../src/domain/events.ts";
import { epochMs, minor, seq } from "../../src/domain/units.ts";
import { Engine } from "../../src/engine/engine.ts";
import { BASE, commandOf, LISTINGS, openAccount, QUOTE, traderAccount } from "./commands.ts";
import type { Contender } from "./contender.ts";
import type { FlowCommand, Tally } from "./flow.ts";

const AT = epochMs(0);
const DEPOSIT = minor(10 ** 12);
const REQUEST_ID = "01ARZ3NDEKTSV4RRFFQ69G5FAV";

export class Pregao implements Contender {
  readonly #engine = new Engine();
  readonly #accounts: number;
  readonly #asObjects: boolean;
  #entries: Sequenced[] = [];
  /** Where each command's rows of the log end. */
  #ends: number[] = [];
  #events: Event[][] = [];
  /** The commands that came before the flow. */
  readonly #before: number;

  constructor(accounts: number, events: "recorded" | "objects") {
    this.#accounts = accounts;
    this.#asObjects = events === "objects";
    for (const command of this.#setUp())
      this.#engine.apply(this.#sequenced(this.#engine.appliedSeq + 1, command));
    this.#before = this.#engine.appliedSeq;
  }

  prepare(commands: readonly FlowCommand[]): void {
    const first = this.#engine.appliedSeq + 1;
    this.#engine.log.clear();
    this.#ends = commands.map(() => 0);
    this.#events = commands.map(() => []);
    this.#entries = commands.map((command, i) =>
      this.#sequenced(first + i, commandOf(command, this.#before, null)),
    );
  }

  run(place: number): void {
    const entry = this.#entries[place]!;
    if (this.#asObjects) this.#events[place] = this.#engine.apply(entry);
    else {
      this.#engine.execute(entry);
      this.#ends[place] = this.#engine.log.end;
    }
  }

  countInto(tally: Tally): void {
    for (const place of this.#entries.keys()) {
      for (const event of this.#eventsOf(place)) {
        if (event.kind === "CommandRejected") {
          throw new Error(`a command of the flow is refused: ${event.reason}`);
        }
        if (event.kind !== "TradeExecuted") continue;
        tally.trades += 1;
        tally.lots += event.quantity;
      }
    }
  }

  #eventsOf(place: number): readonly Event[] {
    if (this.#asObjects) return this.#events[place]!;
    const from = place === 0 ? 0 : this.#ends[place - 1]!;
    return this.#engine.log.events(this.#entries[place]!, from, this.#ends[place]!);
  }

  *#setUp(): Generator<Command> {
    yield* LISTINGS;
    for (let trader = 0; trader < this.#accounts; trader += 1) {
      const account = traderAccount(trader);
      yield openAccount(trader);
      yield { kind: "DepositFunds", account, asset: BASE, amount: DEPOSIT, reference: "base" };
      yield { kind: "DepositFunds", account, asset: QUOTE, amount: DEPOSIT, reference: "quote" };
    }
  }

  #sequenced(place: number, command: Command): Sequenced {
    return { seq: seq(place), at: AT, requestId: REQUEST_ID, traceId: null, command };
  }
}
