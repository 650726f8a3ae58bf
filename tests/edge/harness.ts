/**
 * A real server for tests: the built `pregao serve` on a free port and a data directory of its own, a client
 * that speaks JSON to it, and one that sends whatever bytes a test likes.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

export const ADMIN_KEY = "operator-key-of-the-tests";

const MAIN = fileURLToPath(new URL("../../dist/main.js", import.meta.url));
const LISTENING = /^pregao listening on (http:\/\/\S+)$/m;
const START_MS_MAX = 20_000;
const RAW_MS_MAX = 5_000;

export type RunningServer = {
  /** Such as `http://127.0.0.1:40123`. */
  readonly url: string;
  readonly directory: string;
  readonly process: ChildProcess;
  /** What it wrote to standard error so far. */
  log(): string;
  /** Asks it to stop and gives its exit code; the data directory stays. */
  stop(): Promise<number | null>;
  /** Stops it if it runs, and removes the data directory. */
  dispose(): Promise<void>;
};

type StartOptions = {
  /** A data directory to go on with; a new one unless given. */
  readonly directory?: string;
  readonly env?: Readonly<Record<string, string>>;
};

export async function startServer(options: StartOptions = {}): Promise<RunningServer> {
  const directory = options.directory ?? mkdtempSync(join(tmpdir(), "pregao-edge-"));
  const child = spawn(process.execPath, [MAIN, "serve", "--data", directory, "--port", "0"], {
    env: { ...process.env, PREGAO_ADMIN_KEY: ADMIN_KEY, ...options.env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let output = "";
  let errors = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    output += text;
  });
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    errors += text;
  });
  const ended = new Promise<number | null>((resolve) => child.once("exit", resolve));
  const stop = async () => {
    child.kill("SIGTERM");
    return ended;
  };
  const url = await new Promise<string>((resolve, reject) => {
    const patience = setTimeout(() => reject(new Error(`no server in time: ${errors}`)), START_MS_MAX);
    child.stdout.on("data", () => {
      const address = LISTENING.exec(output)?.[1];
      if (address === undefined) return;
      clearTimeout(patience);
      resolve(address);
    });
    child.once("exit", (code) => reject(new Error(`the server ended with ${code}: ${errors}`)));
  });
  const dispose = async () => {
    await stop();
    rmSync(directory, { recursive: true, force: true });
  };
  return { url, directory, process: child, log: () => errors, stop, dispose };
}

// biome-ignore lint/suspicious/noExplicitAny: bodies are looked into field by field, and a wrong one fails there.
export type Body = any;

export type Received = {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Body;
  /** `Pregao-Seq`, or null. */
  readonly seq: number | null;
  readonly replayed: boolean;
};

export class Client {
  readonly url: string;
  readonly key: string | undefined;

  constructor(url: string, key?: string) {
    this.url = url;
    this.key = key;
  }

  get(path: string, headers: Record<string, string> = {}): Promise<Received> {
    return this.send("GET", path, { headers });
  }

  post(path: string, body: unknown, headers: Record<string, string> = {}): Promise<Received> {
    return this.send("POST", path, { body: JSON.stringify(body), headers });
  }

  patch(path: string, body: unknown): Promise<Received> {
    return this.send("PATCH", path, { body: JSON.stringify(body) });
  }

  delete(path: string): Promise<Received> {
    return this.send("DELETE", path, {});
  }

  /** A body is sent as it is; as JSON unless the headers say otherwise. */
  async send(
    method: string,
    path: string,
    { body, headers = {} }: { readonly body?: string | Buffer; readonly headers?: Record<string, string> },
  ): Promise<Received> {
    const all = new Headers(headers);
    if (this.key !== undefined && !all.has("authorization")) all.set("authorization", `Bearer ${this.key}`);
    if (body !== undefined && !all.has("content-type")) all.set("content-type", "application/json");
    const response = await fetch(this.url + path, {
      method,
      headers: all,
      ...(body === undefined ? {} : { body }),
    });
    const text = await response.text();
    const isJson = /[/+]json/.test(response.headers.get("content-type") ?? "");
    const seq = response.headers.get("pregao-seq");
    return {
      status: response.status,
      headers: response.headers,
      body: isJson && text !== "" ? JSON.parse(text) : text,
      seq: seq === null ? null : Number(seq),
      replayed: response.headers.get("idempotency-replayed") === "true",
    };
  }
}

/** Sends bytes as they are and gives everything that comes back until the connection ends or falls silent. */
export function sendRaw(
  url: string,
  bytes: string | Buffer,
  silentMs = 300,
  patienceMs = RAW_MS_MAX,
): Promise<string> {
  const { hostname, port } = new URL(url);
  return new Promise((resolve, reject) => {
    const socket = connect({ host: hostname, port: Number(port) });
    let received = "";
    let silence: NodeJS.Timeout | undefined;
    const end = () => {
      clearTimeout(silence);
      clearTimeout(patience);
      socket.destroy();
      resolve(received);
    };
    const patience = setTimeout(end, patienceMs);
    socket.setEncoding("utf8").on("data", (text) => {
      received += text;
      clearTimeout(silence);
      silence = setTimeout(end, silentMs);
    });
    socket.on("end", end).on("error", (error: NodeJS.ErrnoException) => {
      // The server may close before it has read all that we send.
      if (error.code === "ECONNRESET" || error.code === "EPIPE") end();
      else reject(error);
    });
    socket.write(bytes);
  });
}

type Trader = {
  readonly accountId: string;
  readonly scopes?: readonly string[];
  /** What it has, by asset. */
  readonly funds?: Readonly<Record<string, string>>;
};

/** Opens an account with a key and money. */
export async function openTrader(operator: Client, trader: Trader): Promise<Client> {
  const { accountId, scopes = ["read", "trade", "withdraw", "transfer"], funds = {} } = trader;
  await expectStatus(201, operator.post("/v1/accounts", { accountId }));
  for (const [asset, amount] of Object.entries(funds)) {
    const reference = `seed-${asset}`;
    await expectStatus(201, operator.post("/v1/deposits", { accountId, asset, amount, reference }));
  }
  const made = await expectStatus(
    201,
    operator.post(`/v1/accounts/${accountId}/keys`, { name: "test", scopes }),
  );
  return new Client(operator.url, made.body.key);
}

async function expectStatus(status: number, sent: Promise<Received>): Promise<Received> {
  const received = await sent;
  if (received.status === status) return received;
  throw new Error(`${received.status} instead of ${status}: ${JSON.stringify(received.body)}`);
}
