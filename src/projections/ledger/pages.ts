/**
 * A page of a walk along a list. However few of the rows fit a filter, a page looks at a bounded number of
 * them: it may come back short, or empty, with a place to go on from, and no read holds up the next for long.
 */

/** Rows that a page looks at, at most: some tens of milliseconds. */
const PAGE_STEPS_MAX = 10_000;

export type Page<Row> = {
  readonly rows: readonly Row[];
  /** The place of the last row that was looked at, behind which the next page begins; null on the last one. */
  readonly next: number | null;
};

/** A row's place: a position that only falls, or only rises, from row to row. `read` leaves out what does not fit the filter. */
type Walk<Raw, Row> = {
  readonly raws: Iterable<Raw>;
  readonly position: (raw: Raw) => number;
  readonly read: (raw: Raw) => Row | undefined;
};

export function takePage<Raw, Row>(
  walk: Walk<Raw, Row>,
  limit: number,
  stepsMax = PAGE_STEPS_MAX,
): Page<Row> {
  const rows: Row[] = [];
  let lastPosition = 0;
  let steps = 0;
  for (const raw of walk.raws) {
    if (steps === stepsMax) return { rows, next: lastPosition };
    steps += 1;
    const row = walk.read(raw);
    // A row beyond the limit is looked for, so that the last page knows that it is the last.
    if (row !== undefined && rows.length === limit) return { rows, next: lastPosition };
    if (row !== undefined) rows.push(row);
    lastPosition = walk.position(raw);
  }
  return { rows, next: null };
}
