import { describe, expect, test } from "vitest";
import type { Sequenced } from "../../src/domain/commands.ts";
import { epochMs, type Seq, seq } from "../../src/domain/units.ts";
import type { ClosedSegment } from "../../src/journal/recovery.ts";
import { recover } from "../../src/replay/recover.ts";
import { runFrame } from "../journal/run-frame.ts";
import { newFastDirectory } from "../journal/support.ts";
import { digestOf, type Ledger, NO_LEDGER, reopen, snapshotAt } from "./past.ts";

function opening(number: number): Sequenced {
  return {
    seq: seq(number),
    at: epochMs(number),
    requestId: `request-${number}`,
    traceId: null,
    command: { kind: "OpenAccount", accountId: `account-${number}`, name: "x".repeat(200) },
  };
}

/** A journal in which a clean stop follows every command, so that each segment ends with one; and its ledgers. */
async function stoppedOften(): Promise<{ readonly directory: string; readonly ledgers: readonly Ledger[] }> {
  const directory = newFastDirectory();
  const ledgers: Ledger[] = [NO_LEDGER];
  const closed = new Map<number, ClosedSegment>();
  for (let number = 1; number <= 12; number += 1) {
    const { engine, journal } = await recover({
      directory,
      ledger: ledgers.at(-1)!,
      feedEventsMax: 10,
      segmentBytes: 5 * 1024,
      limits: { reserveBytes: 0, probeMs: 1_000 },
      publish: () => {},
      onClosed: (segment) => void closed.set(segment.segment, segment),
      onReport: () => {},
    });
    const frameHash = await runFrame(journal, { engine }, [opening(number)]);
    ledgers.push({ seq: number as Seq, frameHash });
    await journal.close();
  }
  for (const segment of closed.values()) await snapshotAt(directory, segment);
  return { directory, ledgers };
}

describe("snapshots at segments that end with a clean stop", () => {
  test("know the journal that they were made of, wherever the ledger stands", async () => {
    const { directory, ledgers } = await stoppedOften();
    const digests = new Set<string>();
    let loaded = 0;
    for (const ledger of ledgers) {
      const { reports, ...present } = await reopen(directory, ledger);
      digests.add(digestOf(present));
      loaded += reports.filter(({ kind }) => kind === "snapshot-loaded").length;
    }
    expect(digests.size).toBe(1);
    expect(loaded).toBeGreaterThan(0);
    expect(loaded).toBeLessThan(ledgers.length);
  });
});
