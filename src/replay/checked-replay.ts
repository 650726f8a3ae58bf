/** The past again, for whoever checks it: counted, and with the wallets as the ledger must have seen them. */
import type { CommittedFrame, Event } from "../domain/events.ts";
import type { Seq } from "../domain/units.ts";
import type { Frame } from "../journal/frame.ts";
import type { LedgerCheck, WalletTotal } from "../projections/ledger/ledger-check.ts";
import type { LoadedSnapshot } from "./load-snapshot.ts";
import { emptyPresent, type Present } from "./present.ts";
import { replayFrames } from "./replay-frames.ts";

export class CheckedReplay {
  /** The last command before the first that is replayed; 0 if that is the first of all. */
  readonly startSeq: Seq;
  readonly present: Present;
  /** Applies a frame and gives the canonical encoding of what it caused. */
  readonly apply: (frame: Frame) => Uint8Array;
  readonly #ledger: LedgerCheck | null;
  readonly #wallets = new Map<string, WalletTotal>();
  #frames = 0;
  #cleanStops = 0;
  #trades = 0;

  constructor(parts: {
    readonly start: LoadedSnapshot | null;
    readonly ledger: LedgerCheck | null;
    readonly feedEventsMax: number;
  }) {
    this.present = parts.start?.present ?? emptyPresent(parts.feedEventsMax);
    this.startSeq = this.present.engine.appliedSeq;
    this.#ledger = parts.ledger;
    this.apply = replayFrames(this.present, (frame) => this.#take(frame));
    this.#follow(this.present.engine.standing());
  }

  /** The last command that was applied. */
  get seq(): Seq {
    return this.present.engine.appliedSeq;
  }

  get frames(): number {
    return this.#frames;
  }

  get cleanStops(): number {
    return this.#cleanStops;
  }

  get trades(): number {
    return this.#trades;
  }

  cleanStop(): void {
    this.#cleanStops += 1;
  }

  /** All that must hold, by full scans: the replay of a command checks only what is cheap. */
  checkInvariants(): void {
    this.present.engine.check();
  }

  walletTotals(): Iterable<WalletTotal> {
    return this.#wallets.values();
  }

  #take({ committed, hash, outcomes }: CommittedFrame): void {
    for (const { entry, events } of committed) {
      for (const event of events) if (event.kind === "TradeExecuted") this.#trades += 1;
      if (this.#ledger !== null && entry.seq <= this.#ledger.cursor.seq) this.#follow(events);
    }
    this.#frames += 1;
    const firstSeq = committed[0]!.entry.seq;
    if (this.startSeq === 0) this.#ledger?.feed({ firstSeq, lastSeq: this.seq, hash, outcomes });
  }

  #follow(events: readonly Event[]): void {
    for (const event of events) {
      if (event.kind !== "WalletChanged") continue;
      const { account, asset, available, held } = event;
      this.#wallets.set(`${account} ${asset}`, { account, asset, total: available + held });
    }
  }
}
