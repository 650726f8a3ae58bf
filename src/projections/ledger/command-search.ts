/**
 * Finds commands by the ids that trace them. A request id lies between the lowest and the highest of its bucket of
 * commands, a trace id is looked for bucket by bucket, newest first; what a sequence names is there at once.
 */
import type { Database, Statement } from "better-sqlite3";
import { COMMAND_KINDS } from "../../domain/event-codec.ts";
import { REJECTIONS } from "../../domain/rejections.ts";
import type { EpochMs, Seq } from "../../domain/units.ts";
import { BUCKET_BITS, bucketOf, bucketStart } from "./buckets.ts";
import { frameReader } from "./frames.ts";
import type { Page } from "./pages.ts";
import { END } from "./places.ts";
import type { CommandRow, LedgerCommand } from "./rows.ts";
import { packHex, unpackHex, wordAt } from "./words.ts";

/** Commands that one question by sequences or by request id is answered with, at most. */
export const COMMANDS_MAX = 1_000;
/** Buckets that one read looks into for a trace id, at most: some tens of milliseconds. */
const BUCKETS_PER_READ_MAX = 10_000;

export type TraceIdQuery = {
  /** 32 lower-case hexadecimal digits. */
  readonly traceId: string;
  readonly limit: number;
  readonly before?: number | null | undefined;
};

type FoundRow = CommandRow & { readonly seq: number; readonly kind: number; readonly outcome: number | null };

const COLUMNS = "seq, at, kind, outcome, request_id, trace_id";

export class CommandSearch {
  readonly #command: Statement;
  readonly #buckets: Statement;
  readonly #inBucket: Statement;
  readonly #traced: Statement;
  readonly #firstSeq: Statement;
  readonly #lastSeq: Statement;
  readonly #frameAt: ReturnType<typeof frameReader>;

  constructor(database: Database) {
    this.#command = database.prepare(`SELECT ${COLUMNS} FROM commands WHERE seq = ?`);
    this.#buckets = database
      .prepare("SELECT bucket FROM request_ranges WHERE lowest <= ? AND highest >= ? ORDER BY bucket DESC")
      .pluck();
    this.#inBucket = database.prepare(
      `SELECT ${COLUMNS} FROM commands WHERE seq >= ? AND seq < ? AND request_id = ? ORDER BY seq LIMIT ?`,
    );
    this.#traced = database.prepare(
      `SELECT ${COLUMNS} FROM commands INDEXED BY commands_by_trace_id
       WHERE seq >> ${BUCKET_BITS} = ? AND trace_id = ? AND seq < ? ORDER BY seq DESC`,
    );
    this.#firstSeq = database.prepare("SELECT min(seq) FROM commands").pluck();
    this.#lastSeq = database.prepare("SELECT seq FROM cursor").pluck();
    this.#frameAt = frameReader(database);
  }

  /** The commands of these sequences, in the order of the question; what there is none of is left out. */
  bySeq(seqs: readonly number[]): LedgerCommand[] {
    return seqs.slice(0, COMMANDS_MAX).flatMap((seq) => {
      const row = this.#command.get(seq) as FoundRow | undefined;
      return row === undefined ? [] : [this.#read(row)];
    });
  }

  /** The commands of one request, oldest first: a batch of orders is one request and as many commands. */
  byRequestId(requestId: string): LedgerCommand[] {
    const rows: FoundRow[] = [];
    for (const bucket of this.#buckets.all(requestId, requestId) as number[]) {
      const [from, to] = [bucketStart(bucket), bucketStart(bucket + 1)];
      rows.unshift(...(this.#inBucket.all(from, to, requestId, COMMANDS_MAX) as FoundRow[]));
      // A request's commands are consecutive: only at the edge of a bucket are there more in the one before.
      if (rows.length > 0 && rows[0]!.seq > from) break;
    }
    return rows.map((row) => this.#read(row));
  }

  /** The commands of a trace, newest first. A page may come back short, with a place to go on from. */
  byTraceId({ traceId, limit, before }: TraceIdQuery): Page<LedgerCommand> {
    const rows: LedgerCommand[] = [];
    const packed = packHex(traceId);
    const end = Math.min(before ?? END, (this.#lastSeq.get() as number) + 1);
    const last = bucketOf(end - 1);
    const first = bucketOf((this.#firstSeq.get() as number | null) ?? end);
    for (let bucket = last; bucket >= first; bucket -= 1) {
      if (last - bucket === BUCKETS_PER_READ_MAX) return { rows, next: bucketStart(bucket + 1) };
      for (const row of this.#traced.iterate(bucket, packed, end) as IterableIterator<FoundRow>) {
        if (rows.length === limit) return { rows, next: rows.at(-1)!.seq };
        rows.push(this.#read(row));
      }
    }
    return { rows, next: null };
  }

  #read(row: FoundRow): LedgerCommand {
    const { seq, at, kind, outcome, request_id: requestId, trace_id: traceId } = row;
    return {
      seq: seq as Seq,
      at: at as EpochMs,
      kind: wordAt(COMMAND_KINDS, kind),
      refused: outcome === null ? null : wordAt(REJECTIONS, outcome),
      requestId,
      traceId: traceId === null ? null : unpackHex(traceId),
      frameHash: this.#frameAt(seq)!.hash,
    };
  }
}
