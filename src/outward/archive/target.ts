/**
 * Where an archive is kept: objects under names, each there whole or not at all. What may pass is told apart from what
 * will not, so that the first is tried again and the second is said.
 */

/** A file to be kept, known by what it must come back as. */
export type LocalFile = { readonly path: string; readonly bytes: number; readonly sha256: string };

/** The place cannot be reached, or failed to do as it was asked; it may later. */
export class TargetUnavailableError extends Error {
  override readonly name = "TargetUnavailableError";
}

/** The place refuses: no later try will do better until somebody changes something. */
export class TargetRefusedError extends Error {
  override readonly name = "TargetRefusedError";
}

export type Target = {
  /** For messages; it holds no secret. */
  readonly name: string;
  /** Bytes of an object, or null if there is none. */
  size(key: string): Promise<number | null>;
  /** A part of an object that is there; `to` is not included. */
  read(key: string, range: { readonly from: number; readonly to: number }): Promise<Uint8Array>;
  /** Replaces a small object, whole and durably. */
  write(key: string, bytes: Uint8Array): Promise<void>;
  /** Keeps a file under a name, whole and durably; `told` hears how many of its bytes are there. */
  upload(key: string, file: LocalFile, told: (bytesDone: number) => void): Promise<void>;
};

/** Small objects are read in one piece; no manifest of ours is longer. */
const SMALL_BYTES_MAX = 64 * 1024 * 1024;

export async function readSmall(target: Target, key: string): Promise<Uint8Array | null> {
  const size = await target.size(key);
  if (size === null) return null;
  if (size > SMALL_BYTES_MAX)
    throw new TargetRefusedError(`${target.name}: ${key} is no object of an archive`);
  return size === 0 ? new Uint8Array() : target.read(key, { from: 0, to: size });
}
