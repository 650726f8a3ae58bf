/**
 * The past again, for whoever checks it: counted, with the wallets as the ledger must have seen them, and compared
 * with every snapshot at its place.
 */
import { ByteWriter } from "../domain/codec.ts";
import { encodeOutcome } from "../domain/event-codec.ts";
import type { Event } from "../domain/events.ts";
import type { Seq } from "../domain/units.ts";
import type { Frame } from "../journal/frame.ts";
import type { ClosedSegment } from "../journal/recovery.ts";
import { sectionPieces, stateDigestOf } from "../journal/snapshot-file.ts";
import type { LedgerCheck, WalletTotal } from "../projections/ledger/ledger-check.ts";
import type { LoadedSnapshot } from "./load-snapshot.ts";
import { dumpPresent, emptyPresent, type Present } from "./present.ts";
import type { StoredSnapshots } from "./stored-snapshots.ts";

/** One line of a result: what was looked at, how much of it, and what is wrong, if anything is. */
export type Check = { readonly what: string; readonly found: string; readonly fault: string | null };

export class CheckedReplay {
  /** The last command before the first that is replayed. */
  readonly startSeq: Seq | 0;
  readonly #present: Present;
  readonly #writer = new ByteWriter();
  readonly #ledger: LedgerCheck | null;
  readonly #snapshots: StoredSnapshots;
  readonly #wallets = new Map<string, WalletTotal>();
  /** The sequences of snapshots that are the state there, and what is wrong with others. */
  readonly #same = new Set<number>();
  readonly #differing: string[] = [];
  #frames = 0;
  #cleanStops = 0;
  #trades = 0;

  constructor(parts: {
    readonly start: LoadedSnapshot | null;
    readonly ledger: LedgerCheck | null;
    readonly snapshots: StoredSnapshots;
  }) {
    this.startSeq = parts.start?.file.seq ?? 0;
    this.#present = parts.start?.present ?? emptyPresent(1);
    this.#ledger = parts.ledger;
    this.#snapshots = parts.snapshots;
    this.#follow(this.#present.engine.standing());
  }

  /** The last command that was applied. */
  get seq(): Seq {
    return this.#present.engine.appliedSeq;
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
    const { engine, live } = this.#present;
    this.#writer.clear();
    for (const entry of entries) {
      const events = engine.apply(entry);
      const committed = { entry, events };
      encodeOutcome(this.#writer, committed);
      // Of the projections only what a snapshot dumps is kept up.
      live.directory.project(committed);
      live.orders.project(committed);
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
    this.#present.engine.check();
  }

  /** A snapshot stands where a segment ends. */
  compareSnapshot({ seq, frameHash }: ClosedSegment): void {
    const file = this.#snapshots.files.find((stored) => stored.seq === seq);
    if (file === undefined) return;
    const digest = stateDigestOf(sectionPieces(dumpPresent(this.#present)));
    const isSame = digest.equals(file.stateDigest) && file.position.hash.toString("hex") === frameHash;
    if (isSame) this.#same.add(seq);
    else this.#differing.push(`${file.path} is not the state at sequence ${seq}`);
  }

  /** Reads every snapshot whole. The one from which the replay began is known to be what it says it is, and no more. */
  async snapshotChecks(): Promise<readonly Check[]> {
    const what = "snapshots";
    const { store, files, damaged } = this.#snapshots;
    const faults = [...damaged.map(({ path, what: why }) => `${path}: ${why}`), ...this.#differing];
    for (const file of files) {
      const read = await store.read(file);
      if (typeof read === "string") faults.push(`${file.path}: ${read}`);
      else if (!this.#same.has(file.seq) && file.seq !== this.startSeq && this.#differing.length === 0) {
        faults.push(`${file.path} stands at no end of a segment`);
      }
    }
    const count = files.length + damaged.length;
    if (count === 0) return [{ what, found: "there is none", fault: null }];
    const began = this.startSeq === 0 ? "" : `; the replay began with the one at ${this.startSeq}`;
    if (faults.length > 0) return [{ what, found: `${count}`, fault: faults.join("; ") }];
    return [{ what, found: `${count}, each the state at its sequence${began}`, fault: null }];
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
