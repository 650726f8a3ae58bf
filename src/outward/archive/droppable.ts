/**
 * What the ledger may let go of: whole ranges that are older than the retention, that go on from what it has let go of
 * already, and whose every object has just been read back. The first range that does not fit ends the list.
 */
import type { Seq } from "../../domain/units.ts";
import type { ArchiveRows } from "../../projections/ledger/archive-rows.ts";
import type { Boundary } from "../../projections/ledger/retention.ts";
import { type ArchivedRange, type Manifest, OBJECT_KINDS } from "./manifest.ts";
import { type Target, TargetRefusedError } from "./target.ts";
import { rangeFault } from "./verify-archive.ts";

const DAY_MS = 86_400_000;
/** Ranges that are read back in a row, at most; the next run takes the next ones. */
const RANGES_MAX = 50;

export type Dropping = {
  readonly manifest: Manifest;
  readonly target: Target;
  readonly ledger: Pick<ArchiveRows, "droppedSeq" | "appliedSeq">;
  readonly retentionDays: number;
  readonly now: number;
};

/** @throws TargetRefusedError for a copy that is not whole, or not named: nothing from there on is dropped. */
export async function* droppable(dropping: Dropping): AsyncGenerator<Boundary> {
  const { manifest, target, ledger, retentionDays, now } = dropping;
  let next = ledger.droppedSeq + 1;
  let taken = 0;
  for await (const range of manifest.rangesAfter(next - 1)) {
    const { firstSeq, lastSeq, lastAt, frameHash } = range;
    if (frameHash === null || lastAt === null) continue;
    if (firstSeq !== next || taken === RANGES_MAX) return;
    if (Date.parse(lastAt) > now - retentionDays * DAY_MS) return;
    // One that is made anew has to come here first.
    if (lastSeq > ledger.appliedSeq) return;
    checkComplete(range, target);
    const faulty = await rangeFault(range, manifest, target);
    if (faulty !== null) {
      throw new TargetRefusedError(
        `the archive ${target.name}: ${faulty.key} is damaged: ${faulty.fault}. The ledger keeps what lies from sequence ` +
          `${firstSeq} on; see "When a copy is damaged" in docs/operations.md`,
      );
    }
    yield { seq: lastSeq as Seq, frameHash };
    next = lastSeq + 1;
    taken += 1;
  }
}

/** A manifest that somebody has edited may name less than there must be; what is not named would not be read back. */
function checkComplete({ firstSeq, lastSeq, objects }: ArchivedRange, { name }: Target): void {
  const missing = OBJECT_KINDS.find((kind) => !objects.some((object) => object.kind === kind));
  if (missing === undefined) return;
  throw new TargetRefusedError(
    `the archive ${name}: its manifest has the range from sequence ${firstSeq} to ${lastSeq} without its ${missing}. ` +
      "The ledger keeps what lies from there on",
  );
}
