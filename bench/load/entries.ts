/** Two further ways in, as fast as they go: orders in batches, and orders over WebSocket. */
import autocannon from "autocannon";
import { WebSocket } from "ws";
import { orderOf, type Trader } from "./traders.ts";

export const BATCH_ORDERS = 50;
export const BATCH_CONNECTIONS = 8;
export const SOCKETS = 16;
/** Orders that a socket has on their way at once. */
export const SOCKET_WINDOW = 16;

export type EntryResult = { readonly ordersPerSecond: number; readonly errors: number };

/** Batches in a closed loop; every order of a batch is by the same trader, so they rest until the next one's come. */
export async function batchEntry(
  url: string,
  traders: readonly Trader[],
  seconds: number,
): Promise<EntryResult> {
  let refused = 0;
  const requests = traders.map(({ authorization }, i) => {
    const orders = Array.from({ length: BATCH_ORDERS }, () => orderOf(i));
    return {
      method: "POST" as const,
      path: "/v1/orders/batch",
      headers: { authorization, "content-type": "application/json" },
      body: JSON.stringify({ orders }),
      onResponse: (_: number, body: string) => {
        refused += body.split('"code":').length - 1;
      },
    };
  });
  const result = await autocannon({ url, connections: BATCH_CONNECTIONS, duration: seconds, requests });
  const errors = result.errors + result.timeouts + result.non2xx + refused;
  return { ordersPerSecond: (result["2xx"] * BATCH_ORDERS) / result.duration, errors };
}

/** Each socket keeps its window full: an answer sends the next order. */
export async function socketEntry(
  url: string,
  traders: readonly Trader[],
  seconds: number,
): Promise<EntryResult> {
  const sockets = traders.slice(0, SOCKETS).map((trader, i) => new OrderSocket(url, trader, i));
  await Promise.all(sockets.map((socket) => socket.opened));
  const startedAt = performance.now();
  const endsAt = startedAt + seconds * 1000;
  await Promise.all(sockets.map((socket) => socket.run(endsAt)));
  const elapsed = (performance.now() - startedAt) / 1000;
  const sum = (of: (socket: OrderSocket) => number) => sockets.reduce((total, one) => total + of(one), 0);
  return { ordersPerSecond: sum((one) => one.placed) / elapsed, errors: sum((one) => one.errors) };
}

class OrderSocket {
  readonly opened: Promise<void>;
  readonly #socket: WebSocket;
  readonly #order: string;
  placed = 0;
  errors = 0;
  #sent = 0;
  #endsAt = 0;
  #done: () => void = () => {};

  constructor(url: string, { authorization }: Trader, place: number) {
    this.#socket = new WebSocket(`${url.replace("http", "ws")}/v1/ws`, { headers: { authorization } });
    this.#order = JSON.stringify(orderOf(place)).slice(1);
    this.opened = new Promise((resolve, reject) => {
      this.#socket.once("open", resolve);
      this.#socket.once("error", reject);
    });
    this.#socket.on("message", (data: Buffer) => this.#hear(data.toString("latin1")));
  }

  /** Resolves when the last order that was sent before the end has been answered. */
  run(endsAt: number): Promise<void> {
    this.#endsAt = endsAt;
    for (let i = 0; i < SOCKET_WINDOW; i += 1) this.#send();
    return new Promise((resolve) => {
      this.#done = resolve;
    });
  }

  #hear(message: string): void {
    if (message.includes('"ok":true')) this.placed += 1;
    else this.errors += 1;
    if (performance.now() < this.#endsAt) this.#send();
    else if (this.placed + this.errors === this.#sent) {
      this.#socket.close();
      this.#done();
    }
  }

  #send(): void {
    this.#sent += 1;
    this.#socket.send(`{"op":"place","id":${this.#sent},${this.#order}`);
  }
}
