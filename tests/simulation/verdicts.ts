/**
 * What must be true of an exchange that has come back from a crash: nothing that was shown is lost or changed,
 * and what it has beyond that was asked for, in that order and in whole groups.
 */
import type { Database } from "better-sqlite3";
import { FIRST_COMMANDS } from "../../src/domain/defaults.ts";
import { decodeOutcomes } from "../../src/domain/event-codec.ts";
import { accountIndex, assetIndex } from "../../src/domain/units.ts";
import type { Exchange } from "../../src/exchange.ts";
import { LedgerWriter } from "../../src/projections/ledger/ledger-writer.ts";
import type { Sent } from "./clients.ts";
import type { Counts } from "./counts.ts";
import { type History, OWN } from "./history.ts";
import type { AboutSnapshot, TornTail } from "./incarnation.ts";
import type { Met } from "./process-disk.ts";
import type { SimulatedDisk } from "./simulated-disk.ts";
import type { SimulatedLedger } from "./simulated-ledger.ts";

/** Holds what was recovered against what was shown before and what may have been done since. */
export function lostOrChanged(before: History, recovered: History, unknown: readonly Sent[]): string | null {
  if (recovered.hasTail) return "after the recovery something stands behind the journal's last frame";
  if (recovered.seq < before.seq)
    return `of ${before.seq} commands that were shown ${recovered.seq} are left`;
  if (recovered.seq < FIRST_COMMANDS.length)
    return `a new exchange has ${recovered.seq} of its first commands`;
  return changed(before, recovered, before.seq) ?? uncalledFor(before, recovered, unknown);
}

/** Holds the first so many commands of both against each other. */
function changed(before: History, recovered: History, count: number): string | null {
  for (let place = 0; place < count; place += 1) {
    const { outcome, requestId } = before.shown[place]!;
    if (outcome.equals(recovered.shown[place]!.outcome)) continue;
    return `command ${place + 1} (${requestId}) is not what it was before the crash`;
  }
  return null;
}

/**
 * A bit that turned over is never believed: the exchange refuses to start, or it reports a torn tail and has
 * everything. Only a last frame that the ledger has not seen may be gone, since nothing tells it from one that
 * a crash has cut.
 */
export function misledBy(
  flip: string,
  {
    sound,
    recovered,
    reported,
    ledgerSeq,
  }: {
    readonly sound: History;
    readonly recovered: History;
    readonly reported: boolean;
    readonly ledgerSeq: number;
  },
): string | null {
  if (!reported) return `${flip} goes unnoticed`;
  // Without its first frame an exchange is a new one, and begins again.
  if (sound.seq <= FIRST_COMMANDS.length) return null;
  const last = sound.frames.at(-1);
  const isLastFrameGone = last !== undefined && recovered.seq === last.firstSeq - 1 && !sound.isClosed;
  if (recovered.seq > sound.seq) return `${flip} makes ${recovered.seq} commands of ${sound.seq}`;
  if (recovered.seq < sound.seq && !isLastFrameGone)
    return `${flip} costs commands from ${recovered.seq + 1} to ${sound.seq}`;
  if (recovered.seq < ledgerSeq) return `${flip} costs commands up to ${ledgerSeq} that the ledger has seen`;
  return changed(sound, recovered, recovered.seq);
}

function uncalledFor(before: History, recovered: History, unknown: readonly Sent[]): string | null {
  const beyond = recovered.shown.slice(before.seq);
  const asked = beyond
    .filter(({ requestId }) => !requestId.startsWith(OWN))
    .map(({ requestId }) => requestId);
  let place = 0;
  for (const { requests } of unknown) {
    if (place >= asked.length) break;
    for (const { requestId } of requests) {
      if (place >= asked.length) return `after the crash there is a part of what was sent with ${requestId}`;
      if (asked[place] !== requestId)
        return `after the crash there is ${asked[place]} where ${requestId} was sent`;
      place += 1;
    }
  }
  if (place < asked.length) return `after the crash there is ${asked[place]}, which nobody waits for`;
  for (const { requestId, outcome } of beyond) {
    if (!requestId.startsWith(OWN) || recovered.seq <= FIRST_COMMANDS.length) continue;
    const [own] = decodeOutcomes(outcome);
    if (own!.commandKind !== "ExpireOrders") return `nobody asked for ${own!.commandKind}`;
  }
  return null;
}

/** What is cut off is kept, and safe, before it is written over. */
export function notKept({ tailBytes, quarantine }: TornTail, disk: SimulatedDisk): string | null {
  if (tailBytes === 0) return null;
  if (quarantine === null) return `a torn tail of ${tailBytes} bytes is thrown away`;
  const bytes = disk.durableBytes(quarantine);
  return bytes === tailBytes ? null : `of a torn tail of ${tailBytes} bytes ${bytes} are safe`;
}

/** Counts what the exchange says of a snapshot; says what is wrong with that, unless its disk has failed. */
export function snapshotFault(
  report: AboutSnapshot,
  counts: Counts,
  { met, hasMetFull }: { readonly met: readonly Met[]; readonly hasMetFull: boolean },
): string | null {
  switch (report.kind) {
    case "snapshot-loaded":
      counts["snapshots loaded"] += 1;
      return null;
    case "snapshot-made":
      counts["snapshots made"] += 1;
      counts["segments removed"] += report.segmentsRemoved;
      return null;
    case "snapshot-skipped":
      counts["snapshots not made"] += 1;
      return null;
    case "snapshot-failed":
      counts["snapshots not made"] += 1;
      return met.length > 0 || hasMetFull
        ? null
        : `a snapshot is not made, and nothing has failed: ${report.message}`;
    case "snapshot-unusable":
      if (met.some(({ what, path }) => what === "open" && path === report.file)) return null;
      return `a snapshot is damaged that nobody has touched: ${report.file}: ${report.what}`;
  }
}

/** Holds the live exchange against the engine that follows it. */
export function differs(exchange: Exchange, history: History): string | null {
  if (exchange.appliedSeq !== history.seq)
    return `it stands at ${exchange.appliedSeq} and not at ${history.seq}`;
  if (exchange.stateDigest() === history.stateDigest()) return null;
  for (let account = 0; account <= history.accounts; account += 1) {
    for (let asset = 0; asset < 3; asset += 1) {
      const { available, held } = exchange.balances.get(accountIndex(account), assetIndex(asset));
      const kept = history.balances.get(accountIndex(account), assetIndex(asset));
      if (available === kept.available && held === kept.held) continue;
      return `account ${account} has ${available} and ${held} of asset ${asset}, and not ${kept.available} and ${kept.held}`;
    }
  }
  return "its state is not that of a replay from the first command";
}

/** What is wrong with a ledger that has come so far, looked at cheaply. */
export function ledgerFault(database: Database, history: History): string | null {
  const cursor = database.prepare("SELECT seq FROM cursor").pluck().get() as number;
  if (cursor > history.seq) return `the ledger has ${cursor}, and the journal ends with ${history.seq}`;
  const [count, last] = database
    .prepare("SELECT count(*), coalesce(max(seq), 0) FROM commands")
    .raw()
    .get() as number[];
  if (count !== cursor || last !== cursor)
    return `the ledger has come to ${cursor} with ${count} commands up to ${last}`;
  const sums = database
    .prepare("SELECT asset FROM balances GROUP BY asset HAVING sum(total) <> 0")
    .pluck()
    .all();
  return sums.length === 0 ? null : `the ledger's entries of asset ${sums[0]} do not sum to zero`;
}

/** The ledger has the same rows as one that is written from the journal alone. */
export function ledgerDiffers(ledger: SimulatedLedger, history: History): string | null {
  const fault = ledger.look((database) => ledgerFault(database, history));
  if (fault !== null) return fault;
  const rows = ledger.look(allRows);
  ledger.remove();
  const rebuilt = ledger.look((database) => {
    new LedgerWriter(database).apply(history.frames);
    return allRows(database);
  });
  return rebuilt === rows ? null : "the ledger is not what the journal alone makes it";
}

/** Every row of every table. */
function allRows(database: Database): string {
  const tables = database
    .prepare("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name")
    .pluck()
    .all() as string[];
  const read = (table: string) => database.prepare(`SELECT * FROM ${table} ORDER BY 1, 2`).raw().all();
  return JSON.stringify(tables.map((table) => [table, read(table)]));
}
