/**
 * Between which request ids the commands of a bucket lie. A command costs two comparisons, a batch one row: an index
 * by request id would cost every command a row of its own.
 */
import type { Database, Statement } from "better-sqlite3";
import { bucketOf } from "./buckets.ts";

type Range = { readonly bucket: number; lowest: string; highest: string };

export class RequestRanges {
  readonly #save: Statement;
  /** Of the bucket that commands are being added to. */
  #range: Range | undefined;

  constructor(database: Database) {
    this.#save = database.prepare(
      `INSERT INTO request_ranges (bucket, lowest, highest) VALUES (?, ?, ?)
       ON CONFLICT DO UPDATE SET lowest = excluded.lowest, highest = excluded.highest`,
    );
    const last = "SELECT bucket, lowest, highest FROM request_ranges ORDER BY bucket DESC LIMIT 1";
    this.#range = database.prepare(last).get() as Range | undefined;
  }

  add(seq: number, requestId: string): void {
    const bucket = bucketOf(seq);
    const range = this.#range;
    if (range === undefined || range.bucket !== bucket) {
      this.save();
      this.#range = { bucket, lowest: requestId, highest: requestId };
      return;
    }
    if (requestId < range.lowest) range.lowest = requestId;
    if (requestId > range.highest) range.highest = requestId;
  }

  /** Writes the row of the bucket that commands are being added to; the others have been written. */
  save(): void {
    if (this.#range === undefined) return;
    const { bucket, lowest, highest } = this.#range;
    this.#save.run(bucket, lowest, highest);
  }
}
