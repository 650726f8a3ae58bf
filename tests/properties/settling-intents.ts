/** Lists of trades made elsewhere: most of them balance, and some were sent before under the same names. */
import fc from "fast-check";
import type { Command, SettleFunds, SettlementEntry } from "../../src/domain/commands.ts";
import { assetIndex, minor } from "../../src/domain/units.ts";
import { type Intent, type Past, trader } from "./order-intents.ts";
import type { Scale } from "./worlds.ts";

const PAIRS_MAX = 3;

/** Two in so many lists have an entry of another size than its counterpart, in one asset or the other. */
const UNBALANCED_TWO_IN = 12;

export function settling({ depositStep }: Scale): fc.Arbitrary<Intent> {
  const step = Math.ceil(depositStep / 20);
  const amount = fc.integer({ min: 1, max: 9 }).map((count) => minor(count * step));
  const pair = fc.record({ buyer: trader, seller: trader, quantity: amount, value: amount });
  return fc
    .record({
      assets: fc.constantFrom([0, 1], [1, 2], [2, 0]),
      pairs: fc.array(pair, { minLength: 1, maxLength: PAIRS_MAX }),
      name: fc.nat(30),
      settlementId: fc.option(fc.nat(15).map((number) => `A-C/${number}`)),
      slip: fc.nat(UNBALANCED_TWO_IN - 1),
    })
    .map(({ assets: [base, quote], pairs, name, settlementId, slip }) => (): Command => {
      const entries = pairs.flatMap(({ buyer, seller, quantity, value }, place): SettlementEntry[] => [
        { account: buyer, side: "buy", quantity, value, reference: `s${name}.${place}b` },
        { account: seller, side: "sell", quantity, value, reference: `s${name}.${place}s` },
      ]);
      const [first, ...others] = entries;
      const slipped = { ...first! };
      if (slip === 0) slipped.value = minor(slipped.value + 1);
      if (slip === 1) slipped.quantity = minor(slipped.quantity + 1);
      return {
        kind: "SettleFunds",
        base: assetIndex(base!),
        quote: assetIndex(quote!),
        entries: [slipped, ...others],
        settlementId,
      };
    });
}

/** A list that was sent before: as it was, in another order, in part, or with another entry in front. */
export const settlingAgain: fc.Arbitrary<Intent> = fc
  .tuple(fc.nat(6), fc.nat(5))
  .map(([back, change]) => ({ sent }: Past): Command => {
    const lists = sent.filter((command): command is SettleFunds => command.kind === "SettleFunds");
    const again = lists[Math.max(0, lists.length - 1 - back)];
    if (again === undefined) return { kind: "ExpireOrders" };
    const { entries } = again;
    if (change === 0) return { ...again, entries: entries.slice(1) };
    if (change === 1) return { ...again, entries: entries.toReversed() };
    if (change === 2)
      return { ...again, entries: [{ ...entries[0]!, reference: "another" }, ...entries.slice(1)] };
    return again;
  });
