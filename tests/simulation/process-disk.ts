/** The simulated disk as those see it who use it: a process, and an audit. */
import { dirname } from "node:path";
import type { Disk, OpenFile, OpenMode } from "../../src/journal/disk.ts";
import type { Random } from "./random.ts";
import type { Failing, Node, SimulatedDisk } from "./simulated-disk.ts";
import { StoredFile } from "./stored-file.ts";
import type { Life, VirtualTime } from "./virtual-time.ts";

/** A failure that a process met. */
export type Met = { readonly what: Failing; readonly path: string };

type Machine = { readonly time: VirtualTime; readonly disk: SimulatedDisk; readonly random: Random };

type User = {
  readonly life: Life;
  readonly onFailure: (met: Met) => void;
  readonly onFull: () => void;
};

type Opened = { readonly file: StoredFile; readonly path: string };

/** Microseconds that an operation takes. */
const QUICK_US = [5, 60] as const;
const SYNC_US = [80, 1_500] as const;

/** Every operation takes its time, and it may be the one that fails, or that finds the disk full. */
export class ProcessDisk implements Disk {
  readonly #machine: Machine;
  readonly #user: User;
  readonly #handles = new Map<OpenFile, Opened>();

  constructor(machine: Machine, user: User) {
    this.#machine = machine;
    this.#user = user;
  }

  async makeDirectory(directory: string): Promise<void> {
    await this.#take(QUICK_US);
    const { disk } = this.#machine;
    if (disk.find(directory) === undefined) disk.change(dirname(directory), [[directory, "directory"]]);
  }

  async list(directory: string): Promise<string[]> {
    await this.#take(QUICK_US);
    return this.#machine.disk.list(directory);
  }

  async open(path: string, mode: OpenMode): Promise<OpenFile> {
    await this.#take(QUICK_US);
    if (this.#fails("open", path)) throw failure("EIO");
    const { disk } = this.#machine;
    const handle = disk.newHandle();
    this.#handles.set(handle, { file: openFile(disk, path, mode), path });
    return handle;
  }

  async close(handle: OpenFile): Promise<void> {
    this.#opened(handle);
    this.#handles.delete(handle);
  }

  async size(handle: OpenFile): Promise<number> {
    await this.#take(QUICK_US);
    return this.#opened(handle).file.size;
  }

  async read(handle: OpenFile, into: Uint8Array, position: number): Promise<number> {
    await this.#take(QUICK_US);
    return readInto(this.#opened(handle).file, into, position);
  }

  write(handle: OpenFile, bytes: Uint8Array, position: number): void {
    this.#write("write", this.#opened(handle), { bytes, position });
  }

  async writeAside(handle: OpenFile, bytes: Uint8Array, position: number): Promise<void> {
    const opened = this.#opened(handle);
    await this.#take(QUICK_US);
    this.#write("aside", opened, { bytes, position });
  }

  async sync(handle: OpenFile): Promise<void> {
    const { file, path } = this.#opened(handle);
    const writes = file.beginSync();
    const isBroken = this.#fails("sync", path);
    await this.#take(SYNC_US);
    const { disk, random } = this.#machine;
    disk.syncs += 1;
    if (isBroken) {
      file.failSync(writes, random);
      throw failure("EIO");
    }
    file.endSync(writes);
  }

  async rename(from: string, to: string): Promise<void> {
    await this.#take(QUICK_US);
    if (this.#fails("rename", from)) throw failure("EIO");
    const { disk } = this.#machine;
    const node = disk.find(from);
    if (node === undefined) throw failure("ENOENT");
    disk.change(dirname(from), [
      [from, null],
      [to, node],
    ]);
  }

  async remove(path: string): Promise<void> {
    await this.#take(QUICK_US);
    const { disk } = this.#machine;
    const node = disk.find(path);
    if (node === undefined) return;
    if (node !== "directory" && path.endsWith(".segment")) disk.remember(path, node);
    disk.change(dirname(path), [[path, null]]);
  }

  async syncDirectory(directory: string): Promise<void> {
    const { disk } = this.#machine;
    const changes = disk.beginNamesSync(directory);
    const isBroken = this.#fails("names", directory);
    await this.#take(SYNC_US);
    if (isBroken) throw failure("EIO");
    disk.endNamesSync(changes);
  }

  async freeBytes(): Promise<number> {
    await this.#take(QUICK_US);
    return this.#machine.disk.freeBytes;
  }

  #take([least, most]: readonly [number, number]): Promise<void> {
    const { time, disk, random } = this.#machine;
    return time.pause(random.between(least, most) * disk.slowness, this.#user.life);
  }

  #fails(what: Failing, path: string): boolean {
    const isBroken = this.#machine.disk.takesFailure(what);
    if (isBroken) this.#user.onFailure({ what, path });
    return isBroken;
  }

  #opened(handle: OpenFile): Opened {
    const opened = this.#handles.get(handle);
    if (opened === undefined) throw failure("EBADF");
    return opened;
  }

  /** Writes a part only when it fails, or when there is no space for the whole. */
  #write(
    what: Failing,
    { file, path }: Opened,
    { bytes, position }: { readonly bytes: Uint8Array; readonly position: number },
  ): void {
    const { disk, random } = this.#machine;
    const isBroken = this.#fails(what, path);
    const isTooMuch = position + bytes.length - file.size > disk.freeBytes;
    const part = isBroken || isTooMuch ? random.below(bytes.length) : bytes.length;
    const written = isTooMuch ? Math.min(part, Math.max(0, file.size + disk.freeBytes - position)) : part;
    if (written > 0) file.write(position, bytes.subarray(0, written));
    if (isBroken) throw failure("EIO");
    if (!isTooMuch) return;
    this.#user.onFull();
    throw failure("ENOSPC");
  }
}

/** Reads what every process sees, and removed segments, at once and without taking part in anything. */
export function auditDisk(disk: SimulatedDisk): Disk {
  const never = () => {
    throw new Error("an audit changes nothing");
  };
  const handles: StoredFile[] = [];
  const names = disk.remembered();
  return {
    list: async (directory) => names.list(directory),
    open: async (path) => handles.push(fileAt(names.find(path))) - 1,
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

function openFile(disk: SimulatedDisk, path: string, mode: OpenMode): StoredFile {
  const node = disk.find(path);
  if (mode === "read" || mode === "update") return fileAt(node);
  if (mode === "create-new" && node !== undefined) throw failure("EEXIST");
  const file = new StoredFile();
  disk.change(dirname(path), [[path, file]]);
  return file;
}

function fileAt(node: Node | undefined): StoredFile {
  if (node === "directory") throw failure("EISDIR");
  if (node === undefined) throw failure("ENOENT");
  return node;
}

function readInto(file: StoredFile, into: Uint8Array, position: number): number {
  const bytes = file.view().subarray(position, position + into.length);
  into.set(bytes);
  return bytes.length;
}

function failure(code: string): Error {
  return Object.assign(new Error(`${code}: simulated`), { code });
}
