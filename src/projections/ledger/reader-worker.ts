/** The thread that reads the ledger. Every read sees one state of it, whatever is written meanwhile. */
import { parentPort, workerData } from "node:worker_threads";
import type { Seq } from "../../domain/units.ts";
import { stackOf } from "../threads.ts";
import { LedgerQueries } from "./ledger-queries.ts";
import type { FromReader, QueryOf, Reading, ReadName, RowsOf, ToReader } from "./messages.ts";
import { archivedOf, keptReader } from "./retention.ts";
import { openForReading } from "./schema.ts";
import type { ReaderOptions } from "./workers.ts";

type AnyRead = (this: LedgerQueries, query: QueryOf<ReadName>) => RowsOf<ReadName>;

const { path } = workerData as ReaderOptions;
const port = parentPort!;
const database = openForReading(path);
const queries = new LedgerQueries(database);
const kept = keptReader(database);
const lastSeq = database.prepare("SELECT seq FROM cursor").pluck();
const read = database.transaction(
  (name: ReadName, query: QueryOf<ReadName>): Reading<RowsOf<ReadName>> => ({
    result: (queries[name] as AnyRead).call(queries, query),
    seq: lastSeq.get() as Seq,
    archived: archivedOf(kept()),
  }),
);

port.on("message", (message: ToReader) => {
  if (message.kind === "close") {
    database.close();
    port.close();
    return;
  }
  port.postMessage(answer(message));
});
port.postMessage({ kind: "ready" } satisfies FromReader);

function answer({ id, name, query }: Extract<ToReader, { kind: "read" }>): FromReader {
  try {
    return { kind: "rows", id, read: read(name, query) };
  } catch (error) {
    return { kind: "failed", id, message: stackOf(error) };
  }
}
