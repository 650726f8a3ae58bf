/**
 * A disk of its own for a test: a file that is formatted and mounted by loop, of which the power can be cut. Cutting
 * asks the kernel to shut the file system down without flushing anything (FS_IOC_SHUTDOWN): what was not synced is
 * lost, and what was is found again when it is mounted anew. Only root may do this, and not everywhere.
 */
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "vitest";

const MIB = 1024 * 1024;
const FORMAT = { ext4: ["mkfs.ext4", "-q", "-m", "0"], xfs: ["mkfs.xfs", "-q"] } as const;
export type FileSystem = keyof typeof FORMAT;

/** FS_IOC_SHUTDOWN is _IOR('X', 125, __u32), and 2 leaves even the file system's own log unflushed. */
const CUTTER = `
import fcntl, os, struct, sys
root = os.open(sys.argv[1], os.O_RDONLY)
print("ready", flush=True)
sys.stdin.readline()
fcntl.ioctl(root, 0x8004587d, struct.pack("I", 2))
`;

export class LoopDisk {
  readonly #place: string;
  readonly #mount: string;
  #mounted = false;
  #cutter: ChildProcess | undefined;

  constructor(fileSystem: FileSystem, mib: number) {
    this.#place = mkdtempSync(join(tmpdir(), "pregao-disk-"));
    this.#mount = join(this.#place, "mount");
    mkdirSync(this.#mount);
    const [format, ...options] = FORMAT[fileSystem];
    writeFileSync(this.#image, "");
    truncateSync(this.#image, mib * MIB);
    try {
      command(format, ...options, this.#image);
      this.mount();
    } catch (error) {
      this.dispose();
      throw error;
    }
  }

  /** Where it is mounted. */
  get path(): string {
    return this.#mount;
  }

  mount(): void {
    command("mount", "-o", "loop", this.#image, this.#mount);
    this.#mounted = true;
  }

  unmount(): void {
    if (this.#mounted) command("umount", this.#mount);
    this.#mounted = false;
  }

  /** Gets ready to cut, so that cutting itself takes no time; resolves with what cuts, which resolves when it is done. */
  async armed(): Promise<() => Promise<void>> {
    const cutter = spawn("python3", ["-c", CUTTER, this.#mount], { stdio: ["pipe", "pipe", "inherit"] });
    this.#cutter = cutter;
    const ended = once(cutter, "exit");
    await Promise.race([once(cutter.stdout, "data"), ended]);
    return async () => {
      cutter.stdin.end("\n");
      const [code] = await ended;
      if (code !== 0) throw new Error(`the power could not be cut: ${code}`);
    };
  }

  /** Leaves nothing mounted, attached or written. */
  dispose(): void {
    this.#cutter?.kill("SIGKILL");
    // A process that has just been killed may hold the file system for a moment, so it goes when that is over.
    if (this.#mounted) spawnSync("umount", ["-l", this.#mount]);
    this.#mounted = false;
    rmSync(this.#place, { recursive: true, force: true });
  }

  get #image(): string {
    return join(this.#place, "image");
  }
}

/** Tests with such a disk, which are skipped where there can be none, and say why in their names. */
export async function testOnLoopDisk(fileSystem: FileSystem) {
  const why = await whyNoLoopDisk(fileSystem);
  return (claim: string, body: () => Promise<void>, msMax?: number) =>
    test.skipIf(why !== null)(why === null ? claim : `${claim} (not tried here: ${why})`, body, msMax);
}

/** Why there can be no such disk here, or null if there can. */
async function whyNoLoopDisk(fileSystem: FileSystem): Promise<string | null> {
  if (process.platform !== "linux") return "this is not Linux";
  if (process.getuid?.() !== 0) return "this is not root";
  for (const needed of [FORMAT[fileSystem][0], "mount", "python3"]) {
    if (spawnSync(needed, ["--version"]).error !== undefined) return `there is no ${needed}`;
  }
  let disk: LoopDisk | undefined;
  try {
    disk = new LoopDisk(fileSystem, fileSystem === "xfs" ? 320 : 16);
    await (await disk.armed())();
    disk.unmount();
    return null;
  } catch (error) {
    return (error as Error).message;
  } finally {
    disk?.dispose();
  }
}

function command(name: string, ...args: readonly string[]): void {
  const { status, stderr, error } = spawnSync(name, args, { encoding: "utf8" });
  if (status !== 0) throw new Error(`${name}: ${error?.message ?? stderr.trim()}`);
}
