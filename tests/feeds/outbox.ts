/** A socket's outbox that a test fills and drains as it likes, with what was sent through it. */
import type { Outbox } from "../../src/edge/ws/outbox.ts";

export class HandOutbox {
  readonly sent: string[] = [];
  isFull = false;
  /** How many messages more it takes before it is full by itself. */
  room = Number.POSITIVE_INFINITY;
  #onDrained: (() => void)[] = [];

  /** The same in the eyes of those who send. */
  get asOutbox(): Outbox {
    return this as unknown as Outbox;
  }

  send(message: string | Buffer): void {
    this.sent.push(String(message));
    this.room -= 1;
    if (this.room <= 0) this.isFull = true;
  }

  whenDrained(callback: () => void): void {
    if (!this.isFull) throw new Error("only a full outbox drains");
    this.#onDrained.push(callback);
  }

  drain(): void {
    this.isFull = false;
    const callbacks = this.#onDrained;
    this.#onDrained = [];
    for (const callback of callbacks) callback();
  }
}
