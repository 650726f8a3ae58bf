/** Users with wallets, and lists that settle between them, in the words of the first design. */
import { expect } from "vitest";
import type { Client } from "../../harness.ts";

export async function openWallet(
  operator: Client,
  userId: number | string,
  quantity: number,
  value: number,
): Promise<void> {
  expect((await operator.post("/wallet/create", { userId, quantity, value })).status).toBe(201);
}

/** Quantity and value of each user. */
export async function balancesOf(operator: Client, users: readonly (number | string)[]): Promise<number[][]> {
  const wallets = await Promise.all(users.map((userId) => operator.get(`/wallet/${userId}`)));
  return wallets.map(({ body }) => [body.quantity, body.value]);
}

export type Entry = {
  readonly userId: unknown;
  readonly operationType: string;
  readonly value: number;
  readonly quantity: number;
  readonly requestId: string;
};

export function credit(userId: unknown, quantity: number, value: number, requestId: string): Entry {
  return { userId, operationType: "CREDIT", value, quantity, requestId };
}

export function debit(...terms: Parameters<typeof credit>): Entry {
  return { ...credit(...terms), operationType: "DEBIT" };
}
