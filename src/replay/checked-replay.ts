/** The past again, for whoever checks it: counted, and with the wallets as the ledger must have seen them. */
import { ByteWriter } from "../domain/codec.ts";
import { encodeOutcome } from "../domain/event-codec.ts";
import type { Event } from "../domain/events.ts";
import type { Seq } from "../domain/units.ts";
import type { Frame } from "../journal/frame.ts";
import type { LedgerCheck, WalletTotal } from "../projections/ledger/ledger-check.ts";
import type { LoadedSnapshot } from "./load-snapshot.ts";
import { emptyPresent, type Present } from "./present.ts";

export class CheckedReplay {
  /** The last command before the first that is replayed. */
  readonly startSeq: Seq | 0;
  readonly present: Present;
  readonly #writer = new ByteWriter();
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
    this.startSeq = parts.start?.file.seq ?? 0;
    this.present = parts.start?.present ?? emptyPresent(parts.feedEventsMax);
    this.#ledger = parts.ledger;
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

  apply({ firstSeq, entries, hash }: Frame): Uint8Array {
    const { engine, live } = this.present;
    this.#writer.clear();
    for (const entry of entries) {
      const events = engine.apply(entry);
      const committed = { entry, events };
      encodeOutcome(this.#writer, committed);
      live.projectDumped(committed);
      for (const event of events) if (event.kind === "TradeExecuted") this.#trades += 1;
      if (this.#ledger !== null && entry.seq <= this.#ledger.cursor.seq) this.#follow(events);
    }
    this.#frames += 1;
    const outcomes = this.#writer.view();
    if (this.startSeq === 0) this.#ledger?.feed({ firstSeq, lastSeq: this.seq, hash, outcomes });
    return outcomes;
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

  #follow(events: readonly Event[]): void {
    for (const event of events) {
      if (event.kind !== "WalletChanged") continue;
      const { account, asset, available, held } = event;
      this.#wallets.set(`${account} ${asset}`, { account, asset, total: available + held });
    }
  }
}
