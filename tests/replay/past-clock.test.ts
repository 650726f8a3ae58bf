/** Moments of the past, on a machine whose clock has been set back. */
import { expect, it, onTestFinished, vi } from "vitest";
import { marketIndex } from "../../src/domain/units.ts";
import { nodeClock } from "../../src/journal/clock.ts";
import { openExchange, scratchDirectory, trade } from "../outward/archive/trading.ts";

const HOUR_MS = 3_600_000;

it("what has happened is not after now, though the clock says so", async () => {
  const exchange = await openExchange(scratchDirectory());
  onTestFinished(() => exchange.close());
  await trade(exchange, 50);
  const { signal } = new AbortController();
  const at = Date.now();
  const bookAt = (moment: number) =>
    exchange.past.book({ market: marketIndex(0), depth: 1, asOf: { at: moment } }, { signal });
  const clock = vi.spyOn(nodeClock, "now").mockReturnValue(at - HOUR_MS);
  onTestFinished(() => clock.mockRestore());
  const lastAt = await exchange.past
    .records({ seqs: [exchange.appliedSeq] }, { signal })
    .then((told) => ("answer" in told ? told.answer[0]!.entry.at : 0));
  expect(lastAt).toBeGreaterThan(at - HOUR_MS);
  expect(await bookAt(lastAt)).toMatchObject({ answer: { seq: exchange.appliedSeq } });
  expect(await bookAt(lastAt + 1)).toMatchObject({ fault: { kind: "after-now", seq: exchange.appliedSeq } });
});
