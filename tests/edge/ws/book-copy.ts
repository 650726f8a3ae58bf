/** The book as a client rebuilds it from what it was sent; a gap in the chain throws. */
import type { Client } from "./client.ts";

export type BookCopy = { readonly bids: Map<string, string>; readonly asks: Map<string, string> };

export function bookOf(client: Client): BookCopy {
  const copy: BookCopy = { bids: new Map(), asks: new Map() };
  let seq = 0;
  for (const message of client.of("book")) {
    if (message.type === "update" && message.prevSeq !== seq) throw new Error(`a gap after ${seq}`);
    ({ seq } = message);
    for (const side of ["bids", "asks"] as const) {
      for (const [price, quantity] of message[side]) {
        if (quantity === "0") copy[side].delete(price);
        else copy[side].set(price, quantity);
      }
    }
  }
  return copy;
}
