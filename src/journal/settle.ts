/**
 * Lets a journal be read while an exchange appends to it: brings what was read of its last segment to a point
 * that is durable and behind which nothing is begun. Nothing is written.
 *
 * A read takes bytes from front to back, and frames are written meanwhile: it may miss the end of one frame and
 * see the next, which would look like damage. But a frame is only begun when all before it are durable. So the
 * bytes up to where the first reading saw the last content are read again: of these, only a frame on its way can
 * still be in part, and behind it there is nothing. A sync then makes durable what the caches alone may have.
 */
import { contentEnd, type Disk } from "./disk.ts";
import { SEGMENT_HEADER_BYTES } from "./segment.ts";

/** `bytes` are what was read of the segment's file before; they are brought to the settled point in place. */
export async function settle(path: string, bytes: Buffer, disk: Disk): Promise<void> {
  const end = contentEnd(bytes, SEGMENT_HEADER_BYTES);
  const file = await disk.open(path, "read");
  try {
    await disk.read(file, bytes.subarray(0, end), 0);
    await disk.sync(file);
  } finally {
    await disk.close(file);
  }
  bytes.fill(0, end);
}
