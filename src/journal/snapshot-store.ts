/**
 * The snapshots on disk. One is written aside, synced, read back by whoever made it, and only then gets its name;
 * so a file that has the name of a snapshot was once whole, and a crash leaves nothing but the file aside. What
 * is damaged later is said and passed over, never repaired.
 */
import { createHash } from "node:crypto";
import { dirname, join } from "node:path";
import type { Seq } from "../domain/units.ts";
import { type Disk, nodeDisk, type OpenFile } from "./disk.ts";
import type { JournalPosition } from "./frame-walk.ts";
import {
  completeSections,
  decodeSectionHeader,
  decodeSnapshotHeader,
  encodeSnapshotHeader,
  SECTION_HEADER_BYTES,
  type Sections,
  SNAPSHOT_HEADER_BYTES,
  type SnapshotHeader,
  sectionPieces,
  stateDigestOf,
} from "./snapshot-file.ts";

/** Snapshots that are kept at least, and that are usable; the second is there for when the first is damaged. */
export const SNAPSHOTS_KEPT = 2;

const SNAPSHOT_NAME = /^([0-9]{16})\.snapshot$/;
/** The snapshot that is being written; it is of no value to anyone but who writes it. */
const ASIDE = "next-snapshot.aside";

/** A snapshot's file, known by its header. */
export type SnapshotFile = SnapshotHeader & {
  readonly path: string;
  /** The last command that it has seen. */
  readonly seq: Seq;
};

export type DamagedSnapshot = { readonly path: string; readonly what: string };

/** A snapshot that was read whole and checked against its digest. */
export type Snapshot = { readonly file: SnapshotFile; readonly sections: Sections };

export class SnapshotStore {
  readonly #directory: string;
  readonly #disk: Disk;

  constructor({
    directory,
    disk = nodeDisk,
  }: { readonly directory: string; readonly disk?: Disk | undefined }) {
    this.#directory = directory;
    this.#disk = disk;
  }

  /** Makes the directory, and removes what a crash left of a snapshot that was being written. */
  async open(): Promise<void> {
    await this.#disk.makeDirectory(this.#directory);
    await this.#disk.syncDirectory(dirname(this.#directory));
    await this.#disk.remove(join(this.#directory, ASIDE));
  }

  /** The snapshots whose headers check, the newest first, and what is wrong with the others. */
  async list(): Promise<{
    readonly files: readonly SnapshotFile[];
    readonly damaged: readonly DamagedSnapshot[];
  }> {
    const names = (await this.#disk.list(this.#directory)).filter((name) => SNAPSHOT_NAME.test(name));
    const files: SnapshotFile[] = [];
    const damaged: DamagedSnapshot[] = [];
    for (const name of names.sort().reverse()) {
      const path = join(this.#directory, name);
      const file = await this.#withFile(path, (open) => this.#header(open, path));
      if (typeof file === "string") damaged.push({ path, what: file });
      else if (snapshotName(file.seq) !== name)
        damaged.push({ path, what: "the file has another one's name" });
      else files.push(file);
    }
    return { files, damaged };
  }

  /** Reads a snapshot whole, or says what is wrong with it. */
  read({ path }: Pick<SnapshotFile, "path">): Promise<Snapshot | string> {
    return this.#withFile(path, async (open) => {
      const file = await this.#header(open, path);
      return typeof file === "string" ? file : await this.#sections(open, file);
    });
  }

  /** The bytes that a snapshot of these sections takes. */
  static bytesOf(sections: Sections): number {
    return SNAPSHOT_HEADER_BYTES + lengthOf(sectionPieces(sections));
  }

  /** Writes a snapshot aside, durably; it is worth nothing until it is published. */
  async writeAside(position: JournalPosition, sections: Sections): Promise<SnapshotFile> {
    const path = join(this.#directory, ASIDE);
    const pieces = sectionPieces(sections);
    const header = {
      position,
      stateDigest: stateDigestOf(pieces),
      fileBytes: SNAPSHOT_HEADER_BYTES + lengthOf(pieces),
    };
    const file = await this.#disk.open(path, "create");
    try {
      let offset = 0;
      for (const piece of [encodeSnapshotHeader(header), ...pieces]) {
        await this.#disk.writeAside(file, piece, offset);
        offset += piece.length;
      }
      await this.#disk.sync(file);
    } finally {
      await this.#disk.close(file);
    }
    return { ...header, path, seq: seqOf(position) };
  }

  /** Gives a snapshot that was written aside its name; it is kept from then on. */
  async publish(file: SnapshotFile): Promise<SnapshotFile> {
    const path = join(this.#directory, snapshotName(file.seq));
    await this.#disk.rename(file.path, path);
    await this.#disk.syncDirectory(this.#directory);
    return { ...file, path };
  }

  async discardAside(): Promise<void> {
    await this.#disk.remove(join(this.#directory, ASIDE));
  }

  /**
   * Removes all but the newest two, the newest two that the ledger has come to (no other is of use for a restart),
   * and whatever is damaged once there are two whole ones. Gives what is kept, the newest first.
   */
  async prune(ledgerSeq: Seq): Promise<readonly SnapshotFile[]> {
    const { files, damaged } = await this.list();
    const usable = files.filter(({ seq }) => seq <= ledgerSeq).slice(0, SNAPSHOTS_KEPT);
    const kept = files.filter((file, place) => place < SNAPSHOTS_KEPT || usable.includes(file));
    const removed: { readonly path: string }[] = files.filter((file) => !kept.includes(file));
    if (kept.length >= SNAPSHOTS_KEPT) removed.push(...damaged);
    for (const { path } of removed) await this.#disk.remove(path);
    if (removed.length > 0) await this.#disk.syncDirectory(this.#directory);
    return kept;
  }

  /** What the system cannot read is as good as damaged: another snapshot, or the journal, says the same. */
  async #withFile<T>(path: string, use: (file: OpenFile) => Promise<T>): Promise<T | string> {
    try {
      const file = await this.#disk.open(path, "read");
      try {
        return await use(file);
      } finally {
        await this.#disk.close(file);
      }
    } catch (error) {
      if (!(error instanceof Error && "code" in error)) throw error;
      return `it cannot be read: ${error.message}`;
    }
  }

  async #header(open: OpenFile, path: string): Promise<SnapshotFile | string> {
    const bytes = Buffer.alloc(SNAPSHOT_HEADER_BYTES);
    const header = decodeSnapshotHeader(bytes.subarray(0, await this.#disk.read(open, bytes, 0)));
    if (typeof header === "string") return header;
    const length = await this.#disk.size(open);
    if (length !== header.fileBytes) return `the file is ${length} bytes long and not ${header.fileBytes}`;
    return { ...header, path, seq: seqOf(header.position) };
  }

  /** Each section gets memory of its own, so that one can be let go while another is kept. */
  async #sections(open: OpenFile, file: SnapshotFile): Promise<Snapshot | string> {
    const found: Record<string, Uint8Array<ArrayBuffer>> = {};
    const sum = createHash("sha256");
    for (let offset = SNAPSHOT_HEADER_BYTES; offset < file.fileBytes; ) {
      const start = Buffer.alloc(SECTION_HEADER_BYTES);
      await this.#disk.read(open, start, offset);
      const header = decodeSectionHeader(start);
      if (typeof header === "string") return `${header} at offset ${offset}`;
      offset += SECTION_HEADER_BYTES;
      const length = header.length + header.padding;
      if (offset + length > file.fileBytes) return `the section before offset ${offset} runs past the end`;
      const content = new Uint8Array(length);
      await this.#disk.read(open, content, offset);
      sum.update(start).update(content);
      found[header.name] = content.subarray(0, header.length);
      offset += length;
    }
    if (!sum.digest().equals(file.stateDigest)) return "the digest of its sections does not match";
    const sections = completeSections(found);
    return sections === null ? "a section is missing" : { file, sections };
  }
}

function seqOf({ nextSeq }: JournalPosition): Seq {
  return (nextSeq - 1) as Seq;
}

function snapshotName(seq: Seq): string {
  return `${String(seq).padStart(16, "0")}.snapshot`;
}

function lengthOf(pieces: readonly Uint8Array[]): number {
  return pieces.reduce((sum, { length }) => sum + length, 0);
}
