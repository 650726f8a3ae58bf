/**
 * What leaves through one socket. Everything that is sent in one turn of the event loop goes out in one
 * write, and whoever sends asks first whether the socket keeps up: nothing waits for a slow client, and
 * what waits for it is bounded.
 */
import type { Socket } from "node:net";
import type { WebSocket } from "ws";

const TEXT = { binary: false };

export class Outbox {
  readonly #socket: WebSocket;
  readonly #stream: Socket;
  readonly #bytesMax: number;
  #isCorked = false;
  #onDrained: (() => void)[] = [];

  /** `stream` is the connection below the socket. */
  constructor(socket: WebSocket, stream: Socket, bytesMax: number) {
    this.#socket = socket;
    this.#stream = stream;
    this.#bytesMax = bytesMax;
    stream.on("drain", () => this.#drained());
  }

  /** The client takes less than it is sent. Answers to its own operations are sent nevertheless. */
  get isFull(): boolean {
    return this.#socket.bufferedAmount > this.#bytesMax;
  }

  get isEmpty(): boolean {
    return this.#socket.bufferedAmount === 0;
  }

  /** What the connection has taken so far; it grows for as long as a client reads, however slowly. */
  get bytesTaken(): number {
    return this.#stream.bytesWritten - this.#stream.writableLength;
  }

  /** Sends one message; bytes may be shared with other sockets. */
  send(message: string | Buffer): void {
    if (this.#socket.readyState !== this.#socket.OPEN) return;
    if (!this.#isCorked) {
      this.#isCorked = true;
      this.#stream.cork();
      process.nextTick(() => {
        this.#isCorked = false;
        this.#stream.uncork();
      });
    }
    this.#socket.send(message, TEXT);
  }

  /** Calls back once when everything that waited has gone. To be used only while the outbox is full. */
  whenDrained(callback: () => void): void {
    this.#onDrained.push(callback);
  }

  #drained(): void {
    const callbacks = this.#onDrained;
    this.#onDrained = [];
    for (const callback of callbacks) callback();
  }
}
