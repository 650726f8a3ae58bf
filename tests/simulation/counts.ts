/** What a simulation has been through, for a summary; the sums of many say whether it tries what it should. */
export const COUNTED = [
  "commands",
  "acknowledgements",
  "unknown outcomes",
  "retries",
  "turned away: disk full",
  "turned away: overloaded",
  "process crashes",
  "power failures",
  "clean stops",
  "recoveries",
  "recoveries cut short",
  "torn tails",
  "failures met",
  "syncs",
  "bits flipped",
  "flips refused",
  "flips repaired",
  "flips that cost an unseen frame",
  "flips that a snapshot covers",
  "clock jumps",
  "ledgers lost",
] as const;

export type Counted = (typeof COUNTED)[number];
export type Counts = Record<Counted, number>;

export function noCounts(): Counts {
  return Object.fromEntries(COUNTED.map((name) => [name, 0])) as Counts;
}

export function addCounts(sum: Counts, more: Counts): void {
  for (const name of COUNTED) sum[name] += more[name];
}
