/** What is sent for a trade, to the byte. */
import { expect, it } from "vitest";
import type { Decimal } from "../../../src/domain/decimal.ts";
import { accountIndex, epochMs, lots, marketIndex, seq, ticks, tradeId } from "../../../src/domain/units.ts";
import { bodyOf } from "../../../src/outward/settlements/body.ts";

const CENTS: Decimal = { units: 1, scale: 2 };
const WHOLE: Decimal = { units: 1, scale: 0 };

function bodyFor(trade: {
  price: number;
  quantity: number;
  tickSize?: Decimal;
  lotSize?: Decimal;
  names?: [string, string];
}): string {
  const { price, quantity, tickSize = CENTS, lotSize = WHOLE, names = ["alice", "bob"] } = trade;
  const row = {
    settlement: 1,
    seq: seq(9),
    at: epochMs(0),
    market: marketIndex(0),
    tradeId: tradeId(17),
    price: ticks(price),
    quantity: lots(quantity),
    buyer: accountIndex(0),
    seller: accountIndex(1),
    buyerRequestId: "01M82G2R9H20KRSFDM2VX254SS",
    sellerRequestId: "01M82G2R7AFRDNJEGM7T5NSZDS",
    traceId: null,
  };
  const market = () => ({ name: "VIB-BRL", tickSize, lotSize });
  return bodyOf(row, { market, accountId: (account) => names[account]! });
}

it("is a list of one credit and one debit, each with the UUID of its own order's request", () => {
  expect(bodyFor({ price: 10_099, quantity: 10, names: ["334455", "bob"] })).toBe(
    '{"settlementId":"VIB-BRL/17","operations":[' +
      '{"value":100.99,"quantity":10,"userId":334455,"operationType":"CREDIT","requestId":"01a20501-6131-1027-8cbd-b416fa229339"},' +
      '{"value":100.99,"quantity":10,"userId":"bob","operationType":"DEBIT","requestId":"01a20501-60ea-7e1b-593a-143e8b5cfdb9"}]}',
  );
});

it.each([
  { price: 10_090, quantity: 1, written: '"value":100.9,"quantity":1' },
  { price: 10_000, quantity: 100, written: '"value":100,"quantity":100' },
  { price: 1, quantity: 1, written: '"value":0.01,"quantity":1' },
  {
    price: 3,
    quantity: 7,
    tickSize: { units: 25, scale: 3 },
    lotSize: { units: 5, scale: 1 },
    written: '"value":0.075,"quantity":3.5',
  },
  { price: Number.MAX_SAFE_INTEGER, quantity: 1, written: '"value":90071992547409.91,"quantity":1' },
  {
    price: 1,
    quantity: 9_007_199_254_740_991,
    lotSize: { units: 3, scale: 12 },
    written: '"quantity":27021.597764222973',
  },
])("writes numbers exactly, without zeros at the end: $written", ({ written, ...trade }) => {
  const body = bodyFor(trade);
  expect(body).toContain(written);
  expect(() => JSON.parse(body)).not.toThrow();
});

it.each([
  ["0", "0"],
  ["7", "7"],
  ["999999999999999", "999999999999999"],
  ["9007199254740993", '"9007199254740993"'],
  ["007", '"007"'],
  ["-1", '"-1"'],
  ["1e3", '"1e3"'],
  ["a.b-c_d", '"a.b-c_d"'],
])("names the account %s as %s", (accountId, written) => {
  expect(bodyFor({ price: 1, quantity: 1, names: [accountId, "bob"] })).toContain(`"userId":${written},`);
});
