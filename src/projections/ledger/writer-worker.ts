/** The thread that writes the ledger. */
import { parentPort, workerData } from "node:worker_threads";
import { messageOf, NICENESS, yieldToOrders } from "../threads.ts";
import { DropLoop } from "./drop-loop.ts";
import { LedgerWriter } from "./ledger-writer.ts";
import type { FromWriter, ToWriter } from "./messages.ts";
import { Retention } from "./retention.ts";
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
  const retention = new Retention(database);
  const dropLoop = new DropLoop({ retention, post, retryMs });
  port.on("message", (message: ToWriter) => {
    if (message.kind === "apply") loop.apply(unpack(message.batch));
    else if (message.kind === "drop") dropLoop.drop(message.boundary);
    else if (message.kind === "begin-outbox") writer.beginOutbox(message.from);
    else {
      loop.stop();
      dropLoop.stop();
      writer.close();
      port.close();
    }
  });
  if (moved !== null) post({ kind: "report", report: { kind: "moved-aside", ...moved } });
  const { cursor, settlementsFrom: from } = writer;
  post({ kind: "opened", cursor, archived: retention.archived, settlementsFrom: from });
  dropLoop.start();
} catch (error) {
  // It is said to whoever starts the exchange, who cannot do anything with a stack.
  post({ kind: "fault", message: messageOf(error) });
}
