/** The exchange as it ships: by the command of `npm start`, with a data directory of its own. */
import { mkdirSync, mkdtempSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { type ServerProcess, startServer } from "./server-process.ts";

export const ADMIN_KEY = "bench-operator-key-0001";

const { scripts } = JSON.parse(readFileSync("package.json", "utf8")) as { scripts: { start: string } };
const START = scripts.start.split(" ");

/** What `npm start` tells Node itself. */
export const NODE_OPTIONS: readonly string[] = START.filter((word) => word.startsWith("--"));

/** On the disk that the project is on: a folder in memory would prove nothing. */
export function newDataDirectory(): string {
  mkdirSync("data", { recursive: true });
  return mkdtempSync(join("data", "bench-"));
}

export function startExchange(
  directory: string,
  environment: NodeJS.ProcessEnv = {},
): Promise<ServerProcess> {
  return startServer([...START, "--data", directory, "--port", "0"], {
    PREGAO_ADMIN_KEY: ADMIN_KEY,
    ...environment,
  });
}
