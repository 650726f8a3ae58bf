/** The text of the metrics, which anybody may ask for without end. */
import { expect, test } from "vitest";
import { createMetrics } from "../../src/edge/metrics.ts";

test("is written anew for a monitor, and not for each of those who ask without end", async () => {
  let written = 0;
  const metrics = createMetrics(() => {
    written += 1;
    return undefined;
  });
  const path = "/v1/markets";
  const tally = metrics.tally({ method: "GET", path });
  const answers = async () => /requests_total\{.*\} (\d+)/.exec(await metrics.text())?.[1];
  await metrics.text();
  const perText = written;
  for (let count = 1; count <= 5; count += 1) {
    tally.set(200, count);
    expect(await answers()).toBe(String(count));
  }
  const from = written;
  const before = performance.now();
  for (let i = 0; i < 1_000; i += 1) await metrics.text();
  const mostTexts = 10 + Math.ceil((performance.now() - before) / 100);
  expect((written - from) / perText).toBeLessThanOrEqual(mostTexts);
});
