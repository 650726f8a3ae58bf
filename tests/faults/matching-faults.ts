/** Faults of matching, self-trade prevention, icebergs and money. */
import type { Fault } from "./fault.ts";

export const MATCHING_FAULTS: readonly Fault[] = [
  {
    name: "the latest order at a price trades first",
    file: "matching.ts",
    from: "side.head[side.best]!;",
    times: 2,
    to: "side.tail[side.best]!;",
    scenario: "price-time-priority-of-two-bids-at-one-price-the-earlier-trades-first",
  },
  {
    name: "a trade prints at the taker's price",
    file: "matching.ts",
    from: `shownOf(maker)) as Lots;
    settle(state, place, maker, taker, price, quantity);
    countOff(state, place, side, maker, quantity);
    pool.remaining`,
    to: `shownOf(maker)) as Lots;
    const asked = (pool.price[taker] === 0 ? price : pool.price[taker]) as Ticks;
    settle(state, place, maker, taker, asked, quantity);
    countOff(state, place, side, maker, quantity);
    pool.remaining`,
    scenario: "each-trade-prints-at-the-makers-price",
  },
  {
    name: "an order that has traded in part keeps its hold when it ends",
    file: "order-ends.ts",
    from: "  setHold(state, place, slot, 0);",
    to: "  if (pool.remaining[slot] === pool.quantity[slot]) setHold(state, place, slot, 0);",
    scenario: "a-gtd-order-that-has-traded-in-part-expires-for-its-rest-and-what-it-held-is-free",
  },
  {
    name: "a fill does not free what the hold no longer needs",
    file: "matching.ts",
    from: "  setHold(state, place, slot, limitHold(pool, slot, place.market));\n",
    to: "",
    scenario: "a-buy-holds-the-higher-of-its-fee-rates-too-and-each-fill-frees-what-it-no-longer-needs",
  },
  {
    name: "a hold covers the maker's fee only",
    file: "holds.ts",
    from: "const rate = Math.max(pool.makerFee[slot]!, pool.takerFee[slot]!);",
    to: "const rate = Math.max(pool.makerFee[slot]!, 0);",
    scenario: "a-buy-holds-what-a-taker-pays-though-a-maker-gets-a-rebate",
  },
  {
    name: "a budget leaves out the last lot that fits",
    file: "matching.ts",
    from: "  return lots(count);",
    to: "  return lots(Math.max(0, count - 1));",
    scenario: "a-budget-buys-the-largest-whole-number-of-lots-at-each-level",
  },
  {
    name: "a budget that ends with the book is filled",
    file: "matching.ts",
    from: '    if (price > limit) return "no-more";',
    to: '    if (price > limit) return side.best < 0 ? "budget" : "no-more";',
    scenario: "a-budget-order-that-ends-with-the-book-expires-for-its-rest",
  },
  {
    name: "an order pays the rates that are in force when it trades",
    file: "settlement.ts",
    from: "chargeFee(pool, taker, value, pool.takerFee[taker]!, ",
    to: "chargeFee(pool, taker, value, market.takerFee, ",
    scenario: "an-order-keeps-its-rates-when-it-is-amended",
  },
  {
    name: "each fill's fee is rounded up by itself",
    file: "fees.ts",
    from: "  const parts = fill - filled * PPM_ONE;",
    to: "  whole += fill > filled * PPM_ONE ? 1 : 0;\n  const parts = 0;",
    scenario: "an-order-pays-its-fee-on-its-running-total-many-small-fills-never-cost-more-than-one-large",
  },
  {
    name: "a rebate is more than the taker pays",
    file: "settlement.ts",
    from: "pool.makerFee[maker]!, takerFee, ",
    to: "pool.makerFee[maker]!, Infinity, ",
    scenario: "a-rebate-is-never-more-than-the-taker-pays-in-the-same-trade-and-the-rest-stays-due",
  },
  {
    name: "a rebate that could not be paid is forgotten",
    file: "fees.ts",
    from: "  pool.rebateDue[slot] = paidBefore + fee - total;",
    to: "  pool.rebateDue[slot] = 0;",
    scenario: "a-rebate-is-never-more-than-the-taker-pays-in-the-same-trade-and-the-rest-stays-due",
  },
  {
    name: "a taker receives the rebate that is due to it",
    file: "settlement.ts",
    from: "pool.takerFee[taker]!, 0, ",
    to: "pool.takerFee[taker]!, value, ",
    scenario: "a-taker-to-whom-a-rebate-is-still-due-pays-less-by-it-but-never-receives",
  },
  {
    name: "a fok order counts its own account's orders",
    file: "reachable.ts",
    from: "if (pool.accountOf(maker) === account) {",
    to: 'if (pool.accountOf(maker) === account && mode !== "cancel-maker") {',
    scenario: "a-fok-order-does-not-count-its-own-accounts-orders",
  },
  {
    name: "a fok order counts what decrement would prevent",
    file: "reachable.ts",
    from: 'if (mode === "decrement") left -= Math.min(left, pool.remaining[maker]!);',
    to: 'if (mode === "decrement") traded += Math.min(left, pool.remaining[maker]!);',
    scenario: "quantity-that-decrement-would-prevent-does-not-count-for-a-fok-order",
  },
  {
    name: "a fok order looks past an order of its own that would cancel it",
    file: "reachable.ts",
    from: 'if (mode === "cancel-taker" || mode === "cancel-both") return { traded, left: 0 };',
    to: 'if (mode === "cancel-both") return { traded, left: 0 };',
    scenario: "a-fok-order-does-not-count-what-lies-behind-an-order-of-its-own-that-would-cancel-it",
  },
  {
    name: "a fok order does not count hidden quantity",
    file: "reachable.ts",
    from: "    hidden += pool.hidden[maker]!;\n",
    to: "",
    scenario: "the-hidden-quantity-of-an-iceberg-is-held-and-counts-for-a-fok-order",
  },
  {
    name: "the maker's mode decides how a self-trade is prevented",
    file: "self-trade.ts",
    from: "const mode = pool.selfTradePreventionOf(taker);",
    to: "const mode = pool.selfTradePreventionOf(maker);",
    scenario: "the-takers-mode-decides-how-a-self-trade-is-prevented-not-the-makers",
  },
  {
    name: "cancel-both leaves the resting order",
    file: "self-trade.ts",
    from: 'if (mode === "cancel-taker") return true;',
    to: 'if (mode === "cancel-taker" || mode === "cancel-both") return true;',
    scenario: "cancel-both-cancels-the-resting-order-and-the-rest-of-the-incoming-one",
  },
  {
    name: "decrement takes nothing from the incoming order",
    file: "self-trade.ts",
    from: "  pool.remaining[taker]! -= quantity;\n",
    to: "",
    scenario: "decrement-takes-the-smaller-quantity-from-both-orders-without-a-trade",
  },
  {
    name: "decrement looks at the shown part only",
    file: "self-trade.ts",
    from: "Math.min(pool.remaining[taker]!, pool.remaining[maker]!)",
    to: "Math.min(pool.remaining[taker]!, pool.shownOf(maker))",
    scenario: "decrement-counts-the-whole-remaining-quantities-hidden-parts-included",
  },
  {
    name: "an iceberg that loses lots without a trade loses shown ones first",
    file: "book/order-book.ts",
    from: "const fromHidden = Math.min(pool.hidden[slot]!, quantity);",
    to: "const fromHidden = Math.max(0, quantity - pool.shownOf(slot));",
    scenario: "decrement-takes-from-an-icebergs-hidden-part-first",
  },
  {
    name: "the next part of an iceberg enters at the front",
    file: "book/order-book.ts",
    from: `    this.remove(slot);
    this.rest(slot);`,
    to: `    const pool = this.#pool;
    const shown = Math.min(pool.display[slot]!, pool.remaining[slot]!);
    pool.hidden[slot] = pool.remaining[slot]! - shown;
    this.#resize(this.sideOf(slot), pool.levelOf(slot), shown);`,
    scenario: "when-the-shown-part-of-an-iceberg-is-used-up-the-next-enters-at-the-back-of-its-price",
  },
  {
    name: "an iceberg shows all of itself",
    file: "book/order-book.ts",
    from: "Math.max(0, remaining[slot]! - display[slot]!)",
    to: "0",
    scenario: "the-book-shows-no-more-of-an-iceberg-than-its-display-quantity",
  },
  {
    name: "a preview does not know what is hidden",
    file: "preview.ts",
    from: "    pool.hidden[slot] = from.hidden[original]!;\n",
    to: "",
    scenario: null,
  },
  {
    name: "a preview counts no more of its account's open orders than it meets",
    file: "preview.ts",
    from: "maxOpenOrders: place.market.maxOpenOrders - notCopied",
    to: "maxOpenOrders: place.market.maxOpenOrders",
    scenario: null,
  },
];
