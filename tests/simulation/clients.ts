/**
 * Those who trade: they send what a random story tells, some of it in groups, some of it nonsense; some go away
 * before the answer, and some send again what they never heard of.
 */
import type { Command, Request } from "../../src/domain/commands.ts";
import type { Exchange } from "../../src/exchange.ts";
import type { Intent, Past } from "../properties/order-intents.ts";
import type { Counts } from "./counts.ts";
import { Random } from "./random.ts";

/** What a client sent and has not been answered. */
export type Sent = {
  readonly requests: readonly Request[];
  /** Only who gave a name to what was sent can send it again without harm. */
  readonly retries: boolean;
};

/** Commands that may be on their way at once; the next wait, so that a frame always fits a small segment. */
const SENT_MAX = 14;

type Neighbours = {
  readonly counts: Counts;
  readonly onAnswer: (requests: readonly Request[], seqs: readonly number[]) => void;
  readonly onWrong: (what: string) => void;
};

export class Clients {
  readonly #neighbours: Neighbours;
  #sent: Sent[] = [];
  #unknown: Sent[] = [];
  #names = 0;

  constructor(neighbours: Neighbours) {
    this.#neighbours = neighbours;
  }

  /** In the order in which they were sent: the order of the journal. */
  get sent(): readonly Sent[] {
    return this.#sent;
  }

  get isBusy(): boolean {
    return this.#sent.reduce((sum, { requests }) => sum + requests.length, 0) >= SENT_MAX;
  }

  act(exchange: Exchange, past: Past, { intents, seed }: { intents: readonly Intent[]; seed: number }): void {
    const random = new Random(seed);
    const commands = intents.map((intent) => this.#named(intent(past), random));
    const first = commands[0]!;
    if (first.kind === "PlaceOrder" && random.chance(0.1)) exchange.preview(first, 1_000);
    this.send(exchange, commands, random.chance(0.8));
  }

  send(exchange: Exchange, commands: readonly Command[], retries: boolean): void {
    const requests = commands.map((command) => this.#request(command));
    const sent: Sent = { requests, retries: retries && commands.every(hasName) };
    this.#sent.push(sent);
    const turnedAway = (why: string) => {
      if (why === "disk-full") this.#neighbours.counts["turned away: disk full"] += 1;
      if (why === "overloaded") this.#neighbours.counts["turned away: overloaded"] += 1;
      if (why === "journal-failed") this.#fates(sent);
      else this.#remove(sent);
    };
    const taken = (seqs: readonly number[]) => {
      if (this.#remove(sent)) this.#neighbours.onAnswer(requests, seqs);
      else this.#neighbours.onWrong(`request ${requests[0]!.requestId} is answered twice`);
    };
    if (requests.length === 1) {
      exchange.submit(requests[0]!, (answer) => {
        if ("turnedAway" in answer) turnedAway(answer.turnedAway);
        else taken([answer.committed.entry.seq]);
      });
    } else {
      exchange.submitTogether(requests, (answer) => {
        if ("turnedAway" in answer) turnedAway(answer.turnedAway);
        else taken(answer.taken.map(({ committed }) => committed.entry.seq));
      });
    }
  }

  /** What may or may not have been done, in the order in which it was sent. */
  get unknown(): readonly Sent[] {
    return this.#unknown;
  }

  /** The process that they talked to has ended. */
  cutOff(): void {
    for (const sent of this.#sent.slice()) this.#fates(sent);
  }

  /** They send again what they have not heard of. */
  retry(exchange: Exchange): void {
    for (const { requests, retries } of this.#unknown.splice(0)) {
      if (!retries) continue;
      this.#neighbours.counts.retries += 1;
      this.send(
        exchange,
        requests.map(({ command }) => command),
        true,
      );
    }
  }

  #fates(sent: Sent): void {
    this.#neighbours.counts["unknown outcomes"] += 1;
    this.#remove(sent);
    this.#unknown.push(sent);
  }

  #remove(sent: Sent): boolean {
    const place = this.#sent.indexOf(sent);
    if (place >= 0) this.#sent.splice(place, 1);
    return place >= 0;
  }

  #request(command: Command): Request {
    this.#names += 1;
    const traceId = this.#names % 3 === 0 ? this.#names.toString(16).padStart(32, "0") : null;
    return { requestId: `q${this.#names}`, traceId, command };
  }

  /** Most give what they send a name that nobody else gives. */
  #named(command: Command, random: Random): Command {
    if (random.chance(0.4)) return command;
    this.#names += 1;
    const name = `n${this.#names}`;
    if (command.kind === "PlaceOrder") return { ...command, clientOrderId: name };
    return "reference" in command ? { ...command, reference: name } : command;
  }
}

function hasName(command: Command): boolean {
  return command.kind === "PlaceOrder" ? command.clientOrderId !== null : "reference" in command;
}
