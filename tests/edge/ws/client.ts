/** A WebSocket client that remembers what it got and waits for what it expects; it never sleeps and hopes. */
import type { IncomingHttpHeaders } from "node:http";
import { type ClientOptions, WebSocket } from "ws";

type ReceivedProblem = {
  readonly type: string;
  readonly status: number;
  readonly code: string;
  readonly requestId: string;
  readonly oldestSeq: number;
  readonly errors: readonly { readonly path: string; readonly message: string }[];
};

/** Any message; a field that it should have and has not is caught by what is expected of it. */
export type Received = {
  readonly op?: string | null;
  readonly id?: string | number;
  readonly ok: boolean;
  readonly error: ReceivedProblem;
  readonly channel: string;
  readonly market: string;
  readonly accountId?: string;
  readonly type: string;
  readonly seq: number;
  readonly prevSeq: number;
  readonly bids: readonly (readonly [string, string])[];
  readonly asks: readonly (readonly [string, string])[];
  readonly tradeId: number;
  readonly orderId: number;
  readonly order: { readonly orderId: number; readonly status: string; readonly filledQuantity: string };
  readonly asset: string;
  readonly available: string;
  readonly cause: string;
};

type Waiter = { readonly check: () => boolean; readonly resolve: () => void };

const PATIENCE_MS = 20_000;

export class Client {
  readonly socket: WebSocket;
  /** Everything received, in order. */
  readonly messages: Received[] = [];
  /** How the connection ended; resolves when it has. */
  readonly closed: Promise<{ readonly code: number; readonly reason: string }>;
  #waiters: Waiter[] = [];
  #lastId = 0;

  private constructor(socket: WebSocket) {
    this.socket = socket;
    socket.on("error", () => {});
    socket.on("message", (data) => {
      this.messages.push(JSON.parse(String(data)));
      this.#waiters = this.#waiters.filter(({ check, resolve }) => {
        const isDone = check();
        if (isDone) resolve();
        return !isDone;
      });
    });
    this.closed = new Promise((resolve) => {
      socket.on("close", (code, reason) => resolve({ code, reason: String(reason) }));
    });
  }

  static async open(url: string, options: ClientOptions = {}): Promise<Client> {
    const socket = new WebSocket(url, options);
    const client = new Client(socket);
    await new Promise((resolve, reject) => {
      socket.once("open", resolve);
      socket.once("error", reject);
    });
    return client;
  }

  /** Resolves when what has been received satisfies the check. */
  async until(check: (messages: readonly Received[]) => boolean, what = "the messages"): Promise<void> {
    if (check(this.messages)) return;
    let timer: NodeJS.Timeout | undefined;
    const patience = new Promise<never>((_, reject) => {
      timer = setTimeout(() => {
        const last = JSON.stringify(this.messages.slice(-3)).slice(0, 1000);
        reject(new Error(`${what} did not come; last of ${this.messages.length}: ${last}`));
      }, PATIENCE_MS);
    });
    const arrival = new Promise<void>((resolve) => {
      this.#waiters.push({ check: () => check(this.messages), resolve });
    });
    await Promise.race([arrival, patience]).finally(() => clearTimeout(timer));
  }

  sendText(text: string | Buffer): void {
    this.socket.send(text);
  }

  /** Sends an operation and gives its answer. */
  async ask(operation: object): Promise<Received> {
    this.#lastId += 1;
    const id = "id" in operation ? operation.id : `ask-${this.#lastId}`;
    const from = this.messages.length;
    this.socket.send(JSON.stringify({ ...operation, id }));
    const isAnswer = (message: Received) => message.op !== undefined && message.id === id;
    await this.until((messages) => messages.slice(from).some(isAnswer), JSON.stringify(operation));
    return this.messages.slice(from).find(isAnswer)!;
  }

  /** When it resolves, everything that was sent to this socket before has come: an answer to a ping has. */
  async caughtUp(): Promise<void> {
    await this.ask({ op: "ping" });
  }

  /** Sends a text that need not make sense and gives the next message, which has to be its answer. */
  async provoke(text: string | Buffer): Promise<Received> {
    const count = this.messages.length;
    this.socket.send(text);
    await this.until((messages) => messages.length > count, "an answer");
    return this.messages[count]!;
  }

  /** The messages of a channel, answers to operations not among them. */
  of(channel: string): Received[] {
    return this.messages.filter((message) => message.channel === channel && message.op === undefined);
  }

  async close(): Promise<void> {
    this.socket.terminate();
    await this.closed;
  }
}

/** The status and the problem with which an upgrade is refused. */
export async function refusedUpgrade(
  url: string,
  options: ClientOptions = {},
): Promise<{
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly problem: ReceivedProblem;
}> {
  const socket = new WebSocket(url, options);
  socket.on("error", () => {});
  return new Promise((resolve, reject) => {
    socket.on("open", () => reject(new Error("the upgrade was accepted")));
    socket.on("unexpected-response", (_, response) => {
      let text = "";
      response.on("data", (chunk) => {
        text += String(chunk);
      });
      response.on("end", () => {
        const { statusCode, headers } = response;
        resolve({ status: statusCode!, headers, problem: JSON.parse(text) });
      });
    });
  });
}
