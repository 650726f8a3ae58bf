/** Why the rules refuse a command. A refusal is an outcome like any other: it has a sequence and is found in history. */

export const REJECTIONS = [
  "account-suspended",
  "market-halted",
  "no-liquidity",
  "below-min-notional",
  "above-max-quantity",
  "too-many-open-orders",
  "would-take",
  "amount-too-large",
  "insufficient-funds",
  "duplicate-client-order-id",
  "order-not-open",
  "reference-reused",
  "already-exists",
  "not-found",
  "price-out-of-band",
  "would-trigger",
  "quantity-below-filled",
  "nothing-to-amend",
  "unbalanced",
] as const;

export type Rejection = (typeof REJECTIONS)[number];
