/**
 * The log: lines of JSON on standard error, gathered and written some kilobytes at a time, so that a line
 * for every answer costs little. Nobody may put a key, a header or a body into it.
 */
import { type Logger, pino } from "pino";

export const LOG_LEVELS = ["trace", "debug", "info", "warn", "error", "fatal", "silent"] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

export type Log = {
  readonly lines: Logger;
  /** Writes what is gathered, at once. */
  flush(): void;
  /** Flushes, and stops flushing from time to time. */
  close(): void;
};

const STANDARD_ERROR = 2;
/** Each write wakes another thread, which costs far more than the bytes. */
const GATHERED_BYTES = 32 * 1024;
const WRITTEN_BYTES_MAX = 64 * 1024;
const FLUSH_EVERY_MS = 200;

export function openLog(level: LogLevel): Log {
  const destination = pino.destination({
    fd: STANDARD_ERROR,
    sync: false,
    minLength: GATHERED_BYTES,
    maxWrite: WRITTEN_BYTES_MAX,
  });
  const lines = pino({ level, base: null }, destination);
  const timer = setInterval(() => destination.flush(), FLUSH_EVERY_MS).unref();
  const flush = () => destination.flushSync();
  return {
    lines,
    flush,
    close: () => {
      clearInterval(timer);
      flush();
    },
  };
}
