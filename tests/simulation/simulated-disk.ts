/**
 * A disk in memory that does what disks may: it takes its time, keeps what was synced and of the rest what a
 * crash leaves, fails, fills up and rots. It outlives the processes that use it.
 */
import { basename, dirname } from "node:path";
import type { Disk, OpenFile, OpenMode } from "../../src/journal/disk.ts";
import type { Random } from "./random.ts";
import { type CrashMode, StoredFile } from "./stored-file.ts";
import type { Life, VirtualTime } from "./virtual-time.ts";

/** A name that was given, taken away, or both at once, and that no sync of its directory has made durable. */
type NameChange = {
  readonly directory: string;
  readonly names: readonly (readonly [path: string, node: Node | null])[];
};

type Node = StoredFile | "directory";

/** What can be told to fail once. */
export const FAILING = ["write", "sync", "sync", "sync", "aside", "rename", "names", "open"] as const;
export type Failing = (typeof FAILING)[number];

/** A failure that a process met. */
export type Met = { readonly what: Failing; readonly path: string };

/** All that is on a disk at a moment. */
type Contents = {
  readonly seen: Map<string, Node>;
  readonly durable: Map<string, Node>;
  readonly changes: NameChange[];
};

const ROOT = "/data";

export class SimulatedDisk {
  readonly #time: VirtualTime;
  readonly #random: Random;
  #contents: Contents = { seen: new Map([[ROOT, "directory"]]), durable: new Map(), changes: [] };
  #armed: Failing | null = null;
  #capacityBytes = Number.POSITIVE_INFINITY;
  #slowness = 1;
  #nextHandle = 3;
  syncs = 0;

  constructor(time: VirtualTime, random: Random) {
    this.#time = time;
    this.#random = random;
    this.#contents.durable.set(ROOT, "directory");
  }

  get isFull(): boolean {
    return this.#capacityBytes !== Number.POSITIVE_INFINITY;
  }

  get usedBytes(): number {
    let bytes = 0;
    for (const node of this.#contents.seen.values()) if (node !== "directory") bytes += node.size;
    return bytes;
  }

  /** Leaves only so much. */
  fill(freeBytes: number): void {
    this.#capacityBytes = this.usedBytes + freeBytes;
  }

  free(): void {
    this.#capacityBytes = Number.POSITIVE_INFINITY;
  }

  slow(times: number): void {
    this.#slowness = times;
  }

  /** The next operation of this kind fails; gives what was to fail before. */
  arm(failing: Failing | null): Failing | null {
    const before = this.#armed;
    this.#armed = failing;
    return before;
  }

  /** What a process sees of the disk; it hears of every failure that it meets. */
  forProcess(life: Life, onFailure: (met: Met) => void, onFull: () => void): Disk {
    return processDisk({
      life,
      time: this.#time,
      random: this.#random,
      slowness: () => this.#slowness,
      fails: (what, path) => {
        if (this.#armed !== what) return false;
        this.#armed = null;
        onFailure({ what, path });
        return true;
      },
      newHandle: () => this.#nextHandle++,
      onFull,
      freeBytes: () => Math.max(0, this.#capacityBytes - this.usedBytes),
      names: this,
      synced: () => {
        this.syncs += 1;
      },
    });
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

  /** The segments, and how long they are. */
  segments(): { readonly path: string; readonly file: StoredFile }[] {
    return [...this.#contents.seen]
      .flatMap(([path, node]) =>
        node !== "directory" && path.endsWith(".segment") ? [{ path, file: node }] : [],
      )
      .sort((a, b) => (a.path < b.path ? -1 : 1));
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

type Surroundings = {
  readonly life: Life;
  readonly time: VirtualTime;
  readonly random: Random;
  readonly slowness: () => number;
  readonly fails: (what: Failing, path: string) => boolean;
  readonly onFull: () => void;
  readonly newHandle: () => OpenFile;
  readonly freeBytes: () => number;
  readonly names: Pick<SimulatedDisk, "change" | "find" | "list" | "beginNamesSync" | "endNamesSync">;
  readonly synced: () => void;
};

type Opened = { readonly file: StoredFile; readonly path: string };

/** Microseconds that an operation takes. */
const QUICK_US = [5, 60] as const;
const SYNC_US = [80, 1_500] as const;

function processDisk(around: Surroundings): Disk {
  const { life, time, random, names, fails } = around;
  const handles = new Map<OpenFile, Opened>();
  const take = ([least, most]: readonly [number, number]) =>
    time.pause(random.between(least, most) * around.slowness(), life);
  const opened = (handle: OpenFile): Opened => {
    const found = handles.get(handle);
    if (found === undefined) throw failure("EBADF");
    return found;
  };
  const write = ({ file, path }: Opened, bytes: Uint8Array, position: number, what: Failing) => {
    const isBroken = fails(what, path);
    const isTooMuch = position + bytes.length - file.size > around.freeBytes();
    const part = isBroken || isTooMuch ? random.below(bytes.length) : bytes.length;
    const written = isTooMuch ? Math.min(part, Math.max(0, file.size + around.freeBytes() - position)) : part;
    if (written > 0) file.write(position, bytes.subarray(0, written));
    if (isBroken) throw failure("EIO");
    if (!isTooMuch) return;
    around.onFull();
    throw failure("ENOSPC");
  };
  return {
    async makeDirectory(directory) {
      await take(QUICK_US);
      if (names.find(directory) === undefined) names.change(dirname(directory), [[directory, "directory"]]);
    },
    async list(directory) {
      await take(QUICK_US);
      return names.list(directory);
    },
    async open(path, mode) {
      await take(QUICK_US);
      if (fails("open", path)) throw failure("EIO");
      const handle = around.newHandle();
      handles.set(handle, { file: openFile(names, path, mode), path });
      return handle;
    },
    async close(handle) {
      opened(handle);
      handles.delete(handle);
    },
    async size(handle) {
      await take(QUICK_US);
      return opened(handle).file.size;
    },
    async read(handle, into, position) {
      await take(QUICK_US);
      return readInto(opened(handle).file, into, position);
    },
    write: (handle, bytes, position) => write(opened(handle), bytes, position, "write"),
    async writeAside(handle, bytes, position) {
      const found = opened(handle);
      await take(QUICK_US);
      write(found, bytes, position, "aside");
    },
    async sync(handle) {
      const { file, path } = opened(handle);
      const writes = file.beginSync();
      const isBroken = fails("sync", path);
      await take(SYNC_US);
      around.synced();
      if (isBroken) {
        file.failSync(writes, random);
        throw failure("EIO");
      }
      file.endSync(writes);
    },
    async rename(from, to) {
      await take(QUICK_US);
      if (fails("rename", from)) throw failure("EIO");
      const node = names.find(from);
      if (node === undefined) throw failure("ENOENT");
      names.change(dirname(from), [
        [from, null],
        [to, node],
      ]);
    },
    async remove(path) {
      await take(QUICK_US);
      if (names.find(path) !== undefined) names.change(dirname(path), [[path, null]]);
    },
    async syncDirectory(directory) {
      const changes = names.beginNamesSync(directory);
      const isBroken = fails("names", directory);
      await take(SYNC_US);
      if (isBroken) throw failure("EIO");
      names.endNamesSync(changes);
    },
    async freeBytes() {
      await take(QUICK_US);
      return around.freeBytes();
    },
  };
}

/** Reads what every process sees, at once and without taking part in anything. */
export function auditDisk(disk: SimulatedDisk): Disk {
  const never = () => {
    throw new Error("an audit changes nothing");
  };
  const handles: StoredFile[] = [];
  return {
    list: async (directory) => disk.list(directory),
    open: async (path) => handles.push(openFile(disk, path, "read")) - 1,
    close: async () => {},
    size: async (handle) => handles[handle]!.size,
    read: async (handle, into, position) => readInto(handles[handle]!, into, position),
    makeDirectory: never,
    write: never,
    writeAside: never,
    sync: never,
    rename: never,
    remove: never,
    syncDirectory: never,
    freeBytes: never,
  };
}

function openFile(names: Surroundings["names"], path: string, mode: OpenMode): StoredFile {
  const node = names.find(path);
  if (node === "directory") throw failure("EISDIR");
  if (mode === "read" || mode === "update") {
    if (node === undefined) throw failure("ENOENT");
    return node;
  }
  if (mode === "create-new" && node !== undefined) throw failure("EEXIST");
  const file = new StoredFile();
  names.change(dirname(path), [[path, file]]);
  return file;
}

function readInto(file: StoredFile, into: Uint8Array, position: number): number {
  const bytes = file.view().subarray(position, position + into.length);
  into.set(bytes);
  return bytes.length;
}

function failure(code: string): Error {
  return Object.assign(new Error(`${code}: simulated`), { code });
}
