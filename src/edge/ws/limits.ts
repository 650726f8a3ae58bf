/** The bounds of the WebSocket edge, and what happens at each. */

export type WsLimits = {
  /** Open sockets; one more is answered 503 `overloaded` before the upgrade. */
  readonly socketsMax: number;
  /** Open sockets of one address; one more is answered 429 `rate-limited` before the upgrade. 0 for no limit. */
  readonly socketsPerAddressMax: number;
  /** Open sockets of one account's key; one more is `rate-limited`, before the upgrade or when it shows the key. */
  readonly socketsPerKeyMax: number;
  /** Subscriptions of one socket; one more is an `invalid-request`. */
  readonly subscriptionsMax: number;
  /** Orders, cancels and amends of one socket that wait for their answers; one more is `overloaded`. */
  readonly ordersInFlightMax: number;
  /** Bytes of a message from a client; a larger one closes its socket with 1009. */
  readonly payloadBytesMax: number;
  /**
   * Bytes that wait for a socket to take them. Above it the socket gets no feed messages until it has
   * drained, and its own messages are not read. Far above Node's own high-water mark, without which a
   * socket would not say that it has drained.
   */
  readonly outboxBytesMax: number;
  /** Commands with messages for a live subscription that wait; at one more it ends as `lagged`. */
  readonly missedCommandsMax: number;
  /** How long changes of a book are merged. */
  readonly bookIntervalMs: number;
  /** How often a socket for which nothing waits is pinged. One that is silent until the next ping is ended. */
  readonly keepaliveMs: number;
  /** How long a socket that is told to close may take before it is cut. It is not counted as open. */
  readonly closeGraceMs: number;
};

export const WS_LIMITS: WsLimits = {
  socketsMax: 10_000,
  socketsPerAddressMax: 0,
  socketsPerKeyMax: 1_000,
  subscriptionsMax: 100,
  ordersInFlightMax: 256,
  payloadBytesMax: 64 * 1024,
  outboxBytesMax: 1024 * 1024,
  missedCommandsMax: 10_000,
  bookIntervalMs: 20,
  keepaliveMs: 30_000,
  closeGraceMs: 1000,
};
