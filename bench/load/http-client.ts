/**
 * The least of an HTTP/1.1 client: keep-alive connections, one request at a time on each, answers with a
 * content length. On two cores every microsecond of the load is taken from the server that is measured; a
 * general client costs more than the exchange itself.
 */
import { connect, type Socket } from "node:net";

export type Answer = {
  readonly status: number;
  readonly body: string;
  /** Whether a refusal says when to come back. */
  readonly saysWhen: boolean;
};

type Waiting = { readonly bytes: string; readonly answered: (answer: Answer | undefined) => void };

/** Less than servers wait with a connection that is kept alive. */
const IDLE_MS_MAX = 3_000;
const HEAD_END = "\r\n\r\n";

class Connection {
  readonly #socket: Socket;
  readonly #onIdle: (connection: Connection) => void;
  #received = "";
  #idleSince = 0;
  #current: Waiting | undefined;

  constructor(url: URL, onIdle: (connection: Connection) => void) {
    this.#onIdle = onIdle;
    this.#socket = connect(Number(url.port), url.hostname);
    this.#socket.setNoDelay(true);
    this.#socket.setEncoding("latin1");
    this.#socket.on("data", (text: string) => this.#receive(text));
    this.#socket.on("error", () => this.#socket.destroy());
    this.#socket.on("close", () => this.#finish(undefined));
  }

  /** Whether it may be used again: a server closes a connection that has been idle for long, perhaps right now. */
  get isFresh(): boolean {
    return performance.now() - this.#idleSince < IDLE_MS_MAX && this.#socket.readable;
  }

  send(waiting: Waiting): void {
    this.#current = waiting;
    this.#socket.write(waiting.bytes, "latin1");
  }

  close(): void {
    this.#socket.destroy();
  }

  #receive(text: string): void {
    this.#received += text;
    const headEnd = this.#received.indexOf(HEAD_END);
    if (headEnd < 0) return;
    const length = /content-length: (\d+)/i.exec(this.#received)?.[1];
    const end = headEnd + HEAD_END.length + Number(length ?? 0);
    if (this.#received.length < end) return;
    const status = Number(this.#received.slice(9, 12));
    const body = this.#received.slice(headEnd + HEAD_END.length, end);
    const saysWhen = status >= 400 && /^retry-after: [1-9]/im.test(this.#received.slice(0, headEnd));
    this.#received = this.#received.slice(end);
    this.#finish({ status, body, saysWhen });
  }

  #finish(answer: Answer | undefined): void {
    const current = this.#current;
    this.#current = undefined;
    this.#idleSince = performance.now();
    current?.answered(answer);
    if (answer !== undefined) this.#onIdle(this);
  }
}

/** So many connections at most, opened as they are needed; what finds none of them idle waits, and is sent in order. */
export class HttpClient {
  readonly #url: URL;
  readonly #connectionsMax: number;
  readonly #connections = new Set<Connection>();
  readonly #idle: Connection[] = [];
  readonly #waiting: Waiting[] = [];

  constructor(url: string, connectionsMax: number) {
    this.#url = new URL(url);
    this.#connectionsMax = connectionsMax;
  }

  /** Whether the next request would have to wait for a connection. */
  get isBusy(): boolean {
    return this.#idle.length === 0 && this.#connections.size === this.#connectionsMax;
  }

  /** Calls back with the answer, or with undefined if the connection broke. */
  send(
    request: {
      readonly method: string;
      readonly path: string;
      readonly authorization: string;
      readonly body?: string;
    },
    answered: (answer: Answer | undefined) => void,
  ): void {
    const { method, path, authorization, body } = request;
    const content =
      body === undefined ? "" : `content-type: application/json\r\ncontent-length: ${body.length}\r\n`;
    const head = `${method} ${path} HTTP/1.1\r\nhost: ${this.#url.host}\r\nauthorization: ${authorization}\r\n`;
    const waiting = { bytes: `${head}${content}\r\n${body ?? ""}`, answered };
    const connection = this.#take();
    if (connection === undefined) this.#waiting.push(waiting);
    else connection.send(waiting);
  }

  close(): void {
    for (const connection of this.#connections) connection.close();
  }

  #take(): Connection | undefined {
    for (let idle = this.#idle.pop(); idle !== undefined; idle = this.#idle.pop()) {
      if (idle.isFresh) return idle;
      idle.close();
      this.#connections.delete(idle);
    }
    if (this.#connections.size === this.#connectionsMax) return undefined;
    const connection = new Connection(this.#url, (free) => this.#next(free));
    this.#connections.add(connection);
    return connection;
  }

  #next(connection: Connection): void {
    const waiting = this.#waiting.shift();
    if (waiting === undefined) this.#idle.push(connection);
    else connection.send(waiting);
  }
}
