/** The bounds of the change stream, and what happens at each. */

export type ChangeLimits = {
  /** Open streams; one more is answered 503 `overloaded`. */
  readonly streamsMax: number;
  /** Streams that read the journal at once, each with a thread and a state of its own; the others wait for their turn. */
  readonly replaysMax: number;
  /** A stream whose turn to read the journal does not come within this time ends, and says where to resume. */
  readonly turnMsMax: number;
  /** Events of the latest commands that are kept while somebody follows; who is further behind reads the journal again. */
  readonly tailEventsMax: number;
  /** A command with more events is not written here, where orders would wait for it, but read from the journal. */
  readonly commandEventsMax: number;
  /** A piece of the latest lines ends with the one that reaches this. */
  readonly tailPieceBytes: number;
  /** A piece out of the journal, and with it all that waits for one stream, ends with the line that reaches this. */
  readonly pastPieceBytes: number;
  /** What is committed within this time is told together. */
  readonly gatherMs: number;
  /** How often a stream that has nothing to tell says that it is there. */
  readonly heartbeatMs: number;
  /** A stream whose first piece is not there within this time is opened without it. */
  readonly openMsMax: number;
  /** A stream whose reader has not taken one piece within this time is cut. */
  readonly stalledMsMax: number;
  /** When the journal cannot be read at the moment: how long a stream waits before it asks again. */
  readonly retryMs: number;
  /** How often it asks again; then it ends and says where to resume. */
  readonly retriesMax: number;
  /** At a stop: how long the last lines may take to leave. */
  readonly closeGraceMs: number;
};

export const CHANGE_LIMITS: ChangeLimits = {
  streamsMax: 64,
  replaysMax: 3,
  turnMsMax: 300_000,
  tailEventsMax: 100_000,
  commandEventsMax: 1_000,
  tailPieceBytes: 32 * 1024,
  pastPieceBytes: 1024 * 1024,
  gatherMs: 10,
  heartbeatMs: 10_000,
  openMsMax: 5_000,
  stalledMsMax: 60_000,
  retryMs: 500,
  retriesMax: 120,
  closeGraceMs: 1_000,
};
