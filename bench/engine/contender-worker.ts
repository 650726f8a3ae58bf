/**
 * One contender with one book, in a thread of its own: nobody pays for another's garbage, or for a compiler
 * that has seen another's objects. The main thread lets one of them work at a time.
 */
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { parentPort, workerData } from "node:worker_threads";
import { BigOrderBookContender } from "./big-order-book.ts";
import { AS_OBJECTS, type Contender, type ContenderName } from "./contender.ts";
import { Flow, type FlowOptions, type Tally } from "./flow.ts";
import { NodejsOrderBookContender } from "./nodejs-order-book.ts";
import { Pregao } from "./pregao.ts";

/** Commands that are made ready and run at once: few enough that they stay near, enough for the clock. */
const PIECE = 250;

export type WorkerOptions = FlowOptions & { readonly name: ContenderName };

/** What a contender can be asked for, one thing at a time. */
export type Work =
  /** Fill the book, and say how many bytes that took. */
  | { readonly kind: "fill" }
  /** Run so many commands of the flow, and give the nanoseconds of a command, piece by piece. */
  | { readonly kind: "run"; readonly commands: number }
  /** Run so many commands, and give the nanoseconds of each. */
  | { readonly kind: "single"; readonly commands: number }
  | { readonly kind: "tally" };

export type Answers = {
  readonly fill: { readonly bytes: number };
  readonly run: readonly number[];
  readonly single: Float64Array;
  readonly tally: { readonly found: Tally; readonly due: Tally; readonly open: number };
};

const options = workerData as WorkerOptions;
const flow = new Flow(options);
const contender = contenderNamed(options.name);
const found: Tally = { trades: 0, lots: 0 };

parentPort!.on("message", (work: Work) => parentPort!.postMessage(answer(work)));

function contenderNamed(name: ContenderName): Contender {
  switch (name) {
    case "pregao":
      return new Pregao(options.accounts, "recorded");
    case AS_OBJECTS:
      return new Pregao(options.accounts, "objects");
    case "big-order-book":
      return new BigOrderBookContender();
    case "nodejs-order-book":
      return new NodejsOrderBookContender();
  }
}

function answer(work: Work): Answers[Work["kind"]] {
  switch (work.kind) {
    case "fill":
      return { bytes: bytesOf(fill) };
    case "run":
      return pieces(work.commands, runPiece);
    case "single": {
      const each = new Float64Array(work.commands);
      pieces(work.commands, (count, before) => runSingly(each, before, count));
      return each;
    }
    case "tally":
      return { found, due: flow.tally, open: flow.openCount };
  }
}

function fill(): void {
  for (let left = options.depth; left > 0; left -= PIECE) {
    const count = Math.min(left, PIECE);
    contender.prepare(flow.fill(count));
    runPiece(count);
    contender.countInto(found);
  }
  // What was made ready last is not part of the book.
  contender.prepare([]);
}

function pieces<T>(commands: number, run: (count: number, before: number) => T): T[] {
  const answers: T[] = [];
  // All of them before the first is run: what the flow itself keeps in mind would push the book out of the caches.
  const taken = flow.take(commands);
  for (let before = 0; before < commands; before += PIECE) {
    const count = Math.min(PIECE, commands - before);
    contender.prepare(taken.slice(before, before + count));
    answers.push(run(count, before));
    contender.countInto(found);
  }
  return answers;
}

function runPiece(count: number): number {
  const start = performance.now();
  for (let place = 0; place < count; place += 1) contender.run(place);
  return ((performance.now() - start) * 1e6) / count;
}

/** One reading of the clock a command: it ends one and begins the next. */
function runSingly(each: Float64Array, before: number, count: number): void {
  let start = performance.now();
  for (let place = 0; place < count; place += 1) {
    contender.run(place);
    const end = performance.now();
    each[before + place] = (end - start) * 1e6;
    start = end;
  }
}

/** By how much the heap and the buffers outside it have grown, without garbage. */
function bytesOf(work: () => void): number {
  setFlagsFromString("--expose-gc");
  const collect = runInNewContext("gc") as () => void;
  collect();
  const before = process.memoryUsage();
  work();
  collect();
  const after = process.memoryUsage();
  return after.heapUsed - before.heapUsed + after.arrayBuffers - before.arrayBuffers;
}
