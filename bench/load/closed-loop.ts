/** A closed loop: so many connections, each sending its next request when it has the answer to the last. */
import autocannon from "autocannon";
import { orderOf, type Trader } from "./traders.ts";

export const CONNECTIONS = 64;

export type ClosedLoopResult = {
  readonly perSecond: number;
  readonly p50: number;
  readonly p99: number;
  readonly p999: number;
  readonly errors: number;
};

/** Pairs of orders that trade with each other, by one trader after the other: each connection goes round and round. */
export function tradingRequests(traders: readonly Trader[]): autocannon.Request[] {
  return traders.map(({ authorization }, i) => ({
    method: "POST",
    path: "/v1/orders",
    headers: { authorization, "content-type": "application/json" },
    body: JSON.stringify(orderOf(i)),
  }));
}

export async function closedLoop(
  url: string,
  requests: autocannon.Request[],
  seconds: number,
): Promise<ClosedLoopResult> {
  const result = await autocannon({ url, connections: CONNECTIONS, duration: seconds, requests });
  const { p50, p99, p99_9: p999 } = result.latency;
  const errors = result.errors + result.timeouts + result.non2xx;
  return { perSecond: result["2xx"] / result.duration, p50, p99, p999, errors };
}
