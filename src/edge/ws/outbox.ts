/**
 * What leaves through one socket. Whoever sends asks first whether the socket keeps up: nothing waits for a
 * slow client, and what waits for it is bounded.
 */
import type { Socket } from "node:net";
import type { WebSocket } from "ws";
import type { Departures } from "./departures.ts";

const TEXT = { binary: false };

export class Outbox {
  readonly #socket: WebSocket;
  readonly #stream: Socket;
  readonly #departures: Departures;
  readonly #bytesMax: number;
  #onDrained: (() => void)[] = [];

  /** `stream` is the connection below the socket. */
  constructor(
    { socket, stream }: { readonly socket: WebSocket; readonly stream: Socket },
    departures: Departures,
    bytesMax: number,
  ) {
    this.#socket = socket;
    this.#stream = stream;
    this.#departures = departures;
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
    this.#departures.hold(this.#stream);
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
