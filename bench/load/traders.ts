/** Opens the accounts that the load trades with: a key each, and more than enough money of both kinds. */
import type { HttpClient } from "./http-client.ts";

/** An order that trades with that of the trader before or after. */
export function orderOf(trader: number) {
  const side = trader % 2 === 0 ? "buy" : "sell";
  return { market: "VIB-BRL", side, type: "limit", price: "100.00", quantity: "1" } as const;
}

export type Trader = { readonly accountId: string; readonly authorization: string };

export const BASE = "VIB";
export const QUOTE = "BRL";
/** What every account is given of each asset, in whole units. */
export const DEPOSIT = 1_000_000_000;

const AT_ONCE = 32;

export async function openTraders(client: HttpClient, adminKey: string, count: number): Promise<Trader[]> {
  const traders: Trader[] = [];
  const numbers = Array.from({ length: count }, (_, i) => i);
  const work = async () => {
    for (let i = numbers.pop(); i !== undefined; i = numbers.pop())
      traders[i] = await openTrader(client, adminKey, i);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  return traders;
}

async function openTrader(client: HttpClient, adminKey: string, number: number): Promise<Trader> {
  const accountId = `trader-${number}`;
  const call = (path: string, body: object) => post(client, path, adminKey, body);
  await call("/v1/accounts", { accountId });
  const { key } = await call(`/v1/accounts/${accountId}/keys`, { name: "load", scopes: ["read", "trade"] });
  for (const asset of [BASE, QUOTE]) {
    await call("/v1/deposits", { accountId, asset, amount: String(DEPOSIT), reference: `seed-${asset}` });
  }
  return { accountId, authorization: `Bearer ${key}` };
}

function post(client: HttpClient, path: string, key: string, body: object): Promise<{ key?: string }> {
  return new Promise((resolve, reject) => {
    const request = { method: "POST", path, authorization: `Bearer ${key}`, body: JSON.stringify(body) };
    client.send(request, (answer) => {
      if (answer?.status === 201) resolve(JSON.parse(answer.body) as { key?: string });
      else reject(new Error(`POST ${path} answered ${answer?.status}: ${answer?.body}`));
    });
  });
}
