/**
 * What the ledger lets go of because the archive has it. A boundary moves first, and with it all that lies before is
 * out of sight at once; the rows then go in small batches, between the writer's own work, and a crash only leaves
 * some of them for later. What stays is a matter of the rows and the boundary alone: orders that were open there (or
 * have changed since), with all their fills and the commands that touched them.
 */
import type { Database, Statement, Transaction } from "better-sqlite3";
import type { EpochMs, Seq } from "../../domain/units.ts";
import { BUCKET_BITS, bucketOf } from "./buckets.ts";
import { frameReader } from "./frames.ts";
import { ENDED_STATUSES } from "./words.ts";

export const RETENTION_TABLES = `
-- All up to dropped_seq has moved to the archive, but for old_orders and what belongs to them. Entries are kept from
-- first_entry on, and of the outbox what comes after arrived_settlement. is_swept is 0 while rows are still to be deleted.
CREATE TABLE retention (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  dropped_seq INTEGER NOT NULL,
  dropped_at INTEGER NOT NULL,
  first_entry INTEGER NOT NULL,
  arrived_settlement INTEGER NOT NULL,
  is_swept INTEGER NOT NULL
) STRICT;

INSERT INTO retention (id, dropped_seq, dropped_at, first_entry, arrived_settlement, is_swept)
VALUES (1, 0, 0, 1, 0, 1);

CREATE TABLE old_orders (order_id INTEGER PRIMARY KEY, account INTEGER NOT NULL) STRICT;
CREATE INDEX old_orders_by_account ON old_orders (account, order_id);
`;

/** Rows that a batch looks at: some ten milliseconds, which a batch of commands may have to wait. */
const BATCH_ROWS = 2_000;

const ENDED = ENDED_STATUSES.join(", ");

/** The last command that has moved to the archive, and its time. */
export type Archived = { readonly seq: Seq; readonly at: EpochMs };

/** A place between two frames, up to which the archive has everything, as the journal's chain of hashes names it. */
export type Boundary = {
  readonly seq: Seq;
  readonly frameHash: string;
  /** All settlements up to this number arrived long ago, so their rows in the outbox may go; none unless given. */
  readonly arrivedSettlement?: number;
};

/** The ledger cannot let go of this, since it is not what the archive has. */
export class RetentionRefusedError extends Error {
  override readonly name = "RetentionRefusedError";
}

/** Where the kept rows begin. */
export type Kept = {
  readonly droppedSeq: number;
  readonly droppedAt: number;
  readonly firstEntry: number;
  readonly arrivedSettlement: number;
};

/** Reads the boundary as it is in the present transaction. */
export function keptReader(database: Database): () => Kept {
  const row = database.prepare(
    `SELECT dropped_seq AS droppedSeq, dropped_at AS droppedAt, first_entry AS firstEntry,
       arrived_settlement AS arrivedSettlement FROM retention`,
  );
  return () => row.get() as Kept;
}

export function archivedOf({ droppedSeq, droppedAt }: Kept): Archived | null {
  return droppedSeq === 0 ? null : { seq: droppedSeq as Seq, at: droppedAt as EpochMs };
}

/** Deletes of one table, from key to key: gives where it has come to, or null when nothing is left to look at. */
type Stage = (after: readonly number[]) => readonly number[] | null;

export class Retention {
  readonly #database: Database;
  readonly #kept: () => Kept;
  readonly #swept: Statement;
  readonly #advance: Transaction<(boundary: Boundary) => void>;
  readonly #sweepOn: Transaction<() => void>;
  #stages: Stage[] = [];
  #after: readonly number[] = [];

  constructor(database: Database) {
    this.#database = database;
    this.#kept = keptReader(database);
    this.#swept = database.prepare("SELECT is_swept FROM retention").pluck();
    this.#advance = database.transaction((boundary) => this.#move(boundary));
    this.#sweepOn = database.transaction(() => this.#sweepBatch());
    // The commands behind what stays, found while its rows are passed.
    database.exec("CREATE TEMP TABLE IF NOT EXISTS kept_commands (seq INTEGER PRIMARY KEY)");
  }

  get archived(): Archived | null {
    return archivedOf(this.#kept());
  }

  /** Whether all rows before the boundary are gone. */
  get isSwept(): boolean {
    return this.#swept.get() === 1;
  }

  /**
   * Moves the boundary on, and with it what lies before it out of sight.
   *
   * @throws RetentionRefusedError if the ledger knows another command there than the archive does.
   */
  advance(boundary: Boundary): void {
    this.#advance.immediate(boundary);
    this.#stages = [];
  }

  /** Deletes the next batch of rows; false when there is nothing left to delete. */
  sweep(): boolean {
    if (this.isSwept) return false;
    try {
      this.#sweepOn.immediate();
    } catch (error) {
      // What was rolled back is looked at again.
      this.#stages = [];
      throw error;
    }
    return true;
  }

  #move({ seq, frameHash, arrivedSettlement = 0 }: Boundary): void {
    const { droppedSeq } = this.#kept();
    const run = (sql: string, values: object) => this.#database.prepare(sql).run(values);
    const found = frameReader(this.#database)(seq);
    const knows = found === undefined ? "nothing" : `${found.lastSeq} with ${found.hash}`;
    if (seq <= droppedSeq || knows !== `${seq} with ${frameHash}`) {
      throw new RetentionRefusedError(
        `the archive ends a range at sequence ${seq} with the frame ${frameHash}, and the ledger has ${knows} there`,
      );
    }
    run(
      `DELETE FROM old_orders WHERE order_id IN (SELECT k.order_id FROM old_orders k JOIN orders o USING (order_id)
           WHERE o.status IN (${ENDED}) AND o.updated_seq <= @seq)`,
      { seq },
    );
    run(
      `INSERT INTO old_orders (order_id, account) SELECT order_id, account FROM orders
         WHERE order_id > @droppedSeq AND order_id <= @seq AND NOT (status IN (${ENDED}) AND updated_seq <= @seq)`,
      { droppedSeq, seq },
    );
    run(
      `UPDATE retention SET dropped_seq = @seq, is_swept = 0,
         dropped_at = (SELECT at FROM commands WHERE seq = @seq),
         first_entry = coalesce((SELECT first_entry FROM commands WHERE seq = @seq + 1), (SELECT next_entry FROM cursor)),
         arrived_settlement = max(arrived_settlement, @arrivedSettlement)`,
      { seq, arrivedSettlement },
    );
  }

  #sweepBatch(): void {
    if (this.#stages.length === 0) {
      this.#stages = sweepStages(this.#database, this.#kept());
      this.#after = [];
    }
    const next = this.#stages[0]!(this.#after);
    this.#after = next ?? [];
    if (next !== null) return;
    this.#stages.shift();
    if (this.#stages.length === 0) this.#database.exec("UPDATE retention SET is_swept = 1");
  }
}

/**
 * Each stage needs what those before it leave: what stays of the orders says which trades stay, and those which commands.
 * Entries go first, so that at no time does one name a trade or a command that is gone.
 */
function sweepStages(database: Database, { droppedSeq, firstEntry, arrivedSettlement }: Kept): Stage[] {
  database.exec("DELETE FROM kept_commands");
  const markets = database.prepare("SELECT market FROM markets").pluck().all() as number[];
  const range = (table: string, key: string, last: number, statements: readonly string[]) =>
    rangeStage(database, { table, key, last, statements });
  return [
    range("entries", "entry", firstEntry - 1, ["DELETE FROM entries WHERE entry > @after AND entry <= @to"]),
    range("settled_entries", "entry", firstEntry - 1, [
      "DELETE FROM settled_entries WHERE entry > @after AND entry <= @to",
    ]),
    range("transfers", "seq", droppedSeq, ["DELETE FROM transfers WHERE seq > @after AND seq <= @to"]),
    range("orders", "order_id", droppedSeq, [
      `DELETE FROM order_changes WHERE order_id > @after AND order_id <= @to AND NOT ${isOld("order_changes.order_id")}`,
      `DELETE FROM orders WHERE order_id > @after AND order_id <= @to AND NOT ${isOld("orders.order_id")}`,
      "INSERT OR IGNORE INTO kept_commands SELECT order_id FROM orders WHERE order_id > @after AND order_id <= @to",
      "INSERT OR IGNORE INTO kept_commands SELECT seq FROM order_changes WHERE order_id > @after AND order_id <= @to",
    ]),
    ...markets.map((market) => tradeStage(database, { market, droppedSeq })),
    range("commands", "seq", droppedSeq, [
      "DELETE FROM commands WHERE seq > @after AND seq <= @to AND seq NOT IN (SELECT seq FROM kept_commands)",
    ]),
    // The boundary's own bucket may be the one that is being written.
    range("request_ranges", "bucket", bucketOf(droppedSeq) - 1, [
      `DELETE FROM request_ranges WHERE bucket > @after AND bucket <= @to AND NOT EXISTS (SELECT 1 FROM commands c
         WHERE c.seq >= bucket << ${BUCKET_BITS} AND c.seq < (bucket + 1) << ${BUCKET_BITS})`,
    ]),
    settlementStage(database, { droppedSeq, arrivedSettlement }),
    range("frames", "first_seq", droppedSeq, [
      `DELETE FROM frames WHERE first_seq > @after AND first_seq <= @to
         AND NOT EXISTS (SELECT 1 FROM commands c WHERE c.seq >= frames.first_seq AND c.seq <= frames.last_seq)`,
    ]),
    markStage(database, { table: "order_marks", key: ["account", "order_id"], last: droppedSeq }),
    markStage(database, { table: "entry_marks", key: ["account", "asset", "entry"], last: firstEntry - 1 }),
  ];
}

/** Whether an order, by the column that names it, was open at the boundary or has changed since. */
function isOld(order: string): string {
  return `EXISTS (SELECT 1 FROM old_orders k WHERE k.order_id = ${order})`;
}

/** Goes along a table by its whole-number key, and runs the statements for every so many of its rows. */
function rangeStage(
  database: Database,
  stage: {
    readonly table: string;
    readonly key: string;
    readonly last: number;
    readonly statements: readonly string[];
  },
): Stage {
  const { table, key, last } = stage;
  const reach = database
    .prepare(
      `SELECT max(${key}) FROM (SELECT ${key} FROM ${table} WHERE ${key} > ? AND ${key} <= ? ORDER BY ${key} LIMIT ${BATCH_ROWS})`,
    )
    .pluck();
  const statements = stage.statements.map((sql) => database.prepare(sql));
  return ([after = Number.MIN_SAFE_INTEGER]) => {
    const to = reach.get(after, last) as number | null;
    if (to === null) return null;
    for (const statement of statements) statement.run({ after, to });
    return [to];
  };
}

/** The trades of a market come in the order of their commands, so those before the boundary come first. */
function tradeStage(
  database: Database,
  { market, droppedSeq }: { readonly market: number; readonly droppedSeq: number },
): Stage {
  const next = database
    .prepare(
      `SELECT trade, seq FROM trades WHERE market = ? AND trade > ? ORDER BY trade LIMIT ${BATCH_ROWS}`,
    )
    .raw();
  const within = "market = @market AND trade > @after AND trade <= @to";
  const remove = database.prepare(
    `DELETE FROM trades WHERE ${within} AND NOT ${isOld("trades.taker_order")} AND NOT ${isOld("trades.maker_order")}`,
  );
  const keep = database.prepare(`INSERT OR IGNORE INTO kept_commands SELECT seq FROM trades WHERE ${within}`);
  return ([after = 0]) => {
    const rows = next.all(market, after) as [number, number][];
    const [to] = rows.findLast(([, seq]) => seq <= droppedSeq) ?? [];
    if (to === undefined) return null;
    remove.run({ market, after, to });
    keep.run({ market, after, to });
    return [to];
  };
}

/**
 * Of the outbox goes what lies before the boundary and arrived long ago, up to the first that did not. It is numbered in
 * the order of the commands.
 */
function settlementStage(
  database: Database,
  { droppedSeq, arrivedSettlement }: Pick<Kept, "droppedSeq" | "arrivedSettlement">,
): Stage {
  const next = database
    .prepare(
      `SELECT settlement, seq FROM settlements WHERE settlement > ? AND settlement <= ? ORDER BY settlement LIMIT ${BATCH_ROWS}`,
    )
    .raw();
  const remove = database.prepare("DELETE FROM settlements WHERE settlement > ? AND settlement <= ?");
  return ([after = 0]) => {
    const rows = next.all(after, arrivedSettlement) as [number, number][];
    const [to] = rows.findLast(([, seq]) => seq <= droppedSeq) ?? [];
    if (to === undefined) return null;
    remove.run(after, to);
    return [to];
  };
}

/** Marks are kept by account, so all of them are looked at: one in every sixty-four rows has one. */
function markStage(
  database: Database,
  { table, key, last }: { readonly table: string; readonly key: readonly string[]; readonly last: number },
): Stage {
  const columns = key.join(", ");
  const places = key.map(() => "?").join(", ");
  const next = database
    .prepare(
      `SELECT ${columns} FROM ${table} WHERE (${columns}) > (${places}) ORDER BY ${columns} LIMIT ${BATCH_ROWS}`,
    )
    .raw();
  const remove = database.prepare(
    `DELETE FROM ${table} WHERE (${columns}) > (${places}) AND (${columns}) <= (${places}) AND ${key.at(-1)} <= ?`,
  );
  return (after) => {
    const from = after.length > 0 ? after : key.map(() => Number.MIN_SAFE_INTEGER);
    const to = (next.all(...from) as number[][]).at(-1);
    if (to === undefined) return null;
    remove.run(...from, ...to, last);
    return to;
  };
}
