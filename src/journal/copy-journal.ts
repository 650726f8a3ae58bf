/**
 * Copies a journal while an exchange may be appending to it: whole segments, and of the last one all frames that
 * are durable. What it has copied it reads again from the copy, frame by frame, before it says that it is one.
 */
import { join } from "node:path";
import { type Disk, nodeDisk } from "./disk.ts";
import type { JournalEnd } from "./frame-walk.ts";
import { type JournalSource, readJournal } from "./recovery.ts";
import { listSegments, segmentName } from "./segment.ts";
import { settle } from "./settle.ts";
import { cutTail } from "./torn-tail.ts";

const PIECE_BYTES = 4 * 1024 * 1024;

export type JournalCopy = {
  readonly end: JournalEnd;
  /** Of a frame that was on its way, or that a crash cut; it was not acknowledged, and is not in the copy. */
  readonly leftOutBytes: number;
};

export type JournalCopying = Pick<JournalSource, "start" | "watermarks" | "onProgress"> & {
  readonly from: string;
  /** An empty directory. */
  readonly to: string;
  readonly disk?: Disk;
  readonly onCopied?: (copied: { readonly segment: number; readonly segments: number }) => void;
};

/** Gives the end of the copy, or null if there is no journal yet. The copy is durable but for its own directory's name. */
export async function copyJournal(copying: JournalCopying): Promise<JournalCopy | null> {
  const { from, to, disk = nodeDisk, start, watermarks, onProgress, onCopied } = copying;
  const segments = await listSegments(from, disk);
  for (const segment of segments) {
    const name = segmentName(segment);
    const paths = { from: join(from, name), to: join(to, name) };
    await (segment === segments.at(-1) ? copySettled(paths, disk) : copyWhole(paths, disk));
    onCopied?.({ segment, segments: segments.at(-1)! });
  }
  await disk.syncDirectory(to);
  const end = await readJournal({
    directory: to,
    disk,
    start,
    watermarks,
    replay: () => null,
    onProgress,
  });
  if (end === null) return null;
  // A copy has no tail to be repaired: whoever starts from it finds whole frames, and zeros behind.
  if (end.tornTail !== null) await cutTail(end.tornTail, end.segmentBytes, disk);
  return { end, leftOutBytes: end.tornTail?.bytes.length ?? 0 };
}

type Paths = { readonly from: string; readonly to: string };

async function copyWhole(paths: Paths, disk: Disk): Promise<void> {
  const from = await disk.open(paths.from, "read");
  try {
    const size = await disk.size(from);
    const piece = Buffer.allocUnsafeSlow(PIECE_BYTES);
    await written(paths.to, disk, async (to) => {
      for (let position = 0; position < size; position += piece.length) {
        const bytes = await disk.read(from, piece, position);
        await disk.writeAside(to, piece.subarray(0, bytes), position);
      }
    });
  } finally {
    await disk.close(from);
  }
}

/** The last segment is taken at one point in time, behind which nothing is begun. */
async function copySettled(paths: Paths, disk: Disk): Promise<void> {
  const from = await disk.open(paths.from, "read");
  let bytes: Buffer;
  try {
    bytes = Buffer.alloc(await disk.size(from));
    await disk.read(from, bytes, 0);
  } finally {
    await disk.close(from);
  }
  await settle(paths.from, bytes, disk);
  await written(paths.to, disk, (to) => disk.writeAside(to, bytes, 0));
}

/** Makes a file and what is written to it durable. */
async function written(path: string, disk: Disk, write: (file: number) => Promise<void>): Promise<void> {
  const file = await disk.open(path, "create-new");
  try {
    await write(file);
    await disk.sync(file);
  } finally {
    await disk.close(file);
  }
}
