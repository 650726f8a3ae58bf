/**
 * A disk in memory that does what disks may: it keeps what was synced and of the rest what a crash leaves, fails,
 * fills up and rots. It outlives the processes that use it.
 */
import { basename, dirname } from "node:path";
import type { OpenFile } from "../../src/journal/disk.ts";
import type { Random } from "./random.ts";
import type { CrashMode, StoredFile } from "./stored-file.ts";

/** A name that was given, taken away, or both at once, and that no sync of its directory has made durable. */
type NameChange = {
  readonly directory: string;
  readonly names: readonly (readonly [path: string, node: Node | null])[];
};

export type Node = StoredFile | "directory";

/** What can be told to fail once. */
export const FAILING = ["write", "sync", "sync", "sync", "aside", "rename", "names", "open"] as const;
export type Failing = (typeof FAILING)[number];

/** All that is on a disk at a moment. */
type Contents = {
  readonly seen: Map<string, Node>;
  readonly durable: Map<string, Node>;
  readonly changes: NameChange[];
};

const ROOT = "/data";

export class SimulatedDisk {
  #contents: Contents = {
    seen: new Map([[ROOT, "directory"]]),
    durable: new Map([[ROOT, "directory"]]),
    changes: [],
  };
  #armed: Failing | null = null;
  #capacityBytes = Number.POSITIVE_INFINITY;
  #nextHandle = 3;
  /** Segments that the exchange has removed, which an operator may have kept elsewhere: audits read them. */
  readonly #removed = new Map<string, StoredFile>();
  /** How many times as long as usual everything takes. */
  slowness = 1;
  syncs = 0;

  get isFull(): boolean {
    return this.#capacityBytes !== Number.POSITIVE_INFINITY;
  }

  get usedBytes(): number {
    let bytes = 0;
    for (const node of this.#contents.seen.values()) if (node !== "directory") bytes += node.size;
    return bytes;
  }

  get freeBytes(): number {
    return Math.max(0, this.#capacityBytes - this.usedBytes);
  }

  /** Leaves only so much. */
  fill(freeBytes: number): void {
    this.#capacityBytes = this.usedBytes + freeBytes;
  }

  free(): void {
    this.#capacityBytes = Number.POSITIVE_INFINITY;
  }

  /** The next operation of this kind fails; gives what was to fail before. */
  arm(failing: Failing | null): Failing | null {
    const before = this.#armed;
    this.#armed = failing;
    return before;
  }

  /** Whether this operation is the one that was told to fail, which then is over. */
  takesFailure(failing: Failing): boolean {
    if (this.#armed !== failing) return false;
    this.#armed = null;
    return true;
  }

  /** The same number never twice: what one process has opened is no file of another's. */
  newHandle(): OpenFile {
    return this.#nextHandle++;
  }

  /** Gives names, or takes them away, for all who look and not yet for after a crash. */
  change(directory: string, names: NameChange["names"]): void {
    const { seen, changes } = this.#contents;
    for (const [path, node] of names) {
      if (node === null) seen.delete(path);
      else seen.set(path, node);
    }
    changes.push({ directory, names });
  }

  find(path: string): Node | undefined {
    return this.#contents.seen.get(path);
  }

  list(directory: string): string[] {
    return [...this.#contents.seen.keys()]
      .filter((path) => dirname(path) === directory)
      .map((path) => basename(path));
  }

  beginNamesSync(directory: string): readonly NameChange[] {
    return this.#contents.changes.filter((change) => change.directory === directory);
  }

  endNamesSync(changes: readonly NameChange[]): void {
    this.#makeDurable(changes);
    const kept = this.#contents.changes.filter((change) => !changes.includes(change));
    this.#contents.changes.splice(0, Number.POSITIVE_INFINITY, ...kept);
  }

  /** The machine goes down: what was not synced is lost, but for what the mode leaves. */
  powerFails(mode: CrashMode, random: Random): void {
    const { changes, durable } = this.#contents;
    const kept =
      mode === "prefix" || mode === "torn" ? changes.slice(0, random.below(changes.length + 1)) : changes;
    if (mode !== "drop") this.#makeDurable(kept.filter(() => mode !== "subset" || random.chance(0.5)));
    // What stood in a directory whose own name is lost cannot be found any more.
    for (const path of [...durable.keys()].sort()) {
      if (path !== ROOT && !durable.has(dirname(path))) durable.delete(path);
    }
    const files = new Set([...durable.values()].filter((node) => node !== "directory"));
    for (const file of files) file.powerFails(mode, random);
    this.#contents = { seen: new Map(durable), durable, changes: [] };
  }

  /** How much of a file a power failure leaves at least. */
  durableBytes(path: string): number {
    const node = this.#contents.durable.get(path);
    const isReachable = this.#contents.durable.has(dirname(path));
    return node === undefined || node === "directory" || !isReachable ? 0 : node.durableSize;
  }

  /** The files with this ending, by their names. */
  files(ending: ".segment" | ".snapshot"): { readonly path: string; readonly file: StoredFile }[] {
    return [...this.#contents.seen]
      .flatMap(([path, node]) =>
        node !== "directory" && path.endsWith(ending) ? [{ path, file: node }] : [],
      )
      .sort((a, b) => (a.path < b.path ? -1 : 1));
  }

  remember(path: string, file: StoredFile): void {
    this.#removed.set(path, file);
  }

  /** Everything that was ever there, but for what was lost. */
  remembered(): {
    readonly list: (directory: string) => string[];
    readonly find: (path: string) => Node | undefined;
  } {
    const removed = [...this.#removed.keys()];
    return {
      list: (directory) => [
        ...new Set([
          ...this.list(directory),
          ...removed.filter((path) => dirname(path) === directory).map((path) => basename(path)),
        ]),
      ],
      find: (path) => this.find(path) ?? this.#removed.get(path),
    };
  }

  contents(): Contents {
    const copies = new Map<Node, Node>();
    const copyOf = (node: Node): Node => {
      const copy = copies.get(node) ?? (node === "directory" ? node : node.copy());
      copies.set(node, copy);
      return copy;
    };
    const copied = (names: Map<string, Node>) =>
      new Map([...names].map(([path, node]) => [path, copyOf(node)]));
    const { seen, durable, changes } = this.#contents;
    return {
      seen: copied(seen),
      durable: copied(durable),
      changes: changes.map(({ directory, names }) => ({
        directory,
        names: names.map(([path, node]) => [path, node === null ? null : copyOf(node)] as const),
      })),
    };
  }

  restore(contents: Contents): void {
    this.#contents = contents;
  }

  #makeDurable(changes: readonly NameChange[]): void {
    for (const { names } of changes) {
      for (const [path, node] of names) {
        if (node === null) this.#contents.durable.delete(path);
        else this.#contents.durable.set(path, node);
      }
    }
  }
}
