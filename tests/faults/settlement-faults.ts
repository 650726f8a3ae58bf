/** Faults of settlements of trades made elsewhere: what is judged, and what is remembered. */
import type { Fault } from "./fault.ts";

const FILE = "commands/settle-funds.ts";

export const SETTLEMENT_FAULTS: readonly Fault[] = [
  {
    name: "a settlement that does not balance in the base asset is settled",
    file: FILE,
    from: "return left.base === 0 && left.quote === 0;",
    to: "return left.quote === 0;",
    scenario:
      "a-list-whose-credits-and-debits-do-not-balance-in-both-assets-is-refused-and-nothing-of-it-moves",
  },
  {
    name: "a settlement takes what orders hold",
    file: FILE,
    from: "return wallets.available(account, asset) + gain >= 0;",
    to: "return wallets.available(account, asset) + wallets.held(account, asset) + gain >= 0;",
    scenario:
      "a-settlement-that-one-account-cannot-pay-for-moves-nobodys-money-and-what-orders-hold-is-not-there-for-it",
  },
  {
    name: "of a settlement that somebody cannot pay for, what comes before that is applied",
    file: FILE,
    from: '      return "insufficient-funds";\n  }\n\n  remember(state, command, { named: seq, content });\n  for (const [account, gain] of gains) {\n',
    to: '      return "insufficient-funds";\n    move(state, account, base, gain.base);\n    move(state, account, quote, gain.quote);\n  }\n\n  remember(state, command, { named: seq, content });\n  for (const [account, gain] of new Map<AccountIndex, Gain>()) {\n',
    scenario:
      "a-settlement-that-one-account-cannot-pay-for-moves-nobodys-money-and-what-orders-hold-is-not-there-for-it",
  },
  {
    name: "a suspended account pays in a settlement",
    file: FILE,
    from: 'if (pays && state.accountStatuses[account] !== "active") return "account-suspended";',
    to: "if (pays && account < 0) return null;",
    scenario: "a-suspended-account-receives-in-a-settlement-and-gives-nothing",
  },
  {
    name: "a suspended account receives nothing in a settlement",
    file: FILE,
    from: "const pays = gain.base < 0 || gain.quote < 0;",
    to: "const pays = true || gain.base < 0;",
    scenario: "a-suspended-account-receives-in-a-settlement-and-gives-nothing",
  },
  {
    name: "a settlement with other content under known references counts as sent before",
    file: FILE,
    from: "each.named === first.named && each.content === content",
    to: "each.named === first.named",
    scenario: "a-settlement-that-was-sent-before-under-its-references-moves-nothing-twice",
  },
  {
    name: "the id of a settlement is remembered by the exchange alone",
    file: FILE,
    from: "new Set([HOUSE, ...entries.map(({ account }) => account)])",
    to: "new Set([HOUSE])",
    scenario:
      "the-id-of-a-settlement-is-remembered-as-long-as-one-of-its-accounts-has-not-settled-ten-thousand-more",
  },
  {
    name: "a settlement is known by its references although it has an id",
    file: FILE,
    from: "    settlementId === null\n      ? entries.map(({ account, reference })",
    to: "    settlementId !== undefined\n      ? entries.map(({ account, reference })",
    scenario: "with-an-id-of-its-own-a-settlement-is-known-by-that-alone-and-its-references-may-come-again",
  },
  {
    name: "a settlement may pass the largest amount on the way",
    file: FILE,
    from: 'if (!fits) return "amount-too-large";',
    to: "if (!fits && base < 0) return null;",
    scenario: "a-settlement-that-moves-more-than-the-largest-amount-beside-what-there-is-is-refused",
  },
];
