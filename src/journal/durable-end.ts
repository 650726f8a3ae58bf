/**
 * Makes the end of a journal durable before anybody sees what is in it. A process that was killed between a
 * write and its sync leaves a frame that only the system's cache has; after a sync that failed, the cache
 * may even call it clean. So the bytes are written again as they are, and synced.
 */
import { dirname } from "node:path";
import { contentEnd, type Disk } from "./disk.ts";
import { JournalFailedError } from "./errors.ts";
import { FRAME_BYTES_MAX } from "./frame.ts";
import { SEGMENT_HEADER_BYTES } from "./segment.ts";

/** One frame is in flight at a time, so all but the last were synced. `bytes` are the last segment's. */
export async function makeEndDurable(path: string, bytes: Buffer, disk: Disk): Promise<void> {
  const end = contentEnd(bytes, SEGMENT_HEADER_BYTES);
  const from = Math.max(SEGMENT_HEADER_BYTES, end - FRAME_BYTES_MAX);
  const file = await disk.open(path, "update");
  try {
    if (end > from) disk.write(file, bytes.subarray(from, end), from);
    await disk.sync(file);
    await disk.syncDirectory(dirname(path));
  } catch (error) {
    throw new JournalFailedError("making the last frame durable", error);
  } finally {
    await disk.close(file);
  }
}
