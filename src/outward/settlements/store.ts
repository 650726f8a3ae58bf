/**
 * What has become of each delivery: `settlements.sqlite`, in the data directory, with one writer. The outbox itself is in
 * the ledger and is never changed; here is what changes, and nothing that the journal has. All up to `taken` has a row
 * here or was delivered so long ago that its row is not kept. If the file is lost, everything in the outbox is sent again,
 * and receivers know the ids.
 */
import { existsSync } from "node:fs";
import Database from "better-sqlite3";
import {
  ATTEMPT_OUTCOMES,
  type Attempt,
  type AttemptOutcome,
  type SettlementStatus,
} from "../../domain/settlements.ts";
import type { EpochMs, Seq } from "../../domain/units.ts";
import { pathsIn } from "../../journal/data-directory.ts";
import { copyPages, type OpenedFile, openOrMoveAside } from "../../projections/ledger/database-file.ts";
import { wordAt } from "../../projections/ledger/words.ts";

const SCHEMA_VERSION = 1;
/** "Preg" with its last letter raised: a file of ours, and no ledger. */
const APPLICATION_ID = 0x50726553;
const BUSY_MS = 1_000;
const CHECKPOINT_PAGES = 2_000;
/** A dead delivery is kept until it arrives; of one that arrived, its attempts, for so long. */
const KEPT_MS = 14 * 24 * 60 * 60 * 1_000;
/** Attempts that are shown of a delivery; only one that was redriven again and again has more. */
const SHOWN_ATTEMPTS_MAX = 100;

/** As they are kept; what is parked waits on disk for others of its accounts, and is pending to everybody else. */
export const RECORDED = { pending: 0, parked: 1, delivered: 2, dead: 3 } as const;
export type Recorded = (typeof RECORDED)[keyof typeof RECORDED];

/** The index by status is of these alone, and is used where a question says so. */
const IN_INDEX = `status <> ${RECORDED.delivered}`;

const TABLES = `
-- seen_seq is the last command of which a trade is known here: the journal must have it.
CREATE TABLE position (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  from_seq INTEGER NOT NULL,
  taken INTEGER NOT NULL,
  seen_seq INTEGER NOT NULL
) STRICT;

-- failures are those that count against the limit; a redrive begins with none.
CREATE TABLE deliveries (
  settlement INTEGER PRIMARY KEY,
  status INTEGER NOT NULL,
  attempts INTEGER NOT NULL,
  failures INTEGER NOT NULL,
  next_at INTEGER,
  ended_at INTEGER
) STRICT;

CREATE INDEX deliveries_by_status ON deliveries (status, settlement) WHERE ${IN_INDEX};

CREATE TABLE attempts (
  settlement INTEGER NOT NULL,
  attempt INTEGER NOT NULL,
  at INTEGER NOT NULL,
  milliseconds INTEGER NOT NULL,
  outcome INTEGER NOT NULL,
  http_status INTEGER,
  detail TEXT,
  PRIMARY KEY (settlement, attempt)
) STRICT, WITHOUT ROWID;

CREATE TABLE parked (
  account INTEGER NOT NULL,
  settlement INTEGER NOT NULL,
  PRIMARY KEY (account, settlement)
) STRICT, WITHOUT ROWID;
`;

export type Delivery = {
  readonly settlement: number;
  readonly status: Recorded;
  readonly attempts: number;
  readonly failures: number;
  readonly nextAt: number | null;
  readonly endedAt: number | null;
};

/** A delivery as it is now, with the attempt that made it so, if one did. */
export type Change = { readonly delivery: Delivery; readonly attempt: Attempt | null };

/** The two accounts of a settlement, which may be one. */
export type Accounts = { readonly buyer: number; readonly seller: number };

/** What a file must belong to. */
export type Belonging = {
  /** The first command whose trades are in the outbox. */
  readonly from: Seq;
  /** The last command that the exchange has. */
  readonly appliedSeq: number;
};

export type OpenedStore = Pick<OpenedFile, "moved"> & { readonly store: Store };

export class Store {
  readonly #database: Database.Database;
  readonly #statements: ReturnType<typeof prepareStatements>;
  #pruned = 0;

  /**
   * A file that belongs to another outbox is moved aside, and so is one that knows of trades that the journal has not:
   * the exchange has come out of an older backup, and other trades will have their numbers.
   */
  static open(directory: string, belongs: Belonging): OpenedStore {
    const path = pathsIn(directory).settlements;
    const { database, moved } = openOrMoveAside(path, (found) => whyUnusable(found, belongs));
    return { store: new Store(database), moved };
  }

  private constructor(database: Database.Database) {
    this.#database = database;
    this.#statements = prepareStatements(database);
  }

  get taken(): number {
    return this.#statements.taken.get() as number;
  }

  /** All up to this number arrived so long ago that no row is kept of them. */
  get arrivedUpTo(): number {
    const first = this.#statements.firstRecorded.get() as number | null;
    return Math.min(first ?? Number.MAX_SAFE_INTEGER, this.taken + 1) - 1;
  }

  /** The highest number that has a row. */
  get lastRecorded(): number {
    return this.#statements.lastRecorded.get() as number;
  }

  count(status: Recorded): number {
    return this.#statements.count.get(status) as number;
  }

  /** The lowest number in a status, if there is one. */
  first(status: Recorded): number | null {
    return this.#statements.first.get(status) as number | null;
  }

  find(settlement: number): Delivery | undefined {
    const row = this.#statements.find.get(settlement) as RawDelivery | undefined;
    return row === undefined ? undefined : deliveryOf(row);
  }

  /** The latest ones, in their order. */
  attemptsOf(settlement: number): Attempt[] {
    const rows = this.#statements.attempts.all(settlement, SHOWN_ATTEMPTS_MAX) as RawAttempt[];
    return rows.map(attemptOf).reverse();
  }

  /** Those of a status, newest first. */
  *before(status: Recorded, settlement: number): Generator<number> {
    yield* this.#statements.before.iterate(status, settlement) as IterableIterator<number>;
  }

  /** The next ones of a status, oldest first. */
  after(status: Recorded, settlement: number, limit: number): number[] {
    return this.#statements.after.all(status, settlement, limit) as number[];
  }

  /** The oldest one that is parked for an account. */
  firstParked(account: number): number | undefined {
    return this.#statements.firstParked.get(account) as number | undefined;
  }

  accountsWithParked(): number[] {
    return this.#statements.accountsWithParked.all() as number[];
  }

  /** All of it or nothing is in the file. */
  together(write: () => void): void {
    this.#database.transaction(write).immediate();
  }

  save({ delivery, attempt }: Change): void {
    const { settlement, status, attempts, failures, nextAt, endedAt } = delivery;
    this.#statements.save.run(settlement, status, attempts, failures, nextAt, endedAt);
    if (attempt === null) return;
    const { at, milliseconds, outcome, httpStatus, detail } = attempt;
    const number = ATTEMPT_OUTCOMES.indexOf(outcome);
    this.#statements.attempt.run(settlement, attempt.attempt, at, milliseconds, number, httpStatus, detail);
  }

  saveTaken(taken: number): void {
    this.#statements.saveTaken.run(taken);
  }

  /** From here on, what is known may be of this command. */
  saveSeen(seq: Seq): void {
    this.#statements.saveSeen.run(seq);
  }

  park(delivery: Delivery, { buyer, seller }: Accounts): void {
    this.save({ delivery: { ...delivery, status: RECORDED.parked }, attempt: null });
    this.#statements.park.run(buyer, delivery.settlement);
    if (seller !== buyer) this.#statements.park.run(seller, delivery.settlement);
  }

  unpark(delivery: Delivery, { buyer, seller }: Accounts): void {
    this.save({ delivery: { ...delivery, status: RECORDED.pending }, attempt: null });
    this.#statements.unpark.run(buyer, delivery.settlement);
    if (seller !== buyer) this.#statements.unpark.run(seller, delivery.settlement);
  }

  /** Drops what arrived long ago among the next `limit` rows. */
  prune(now: number, limit: number): void {
    const [next] = this.#statements.next.all(this.#pruned, 1) as RawDelivery[];
    if (next?.status === RECORDED.delivered && next.ended_at! > now - KEPT_MS) return;
    const rows = this.#statements.next.all(this.#pruned, limit) as RawDelivery[];
    this.together(() => {
      for (const { settlement, status, ended_at } of rows) {
        if (status === RECORDED.delivered && ended_at! > now - KEPT_MS) return;
        if (status === RECORDED.delivered) {
          this.#statements.dropAttempts.run(settlement);
          this.#statements.drop.run(settlement);
        }
        this.#pruned = settlement;
      }
      if (rows.length < limit) this.#pruned = 0;
    });
  }

  close(): void {
    this.#database.close();
  }
}

/** The first command whose trades are delivered, as the file of a data directory says; null if there is no such file. */
export function settlementsFromOf(directory: string): Seq | null {
  const path = pathsIn(directory).settlements;
  if (!existsSync(path)) return null;
  const database = new Database(path);
  try {
    if (database.pragma("application_id", { simple: true }) !== APPLICATION_ID) return null;
    return (database.prepare("SELECT from_seq FROM position").pluck().get() as Seq | undefined) ?? null;
  } catch (error) {
    // What is damaged is moved aside when deliveries begin, and the ledger knows as well where they did.
    if (error instanceof Database.SqliteError) return null;
    throw error;
  } finally {
    database.close();
  }
}

/** Copies the file while it is being written. False if there is none, or none that can be used. */
export async function copyStore(from: string, to: string): Promise<boolean> {
  if (settlementsFromOf(from) === null) return false;
  await copyPages(pathsIn(from).settlements, pathsIn(to).settlements);
  const copy = new Database(pathsIn(to).settlements);
  copy.pragma("journal_mode = DELETE");
  copy.close();
  return true;
}

export function statusOf(recorded: Recorded): SettlementStatus {
  if (recorded === RECORDED.delivered) return "delivered";
  return recorded === RECORDED.dead ? "dead" : "pending";
}

type RawDelivery = {
  readonly settlement: number;
  readonly status: number;
  readonly attempts: number;
  readonly failures: number;
  readonly next_at: number | null;
  readonly ended_at: number | null;
};

type RawAttempt = {
  readonly attempt: number;
  readonly at: number;
  readonly milliseconds: number;
  readonly outcome: number;
  readonly http_status: number | null;
  readonly detail: string | null;
};

function deliveryOf(row: RawDelivery): Delivery {
  const { settlement, status, attempts, failures, next_at, ended_at } = row;
  return { settlement, status: status as Recorded, attempts, failures, nextAt: next_at, endedAt: ended_at };
}

function attemptOf({ attempt, at, milliseconds, outcome, http_status, detail }: RawAttempt): Attempt {
  const word: AttemptOutcome = wordAt(ATTEMPT_OUTCOMES, outcome);
  return { attempt, at: at as EpochMs, milliseconds, outcome: word, httpStatus: http_status, detail };
}

function whyUnusable(database: Database.Database, { from, appliedSeq }: Belonging): string | null {
  database.pragma(`busy_timeout = ${BUSY_MS}`);
  const application = database.pragma("application_id", { simple: true });
  const tables = database.prepare("SELECT count(*) FROM sqlite_schema").pluck().get();
  if (application !== APPLICATION_ID && (application !== 0 || tables !== 0))
    return "it is no file of deliveries";
  database.pragma("journal_mode = WAL");
  if (application === 0) {
    // Where deliveries begin must outlast a power failure: trades follow at once.
    database.pragma("synchronous = FULL");
    create(database, from);
  }
  // A power failure may cost the last marks, whole: what they marked is sent again.
  database.pragma("synchronous = NORMAL");
  // As the ledger does: the disk, which the journal shares, is busy seldom, and not for long.
  database.pragma(`wal_autocheckpoint = ${CHECKPOINT_PAGES}`);
  const version = database.pragma("user_version", { simple: true });
  if (version !== SCHEMA_VERSION)
    return `it has version ${version}, and this release keeps ${SCHEMA_VERSION}`;
  const row = database.prepare("SELECT from_seq, seen_seq FROM position").raw().get();
  const [own, seen] = row as [number, number];
  if (own !== from) return `its deliveries begin at sequence ${own}, and the ledger's outbox at ${from}`;
  return seen <= appliedSeq ? null : `it knows of sequence ${seen}, and the journal ends at ${appliedSeq}`;
}

function create(database: Database.Database, from: Seq): void {
  database.transaction(() => {
    database.exec(TABLES);
    database.prepare("INSERT INTO position (id, from_seq, taken, seen_seq) VALUES (1, ?, 0, 0)").run(from);
    database.pragma(`user_version = ${SCHEMA_VERSION}`);
    database.pragma(`application_id = ${APPLICATION_ID}`);
  })();
}

function prepareStatements(database: Database.Database) {
  const prepare = (sql: string) => database.prepare(sql);
  return {
    taken: prepare("SELECT taken FROM position").pluck(),
    saveSeen: prepare("UPDATE position SET seen_seq = max(seen_seq, ?)"),
    saveTaken: prepare("UPDATE position SET taken = ?"),
    firstRecorded: prepare("SELECT min(settlement) FROM deliveries").pluck(),
    lastRecorded: prepare("SELECT coalesce(max(settlement), 0) FROM deliveries").pluck(),
    count: prepare(`SELECT count(*) FROM deliveries WHERE status = ? AND ${IN_INDEX}`).pluck(),
    first: prepare(`SELECT min(settlement) FROM deliveries WHERE status = ? AND ${IN_INDEX}`).pluck(),
    find: prepare("SELECT * FROM deliveries WHERE settlement = ?"),
    attempts: prepare("SELECT * FROM attempts WHERE settlement = ? ORDER BY attempt DESC LIMIT ?"),
    before: prepare(
      `SELECT settlement FROM deliveries WHERE status = ? AND ${IN_INDEX} AND settlement < ? ORDER BY settlement DESC`,
    ).pluck(),
    after: prepare(
      `SELECT settlement FROM deliveries WHERE status = ? AND ${IN_INDEX} AND settlement > ? ORDER BY settlement LIMIT ?`,
    ).pluck(),
    firstParked: prepare("SELECT min(settlement) FROM parked WHERE account = ?").pluck(),
    accountsWithParked: prepare("SELECT DISTINCT account FROM parked").pluck(),
    save: prepare(
      `INSERT INTO deliveries (settlement, status, attempts, failures, next_at, ended_at) VALUES (?, ?, ?, ?, ?, ?)
       ON CONFLICT DO UPDATE SET status = excluded.status, attempts = excluded.attempts,
         failures = excluded.failures, next_at = excluded.next_at, ended_at = excluded.ended_at`,
    ),
    attempt: prepare(
      `INSERT OR REPLACE INTO attempts (settlement, attempt, at, milliseconds, outcome, http_status, detail)
       VALUES (?, ?, ?, ?, ?, ?, ?)`,
    ),
    park: prepare("INSERT OR IGNORE INTO parked (account, settlement) VALUES (?, ?)"),
    unpark: prepare("DELETE FROM parked WHERE account = ? AND settlement = ?"),
    next: prepare(
      "SELECT settlement, status, ended_at FROM deliveries WHERE settlement > ? ORDER BY settlement LIMIT ?",
    ),
    drop: prepare("DELETE FROM deliveries WHERE settlement = ?"),
    dropAttempts: prepare("DELETE FROM attempts WHERE settlement = ?"),
  };
}
