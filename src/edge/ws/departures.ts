/**
 * When what was sent leaves: a socket's messages of one turn in one write, and the writes of many sockets a
 * few a turn. A write is a system call; a thousand of them in a row would keep orders waiting.
 */
import type { Socket } from "node:net";

/** How many sockets are written to before the event loop gets its turn. */
const WRITES_A_TURN = 64;

export class Departures {
  readonly #held = new Set<Socket>();
  #isDue = false;

  /** Holds back what is written to a socket until its write is due. */
  hold(socket: Socket): void {
    if (this.#held.has(socket)) return;
    this.#held.add(socket);
    socket.cork();
    if (this.#isDue) return;
    this.#isDue = true;
    process.nextTick(() => this.#release());
  }

  #release(): void {
    let writes = 0;
    for (const socket of this.#held) {
      if (writes === WRITES_A_TURN) {
        setImmediate(() => this.#release());
        return;
      }
      writes += 1;
      this.#held.delete(socket);
      socket.uncork();
    }
    this.#isDue = false;
  }
}
