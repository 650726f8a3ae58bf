/** Stretches of commands, of which ids are looked for one by one. */

/**
 * Ids that say nothing of their place are indexed in buckets of 2^13 commands: a batch then touches the pages of one
 * bucket, and who looks for an id asks bucket by bucket. Over the whole table, every id would touch a page of its own.
 */
export const BUCKET_BITS = 13;

const WIDTH = 2 ** BUCKET_BITS;

/** The bucket of a command, as `seq >> BUCKET_BITS` is in SQL, where numbers have 64 bits. */
export function bucketOf(seq: number): number {
  return Math.floor(seq / WIDTH);
}

/** The first command of a bucket. */
export function bucketStart(bucket: number): number {
  return bucket * WIDTH;
}
