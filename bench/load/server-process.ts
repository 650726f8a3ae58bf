/** A server in a process of its own, as it ships, with the processor time that it has used. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";

/** Ticks of the processor clock a second, as Linux counts them for user programs. */
const CLOCK_TICKS = 100;

export type ServerProcess = {
  readonly url: string;
  /** From the start of the process to the line that says it listens. */
  readonly readyMs: number;
  /** Seconds of processor time so far, all threads. */
  cpuSeconds(): number;
  /** Ends it as an operator would and gives its exit code. */
  stop(): Promise<number | null>;
};

/** Starts a command and waits for the line `… listening on URL`. */
export async function startServer(
  command: readonly string[],
  environment: NodeJS.ProcessEnv,
): Promise<ServerProcess> {
  const startedAt = performance.now();
  const child = spawn(command[0]!, command.slice(1), {
    env: { ...process.env, ...environment },
    stdio: ["ignore", "pipe", "ignore"],
  });
  const url = await listeningUrl(child);
  return {
    url,
    readyMs: performance.now() - startedAt,
    cpuSeconds: () => cpuSeconds(child.pid!),
    stop: async () => {
      child.kill("SIGTERM");
      if (child.exitCode === null) await once(child, "exit");
      return child.exitCode;
    },
  };
}

async function listeningUrl(child: ChildProcess): Promise<string> {
  for await (const line of createInterface({ input: child.stdout! })) {
    const found = /listening on (http:\S+)/.exec(line);
    if (found !== null) return found[1]!;
  }
  throw new Error(`the server ended with ${child.exitCode} before it listened`);
}

function cpuSeconds(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
  // The fields after the name, which may hold spaces: user time is the 12th, system time the 13th.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return (Number(fields[11]) + Number(fields[12])) / CLOCK_TICKS;
}
