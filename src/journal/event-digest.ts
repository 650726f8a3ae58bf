/**
 * The digest of everything that the commands have caused, frame after frame. Each frame carries the digest up
 * to the frame before it, so that a replay proves at every frame that it did what the live engine did.
 */
import { hash } from "node:crypto";

/** The digest before the first frame. */
export const NO_EVENTS: Buffer = Buffer.alloc(32);

/** The digest after a frame whose outcomes have this canonical encoding. */
export function chainOutcomes(digest: Buffer, outcomes: Uint8Array): Buffer {
  return hash("sha256", Buffer.concat([digest, outcomes]), "buffer");
}
