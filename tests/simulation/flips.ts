/**
 * Bits that turn over on the disk, and segments that are lost. Each damage is tried by itself: the exchange is
 * started with it, judged, and forgotten, and the disk is put back as it was.
 */
import { basename, dirname } from "node:path";
import { contentEnd } from "../../src/journal/disk.ts";
import { SEGMENT_HEADER_BYTES } from "../../src/journal/segment.ts";
import type { History } from "./history.ts";
import { Incarnation, type World } from "./incarnation.ts";
import type { Random } from "./random.ts";
import type { SimulatedDisk } from "./simulated-disk.ts";
import { misledBy } from "./verdicts.ts";

type Judging = {
  /** What the journal has without the damage. */
  readonly sound: History;
  readonly replayed: () => Promise<History>;
  readonly until: (what: string, isSo: () => boolean) => Promise<void>;
};

type Judged = {
  readonly damage: Damage;
  readonly verdict:
    | "flips refused"
    | "flips repaired"
    | "flips that cost an unseen frame"
    | "flips passed over";
  readonly wrong: string | null;
};

type Damage = {
  readonly path: string;
  readonly what: string;
  /** A segment is gone from between others, which nothing but damage does. */
  readonly isGap: boolean;
};

/** What a start with the damage came to. */
type Outcome = {
  ended: Error | null;
  isOpen: boolean;
  /** A torn tail, or the damaged file as a snapshot that cannot be used. */
  isReported: boolean;
  loaded: { readonly path: string; readonly seq: number } | null;
};

export async function judgeFlip(world: World, random: Random, judging: Judging): Promise<Judged> {
  const { disk, ledger } = world;
  const contents = disk.contents();
  const images = ledger.contents();
  const armed = disk.arm(null);
  const segments = disk.files(".segment");
  const snapshots = disk.files(".snapshot");
  const losesSegment = segments.length > 1 && random.chance(0.1);
  const target = random.pick(snapshots.length > 0 && random.chance(0.4) ? snapshots : segments);
  const damage = losesSegment ? loseSegment(disk, random) : turnOver(target, random);
  const judged = await probe(world, damage, judging);
  disk.restore(contents);
  ledger.restore(images);
  disk.arm(armed);
  return { damage, ...judged };
}

function turnOver({ path, file }: ReturnType<SimulatedDisk["files"]>[number], random: Random): Damage {
  const position = placeToFlip(file.view(), random);
  const bit = random.below(8);
  file.rot(position, bit);
  return { path, what: `bit ${bit} of byte ${position} of ${path} turned over`, isGap: false };
}

/** The last one is never lost: without a ledger that has seen it, nobody could tell. */
function loseSegment(disk: SimulatedDisk, random: Random): Damage {
  const segments = disk.files(".segment");
  const lost = random.pick(segments.slice(0, -1));
  disk.change(dirname(lost.path), [[lost.path, null]]);
  return { path: lost.path, what: `${lost.path} lost`, isGap: lost.path !== segments[0]!.path };
}

async function probe(
  world: World,
  damage: Damage,
  { sound, replayed, until }: Judging,
): Promise<Omit<Judged, "damage">> {
  const { incarnation, outcome } = start(world, damage);
  const isDecided = () => outcome.isOpen || outcome.ended !== null;
  await until(`the exchange starts or refuses to, with ${damage.what}`, isDecided);
  incarnation.die();
  const isSnapshot = damage.path.endsWith(".snapshot");
  if (outcome.ended !== null) {
    const isRefusal = outcome.ended.name === "DamagedJournalError" && !isSnapshot;
    return {
      verdict: "flips refused",
      wrong: isRefusal ? null : `with ${damage.what}: ${outcome.ended.stack}`,
    };
  }
  const exchange = incarnation.exchange!;
  if (damage.isGap) return { verdict: "flips passed over", wrong: `${damage.what} goes unnoticed` };
  if (isSnapshot || isCovered(damage, outcome, sound)) {
    const isUsed = isSnapshot && !outcome.isReported && outcome.loaded?.path === damage.path;
    const isSame = exchange.stateDigest() === sound.stateDigest();
    const wrong = isUsed ? "goes unnoticed" : isSame ? null : "changes the state";
    return { verdict: "flips passed over", wrong: wrong && `${damage.what} ${wrong}` };
  }
  const recovered = await replayed();
  const ledgerSeq = Math.max(exchange.ledger.cursor.seq, outcome.loaded?.seq ?? 0);
  const isSame = exchange.appliedSeq < 4 || exchange.stateDigest() === recovered.stateDigest();
  return {
    verdict: recovered.seq < sound.seq ? "flips that cost an unseen frame" : "flips repaired",
    wrong: isSame
      ? misledBy(damage.what, { sound, recovered, reported: outcome.isReported, ledgerSeq })
      : `${damage.what} changes the state`,
  };
}

/** Ends as soon as it has recovered, before anything new happens. */
function start(world: World, { path }: Damage): { incarnation: Incarnation; outcome: Outcome } {
  const outcome: Outcome = { ended: null, isOpen: false, isReported: false, loaded: null };
  const incarnation: Incarnation = new Incarnation(world, {
    onOpen: () => {
      outcome.isOpen = true;
      incarnation.life.alive = false;
    },
    onCommitted: () => {},
    onEnded: ({ error }) => {
      outcome.ended ??= error;
    },
    onTornTail: () => {
      outcome.isReported = true;
    },
    onSnapshot: (report) => {
      if (report.kind === "snapshot-loaded") outcome.loaded = { path: report.file, seq: report.seq };
      if (report.kind === "snapshot-unusable" && report.file === path) outcome.isReported = true;
    },
    onMet: () => {},
  });
  return { incarnation, outcome };
}

/** What lies before the snapshot from which the replay goes on is not read, and the first of it may be gone. */
function isCovered({ path }: Damage, { loaded }: Outcome, { segmentEnds }: History): boolean {
  const segment = Number.parseInt(basename(path), 10);
  return loaded !== null && (segmentEnds.get(segment) ?? Number.POSITIVE_INFINITY) <= loaded.seq;
}

/** Somewhere in the frames, at their end, in the header, or anywhere. */
function placeToFlip(bytes: Buffer, random: Random): number {
  const end = contentEnd(bytes, Math.min(bytes.length, SEGMENT_HEADER_BYTES));
  const where = random.below(10);
  if (where === 0 || bytes.length <= SEGMENT_HEADER_BYTES) return random.below(bytes.length);
  if (where === 1) return random.below(SEGMENT_HEADER_BYTES);
  if (where <= 5) return Math.max(0, end - 1 - random.below(300));
  return random.between(SEGMENT_HEADER_BYTES, Math.max(SEGMENT_HEADER_BYTES, end - 1));
}
