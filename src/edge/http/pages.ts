/** Lists that come page by page: how many items, of what time, and from where on. */
import type { EpochMs } from "../../domain/units.ts";
import { parseTime, parseWhole } from "../parse.ts";
import { malformed, Refusal } from "../problems.ts";

/** Items on a page at most; more is refused rather than cut. */
export const LIMIT_MAX = 1000;
const LIMIT_DEFAULT = 100;

const CURSOR = /^c(0|[1-9][0-9]{0,15})$/;

/** What of history is asked for by its time: from the first inclusive, to the second exclusive. */
export type Period = { readonly from: EpochMs | undefined; readonly to: EpochMs | undefined };

/** What of a list is asked for. `before` is the place at which the page before it ended. */
export type PageAsked = Period & { readonly limit: number; readonly before: number | undefined };

/** The query parameters of a time, as they came. */
type PeriodQuery = { readonly from?: string | undefined; readonly to?: string | undefined };

/** The query parameters of a list, as they came. */
export type PageQuery = PeriodQuery & {
  readonly limit?: string | undefined;
  readonly cursor?: string | undefined;
};

export function readPage(query: PageQuery): PageAsked | Refusal {
  const limit = parseLimit(query.limit);
  if (limit instanceof Refusal) return limit;
  const before = parseCursor(query.cursor);
  if (before instanceof Refusal) return before;
  const period = readPeriod(query);
  return period instanceof Refusal ? period : { limit, before, ...period };
}

export function readPeriod(query: PeriodQuery): Period | Refusal {
  const from = query.from === undefined ? undefined : parseTime(query.from, "from");
  if (from instanceof Refusal) return from;
  const to = query.to === undefined ? undefined : parseTime(query.to, "to");
  return to instanceof Refusal ? to : { from, to };
}

/** Wraps up a place in a list; null stays null, after the last page. */
export function cursorAfter(position: number | null): string | null {
  return position === null ? null : Buffer.from(`c${position}`).toString("base64url");
}

function parseLimit(text: string | undefined): number | Refusal {
  if (text === undefined) return LIMIT_DEFAULT;
  return parseWhole(text, { path: "limit", least: 1, most: LIMIT_MAX });
}

function parseCursor(text: string | undefined): number | undefined | Refusal {
  if (text === undefined) return undefined;
  const position = Number(CURSOR.exec(Buffer.from(text, "base64url").toString("latin1"))?.[1]);
  if (Number.isSafeInteger(position) && cursorAfter(position) === text) return position;
  return malformed("cursor", "must be the nextCursor of the page before");
}
