/**
 * Lets a journal be read while an exchange appends to it: brings what was read of its last segment to a point
 * that is durable and behind which nothing is begun. Nothing is written.
 *
 * A read takes bytes from front to back, and frames are written meanwhile: it may miss the end of one frame and
 * see the next, which would look like damage. But a frame is only begun when all before it are durable. So the
 * bytes up to where the first reading saw the last content are read again: of these, only a frame on its way can
 * still be in part, and behind it there is nothing. A sync then makes durable what the caches alone may have.
 */
import { open } from "node:fs/promises";
import { contentEnd } from "./disk.ts";
import { SEGMENT_HEADER_BYTES } from "./segment.ts";

/** `bytes` are what was read of the segment's file before; they are brought to the settled point in place. */
export async function settle(file: string, bytes: Buffer): Promise<void> {
  const end = contentEnd(bytes, SEGMENT_HEADER_BYTES);
  const handle = await open(file, "r");
  try {
    for (let done = 0; done < end; ) {
      const { bytesRead } = await handle.read(bytes, done, end - done, done);
      if (bytesRead === 0) break;
      done += bytesRead;
    }
    await handle.datasync();
  } finally {
    await handle.close();
  }
  bytes.fill(0, end);
}
