/**
 * One socket: who it belongs to, whether it lives, and an answer to every operation. A message is looked
 * at only while the socket takes its answers, so a client that sends and never reads stops itself.
 */
import type { WebSocket } from "ws";
import { unreachable } from "../../domain/assert.ts";
import type { Principal } from "../auth.ts";
import { malformed, problem, Refusal } from "../problems.ts";
import { type Message, type Operation, ORDER_OPS, type OrderOperation, readMessage } from "./operations.ts";
import { OrderEntry, type OrderEntryContext, type SocketClient } from "./order-entry.ts";
import type { Outbox } from "./outbox.ts";
import { socketProblem } from "./socket-problem.ts";
import { type Done, Subscriptions, type SubscriptionsContext } from "./subscriptions.ts";

/** What all sockets share. */
export type SessionContext = SubscriptionsContext &
  OrderEntryContext & {
    /** Who a key belongs to, or why it cannot be used now. */
    readonly identify: (key: string, client: SocketClient) => Principal | Refusal;
    /** Told who a session belongs to, once, so that revoking the key finds it. */
    readonly onAuthenticated: (session: Session, principal: Principal) => void;
    /** Told once that a session does nothing any more, though its connection may take a moment to close. */
    readonly onEnded: (session: Session) => void;
    /** Told what went wrong in us while an operation was performed. */
    readonly onFault: (fault: unknown, requestId: string) => void;
  };

/** What a session is made of. */
export type Connection = {
  readonly socket: WebSocket;
  readonly outbox: Outbox;
  readonly traceId: string | null;
  readonly client: SocketClient;
};

/** Close code of RFC 6455. */
const INTERNAL_ERROR = 1011;

const BINARY: Message = {
  op: null,
  id: undefined,
  asked: malformed("", "must be text: a binary frame holds no operation"),
};

/** What is known of a message before it is read. */
const UNREAD = { op: null, id: undefined };

export class Session {
  readonly #context: SessionContext;
  readonly #socket: WebSocket;
  readonly #outbox: Outbox;
  readonly #subscriptions: Subscriptions;
  readonly #orders: OrderEntry;
  readonly #client: SocketClient;
  #principal: Principal | null = null;
  /** Messages that came while the socket took no answers: those of one read of the connection at most. */
  #unread: (string | null)[] = [];
  #isClosed = false;
  /** The client was asked for a sign of life, and nothing has come from it since. */
  #isPinged = false;
  /** What the connection had taken at the last look; null if nothing waited then. */
  #bytesTaken: number | null = null;

  /** The trace that the request to open the socket came with is that of all its commands. */
  constructor(context: SessionContext, { socket, outbox, traceId, client }: Connection) {
    this.#context = context;
    this.#client = client;
    this.#socket = socket;
    this.#outbox = outbox;
    this.#subscriptions = new Subscriptions(context, outbox);
    this.#orders = new OrderEntry(context, { outbox, traceId, client }, (names, fault, requestId) =>
      this.#fail(names, fault, requestId),
    );
    socket.on("message", (data, isBinary) => this.#receive(isBinary ? null : String(data)));
    socket.on("pong", () => {
      this.#isPinged = false;
    });
    socket.on("close", () => this.#end());
  }

  /** Gives the socket to whoever the key belongs to, for good. */
  authenticate(principal: Principal): void {
    this.#principal = principal;
    this.#context.onAuthenticated(this, principal);
  }

  /** Closes once the orders that are on their way are answered, and takes no more of them. */
  retire(code: number, reason: string): void {
    this.#orders.retire(() => this.close(code, reason));
  }

  close(code: number, reason: string): void {
    this.#end();
    this.#socket.close(code, reason);
    // A client that does not read would never see the close, nor answer it.
    if (this.#socket.isPaused) this.#socket.resume();
  }

  /** Cuts the connection without a word. */
  cut(): void {
    this.#end();
    this.#socket.terminate();
  }

  /**
   * Ends a socket that has given no sign of life since the last look. While something waits for it, the sign
   * is that it takes some, since it can answer only after that; otherwise it is asked, and any message will do.
   */
  checkAlive(): void {
    const { isEmpty, bytesTaken } = this.#outbox;
    const isDead = isEmpty ? this.#isPinged : bytesTaken === this.#bytesTaken;
    if (isDead) {
      this.cut();
      return;
    }
    this.#bytesTaken = isEmpty ? null : bytesTaken;
    this.#isPinged = isEmpty;
    if (isEmpty) this.#socket.ping();
  }

  /** Null stands for a binary frame. */
  #receive(text: string | null): void {
    this.#isPinged = false;
    if (this.#isClosed) return;
    if (this.#unread.length === 0 && !this.#outbox.isFull) {
      this.#handle(text);
      return;
    }
    this.#unread.push(text);
    if (this.#unread.length > 1) return;
    this.#socket.pause();
    this.#outbox.whenDrained(() => this.#readOn());
  }

  #readOn(): void {
    const waiting = this.#unread;
    this.#unread = [];
    for (const [index, text] of waiting.entries()) {
      if (this.#isClosed) return;
      if (this.#outbox.isFull) {
        this.#unread = waiting.slice(index);
        this.#outbox.whenDrained(() => this.#readOn());
        return;
      }
      this.#handle(text);
    }
    this.#socket.resume();
  }

  /** Answers, whatever happens: a fault of ours in one operation costs its socket, and nobody else's. */
  #handle(text: string | null): void {
    let message: Pick<Message, "op" | "id"> = UNREAD;
    try {
      const read = text === null ? BINARY : readMessage(text);
      message = read;
      this.#answer(read);
    } catch (fault) {
      this.#fail(message, fault);
    }
  }

  #answer({ op, id, asked }: Message): void {
    if (isOrderOperation(asked)) {
      this.#orders.enter({ op, id }, asked, this.#principal);
      return;
    }
    const excess = this.#context.admit(this.#principal, this.#client);
    const done = excess ?? (asked instanceof Refusal ? asked : this.#perform(asked));
    if (done instanceof Refusal) {
      this.#outbox.send(JSON.stringify({ op, id, ok: false, error: this.#error(done) }));
      return;
    }
    this.#outbox.send(JSON.stringify({ op, id, ok: true, ...done.fields }));
    done.afterwards?.();
  }

  #fail(
    { op, id }: Pick<Message, "op" | "id">,
    fault: unknown,
    requestId = this.#context.newRequestId(),
  ): void {
    this.#context.onFault(fault, requestId);
    const error = problem(new Refusal("internal-error"), { requestId });
    this.#outbox.send(JSON.stringify({ op, id, ok: false, error }));
    this.close(INTERNAL_ERROR, "the exchange failed to answer");
  }

  #perform(operation: Exclude<Operation, OrderOperation>): Done | Refusal {
    switch (operation.op) {
      case "ping":
        return { fields: {} };
      case "auth":
        return this.#logIn(operation.key);
      case "subscribe":
        return this.#subscriptions.subscribe(operation, this.#principal);
      case "unsubscribe":
        return this.#subscriptions.unsubscribe(operation, this.#principal);
      default:
        return unreachable(operation);
    }
  }

  /** A wrong key may be followed by another try; who has been recognised stays. */
  #logIn(key: string): Done | Refusal {
    const { identify, exchange } = this.#context;
    if (this.#principal !== null) {
      return malformed("op", "is done once a socket: it is authenticated already");
    }
    const principal = identify(key, this.#client);
    if (principal instanceof Refusal) return principal;
    this.authenticate(principal);
    if (principal.kind === "operator") return { fields: { accountId: null, scopes: ["admin"] } };
    const { accountId } = exchange.directory.account(principal.account);
    return { fields: { accountId, scopes: principal.scopes } };
  }

  #error(refusal: Refusal) {
    const { newRequestId, exchange } = this.#context;
    const body = socketProblem(refusal, { requestId: newRequestId() });
    if (refusal.code !== "resume-too-old") return body;
    return { ...body, oldestSeq: exchange.feed.oldestSeq };
  }

  #end(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#unread = [];
    this.#subscriptions.endAll();
    this.#context.onEnded(this);
  }
}

function isOrderOperation(asked: Operation | Refusal): asked is OrderOperation {
  return !(asked instanceof Refusal) && ORDER_OPS.some((op) => op === asked.op);
}
