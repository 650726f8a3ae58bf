/** The bounded ordeal; `npm run settlements:endure -- --seconds 600` is the same for as long as one likes. */
import { expect, test } from "vitest";
import { endure } from "./ordeal.ts";

const SECONDS = Number(process.env.ORDEAL_SECONDS ?? 8);

test(
  "every settlement arrives, once by its key and in order, whatever fails and whoever is killed",
  async () => {
    const figures = await endure(SECONDS);
    console.log(figures);
    expect(figures).toMatchObject({
      lost: 0,
      wrong: 0,
      outOfOrder: 0,
      offBalance: [],
      complaints: [],
      failedStops: 0,
    });
    expect(figures.trades).toBeGreaterThan(100);
    expect(Math.min(figures.killedExchange, figures.killedService)).toBeGreaterThan(0);
    // Where nothing had failed, nothing would be shown.
    expect(Math.min(figures.retried, figures.dead)).toBeGreaterThan(0);
    expect(figures.sent).toBeGreaterThanOrEqual(figures.trades);
    expect(figures.redriven).toBe(figures.dead);
  },
  120_000 + SECONDS * 10_000,
);
