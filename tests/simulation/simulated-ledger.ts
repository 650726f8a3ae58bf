/**
 * Where the simulated exchange keeps its ledger: the real writer on a database in memory. After every batch its
 * file is copied, for a power failure may cost the last batches, whole; the threads are events of virtual time.
 */
import { EventEmitter } from "node:events";
import type { Worker } from "node:worker_threads";
import Database from "better-sqlite3";
import { LedgerWriter } from "../../src/projections/ledger/ledger-writer.ts";
import type { FromReader, FromWriter, ToReader, ToWriter } from "../../src/projections/ledger/messages.ts";
import { openForWriting } from "../../src/projections/ledger/schema.ts";
import type { LedgerThreads, WriterOptions } from "../../src/projections/ledger/workers.ts";
import { unpack, WriteLoop } from "../../src/projections/ledger/write-loop.ts";
import type { Random } from "./random.ts";
import type { Life, VirtualTime } from "./virtual-time.ts";

/** The file after so many batches: a power failure may cost all of them but one. On a disk it may cost thousands of pages. */
const IMAGES_MAX = 16;
/** Microseconds that a message or a batch takes. */
const MESSAGE_US = [10, 200] as const;
const BATCH_US = [200, 20_000] as const;

const EMPTY: Buffer = emptyLedger();

export class SimulatedLedger {
  readonly #time: VirtualTime;
  readonly #random: Random;
  /** The file after each of the last batches. */
  #images: Buffer[] = [EMPTY];
  #database: Database.Database | undefined;

  constructor(time: VirtualTime, random: Random) {
    this.#time = time;
    this.#random = random;
  }

  threadsOf(life: Life): LedgerThreads {
    return {
      startWriter: (options) => this.#startWriter(life, options),
      startReader: () => this.#startReader(life),
    };
  }

  /** The process that had it open has ended. */
  letGo(): void {
    this.#database?.close();
    this.#database = undefined;
  }

  powerFails(random: Random): void {
    this.#images = this.#images.slice(0, random.between(1, this.#images.length));
  }

  remove(): void {
    this.letGo();
    this.#images = [EMPTY];
  }

  contents(): readonly Buffer[] {
    return this.#images;
  }

  restore(images: readonly Buffer[]): void {
    this.#images = images.slice();
  }

  /** Looks into the file as it is. */
  look<T>(into: (database: Database.Database) => T): T {
    if (this.#database !== undefined) return into(this.#database);
    const database = new Database(this.#images.at(-1)!);
    try {
      return into(database);
    } finally {
      database.close();
    }
  }

  #startWriter(life: Life, { retryMs, isDurable, settlementsFrom }: WriterOptions): Worker {
    const database = new Database(this.#images.at(-1)!);
    this.#database = database;
    const writer = new LedgerWriter(this.#watched(database), settlementsFrom);
    const thread = this.#thread<FromWriter>(life);
    const loop = new WriteLoop({ writer, post: thread.tell, retryMs });
    thread.hear((message: ToWriter) => {
      if (message.kind === "close") {
        thread.end();
        return;
      }
      if (message.kind === "drop") throw new Error("the simulation has no archive");
      if (message.kind === "begin-outbox") {
        writer.beginOutbox(message.from);
        return;
      }
      this.#time.after(this.#random.between(...BATCH_US), life, () => {
        loop.apply(unpack(message.batch));
        this.#keep(database);
        if (isDurable) this.#images = this.#images.slice(-1);
      });
    });
    const { cursor, settlementsFrom: from } = writer;
    thread.tell({ kind: "opened", cursor, archived: null, settlementsFrom: from });
    return thread.worker;
  }

  /** What is written outside of a transaction is in the file at once, and a power failure may come right after it. */
  #watched(database: Database.Database): Database.Database {
    const prepare = database.prepare.bind(database);
    const watched = (sql: string) => {
      const statement = prepare(sql);
      const run = statement.run.bind(statement);
      statement.run = (...values: unknown[]) => {
        const result = run(...values);
        if (!database.inTransaction) this.#keep(database);
        return result;
      };
      return statement;
    };
    return Object.assign(database, { prepare: watched as typeof database.prepare });
  }

  #keep(database: Database.Database): void {
    this.#images = [...this.#images, database.serialize()].slice(-IMAGES_MAX);
  }

  #startReader(life: Life): Worker {
    const thread = this.#thread<FromReader>(life);
    thread.hear((message: ToReader) => {
      if (message.kind === "close") thread.end();
    });
    thread.tell({ kind: "ready" });
    return thread.worker;
  }

  /** Looks like a worker to who started it. */
  #thread<Told>(life: Life) {
    const events = new EventEmitter();
    const soon = (task: () => void) => this.#time.after(this.#random.between(...MESSAGE_US), life, task);
    let heard: (message: never) => void = () => {};
    const worker = Object.assign(events, {
      threadId: 1,
      postMessage: (message: unknown) => void soon(() => heard(message as never)),
      terminate: async () => 0,
    });
    return {
      worker: worker as unknown as Worker,
      tell: (message: Told) => void soon(() => events.emit("message", message)),
      hear: <Message>(hears: (message: Message) => void) => {
        heard = hears;
      },
      end: () => {
        worker.threadId = -1;
        soon(() => events.emit("exit", 0));
      },
    };
  }
}

function emptyLedger(): Buffer {
  const { database } = openForWriting(":memory:");
  const image = database.serialize();
  database.close();
  return image;
}
