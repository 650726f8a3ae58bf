/**
 * Watches how much space is left, off the path of appends. A nearly full disk is no failure: the journal
 * stops accepting before anything fails, and accepts again when there is space.
 */
import type { Clock } from "./clock.ts";
import type { Disk } from "./disk.ts";

export type DiskLimits = {
  /** With less space than this left, nothing new is accepted. */
  readonly reserveBytes: number;
  /** Between two looks at the space that is left. */
  readonly probeMs: number;
};

export const DISK_LIMITS: DiskLimits = { reserveBytes: 256 * 1024 * 1024, probeMs: 1_000 };

export class SpaceWatch {
  readonly #directory: string;
  readonly #disk: Disk;
  readonly #clock: Clock;
  readonly #limits: DiskLimits;
  readonly #onProbe: (freeBytes: number) => void;
  #callOff = () => {};
  #low = false;
  #stopped = false;

  constructor(options: {
    readonly directory: string;
    readonly disk: Disk;
    readonly clock: Clock;
    readonly limits: DiskLimits;
    /** Hears what every look has found. */
    readonly onProbe: (freeBytes: number) => void;
  }) {
    this.#directory = options.directory;
    this.#disk = options.disk;
    this.#clock = options.clock;
    this.#limits = options.limits;
    this.#onProbe = options.onProbe;
  }

  /** True while less than the reserve is left. */
  get low(): boolean {
    return this.#low;
  }

  /** Looks once, and from then on again and again. */
  async start(): Promise<void> {
    await this.#probe();
    if (this.#stopped) return;
    this.#callOff = this.#clock.after(this.#limits.probeMs, () => void this.start());
  }

  stop(): void {
    this.#stopped = true;
    this.#callOff();
  }

  async #probe(): Promise<void> {
    let freeBytes: number;
    try {
      freeBytes = await this.#disk.freeBytes(this.#directory);
    } catch {
      // Not to know is no reason to change anything; a disk that is broken shows in the next write.
      return;
    }
    if (this.#stopped) return;
    this.#low = freeBytes < this.#limits.reserveBytes;
    this.#onProbe(freeBytes);
  }
}
