/**
 * Checks all that a data directory holds against the one truth in it: every frame of the journal is read, every
 * command is applied again, the events are compared with what happened live, and what was computed from them with
 * what is computed now. Nothing is changed, nothing is repaired, and the first fault of a kind ends its check.
 */
import { join } from "node:path";
import { AssertionError } from "../domain/assert.ts";
import { ByteWriter } from "../domain/codec.ts";
import { encodeOutcome } from "../domain/event-codec.ts";
import type { Event } from "../domain/events.ts";
import type { Seq } from "../domain/units.ts";
import { Engine } from "../engine/engine.ts";
import { DamagedJournalError } from "../journal/errors.ts";
import type { Frame } from "../journal/frame.ts";
import { type JournalEnd, readJournal } from "../journal/recovery.ts";
import { LedgerCheck, type WalletTotal } from "../projections/ledger/ledger-check.ts";

/** One line of the result: what was looked at, how much of it, and what is wrong, if anything is. */
export type Check = { readonly what: string; readonly found: string; readonly fault: string | null };

export type Verified = {
  readonly checks: readonly Check[];
  /** The journal is damaged in a way that recovery refuses; what depends on it was not checked. */
  readonly damage: DamagedJournalError | null;
};

export type Verifying = {
  /** A data directory that no exchange is running on. */
  readonly directory: string;
  /** An empty directory with room for the ledger twice. */
  readonly scratch: string;
  readonly onProgress: (part: number, doing: string) => void;
};

export async function verify({ directory, scratch, onProgress }: Verifying): Promise<Verified> {
  const ledger = LedgerCheck.open(join(directory, "ledger.sqlite"), scratch);
  const replay = new Replay(ledger instanceof LedgerCheck ? ledger : null);
  try {
    const end = await readJournal({
      directory: join(directory, "journal"),
      watermarks: ledger instanceof LedgerCheck ? [{ holder: "ledger", ...ledger.cursor }] : [],
      replay: (frame) => replay.apply(frame),
      onCleanStop: () => replay.cleanStop(),
      onSegment: ({ segment, segments, seq }) => {
        replay.checkInvariants();
        onProgress(segment / segments, `replayed segment ${segment} of ${segments}, sequence ${seq}`);
      },
    });
    onProgress(1, "comparing the ledger");
    const checks = [...replay.findings(end), ...ledgerFindings(ledger, replay)];
    return { checks, damage: null };
  } catch (error) {
    if (error instanceof DamagedJournalError) {
      const found = `whole up to sequence ${replay.seq}`;
      return { checks: [{ what: "journal", found, fault: error.message }], damage: error };
    }
    if (!(error instanceof AssertionError)) throw error;
    const found = `replayed up to sequence ${replay.seq}`;
    return { checks: [{ what: "replay", found, fault: error.message }], damage: null };
  } finally {
    if (ledger instanceof LedgerCheck) ledger.close();
  }
}

function ledgerFindings(ledger: LedgerCheck | string | null, replay: Replay): readonly Check[] {
  if (ledger instanceof LedgerCheck) return ledger.findings(replay.walletTotals());
  const rebuilt = "it is computed from the journal at the next start";
  if (ledger === null) return [{ what: "ledger", found: `there is none; ${rebuilt}`, fault: null }];
  return [{ what: "ledger", found: `cannot be used; ${rebuilt}`, fault: ledger }];
}

/** The past again, counted, with the wallets as the ledger must have seen them. */
class Replay {
  readonly #engine = new Engine();
  readonly #writer = new ByteWriter();
  readonly #ledger: LedgerCheck | null;
  readonly #wallets = new Map<string, WalletTotal>();
  #frames = 0;
  #cleanStops = 0;
  #trades = 0;

  constructor(ledger: LedgerCheck | null) {
    this.#ledger = ledger;
  }

  /** The last command that was applied. */
  get seq(): Seq {
    return this.#engine.appliedSeq;
  }

  apply({ firstSeq, entries, hash }: Frame): Uint8Array {
    this.#writer.clear();
    for (const entry of entries) {
      const events = this.#engine.apply(entry);
      encodeOutcome(this.#writer, { entry, events });
      this.#count(events, entry.seq);
    }
    this.#frames += 1;
    const outcomes = this.#writer.view();
    this.#ledger?.feed({ firstSeq, lastSeq: this.seq, hash, outcomes });
    return outcomes;
  }

  cleanStop(): void {
    this.#cleanStops += 1;
  }

  /** All that must hold, by full scans: the replay of a command checks only what is cheap. */
  checkInvariants(): void {
    this.#engine.check();
  }

  walletTotals(): Iterable<WalletTotal> {
    return this.#wallets.values();
  }

  findings(end: JournalEnd | null): readonly Check[] {
    if (end === null) return [{ what: "journal", found: "empty", fault: null }];
    const { segment, tornTail, closed } = end;
    const whole = `commands ${this.seq}, frames ${this.#frames}, segments ${segment}, clean stops ${this.#cleanStops}`;
    const torn =
      tornTail === null
        ? ""
        : `; then ${tornTail.bytes.length} bytes of a frame that a crash cut, which the next start repairs`;
    const vouched = closed ? "" : "; those of the last frame are vouched for by the next one alone";
    return [
      { what: "journal", found: whole + torn, fault: null },
      { what: "events", found: `as they were live, trades ${this.#trades}${vouched}`, fault: null },
      { what: "invariants", found: "hold, all of them at the end of every segment", fault: null },
    ];
  }

  #count(events: readonly Event[], seq: Seq): void {
    const isInLedger = this.#ledger !== null && seq <= this.#ledger.cursor.seq;
    for (const event of events) {
      if (event.kind === "TradeExecuted") this.#trades += 1;
      if (event.kind !== "WalletChanged" || !isInLedger) continue;
      const { account, asset, available, held } = event;
      this.#wallets.set(`${account} ${asset}`, { account, asset, total: available + held });
    }
  }
}
