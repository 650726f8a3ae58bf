/**
 * A flow that trades, the same for the same seed: two sides around a middle that wanders, about a third of
 * the orders crossing it, and now and then a cancel.
 */
export type FlowOrder = {
  /** Which of the accounts. */
  readonly account: number;
  readonly side: "buy" | "sell";
  /** In hundredths. */
  readonly price: number;
  readonly quantity: number;
  /** Whether a resting order is to be canceled beside it. */
  readonly cancels: boolean;
};

const MIDDLE_FIRST = 10_000;
const MIDDLE_LEAST = 5_000;
const DEPTH_TICKS = 60;
const MOVE_SHARE = 0.005;
const CROSSING_SHARE = 0.12;
const CANCEL_SHARE = 0.1;

/** Endless. */
export function* flow(seed: number, accounts: number): Generator<FlowOrder> {
  const random = xorshift(seed);
  let middle = MIDDLE_FIRST;
  for (;;) {
    if (random() < MOVE_SHARE) middle = Math.max(MIDDLE_LEAST, middle + (random() < 0.5 ? -1 : 1));
    const side = random() < 0.5 ? "buy" : "sell";
    const crosses = random() < CROSSING_SHARE;
    const distance = 1 + Math.floor(random() ** 2 * DEPTH_TICKS);
    const away = crosses ? -Math.ceil(distance / 4) : distance;
    yield {
      account: Math.floor(random() * accounts),
      side,
      price: side === "buy" ? middle - away : middle + away,
      quantity: 1 + Math.floor(random() * 10),
      cancels: random() < CANCEL_SHARE,
    };
  }
}

/** Marsaglia's xorshift with 32 bits: shares between zero and one. */
export function xorshift(seed: number): () => number {
  let state = seed | 0 || 1;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 2 ** 32;
  };
}
