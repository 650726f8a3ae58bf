/** A segment as it is read: its header, which must check, and all that its file holds. */
import type { Seq } from "../domain/units.ts";
import type { Disk, OpenFile } from "./disk.ts";
import { DamagedJournalError } from "./errors.ts";
import { decodeSegmentHeader, SEGMENT_HEADER_BYTES, type SegmentHeader } from "./segment.ts";

/** One segment in memory, with zeros for what its file lacks. */
export type SegmentImage = {
  readonly file: string;
  readonly header: SegmentHeader;
  readonly bytes: Buffer;
  readonly fileBytes: number;
};

/** Reads a segment whole. A file that is too short is filled up with zeros here; whether it may be is not decided. */
export async function loadSegment(
  path: string,
  disk: Disk,
  { nextSeq, reuse }: { readonly nextSeq: Seq; readonly reuse: Buffer },
): Promise<SegmentImage> {
  const file = await disk.open(path, "read");
  try {
    const fileBytes = await disk.size(file);
    const start = Buffer.alloc(SEGMENT_HEADER_BYTES);
    const header = await readStart(disk, file, start).then(decodeSegmentHeader, isNoFile);
    if (typeof header === "string") {
      throw new DamagedJournalError({ file: path, offset: 0, seq: nextSeq, what: header });
    }
    const { segmentBytes } = header;
    const bytes = reuse.length === segmentBytes ? reuse : Buffer.allocUnsafeSlow(segmentBytes);
    bytes.fill(0, await disk.read(file, bytes, 0));
    return { file: path, header, bytes, fileBytes };
  } finally {
    await disk.close(file);
  }
}

async function readStart(disk: Disk, file: OpenFile, into: Buffer): Promise<Buffer> {
  return into.subarray(0, await disk.read(file, into, 0));
}

/** A directory can be opened as a file can, and only tells when it is read. */
function isNoFile(error: unknown): string {
  if (error instanceof Error && "code" in error && error.code === "EISDIR")
    return "it is a directory and no file";
  throw error;
}
