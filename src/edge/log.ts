/**
 * The log: lines of JSON on standard error, gathered and written some kilobytes at a time, so that a line
 * for every answer costs little. Nobody may put a key, a header or a body into it.
 */
import { type Logger, pino } from "pino";

export const LOG_LEVELS = ["trace", "debug", "info", "warn", "error", "fatal", "silent"] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

/** What is told of every answer. All of it is the server's own words, and needs no escaping. */
export type AnswerLine = {
  readonly requestId: string;
  readonly method: string;
  /** The path as it was registered, never what the client sent. */
  readonly route: string;
  readonly status: number;
  readonly ms: number;
};

export type Log = {
  readonly lines: Logger;
  /** A line at level `info` for an answer: there are so many that they have a writer of their own. */
  answer(line: AnswerLine): void;
  /** Writes what is gathered, at once. */
  flush(): void;
  /** Flushes, and stops flushing from time to time. */
  close(): void;
};

const STANDARD_ERROR = 2;
/** Each write wakes another thread, which costs far more than the bytes. */
const GATHERED_BYTES = 32 * 1024;
const GATHERED_LINES = 256;
const WRITTEN_BYTES_MAX = 64 * 1024;
/** If nobody reads the log, what comes after this much is dropped: it must not take the memory of orders. */
const WAITING_BYTES_MAX = 16 * 1024 * 1024;
const FLUSH_EVERY_MS = 200;

export function openLog(level: LogLevel): Log {
  const destination = pino.destination({
    fd: STANDARD_ERROR,
    sync: false,
    minLength: GATHERED_BYTES,
    maxWrite: WRITTEN_BYTES_MAX,
    maxLength: WAITING_BYTES_MAX,
  });
  const lines = pino({ level, base: null }, destination);
  const answers = new AnswerLines(destination);
  const timer = setInterval(() => {
    answers.pass();
    destination.flush();
  }, FLUSH_EVERY_MS).unref();
  const flush = () => {
    answers.pass();
    destination.flushSync();
  };
  return {
    lines,
    answer: lines.isLevelEnabled("info") ? (line) => answers.add(line) : () => {},
    flush,
    close: () => {
      clearInterval(timer);
      flush();
    },
  };
}

/** Gathers the lines of answers as text, and passes them on many at a time. */
class AnswerLines {
  readonly #destination: { write(text: string): boolean };
  #gathered = "";
  #count = 0;

  constructor(destination: { write(text: string): boolean }) {
    this.#destination = destination;
  }

  add({ requestId, method, route, status, ms }: AnswerLine): void {
    this.#gathered += `{"level":30,"time":${Date.now()},"requestId":"${requestId}","method":"${method}","route":"${route}","status":${status},"ms":${ms}}\n`;
    this.#count += 1;
    if (this.#count >= GATHERED_LINES) this.pass();
  }

  pass(): void {
    if (this.#count === 0) return;
    this.#destination.write(this.#gathered);
    this.#gathered = "";
    this.#count = 0;
  }
}
