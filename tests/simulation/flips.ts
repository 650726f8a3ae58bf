/**
 * Bits that turn over on the disk. Each is tried by itself: the exchange is started with it, judged, and
 * forgotten, and the disk is put back as it was.
 */
import { dirname } from "node:path";
import { contentEnd } from "../../src/journal/disk.ts";
import { SEGMENT_HEADER_BYTES } from "../../src/journal/segment.ts";
import type { History } from "./history.ts";
import { Incarnation, type World } from "./incarnation.ts";
import type { Random } from "./random.ts";
import type { SimulatedDisk } from "./simulated-disk.ts";
import { misledBy } from "./verdicts.ts";

type Judging = {
  /** What the journal has without the flip. */
  readonly sound: History;
  readonly replayed: () => Promise<History>;
  readonly until: (what: string, isSo: () => boolean) => Promise<void>;
};

type Judged = {
  readonly flip: string;
  readonly verdict:
    | "flips refused"
    | "flips repaired"
    | "flips that cost an unseen frame"
    | "flips that a snapshot covers";
  readonly wrong: string | null;
};

export async function judgeFlip(world: World, random: Random, judging: Judging): Promise<Judged> {
  const { disk, ledger } = world;
  const contents = disk.contents();
  const images = ledger.contents();
  const armed = disk.arm(null);
  const flip =
    random.chance(0.1) && disk.segments().length > 1 ? loseSegment(disk, random) : turnOver(disk, random);
  const judged = await probe(world, flip, judging);
  disk.restore(contents);
  ledger.restore(images);
  disk.arm(armed);
  return { flip, ...judged };
}

/** Gives what it has done, in words. */
function turnOver(disk: SimulatedDisk, random: Random): string {
  const { path, file } = random.pick(disk.segments());
  const position = placeToFlip(file.view(), random);
  const bit = random.below(8);
  file.rot(position, bit);
  return `bit ${bit} of byte ${position} of ${path} turned over`;
}

/** The last one is never lost: without a ledger that has seen it, nobody could tell. */
function loseSegment(disk: SimulatedDisk, random: Random): string {
  const { path } = random.pick(disk.segments().slice(0, -1));
  disk.change(dirname(path), [[path, null]]);
  return `${path} lost`;
}

async function probe(
  world: World,
  flip: string,
  { sound, replayed, until }: Judging,
): Promise<Omit<Judged, "flip">> {
  const outcome: { ended: Error | null; isOpen: boolean; reported: boolean } = {
    ended: null,
    isOpen: false,
    reported: false,
  };
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
      outcome.reported = true;
    },
    onMet: () => {},
  });
  const isDecided = () => outcome.isOpen || outcome.ended !== null;
  await until(`the exchange starts or refuses to, with ${flip}`, isDecided);
  incarnation.die();
  if (outcome.ended !== null) {
    const isRefusal = outcome.ended.name === "DamagedJournalError";
    return {
      verdict: "flips refused",
      wrong: isRefusal ? null : `with ${flip}: ${outcome.ended.stack}`,
    };
  }
  const recovered = await replayed().catch((error: Error) => error);
  if (recovered instanceof Error) {
    // A start from a snapshot does not read what lies before it, and loses nothing by that.
    const { appliedSeq } = incarnation.exchange!;
    const isCovered = incarnation.isFromSnapshot && appliedSeq === sound.seq;
    const wrong = `${flip} goes unnoticed, and comes to ${appliedSeq} of ${sound.seq}: ${recovered.message}`;
    return { verdict: "flips that a snapshot covers", wrong: isCovered ? null : wrong };
  }
  const ledgerSeq = incarnation.exchange!.ledger.cursor.seq;
  return {
    verdict: recovered.seq < sound.seq ? "flips that cost an unseen frame" : "flips repaired",
    wrong: misledBy(flip, { sound, recovered, reported: outcome.reported, ledgerSeq }),
  };
}

/** Somewhere in the frames, at their end, in the header, or anywhere. */
function placeToFlip(bytes: Buffer, random: Random): number {
  const end = contentEnd(bytes, SEGMENT_HEADER_BYTES);
  const where = random.below(10);
  if (where === 0 || bytes.length <= SEGMENT_HEADER_BYTES) return random.below(bytes.length);
  if (where === 1) return random.below(SEGMENT_HEADER_BYTES);
  if (where <= 5) return Math.max(0, end - 1 - random.below(300));
  return random.between(SEGMENT_HEADER_BYTES, Math.max(SEGMENT_HEADER_BYTES, end - 1));
}
