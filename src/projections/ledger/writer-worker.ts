/** The thread that writes the ledger. */
import { readlinkSync } from "node:fs";
import { setPriority } from "node:os";
import { basename } from "node:path";
import { parentPort, workerData } from "node:worker_threads";
import { LedgerWriter } from "./ledger-writer.ts";
import type { FromWriter, ToWriter } from "./messages.ts";
import { openForWriting } from "./schema.ts";
import type { WriterOptions } from "./workers.ts";
import { messageOf, unpack, WriteLoop } from "./write-loop.ts";

/** A low priority of this thread: when processors are short, orders go first and the ledger's lag shows it. */
const NICENESS = 10;

const { path, retryMs } = workerData as WriterOptions;
const port = parentPort!;
const post = (message: FromWriter) => port.postMessage(message);

try {
  yieldToOrders();
  const { database, moved } = openForWriting(path);
  const writer = new LedgerWriter(database);
  const loop = new WriteLoop({ writer, post, retryMs });
  port.on("message", (message: ToWriter) => {
    if (message.kind === "apply") loop.apply(unpack(message.batch));
    else {
      loop.stop();
      writer.close();
      port.close();
    }
  });
  if (moved !== null) post({ kind: "report", report: { kind: "moved-aside", ...moved } });
  post({ kind: "opened", cursor: writer.cursor });
} catch (error) {
  post({ kind: "fault", message: messageOf(error) });
}

/** Linux gives every thread a priority of its own, and names the one that asks; elsewhere nothing changes. */
function yieldToOrders(): void {
  try {
    const thread = Number(basename(readlinkSync("/proc/thread-self")));
    setPriority(thread, NICENESS);
  } catch {
    // No such thing on this system: the ledger then competes with orders as an equal.
  }
}
