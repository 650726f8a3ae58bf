/**
 * Our whole engine: wallets, holds, fees and events, in one market and with an account for each trader. Events
 * are recorded, and the log keeps them for all commands of a piece; as objects they are made besides, command by
 * command, and kept, as the live exchange does it.
 */
import type { Command, Sequenced } from "../../src/domain/commands.ts";
import { ROW_LENGTHS, ROWS } from "../../src/domain/event-log.ts";
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
    this.#events = [];
    this.#entries = commands.map((command, i) =>
      this.#sequenced(first + i, commandOf(command, this.#before, null)),
    );
  }

  run(place: number): void {
    const entry = this.#entries[place]!;
    if (this.#asObjects) this.#events.push(this.#engine.apply(entry));
    else this.#engine.execute(entry);
  }

  countInto(tally: Tally): void {
    if (this.#asObjects) for (const event of this.#events.flat()) countEvent(event, tally);
    else this.#countRows(tally);
  }

  /** From the rows themselves: events made of them would push the book out of the caches. */
  #countRows(tally: Tally): void {
    const { log } = this.#engine;
    const { numbers, end } = log;
    for (let row = 0; row < end; row += ROW_LENGTHS[numbers[row]!]!) {
      if (numbers[row] === ROWS.other) countEvent(log.other(numbers[row + 1]!), tally);
      else if (numbers[row] === ROWS.tradeExecuted) {
        tally.trades += 1;
        tally.lots += numbers[row + 4]!;
      }
    }
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

function countEvent(event: Event, tally: Tally): void {
  if (event.kind === "CommandRejected") throw new Error(`a command of the flow is refused: ${event.reason}`);
  if (event.kind !== "TradeExecuted") return;
  tally.trades += 1;
  tally.lots += event.quantity;
}
