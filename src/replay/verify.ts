/**
 * Checks all that a data directory holds against the one truth in it: every frame of the journal is read, every
 * command is applied again, the events are compared with what happened live, and what was computed from them with
 * what is computed now. Nothing is changed, nothing is repaired, and the first fault of a kind ends its check.
 */
import { AssertionError } from "../domain/assert.ts";
import { seq } from "../domain/units.ts";
import { pathsIn } from "../journal/data-directory.ts";
import { DamagedJournalError } from "../journal/errors.ts";
import type { JournalEnd } from "../journal/frame-walk.ts";
import { readJournal } from "../journal/recovery.ts";
import { LedgerCheck } from "../projections/ledger/ledger-check.ts";
import { CheckedReplay } from "./checked-replay.ts";
import { type Check, SnapshotChecks } from "./snapshot-checks.ts";
import { readingStart, snapshotWatermark, storedSnapshots } from "./stored-snapshots.ts";

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
  const ledger = LedgerCheck.open(pathsIn(directory).ledger, scratch);
  const usable = ledger instanceof LedgerCheck ? ledger : null;
  const snapshots = await storedSnapshots(directory);
  const compared = await SnapshotChecks.read(snapshots);
  const { feedEventsMax } = compared;
  const start = await readingStart(directory, snapshots, { from: seq(1), feedEventsMax });
  const replay = new CheckedReplay({ start, ledger: usable, feedEventsMax });
  try {
    const end = await readJournal({
      directory: pathsIn(directory).journal,
      start: start?.file.position,
      watermarks: [
        ...(usable === null ? [] : [{ holder: "the ledger", ...usable.cursor }]),
        ...snapshots.files.map(snapshotWatermark),
      ],
      replay: replay.apply,
      onCleanStop: () => replay.cleanStop(),
      onSegment: () => replay.checkInvariants(),
      onClosed: (closed) => compared.compare(closed, replay.present),
      onProgress: ({ seq: done, bytesDone, bytesTotal }) =>
        onProgress(bytesDone / bytesTotal, `replayed up to sequence ${done}`),
    });
    onProgress(1, "comparing the ledger");
    const checks = [...journalChecks(end, replay), compared.result(start), ...ledgerChecks(ledger, replay)];
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
    usable?.close();
  }
}

function journalChecks(end: JournalEnd | null, replay: CheckedReplay): readonly Check[] {
  if (end === null) return [{ what: "journal", found: "empty", fault: null }];
  const { segment, tornTail, closed } = end;
  const { seq: last, startSeq, frames, cleanStops, trades } = replay;
  const from = startSeq === 0 ? "" : `from sequence ${startSeq + 1} on, `;
  const counted = `commands ${last - startSeq}, frames ${frames}, segments up to ${segment}, clean stops ${cleanStops}`;
  const torn =
    tornTail === null
      ? ""
      : `; then ${tornTail.bytes.length} bytes of a frame that a crash cut, which the next start repairs`;
  const vouched = closed ? "" : "; those of the last frame are vouched for by the next one alone";
  return [
    { what: "journal", found: from + counted + torn, fault: null },
    { what: "events", found: `as they were live, trades ${trades}${vouched}`, fault: null },
    { what: "invariants", found: "hold, all of them at the end of every segment", fault: null },
  ];
}

function ledgerChecks(ledger: LedgerCheck | string | null, replay: CheckedReplay): readonly Check[] {
  if (ledger === null || typeof ledger === "string") return [noLedger(ledger, replay)];
  if (ledger.cursor.seq < replay.startSeq) {
    const fault = `it ends with sequence ${ledger.cursor.seq}, and the journal begins behind ${replay.startSeq}`;
    return [{ what: "ledger", found: "cannot go on", fault }];
  }
  return ledger.findings(replay.walletTotals(), { all: replay.startSeq === 0 });
}

/** Without a ledger a start makes it anew from the first command on, and refuses if the journal lacks that. */
function noLedger(unusable: string | null, { startSeq }: CheckedReplay): Check {
  const found = unusable === null ? "there is none" : "cannot be used";
  if (startSeq > 0) {
    const fault = `${unusable ?? found}, and the journal begins behind ${startSeq}: it cannot be made anew, and a start is refused`;
    return { what: "ledger", found, fault };
  }
  return {
    what: "ledger",
    found: `${found}; it is computed from the journal at the next start`,
    fault: unusable,
  };
}
