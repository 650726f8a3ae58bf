/** The thread that makes one snapshot and ends. */
import { parentPort, workerData } from "node:worker_threads";
import { messageOf, NICENESS, yieldToOrders } from "../projections/threads.ts";
import type { UnusableSnapshot } from "./load-snapshot.ts";
import { type MadeSnapshot, makeSnapshot, type SnapshotTask } from "./make-snapshot.ts";

/** What the thread says: any number of reports, and one result. */
export type FromSnapshotThread =
  | UnusableSnapshot
  | MadeSnapshot
  | { readonly kind: "failed"; readonly message: string };

const port = parentPort!;
const post = (message: FromSnapshotThread) => port.postMessage(message);

yieldToOrders(NICENESS.snapshots);
try {
  post(await makeSnapshot(workerData as SnapshotTask, { onUnusable: post }));
} catch (error) {
  post({ kind: "failed", message: messageOf(error) });
}
