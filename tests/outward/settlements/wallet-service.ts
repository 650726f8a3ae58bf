/** The wallet service of the tests, as its parent sees it: started, told how to behave, killed and started again. */
import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const PROGRAM = fileURLToPath(new URL("./receiver.mjs", import.meta.url));
export const SECRET = `whsec_${Buffer.from("a secret of the tests, long enough").toString("base64")}`;
const TOKEN = "token-of-the-tests";

export type Mode = "ok" | "slow" | "stalled" | "flapping" | "garbage" | "refusing";
export type Taken = { readonly settlementId: string; readonly operations: readonly TakenOperation[] };
type TakenOperation = {
  readonly value: number;
  readonly quantity: number;
  readonly userId: string | number;
  readonly operationType: "CREDIT" | "DEBIT";
  readonly requestId: string;
};

export class WalletService {
  readonly complaints: string[] = [];
  readonly #file: string;
  #child: ChildProcess;
  #port: number;

  static async start(directory: string): Promise<WalletService> {
    const file = join(directory, "taken.txt");
    const { child, port } = await launch(file, 0);
    return new WalletService(file, child, port);
  }

  private constructor(file: string, child: ChildProcess, port: number) {
    this.#file = file;
    this.#child = child;
    this.#port = port;
    this.#listen();
  }

  /** What an exchange has to be told so that it delivers here. */
  get environment(): Record<string, string> {
    return {
      PREGAO_WALLET_URL: `http://127.0.0.1:${this.#port}/wallet`,
      PREGAO_WALLET_ALLOW: "127.0.0.1",
      PREGAO_WALLET_TOKEN: TOKEN,
      PREGAO_WALLET_SECRET: SECRET,
    };
  }

  /** All that it has taken, in the order in which it did, once each. */
  get taken(): Taken[] {
    if (!existsSync(this.#file)) return [];
    const lines = readFileSync(this.#file, "utf8").split("\n").slice(0, -1);
    return lines.map((line) => JSON.parse(line.split("\t")[1]!));
  }

  async behave(mode: Mode): Promise<void> {
    const heard = once(this.#child, "message");
    this.#child.send({ mode });
    await heard;
  }

  async kill(): Promise<void> {
    const ended = once(this.#child, "exit");
    this.#child.kill("SIGKILL");
    await ended;
  }

  async restart(): Promise<void> {
    const { child } = await launch(this.#file, this.#port);
    this.#child = child;
    this.#listen();
  }

  #listen(): void {
    this.#child.on("message", (message: { readonly complaint?: string }) => {
      if (message.complaint !== undefined) this.complaints.push(message.complaint);
    });
  }
}

async function launch(file: string, port: number): Promise<{ child: ChildProcess; port: number }> {
  const child = fork(PROGRAM, [file, String(port), SECRET, TOKEN], { execArgv: [] });
  const [message] = (await once(child, "message")) as [{ readonly port: number }];
  return { child, port: message.port };
}
