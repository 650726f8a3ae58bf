/**
 * Downloads that are under way, of which there are a few at most. Each asks for its next piece when its client has taken
 * the last, so a slow one holds a piece or two and nothing else; one that cannot be finished is torn off, since an end
 * in good order would pass for the whole.
 */
import type { Socket } from "node:net";
import { Readable } from "node:stream";
import type { AccountIndex } from "../../domain/units.ts";
import type { Archived } from "../../projections/ledger/retention.ts";
import { Refusal } from "../problems.ts";
import { DownloadThread } from "./download-thread.ts";
import type { DownloadAsked } from "./messages.ts";

/** At once, in all: each has some megabytes at most. */
export const DOWNLOADS_MAX = 8;
/** At once, of the keys of one account. */
export const DOWNLOADS_PER_ACCOUNT_MAX = 2;

export type Download = { readonly stream: Readable; readonly archived: Archived | null };

/** Whose download it is (null for an operator's), and the connection that it goes to. */
export type Downloader = { readonly account: AccountIndex | null; readonly socket: Socket };

export class Downloads {
  readonly #path: string;
  #thread: DownloadThread | undefined;
  readonly #streams = new Set<DownloadStream>();
  readonly #slots: (AccountIndex | null)[] = [];
  #isClosed = false;

  /** `path` is that of the ledger's file. */
  constructor(path: string) {
    this.#path = path;
  }

  get count(): number {
    return this.#slots.length;
  }

  async open(asked: DownloadAsked, { account, socket }: Downloader): Promise<Download | Refusal> {
    const refusal = this.#refusalFor(account);
    if (refusal !== undefined) return refusal;
    this.#slots.push(account);
    const leave = () => void this.#slots.splice(this.#slots.indexOf(account), 1);
    try {
      if (this.#thread?.hasFailed !== false) this.#thread = new DownloadThread(this.#path);
      const thread = this.#thread;
      const { id, archived } = await thread.open(asked);
      const stream = new DownloadStream({ thread, id, socket });
      this.#streams.add(stream);
      stream.once("close", () => {
        this.#streams.delete(stream);
        leave();
      });
      return { stream, archived };
    } catch (error) {
      leave();
      throw error;
    }
  }

  /** Tears off all that are under way: their clients may come again to the next process. */
  async close(): Promise<void> {
    this.#isClosed = true;
    for (const stream of this.#streams) stream.destroy(new Error("the server is stopping"));
    await this.#thread?.close();
  }

  #refusalFor(account: AccountIndex | null): Refusal | undefined {
    if (this.#isClosed) return new Refusal("overloaded", "The exchange is stopping.");
    const own = account === null ? 0 : this.#slots.filter((each) => each === account).length;
    if (own >= DOWNLOADS_PER_ACCOUNT_MAX) {
      const detail = `An account has at most ${DOWNLOADS_PER_ACCOUNT_MAX} downloads at once; wait for one of them to end.`;
      return new Refusal("too-many-downloads", detail);
    }
    if (this.#slots.length < DOWNLOADS_MAX) return undefined;
    return new Refusal("overloaded", `There are ${DOWNLOADS_MAX} downloads already; try again later.`);
  }
}

type Source = { readonly thread: DownloadThread; readonly id: number; readonly socket: Socket };

class DownloadStream extends Readable {
  readonly #source: Source;
  /** How long the connection may be silent. */
  readonly #silentMs: number;

  constructor(source: Source) {
    super();
    this.#source = source;
    this.#silentMs = source.socket.timeout ?? 0;
  }

  override _read(): void {
    const { thread, id, socket } = this.#source;
    // The client waits for us now; it is silent again when it does not take what we have for it.
    socket.setTimeout(0);
    thread.next(id).then(
      (piece) => {
        socket.setTimeout(this.#silentMs);
        this.push(piece);
      },
      (error: Error) => this.destroy(error),
    );
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    const { thread, id, socket } = this.#source;
    thread.end(id);
    // To a client of HTTP/1.0, any other end would look like that of a whole file.
    if (error !== null) socket.resetAndDestroy();
    done(error);
  }
}
