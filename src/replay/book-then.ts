/** A question about the past: the best levels of a book. */
import type { AsOf } from "../domain/past.ts";
import type { EpochMs, MarketIndex, Seq } from "../domain/units.ts";
import type { BookSnapshot } from "../projections/feeds/book-depth.ts";
import type { PastQuestion } from "./past-question.ts";

type Asked = { readonly market: MarketIndex; readonly depth: number; readonly asOf: AsOf };

/** `book` is null if there was no such market then. */
export type BookThen = { readonly seq: Seq; readonly at: EpochMs; readonly book: BookSnapshot | null };

export const bookThen: PastQuestion<Asked, BookThen> = async ({ market, depth, asOf }, desk) => {
  const past = await desk.past(await desk.seqAsOf(asOf));
  const { directory, books } = past.present.live;
  const isListed = market < directory.markets.length;
  return { seq: past.seq, at: past.at, book: isListed ? books.snapshot(market, depth) : null };
};
