/** A past to recover: a random story in a journal of many small segments, as the exchange would have written it. */
import { cpSync, existsSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import type { Sequenced } from "../../src/domain/commands.ts";
import type { Committed, CommittedFrame } from "../../src/domain/events.ts";
import { accountIndex, assetIndex, type Seq, seq } from "../../src/domain/units.ts";
import { type Disk, nodeDisk } from "../../src/journal/disk.ts";
import type { ClosedSegment } from "../../src/journal/recovery.ts";
import type { FeedEntry } from "../../src/projections/feeds/feed-entry.ts";
import { type MadeSnapshot, makeSnapshot } from "../../src/replay/make-snapshot.ts";
import { type Present, presentDigest } from "../../src/replay/present.ts";
import { type Recovered, type RecoveryReport, recover } from "../../src/replay/recover.ts";
import { runFrame } from "../journal/run-frame.ts";
import { newFastDirectory } from "../journal/support.ts";
import { type Story, stepsOf, story } from "../properties/stories.ts";

/** Room for a few frames only, so that a short story closes many segments. */
const SEGMENT_BYTES = 5 * 1024;
/** Few, so that some are forgotten. */
export const FEED_EVENTS_MAX = 300;

export type Ledger = { readonly seq: Seq; readonly frameHash: string | null };
export const NO_LEDGER: Ledger = { seq: seq(0), frameHash: null };

export type Reopened = Recovered & {
  readonly reports: readonly RecoveryReport[];
  /** The sequences that were shown to the ledger. */
  readonly published: readonly Seq[];
};

/** Recovers, as a start would, and stops at once. */
export async function reopen(
  directory: string,
  ledger: Ledger,
  { feedEventsMax = FEED_EVENTS_MAX }: { readonly feedEventsMax?: number } = {},
): Promise<Reopened> {
  const reports: RecoveryReport[] = [];
  const published: Seq[] = [];
  const recovered = await recover({
    directory,
    ledger,
    feedEventsMax,
    segmentBytes: SEGMENT_BYTES,
    limits: { reserveBytes: 0, probeMs: 1_000 },
    publish: ({ committed }: CommittedFrame) => published.push(...committed.map(({ entry }) => entry.seq)),
    onReport: (report) => reports.push(report),
  });
  await recovered.journal.close();
  return { ...recovered, reports, published };
}

/** What clients can see of projections that are not dumped, but begin with what the engine has. */
export function seen({ engine, live: { books, balances, directory } }: Present): unknown {
  const accounts = Array.from({ length: 5 }, (_, index) => accountIndex(index));
  return {
    seq: engine.appliedSeq,
    books: directory.markets.map(({ market }) => books.snapshot(market, null)),
    balances: accounts.map((account) =>
      directory.assets.map(({ asset }) => {
        const { available, held } = balances.get(account, assetIndex(asset));
        return [available, held];
      }),
    ),
  };
}

/** The digest of all that the engine and the live projections are. */
export function digestOf(present: Present): string {
  return presentDigest(present).toString("hex");
}

/** What was written, the segments that it closed, and the state that it has come to. */
export type Past = {
  readonly directory: string;
  readonly closed: readonly ClosedSegment[];
  /** What a ledger that has kept up knows. */
  readonly ledger: Ledger;
  readonly digest: string;
  readonly present: Present;
};

/** A story of some length, the same in every run. */
export function longStory(): Story {
  const long = story(400).filter(({ steps }) => steps.length > 380);
  return fc.sample(long, { seed: 7, numRuns: 1 })[0]!;
}

/** Entries of one time, which may share a frame. */
function framesOf(story: Story): Sequenced[][] {
  const frames: Sequenced[][] = [];
  for (const { entry } of stepsOf(story)) {
    const last = frames.at(-1);
    const named = {
      ...entry,
      requestId: `01REQ${String(entry.seq).padStart(21, "0")}`,
      traceId: entry.seq % 3 === 0 ? "4bf92f3577b34da6a3ce929d0e0e4736" : null,
    };
    if (last !== undefined && last[0]!.at === entry.at && last.length < 8) last.push(named);
    else frames.push([named]);
  }
  return frames;
}

/**
 * Lives through a story. `onClosed` is waited for between two frames, as a thread beside would find the disk;
 * `onCommand` hears of each command once all that is live has seen it.
 */
export async function liveThrough(
  story: Story,
  onClosed: (closed: ClosedSegment, directory: string) => Promise<void> = async () => {},
  onCommand: (committed: Committed, present: Present, told: FeedEntry | undefined) => void = () => {},
): Promise<Past> {
  const directory = newFastDirectory();
  const closed: ClosedSegment[] = [];
  let closedTold = 0;
  const { engine, live, journal } = await recover({
    directory,
    ledger: NO_LEDGER,
    feedEventsMax: FEED_EVENTS_MAX,
    segmentBytes: SEGMENT_BYTES,
    limits: { reserveBytes: 0, probeMs: 1_000 },
    publish: () => {},
    onClosed: (segment) => closed.push(segment),
    onReport: () => {},
  });
  live.listeners.add((committed, told) => onCommand(committed, { engine, live }, told));
  let ledger = NO_LEDGER;
  for (const entries of framesOf(story)) {
    const frameHash = await runFrame(journal, { engine, live }, entries);
    ledger = { seq: engine.appliedSeq, frameHash };
    for (; closedTold < closed.length; closedTold += 1) await onClosed(closed[closedTold]!, directory);
  }
  await journal.close();
  const present = { engine, live };
  return { directory, closed, ledger, digest: digestOf(present), present };
}

export function snapshotAt(
  directory: string,
  closed: ClosedSegment,
  options: {
    readonly ledgerSeq?: Seq;
    readonly keepsSegments?: boolean;
    readonly archivedSegment?: number | null;
    readonly disk?: Disk;
    readonly feedEventsMax?: number;
  } = {},
): Promise<MadeSnapshot> {
  const { ledgerSeq = closed.seq, keepsSegments = true, archivedSegment = null, disk = nodeDisk } = options;
  const { feedEventsMax = FEED_EVENTS_MAX } = options;
  const policy = { keepsSegments, archivedSegment, feedEventsMax, reserveBytes: 0 };
  const task = { directory, closed, ledgerSeq, ...policy };
  return makeSnapshot(task, { disk, onUnusable: () => {} });
}

/** The names of what is in a folder of the data directory, in order. */
export function namesIn(directory: string, folder: "journal" | "snapshots"): readonly string[] {
  const path = join(directory, folder);
  return existsSync(path) ? readdirSync(path).sort() : [];
}

/** Where the newest snapshot is. */
export function newestIn(directory: string): string {
  const newest = namesIn(directory, "snapshots")
    .filter((name) => name.endsWith(".snapshot"))
    .at(-1)!;
  return join(directory, "snapshots", newest);
}

/** The data directory again, in another place. */
export function copyOf(directory: string): string {
  const copy = newFastDirectory();
  cpSync(directory, copy, { recursive: true });
  return copy;
}

export function withoutSnapshots(directory: string): string {
  const copy = copyOf(directory);
  rmSync(join(copy, "snapshots"), { recursive: true });
  return copy;
}
