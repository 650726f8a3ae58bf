/**
 * What the exchange has said or shown so far, and may never take back. A second engine, which only follows,
 * applies every command too, so that what the first one does can be held against it.
 */
import { createHash } from "node:crypto";
import { ByteWriter } from "../../src/domain/codec.ts";
import type { Command, Sequenced } from "../../src/domain/commands.ts";
import { encodeOutcome } from "../../src/domain/event-codec.ts";
import type { Event } from "../../src/domain/events.ts";
import { type MarketIndex, type OrderId, seq } from "../../src/domain/units.ts";
import type { Clock } from "../../src/journal/clock.ts";
import type { Disk } from "../../src/journal/disk.ts";
import { readJournal } from "../../src/journal/recovery.ts";
import type { LedgerFrame } from "../../src/projections/ledger/messages.ts";
import type { Balances } from "../../src/projections/live/balances.ts";
import { emptyPresent, presentDigest } from "../../src/replay/present.ts";
import { OpenOrders } from "../properties/open-orders.ts";
import type { Past } from "../properties/order-intents.ts";

/** Ids of requests that the exchange makes itself begin with this. */
export const OWN = "own-";

/** Events that the simulated exchange keeps for feeds: few, so that it forgets some. */
export const FEED_EVENTS_MAX = 100;

/** One command as it was shown: the bytes of all that it caused. */
export type Shown = { readonly requestId: string; readonly outcome: Buffer };

export class History {
  readonly #present = emptyPresent(FEED_EVENTS_MAX);
  readonly shown: Shown[] = [];
  /** Of the journal that it was replayed from; the frame of a clean stop is not among them. */
  readonly frames: LedgerFrame[] = [];
  isClosed = false;
  /** The last sequence of each segment. */
  readonly segmentEnds = new Map<number, number>();
  /** Something stands behind its last frame. */
  hasTail = false;
  readonly #writer = new ByteWriter();
  readonly #orders = new OpenOrders();
  readonly #once = new Set<string>();
  readonly #placed: OrderId[] = [];
  readonly #sent: Command[] = [];
  readonly #statuses = new Map<number, string>();
  readonly #lastPrices = new Map<number, number>();
  accounts = 0;

  /** The last sequence. */
  get seq(): number {
    return this.shown.length;
  }

  /** Follows a command; says what is wrong with what it caused, if anything. */
  follow(entry: Sequenced, claimed?: readonly Event[]): string | null {
    if (entry.seq !== this.seq + 1) return `sequence ${entry.seq} follows ${this.seq}`;
    const events = this.#present.engine.apply(entry);
    this.#writer.clear();
    encodeOutcome(this.#writer, { entry, events });
    const outcome = Buffer.from(this.#writer.view());
    this.shown.push({ requestId: entry.requestId, outcome });
    this.#sent.push(entry.command);
    this.#orders.hear(events);
    // Of the projections only what is compared is kept up.
    const { live } = this.#present;
    live.projectDumped({ entry, events });
    live.balances.project({ entry, events });
    const twice = this.#hear(events);
    if (twice !== null) return twice;
    if (claimed === undefined) return null;
    this.#writer.clear();
    encodeOutcome(this.#writer, { entry, events: claimed });
    if (outcome.equals(this.#writer.view())) return null;
    return `command ${entry.seq} (${entry.command.kind}) did live what a replay does not: ${JSON.stringify(claimed)}`;
  }

  check(): void {
    this.#present.engine.check();
  }

  get balances(): Balances {
    return this.#present.live.balances;
  }

  /** As that of an exchange which has come as far. */
  stateDigest(): string {
    return presentDigest(this.#present).toString("hex");
  }

  past(at: number): Past {
    return {
      at,
      placed: this.#placed,
      sent: this.#sent,
      open: this.#orders.list(),
      status: (market: MarketIndex) => this.#statuses.get(market) ?? "open",
      last: (market: MarketIndex) => this.#lastPrices.get(market) ?? null,
    };
  }

  /** What no two commands may ever do, whatever is sent again; held against all that has happened. */
  #hear(events: readonly Event[]): string | null {
    for (const event of events) {
      switch (event.kind) {
        case "OrderPlaced":
          this.#placed.push(event.order);
          if (event.clientOrderId === null) break;
          if (this.#isSecond(`order ${event.account} ${event.clientOrderId}`)) {
            return `account ${event.account} has two orders with the client id ${event.clientOrderId}`;
          }
          break;
        case "FundsDeposited":
        case "FundsWithdrawn":
        case "FundsTransferred":
          if (this.#isSecond(`${event.kind} ${event.account} ${event.reference}`)) {
            return `account ${event.account} has two movements ${event.kind} with the reference ${event.reference}`;
          }
          break;
        case "FundsSettled": {
          const names =
            event.settlementId === null
              ? event.entries.map(({ account, reference }) => `${account} ${reference}`)
              : [`id ${event.settlementId}`];
          if (names.some((name) => this.#isSecond(`${event.kind} ${name}`)))
            return `one of ${names.join(", ")} was settled twice`;
          break;
        }
        case "TradeExecuted":
          this.#lastPrices.set(event.market, event.price);
          break;
        case "MarketListed":
        case "MarketChanged":
          this.#statuses.set(event.market, event.status);
          break;
        case "AccountOpened":
          this.accounts += 1;
          break;
      }
    }
    return null;
  }

  #isSecond(name: string): boolean {
    if (this.#once.has(name)) return true;
    this.#once.add(name);
    return false;
  }
}

/** An audit takes no time: a look at the real clock would make it another one on a slower machine. */
const STILL: Clock = {
  now: () => 0,
  elapsed: () => 0,
  pause: async () => {},
  turn: async () => {},
  after: () => () => {},
};

/** Replays the whole journal by itself, from its first frame, as it is on disk now. */
export async function replayed(directory: string, disk: Disk): Promise<History | string> {
  const history = new History();
  let wrong: string | null = null;
  let digest: Buffer = Buffer.alloc(32);
  const end = await readJournal({
    directory,
    disk,
    clock: STILL,
    watermarks: [],
    onSegment: ({ segment, seq: last }) => void history.segmentEnds.set(segment, last),
    replay: ({ entries, firstSeq, hash }) => {
      for (const entry of entries) wrong ??= history.follow(entry);
      const outcomes = Buffer.concat(history.shown.slice(firstSeq - 1).map(({ outcome }) => outcome));
      digest = createHash("sha256").update(digest).update(outcomes).digest();
      history.frames.push({ firstSeq, lastSeq: seq(history.seq), hash, outcomes: new Uint8Array(outcomes) });
      return outcomes;
    },
  });
  if (end === null) return history;
  history.isClosed = end.closed;
  history.hasTail = end.tornTail !== null;
  if (!end.eventDigest.equals(digest))
    wrong ??= "the journal's digest is not that of all events since its beginning";
  return wrong ?? history;
}
