/**
 * The thread that makes files of history: it reads the ledger by a connection of its own and writes each piece when it
 * is asked for. Orders and the short reads of history go first; nobody waits for it but those who download.
 */
import { setImmediate } from "node:timers/promises";
import { parentPort, workerData } from "node:worker_threads";
import type { AssetIndex, MarketIndex } from "../../domain/units.ts";
import { type HistoryAsked, type HistoryRow, OldestFirst } from "../../projections/ledger/oldest-first.ts";
import type { LedgerEntry, LedgerFill, LedgerTrade } from "../../projections/ledger/rows.ts";
import { openForReading } from "../../projections/ledger/schema.ts";
import { messageOf, NICENESS, yieldToOrders } from "../../projections/threads.ts";
import { entryView, fillItem, type Listed, tradeView } from "../render.ts";
import { type FileRow, filePieces } from "./download-files.ts";
import type { DownloadAsked, DownloadThreadData, FromThread, ToThread } from "./messages.ts";

const port = parentPort!;
yieldToOrders(NICENESS.downloads);
const { path } = workerData as DownloadThreadData;
const database = openForReading(path);
const files = new Map<number, AsyncGenerator<Uint8Array<ArrayBuffer>, void>>();

port.on("message", (message: ToThread) => {
  if (message.kind === "close") {
    files.clear();
    database.close();
    port.close();
  } else if (message.kind === "end") {
    files.delete(message.id);
  } else {
    answer(message).catch((error: unknown) => {
      files.delete(message.id);
      tell({
        kind: "failed",
        id: message.id,
        message: messageOf(error),
      });
    });
  }
});

async function answer(message: Extract<ToThread, { kind: "open" | "next" }>): Promise<void> {
  const { id } = message;
  if (message.kind === "open") {
    const { asked } = message;
    const reading = new OldestFirst(database, asked.list, asked);
    const { archived } = reading;
    const notes = { "pregao.throughSeq": String(asked.throughSeq) };
    const file = { what: asked.list.what, format: asked.format, notes };
    files.set(id, filePieces(file, pagesOf(reading, asked)));
    tell({ kind: "opened", id, archived });
    return;
  }
  const next = await files.get(id)?.next();
  if (next === undefined) return;
  const bytes = next.done === true ? null : next.value;
  tell({ kind: "piece", id, bytes }, bytes === null ? [] : [bytes.buffer]);
}

function tell(message: FromThread, moved: readonly ArrayBuffer[] = []): void {
  port.postMessage(message, moved);
}

async function* pagesOf(
  reading: OldestFirst,
  asked: DownloadAsked,
): AsyncGenerator<readonly FileRow[], void> {
  const view = viewOf(asked);
  for (let rows = reading.next(); rows !== null; rows = reading.next()) {
    yield rows.map(view);
    // Others who download take their turns.
    await setImmediate();
  }
}

function viewOf({ list, assets, markets }: DownloadAsked): (row: HistoryRow) => FileRow {
  const listed: Listed = {
    asset: (index: AssetIndex) => assets[index]!,
    market: (index: MarketIndex) => markets[index]!,
  };
  const views: Readonly<Record<HistoryAsked["what"], (row: HistoryRow) => FileRow>> = {
    statement: (row) => entryView(row as LedgerEntry, listed),
    fills: (row) => fillItem(row as LedgerFill, listed),
    trades: (row) => {
      const trade = row as LedgerTrade;
      return tradeView({ ...trade, trade: trade.tradeId }, listed.market(trade.market), listed);
    },
  };
  return views[list.what];
}
