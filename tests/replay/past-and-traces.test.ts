/** Whoever asks for a moment of the past and whoever traces a command stand in nobody's way but their own. */
import { expect, it, onTestFinished } from "vitest";
import { marketIndex } from "../../src/domain/units.ts";
import type { Exchange } from "../../src/exchange.ts";
import { openExchange, scratchDirectory, trade } from "../outward/archive/trading.ts";

const TOO_MANY = { fault: { kind: "too-many" } };
/** More than may be under way and wait. */
const MANY = 40;

async function opened(): Promise<Exchange> {
  const exchange = await openExchange(scratchDirectory());
  onTestFinished(() => exchange.close());
  await trade(exchange, 50);
  return exchange;
}

it("a trace and a book are answered, however many ask for the other", async () => {
  const exchange = await opened();
  const { signal } = new AbortController();
  const { appliedSeq } = exchange;
  const book = (): Promise<unknown> =>
    exchange.past.book({ market: marketIndex(0), depth: 1, asOf: { seq: 40 } }, { signal });
  const trace = (): Promise<unknown> =>
    exchange.past.effects({ seqs: [appliedSeq], eventsMax: 10, fill: null }, { signal });
  for (const [asked, other] of [[book, trace] as const, [trace, book] as const]) {
    const many = Array.from({ length: MANY }, asked);
    const one = await other();
    expect(one).toHaveProperty("answer");
    expect(await Promise.all(many)).toContainEqual(TOO_MANY);
  }
});
