/** How long to wait before what failed is tried again. */

export type Pauses = {
  /** After the first failure, at most. */
  readonly firstMs: number;
  readonly longestMs: number;
};

/** Doubles with each failure up to the longest; chance takes up to half of it away, so that many do not come at once. */
export function pauseAfter(failures: number, { firstMs, longestMs }: Pauses, chance: number): number {
  return Math.min(firstMs * 2 ** (failures - 1), longestMs) * (0.5 + chance / 2);
}
