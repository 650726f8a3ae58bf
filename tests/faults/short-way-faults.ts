/** Faults of the short way, which the general way does not have: both ways must do the same. */
import type { Fault } from "./fault.ts";

export const SHORT_WAY_FAULTS: readonly Fault[] = [
  {
    name: "a plain order that would take rests though it is post-only",
    file: "short-way/take-plain.ts",
    from: "  if (command.postOnly || ",
    to: "  if (",
    scenario: "a-post-only-order-that-would-trade-is-refused",
  },
  {
    name: "a plain order trades with its own account",
    file: "short-way/take-plain.ts",
    from: "pool.accountOf(maker) === account || ",
    to: "",
    scenario: "an-account-never-trades-with-itself-its-resting-order-is-canceled-and-matching-goes-on",
  },
  {
    name: "a plain taker's fee is rounded up trade by trade",
    file: "short-way/take-plain.ts",
    from: "shareRoundedUp(valueSoFar, market.takerFee)",
    to: "feesSoFar + shareRoundedUp(value, market.takerFee)",
    scenario: "a-takers-fee-is-rounded-up-once-over-all-makers-that-it-meets",
  },
  {
    name: "a plain order triggers nothing",
    file: "short-way/take-plain.ts",
    from: "triggers.count > 0 || ",
    to: "",
    scenario: "a-stop-buy-is-triggered-when-the-price-has-risen-to-its-trigger",
  },
  {
    name: "a plain order pays a rebate to nobody",
    file: "short-way/take-plain.ts",
    from: " || pool.makerFee[maker]! < 0",
    to: "",
    scenario: "a-negative-maker-fee-is-a-rebate-paid-out-of-what-the-taker-pays",
  },
  {
    name: "a plain order has no place in time",
    file: "short-way/place-plain.ts",
    from: "book.nextArrival()",
    to: "0",
    scenario: null,
  },
  {
    name: "a plain order is placed in an auction",
    file: "short-way/plain-order.ts",
    from: 'status === "open" &&',
    to: '(status === "open" || status === "auction") &&',
    scenario: null,
  },
  {
    name: "a plain order of a suspended account is placed",
    file: "short-way/plain-order.ts",
    from: '    state.accountStatuses[account] === "active" &&\n',
    to: "",
    scenario: "a-suspended-account-places-nothing-and-moves-nothing-out",
  },
  {
    name: "a cancel of a plain order skips its neighbour",
    file: "short-way/cancel-plain.ts",
    from: "else pool.setNext(ahead, behind);",
    to: "",
    scenario: "a-cancel-in-the-middle-of-a-queue-leaves-the-others-in-their-order",
  },
  {
    name: "anybody cancels a plain order",
    file: "short-way/cancel-plain.ts",
    from: "account !== command.account || ",
    to: "",
    scenario: null,
  },
];
