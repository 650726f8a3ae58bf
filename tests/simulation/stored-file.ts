/**
 * A file of the simulated disk: what every process sees of it, what a power failure leaves of it, and the
 * writes in between, which a crash may keep, drop, tear or reorder.
 */
import type { Random } from "./random.ts";

/** What a disk writes whole or not at all. */
const SECTOR_BYTES = 512;

/** How much of what was not synced a power failure leaves. */
export const CRASH_MODES = ["keep", "drop", "prefix", "subset", "torn"] as const;
export type CrashMode = (typeof CRASH_MODES)[number];

export type Write = { readonly position: number; readonly bytes: Buffer };

/** Bytes that grow. */
class Extent {
  #bytes: Buffer;
  size: number;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
    this.size = bytes.length;
  }

  write({ position, bytes }: Write): void {
    const end = position + bytes.length;
    if (end > this.#bytes.length) {
      const grown = Buffer.alloc(Math.max(end, this.#bytes.length * 2));
      grown.set(this.#bytes.subarray(0, this.size));
      this.#bytes = grown;
    }
    this.#bytes.set(bytes, position);
    this.size = Math.max(this.size, end);
  }

  view(): Buffer {
    return this.#bytes.subarray(0, this.size);
  }
}

export class StoredFile {
  #seen: Extent;
  #durable: Extent;
  #unsynced: Write[] = [];

  constructor(bytes: Buffer = Buffer.alloc(0)) {
    this.#seen = new Extent(Buffer.from(bytes));
    this.#durable = new Extent(Buffer.from(bytes));
  }

  get size(): number {
    return this.#seen.size;
  }

  get durableSize(): number {
    return this.#durable.size;
  }

  view(): Buffer {
    return this.#seen.view();
  }

  write(position: number, bytes: Uint8Array): void {
    const write = { position, bytes: Buffer.from(bytes) };
    this.#seen.write(write);
    this.#unsynced.push(write);
  }

  /** What a sync that begins now makes durable when it ends. */
  beginSync(): readonly Write[] {
    return this.#unsynced.slice();
  }

  endSync(writes: readonly Write[]): void {
    for (const write of writes) this.#durable.write(write);
    this.#forget(writes);
  }

  /** Some of the writes are durable, and the system takes all of them for clean: no later sync will write them. */
  failSync(writes: readonly Write[], random: Random): void {
    for (const write of writes) if (random.chance(0.5)) this.#durable.write(write);
    this.#forget(writes);
  }

  /** What was not synced is lost, but for what the mode leaves. */
  powerFails(mode: CrashMode, random: Random): void {
    for (const write of survivors(this.#unsynced, mode, random)) this.#durable.write(write);
    this.#unsynced = [];
    this.#seen = new Extent(Buffer.from(this.#durable.view()));
  }

  /** Turns one bit over where nobody wrote. */
  rot(position: number, bit: number): void {
    for (const extent of [this.#seen, this.#durable]) {
      if (position < extent.size) extent.view()[position]! ^= 1 << bit;
    }
  }

  copy(): StoredFile {
    const copy = new StoredFile();
    copy.#seen = new Extent(Buffer.from(this.#seen.view()));
    copy.#durable = new Extent(Buffer.from(this.#durable.view()));
    copy.#unsynced = this.#unsynced.slice();
    return copy;
  }

  #forget(writes: readonly Write[]): void {
    this.#unsynced = this.#unsynced.filter((write) => !writes.includes(write));
  }
}

function survivors(writes: readonly Write[], mode: CrashMode, random: Random): readonly Write[] {
  switch (mode) {
    case "keep":
      return writes;
    case "drop":
      return [];
    case "prefix":
      return writes.slice(0, random.below(writes.length + 1));
    case "subset":
      return writes.filter(() => random.chance(0.5));
    case "torn": {
      const whole = random.below(writes.length + 1);
      const inOrder = random.chance(0.5);
      return writes.slice(0, whole + 1).flatMap((write, place) => {
        if (place < whole) return [write];
        const sectors = sectorsOf(write);
        if (inOrder) return sectors.slice(0, random.below(sectors.length + 1));
        return sectors.filter(() => random.chance(0.5));
      });
    }
  }
}

/** The pieces of a write that stand in one sector each. */
function sectorsOf({ position, bytes }: Write): Write[] {
  const sectors: Write[] = [];
  for (let from = 0; from < bytes.length; ) {
    const to = Math.min(bytes.length, from + SECTOR_BYTES - ((position + from) % SECTOR_BYTES));
    sectors.push({ position: position + from, bytes: bytes.subarray(from, to) });
    from = to;
  }
  return sectors;
}
