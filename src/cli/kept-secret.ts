/** Secrets of the data directory: each is made at the first start that needs it, and only its owner may read it. */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { UsageError } from "./exit-codes.ts";

export type KeptSecret = {
  readonly file: string;
  /** For messages. */
  readonly what: string;
  readonly make: () => string;
};

/** What the file holds; it is made if it is not there. @throws UsageError for a file that cannot be used. */
export function keptSecret({ file, what, make }: KeptSecret): string {
  try {
    if (!existsSync(file)) writeFileSync(file, `${make()}\n`, { mode: 0o600, flag: "wx" });
    return readFileSync(file, "utf8").trim();
  } catch (error) {
    throw new UsageError(`${what} ${file} cannot be used: ${(error as Error).message}`);
  }
}
