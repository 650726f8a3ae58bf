/**
 * One attempt: a POST to the operator's wallet service, and what its answer means. Redirects are not followed, and no
 * more of an answer is read than a receiver has any need to say. Connections are kept, and every new one asks again
 * where the name leads, so a name that changes its mind does not lead inside.
 */
import { randomBytes } from "node:crypto";
import { lookup } from "node:dns";
import { Agent, type ClientRequest, request as httpRequest, type IncomingMessage } from "node:http";
import { request as httpsRequest, Agent as TlsAgent } from "node:https";
import { isIP, type LookupFunction } from "node:net";
import { Webhook } from "standardwebhooks";
import type { AttemptOutcome } from "../../domain/settlements.ts";
import { AddressRules, hostOf } from "./addresses.ts";
import { retryAfterMs } from "./backoff.ts";

/** Deliveries that are under way at once, at most, each on a connection of its own. */
export const SENDING_MAX = 64;
const ANSWER_BYTES_MAX = 64 * 1024;
const ANSWER_HEADER_BYTES_MAX = 16 * 1024;
/** Of an answer that says no, so much is kept for the operator. */
const DETAIL_CHARACTERS_MAX = 400;
const PARENT_ID_BYTES = 8;

/** Where deliveries go, and how they prove where they come from. */
export type ReceiverOptions = {
  readonly url: string;
  readonly token: string | null;
  /** The first signs, and so do the others: receivers may know any of them while keys are being exchanged. */
  readonly secrets: readonly string[];
  /** Addresses and networks inside that may be used all the same. */
  readonly allowed: readonly string[];
  readonly timeoutMs: number;
};

export type Message = {
  readonly settlementId: string;
  readonly body: string;
  /** 32 hexadecimal digits. */
  readonly traceId: string | null;
};

export type Verdict = {
  readonly outcome: AttemptOutcome;
  readonly httpStatus: number | null;
  readonly detail: string | null;
  /** What the receiver asked to be left alone for; 0 if it did not. */
  readonly retryAfterMs: number;
};

class AddressForbidden extends Error {}
class AnswerTooLarge extends Error {}
class TimedOut extends Error {}

export class Sender {
  readonly #url: URL;
  readonly #options: ReceiverOptions;
  readonly #webhooks: readonly Webhook[];
  readonly #rules: AddressRules;
  readonly #agent: Agent;
  /** Keeps no connections: each is new. */
  readonly #freshAgent: Agent;
  readonly #post: typeof httpRequest;

  constructor(options: ReceiverOptions) {
    this.#options = options;
    this.#url = new URL(options.url);
    this.#webhooks = options.secrets.map((secret) => new Webhook(secret));
    this.#rules = new AddressRules(options.allowed);
    const isTls = this.#url.protocol === "https:";
    const settings = { keepAlive: true, maxSockets: SENDING_MAX, lookup: this.#lookup() };
    const fresh = { ...settings, keepAlive: false };
    this.#agent = isTls ? new TlsAgent(settings) : new Agent(settings);
    this.#freshAgent = isTls ? new TlsAgent(fresh) : new Agent(fresh);
    this.#post = isTls ? httpsRequest : httpRequest;
  }

  /** Resolves in any case, once the answer is complete or there will be none. */
  async send(message: Message): Promise<Verdict> {
    const host = hostOf(this.#url);
    if (isIP(host) !== 0 && !this.#rules.permits(host)) {
      return failure("forbidden-address", `${host} is an address inside`);
    }
    const verdict = await this.#attempt(message, this.#agent);
    if (verdict !== null) return verdict;
    // A connection that was kept may have been closed by the other side at the moment at which it was used, and with it
    // all others that were kept.
    return (await this.#attempt(message, this.#freshAgent)) ?? failure("unreachable", "the connection broke");
  }

  /** Cuts what is still under way. */
  close(): void {
    this.#agent.destroy();
    this.#freshAgent.destroy();
  }

  /** Null if a connection that had been kept was not there any more. */
  #attempt(message: Message, agent: Agent): Promise<Verdict | null> {
    const headers = this.#headers(message);
    return new Promise((resolve) => {
      const request = this.#post(this.#url, {
        method: "POST",
        agent,
        headers,
        maxHeaderSize: ANSWER_HEADER_BYTES_MAX,
      });
      // Only the first verdict counts: what is cut here ends with an error of its own.
      const done = (verdict: Verdict | null) => {
        clearTimeout(timer);
        resolve(verdict);
      };
      const cut = (cause: Error) => {
        done(verdictOfError(cause));
        request.destroy();
      };
      // An answer that is there already counts, even if this thread was too late to look.
      const giveUp = () => setImmediate(() => cut(new TimedOut()));
      const timer = setTimeout(giveUp, this.#options.timeoutMs);
      let isAnswered = false;
      request.on("response", (response) => {
        isAnswered = true;
        readAnswer(response, done, cut);
      });
      request.on("error", (error) =>
        done(isAnswered ? verdictOfError(error) : verdictOfBreak(request, error)),
      );
      request.end(message.body);
    });
  }

  #headers({ settlementId, body, traceId }: Message): Record<string, string | number> {
    const now = new Date();
    const headers: Record<string, string | number> = {
      "content-type": "application/json",
      "content-length": Buffer.byteLength(body),
      "user-agent": "pregao",
      "idempotency-key": settlementId,
      "webhook-id": settlementId,
      "webhook-timestamp": String(Math.floor(now.getTime() / 1_000)),
      "webhook-signature": this.#webhooks.map((hook) => hook.sign(settlementId, now, body)).join(" "),
    };
    if (this.#options.token !== null) headers.authorization = `Bearer ${this.#options.token}`;
    if (traceId !== null) {
      headers.traceparent = `00-${traceId}-${randomBytes(PARENT_ID_BYTES).toString("hex")}-01`;
    }
    return headers;
  }

  /** Gives a connection none but the addresses that it may use. */
  #lookup(): LookupFunction {
    return (hostname, options, callback) => {
      lookup(hostname, { ...options, all: true }, (error, found) => {
        if (error !== null) {
          callback(error, "");
          return;
        }
        const permitted = found.filter(({ address }) => this.#rules.permits(address));
        const [first] = permitted;
        if (first === undefined) {
          const addresses = found.map(({ address }) => address).join(", ");
          callback(new AddressForbidden(`${hostname} leads to ${addresses}, an address inside`), "");
        } else if (options.all === true) callback(null, permitted);
        else callback(null, first.address, first.family);
      });
    };
  }
}

/** Reads the answer to its end: only a complete one counts. */
function readAnswer(
  response: IncomingMessage,
  done: (verdict: Verdict) => void,
  cut: (cause: Error) => void,
): void {
  const chunks: Buffer[] = [];
  let bytes = 0;
  response.on("data", (chunk: Buffer) => {
    bytes += chunk.length;
    if (bytes > ANSWER_BYTES_MAX) cut(new AnswerTooLarge());
    else chunks.push(chunk);
  });
  response.on("error", (error) => done(verdictOfError(error)));
  response.on("end", () => done(verdictOf(response, Buffer.concat(chunks))));
}

function verdictOf({ statusCode = 0, headers }: IncomingMessage, body: Buffer): Verdict {
  const outcome = outcomeOf(statusCode);
  if (outcome === "delivered") return { outcome, httpStatus: statusCode, detail: null, retryAfterMs: 0 };
  return {
    outcome,
    httpStatus: statusCode,
    detail: outcome === "redirected" ? "redirects are not followed" : excerpt(body),
    // Only who is asked too much, or cannot answer now, says when to come back.
    retryAfterMs:
      outcome === "throttled" || outcome === "failed" ? retryAfterMs(headers["retry-after"], Date.now()) : 0,
  };
}

function outcomeOf(status: number): AttemptOutcome {
  if (status >= 200 && status < 300) return "delivered";
  if (status >= 300 && status < 400) return "redirected";
  if (status === 429) return "throttled";
  return status >= 400 && status < 500 ? "refused" : "failed";
}

/** Of a request that broke before any answer; null if its connection had been kept and was closed meanwhile. */
function verdictOfBreak(request: ClientRequest, error: Error): Verdict | null {
  const { code } = error as NodeJS.ErrnoException;
  const isStale = request.reusedSocket && (code === "ECONNRESET" || code === "EPIPE");
  return isStale ? null : verdictOfError(error);
}

function verdictOfError(error: Error): Verdict {
  const { code = "", message } = error as NodeJS.ErrnoException;
  if (error instanceof TimedOut) return failure("timed-out", "no complete answer in time");
  if (error instanceof AddressForbidden) return failure("forbidden-address", message);
  if (error instanceof AnswerTooLarge) {
    return failure("garbled", `the answer has more than ${ANSWER_BYTES_MAX / 1024} KiB`);
  }
  if (code.startsWith("HPE_")) return failure("garbled", message);
  return failure("unreachable", message === "" ? code : message);
}

function failure(outcome: AttemptOutcome, detail: string): Verdict {
  return { outcome, httpStatus: null, detail: cleaned(detail), retryAfterMs: 0 };
}

function excerpt(body: Buffer): string | null {
  const text = cleaned(body.subarray(0, DETAIL_CHARACTERS_MAX * 4).toString("utf8"));
  return text === "" ? null : text;
}

/** The receiver may say anything: one line of what can be shown. */
function cleaned(text: string): string {
  return text
    .replace(/[\p{Cc}\ufffd]+/gu, " ")
    .trim()
    .slice(0, DETAIL_CHARACTERS_MAX);
}
