/** The parts of the peers that are measured: one has no types, and the other's package names a file that it lacks. */
declare module "big-order-book" {
  export type AddResult = { makers: object[]; takeSize: bigint };
  class BigOrderBook {
    constructor(options: { priceDecimalPrecision: number });
    add(order: object): AddResult;
    remove(id: number): object | undefined;
  }

  // biome-ignore lint/style/noDefaultExport: the package has no other export.
  export default BigOrderBook;
}

declare module "nodejs-order-book" {
  export type LimitOptions = { id: string; side: string; size: number; price: number; timeInForce: string };
  export type LimitResult = {
    done: { size: number }[];
    partial: object | null;
    partialQuantityProcessed: number;
  };
  export class OrderBook {
    limit(options: LimitOptions): LimitResult;
    cancel(id: string): object | undefined;
  }
}
