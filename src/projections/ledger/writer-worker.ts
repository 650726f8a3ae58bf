/** The thread that writes the ledger. */
import { parentPort, workerData } from "node:worker_threads";
import { NICENESS, yieldToOrders } from "../threads.ts";
import { LedgerWriter } from "./ledger-writer.ts";
import type { FromWriter, ToWriter } from "./messages.ts";
import { openForWriting } from "./schema.ts";
import type { WriterOptions } from "./workers.ts";
import { unpack, WriteLoop } from "./write-loop.ts";

const { path, retryMs, isDurable, settlementsFrom } = workerData as WriterOptions;
const port = parentPort!;
const post = (message: FromWriter) => port.postMessage(message);

try {
  yieldToOrders(NICENESS.ledger);
  const { database, moved } = openForWriting(path, { isDurable });
  const writer = new LedgerWriter(database, settlementsFrom);
  const loop = new WriteLoop({ writer, post, retryMs });
  port.on("message", (message: ToWriter) => {
    if (message.kind === "apply") loop.apply(unpack(message.batch));
    else if (message.kind === "settlements") writer.recordSettlements(message.from);
    else {
      loop.stop();
      writer.close();
      port.close();
    }
  });
  if (moved !== null) post({ kind: "report", report: { kind: "moved-aside", ...moved } });
  post({ kind: "opened", cursor: writer.cursor, settlementsFrom: writer.settlementsFrom });
} catch (error) {
  // It is said to whoever starts the exchange, who cannot do anything with a stack.
  post({ kind: "fault", message: error instanceof Error ? error.message : String(error) });
}
