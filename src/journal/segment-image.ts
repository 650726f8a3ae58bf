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
    const { header } = await startOf({ file, path }, disk, { seq: nextSeq, length: SEGMENT_HEADER_BYTES });
    const { segmentBytes } = header;
    const bytes = reuse.length === segmentBytes ? reuse : Buffer.allocUnsafeSlow(segmentBytes);
    bytes.fill(0, await disk.read(file, bytes, 0));
    return { file: path, header, bytes, fileBytes };
  } finally {
    await disk.close(file);
  }
}

/** The first bytes of a segment, with zeros for what its file lacks, and the header that they begin with. */
type SegmentStart = { readonly header: SegmentHeader; readonly bytes: Buffer };

/** What is asked for: so many bytes, and the sequence for whose sake they are read, for an error to name. */
type StartAsked = { readonly seq: Seq; readonly length: number };

/** Reads no more of a segment than its start. @throws DamagedJournalError */
export async function readStart(path: string, disk: Disk, asked: StartAsked): Promise<SegmentStart> {
  const file = await disk.open(path, "read");
  try {
    return await startOf({ file, path }, disk, asked);
  } finally {
    await disk.close(file);
  }
}

async function startOf(
  { file, path }: { readonly file: OpenFile; readonly path: string },
  disk: Disk,
  { seq, length }: StartAsked,
): Promise<SegmentStart> {
  const bytes = Buffer.alloc(length);
  const header = await disk
    .read(file, bytes, 0)
    .then((read) => decodeSegmentHeader(bytes.subarray(0, read)), isNoFile);
  if (typeof header === "string") throw new DamagedJournalError({ file: path, offset: 0, seq, what: header });
  return { header, bytes };
}

/** A directory can be opened as a file can, and only tells when it is read. */
function isNoFile(error: unknown): string {
  if (error instanceof Error && "code" in error && error.code === "EISDIR")
    return "it is a directory and no file";
  throw error;
}
