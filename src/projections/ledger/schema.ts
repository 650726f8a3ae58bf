/**
 * The tables of the ledger and how its file is opened. Rows are appended in the order in which they happen,
 * so a batch touches few pages; what belongs together (an account's orders, a wallet's entries, an order's
 * fills) is a chain of `previous` columns, whose ends are kept beside the balances. An index by account
 * instead would touch a page of its own for nearly every row: that costs more than all the rest. Everything
 * is whole units; the views beside the tables spell names and words for people.
 */
import Database from "better-sqlite3";
import { FEES_ACCOUNT_ID } from "../../domain/commands.ts";
import { BUCKET_BITS } from "./buckets.ts";
import { type OpenedFile, openOrMoveAside } from "./database-file.ts";
import { RETENTION_TABLES } from "./retention.ts";
import { VIEWS } from "./views.ts";

/** Another version's file is moved aside, and the ledger is rebuilt from the journal. */
const SCHEMA_VERSION = 3;

/** "Preg" in ASCII: tells our file from any other SQLite file. */
const APPLICATION_ID = 0x50726567;

/** Where money comes from on a deposit and goes to on a withdrawal, so that every transaction sums to zero. */
export const EXTERNAL_ACCOUNT = -1;

/**
 * The log is copied into the file every so many pages. More would save little (pages are rarely written twice)
 * and would make the disk, which the journal shares, busy for longer at a time.
 */
const CHECKPOINT_PAGES = 2_000;
const BUSY_MS = 1_000;
const CACHE_KIB = 64 * 1024;
const LOG_BYTES_KEPT = 16 * 1024 * 1024;

/** Every so many orders of an account, or entries of a wallet, one is marked, to find a time in a long chain. */
export const MARK_EVERY = 64;

const TABLES = `
CREATE TABLE cursor (
  id INTEGER PRIMARY KEY CHECK (id = 1),
  seq INTEGER NOT NULL,
  frame_hash ANY,
  next_entry INTEGER NOT NULL,
  settlements_from INTEGER,
  next_settlement INTEGER NOT NULL
) STRICT;

CREATE TABLE accounts (
  account INTEGER PRIMARY KEY,
  account_id TEXT NOT NULL,
  name TEXT,
  status INTEGER NOT NULL,
  cancel_after INTEGER
) STRICT;

CREATE TABLE assets (asset INTEGER PRIMARY KEY, name TEXT NOT NULL, scale INTEGER NOT NULL) STRICT;

CREATE TABLE markets (
  market INTEGER PRIMARY KEY,
  name TEXT NOT NULL,
  base INTEGER NOT NULL,
  quote INTEGER NOT NULL,
  tick_units INTEGER NOT NULL,
  tick_scale INTEGER NOT NULL,
  lot_units INTEGER NOT NULL,
  lot_scale INTEGER NOT NULL,
  base_minor_per_lot INTEGER NOT NULL,
  maker_fee INTEGER NOT NULL,
  taker_fee INTEGER NOT NULL,
  price_band INTEGER,
  reference_price INTEGER,
  status INTEGER NOT NULL
) STRICT;

CREATE TABLE frames (first_seq INTEGER PRIMARY KEY, last_seq INTEGER NOT NULL, hash ANY NOT NULL) STRICT;

-- first_entry is the id that the command's first entry has, or would have had: times become ranges of
-- entries by it.
CREATE TABLE commands (
  seq INTEGER PRIMARY KEY,
  at INTEGER NOT NULL,
  kind INTEGER NOT NULL,
  outcome INTEGER,
  first_entry INTEGER NOT NULL,
  request_id TEXT NOT NULL,
  trace_id ANY
) STRICT;

CREATE INDEX commands_by_trace_id ON commands (seq >> ${BUCKET_BITS}, trace_id) WHERE trace_id IS NOT NULL;

-- Request ids rise nearly as sequences do: of each bucket of commands, the lowest and the highest leave one bucket
-- or two to look through, whatever clock they were made by.
CREATE TABLE request_ranges (
  bucket INTEGER PRIMARY KEY,
  lowest TEXT NOT NULL,
  highest TEXT NOT NULL
) STRICT;

-- price and quantity are as amended last; previous is the account's order before; last_trade starts the chain
-- of the order's fills, which goes on in the trades. updated_seq is the command that touched it last, and updated_at
-- that command's time, so that a list need not look it up. The last columns are those that an ordinary order leaves alone.
CREATE TABLE orders (
  order_id INTEGER PRIMARY KEY,
  account INTEGER NOT NULL,
  market INTEGER NOT NULL,
  side INTEGER NOT NULL,
  type INTEGER NOT NULL,
  time_in_force INTEGER NOT NULL,
  price INTEGER,
  quantity INTEGER,
  quote_quantity INTEGER,
  expires_at INTEGER,
  post_only INTEGER NOT NULL,
  self_trade_prevention INTEGER NOT NULL,
  client_order_id TEXT,
  previous INTEGER,
  status INTEGER NOT NULL,
  reason INTEGER,
  filled_quantity INTEGER NOT NULL,
  filled_value INTEGER NOT NULL,
  last_trade INTEGER,
  updated_at INTEGER NOT NULL,
  updated_seq INTEGER NOT NULL,
  trigger_price INTEGER,
  trailing_offset INTEGER,
  display_quantity INTEGER,
  prevented_quantity INTEGER NOT NULL DEFAULT 0
) STRICT;

CREATE INDEX orders_by_client_id ON orders (order_id >> ${BUCKET_BITS}, account, client_order_id)
  WHERE client_order_id IS NOT NULL;

-- Later commands that amended an order, triggered it or took from it without a trade. Its trades are a chain of
-- their own, and what ended it is the command that touched it last.
CREATE TABLE order_changes (
  order_id INTEGER NOT NULL,
  seq INTEGER NOT NULL,
  PRIMARY KEY (order_id, seq)
) STRICT, WITHOUT ROWID;

CREATE TABLE order_heads (
  account INTEGER PRIMARY KEY,
  last_order INTEGER NOT NULL,
  order_count INTEGER NOT NULL
) STRICT;

CREATE TABLE order_marks (
  account INTEGER NOT NULL,
  order_id INTEGER NOT NULL,
  PRIMARY KEY (account, order_id)
) STRICT, WITHOUT ROWID;

-- The first two entries from first_entry on are the seller's and the buyer's of the base asset.
CREATE TABLE trades (
  market INTEGER NOT NULL,
  trade INTEGER NOT NULL,
  seq INTEGER NOT NULL,
  price INTEGER NOT NULL,
  quantity INTEGER NOT NULL,
  value INTEGER NOT NULL,
  taker_side INTEGER NOT NULL,
  taker_account INTEGER NOT NULL,
  taker_order INTEGER NOT NULL,
  taker_fee INTEGER NOT NULL,
  taker_previous INTEGER,
  maker_account INTEGER NOT NULL,
  maker_order INTEGER NOT NULL,
  maker_fee INTEGER NOT NULL,
  maker_previous INTEGER,
  first_entry INTEGER NOT NULL,
  PRIMARY KEY (market, trade)
) STRICT, WITHOUT ROWID;

-- previous is the entry before of the same account and asset.
CREATE TABLE entries (
  entry INTEGER PRIMARY KEY,
  account INTEGER NOT NULL,
  asset INTEGER NOT NULL,
  seq INTEGER NOT NULL,
  amount INTEGER NOT NULL,
  balance_after INTEGER NOT NULL,
  kind INTEGER NOT NULL,
  order_id INTEGER,
  market INTEGER,
  trade INTEGER,
  previous INTEGER
) STRICT;

-- Deposits, withdrawals, transfers and settlements, which a trader's many trades would hide.
CREATE INDEX entries_by_movement ON entries (account, kind, entry) WHERE trade IS NULL;

CREATE TABLE entry_marks (
  account INTEGER NOT NULL,
  asset INTEGER NOT NULL,
  entry INTEGER NOT NULL,
  PRIMARY KEY (account, asset, entry)
) STRICT, WITHOUT ROWID;

CREATE TABLE transfers (
  seq INTEGER PRIMARY KEY,
  kind INTEGER NOT NULL,
  account INTEGER NOT NULL,
  to_account INTEGER,
  asset INTEGER NOT NULL,
  amount INTEGER NOT NULL,
  reference TEXT NOT NULL
) STRICT;

-- What names an entry of a settlement to its client: the settlement's id, or its own reference.
CREATE TABLE settled_entries (entry INTEGER PRIMARY KEY, reference TEXT NOT NULL) STRICT;

CREATE TABLE balances (
  account INTEGER NOT NULL,
  asset INTEGER NOT NULL,
  total INTEGER NOT NULL,
  last_entry INTEGER,
  entry_count INTEGER NOT NULL,
  PRIMARY KEY (account, asset)
) STRICT, WITHOUT ROWID;

-- The outbox: what is told to the operator's own wallet service, from the command settlements_from of the cursor on. A
-- row needs no other one, be it dropped or not: the trace, and the request ids of the two orders, are kept with it.
CREATE TABLE settlements (
  settlement INTEGER PRIMARY KEY,
  seq INTEGER NOT NULL,
  at INTEGER NOT NULL,
  market INTEGER NOT NULL,
  trade INTEGER NOT NULL,
  price INTEGER NOT NULL,
  quantity INTEGER NOT NULL,
  buyer INTEGER NOT NULL,
  seller INTEGER NOT NULL,
  buyer_request TEXT NOT NULL,
  seller_request TEXT NOT NULL,
  trace_id ANY
) STRICT;

CREATE UNIQUE INDEX settlements_by_trade ON settlements (market, trade);
`;

/** The file as it was found: `movedTo` names the copy if it could not be used. */
/** Whether a transaction that was written survives a power failure: it costs a sync each. */
export type LedgerSafety = { readonly isDurable: boolean };

/** Opens the ledger for its one writer. A file that is no ledger of this version is moved aside, never deleted. */
export function openForWriting(path: string, options: LedgerSafety = { isDurable: false }): OpenedFile {
  return openOrMoveAside(path, (database) => {
    // Whoever looks into the file by hand may hold it for a moment.
    database.pragma(`busy_timeout = ${BUSY_MS}`);
    const unusable = whyUnusable(database);
    if (unusable !== null) return unusable;
    configure(database, options);
    if (database.pragma("application_id", { simple: true }) === 0) create(database);
    return null;
  });
}

/** A connection that sees what has been committed, and never delays the writer. */
export function openForReading(path: string): Database.Database {
  const database = new Database(path, { readonly: true, fileMustExist: true });
  database.pragma("query_only = ON");
  return database;
}

/** Why a database is no ledger that this release can go on with, or null if it is one, be it a new one. */
export function whyUnusable(database: Database.Database): string | null {
  const application = database.pragma("application_id", { simple: true });
  const version = database.pragma("user_version", { simple: true });
  const tables = database.prepare("SELECT count(*) FROM sqlite_schema").pluck().get();
  if (application === 0 && version === 0 && tables === 0) return null;
  if (application !== APPLICATION_ID) return "it is not a ledger";
  if (version !== SCHEMA_VERSION)
    return `it has version ${version}, and this release keeps ${SCHEMA_VERSION}`;
  const cursors = database.prepare("SELECT count(*) FROM cursor").pluck().get();
  return cursors === 1 ? null : "it has no cursor";
}

function configure(database: Database.Database, { isDurable }: LedgerSafety): void {
  database.pragma("journal_mode = WAL");
  // Unless it is durable, a power cut may cost the last transactions, whole: the cursor goes back with its rows.
  database.pragma(`synchronous = ${isDurable ? "FULL" : "NORMAL"}`);
  // What a process that was killed has left in the log may be in the system's cache alone.
  if (isDurable) database.pragma("wal_checkpoint(TRUNCATE)");
  database.pragma(`wal_autocheckpoint = ${CHECKPOINT_PAGES}`);
  database.pragma(`journal_size_limit = ${LOG_BYTES_KEPT}`);
  database.pragma(`cache_size = ${-CACHE_KIB}`);
  database.pragma("temp_store = MEMORY");
}

function create(database: Database.Database): void {
  const account = "INSERT INTO accounts (account, account_id, name, status) VALUES (?, ?, ?, 0)";
  database.transaction(() => {
    database.exec(TABLES);
    database.exec(RETENTION_TABLES);
    database.exec(VIEWS);
    database.exec(
      "INSERT INTO cursor (id, seq, frame_hash, next_entry, next_settlement) VALUES (1, 0, NULL, 1, 1)",
    );
    database.prepare(account).run(EXTERNAL_ACCOUNT, "(outside)", "where deposits come from");
    database.prepare(account).run(0, FEES_ACCOUNT_ID, null);
    database.pragma(`user_version = ${SCHEMA_VERSION}`);
    database.pragma(`application_id = ${APPLICATION_ID}`);
  })();
}
