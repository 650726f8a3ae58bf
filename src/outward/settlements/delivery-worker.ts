/** The thread that delivers: it reads the ledger's outbox, keeps its own file, and talks to the wallet service. */
import { parentPort, workerData } from "node:worker_threads";
import { pathsIn } from "../../journal/data-directory.ts";
import { Outbox } from "../../projections/ledger/outbox.ts";
import { openForReading } from "../../projections/ledger/schema.ts";
import { messageOf, NICENESS, yieldToOrders } from "../../projections/threads.ts";
import { DeliveryLoop } from "./delivery-loop.ts";
import type { AnswerOf, AskName, FromWorker, QueryOf, ToWorker, WorkerOptions } from "./messages.ts";
import { Sender } from "./sender.ts";
import { Store } from "./store.ts";
import { SettlementViews } from "./views.ts";

const FIGURES_MS = 250;

type AnyAsk = (
  this: SettlementViews,
  query: QueryOf<AskName>,
) => AnswerOf<AskName> | Promise<AnswerOf<AskName>>;

const { directory, from, appliedSeq, receiver, failuresMax } = workerData as WorkerOptions;
const port = parentPort!;
const post = (message: FromWorker) => port.postMessage(message);

yieldToOrders(NICENESS.deliveries);
const ledger = openForReading(pathsIn(directory).ledger);
const outbox = new Outbox(ledger);
const { store, moved } = Store.open(directory, { from, appliedSeq });
if (moved !== null) post({ kind: "report", report: { kind: "settlements-moved-aside", ...moved } });
const loop = new DeliveryLoop({
  store,
  outbox,
  sender: new Sender(receiver),
  failuresMax,
  onReport: (report) => post({ kind: "report", report }),
  now: Date.now,
  chance: Math.random,
});
const views = new SettlementViews({ loop, store, outbox });
const tellFigures = () => post({ kind: "figures", figures: loop.figures });
const telling = setInterval(tellFigures, FIGURES_MS);

port.on("message", (message: ToWorker) => {
  if (message.kind === "ask") void answer(message);
  else void close();
});
post({ kind: "opened" });
loop.start();
tellFigures();

async function answer({ id, name, query }: Extract<ToWorker, { kind: "ask" }>): Promise<void> {
  try {
    post({ kind: "answer", id, answer: await (views[name] as AnyAsk).call(views, query) });
  } catch (error) {
    post({ kind: "failed", id, message: messageOf(error) });
  }
  tellFigures();
}

async function close(): Promise<void> {
  clearInterval(telling);
  await loop.close();
  store.close();
  ledger.close();
  port.close();
}
