/**
 * Reads as of a moment of the past: how the moment is named, what such a question costs, and what is said when there is
 * no answer.
 */
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { z } from "zod";
import type { AsOf, PastFault } from "../../domain/past.ts";
import type { EpochMs, Seq } from "../../domain/units.ts";
import { timeText } from "../../projections/unit-text.ts";
import type { PastTold } from "../exchange-port.ts";
import type { Guard } from "../guard/guard.ts";
import { parseAsOf } from "../parse.ts";
import { malformed, type ProblemCode, Refusal } from "../problems.ts";
import { markPosition } from "./replies.ts";
import { queryText, time } from "./schemas.ts";

export const asOfQuery = {
  asOf: queryText(
    "As it was right after this sequence, or after the last command at or before this time, such as `2026-11-22T08:22:00.123Z`.",
  ),
};

/** What an answer about the past says beside what it shows. */
export const asOfFields = {
  asOf: z
    .object({ seq: z.int(), at: time })
    .optional()
    .describe("The last command that is in it, and its time; there if `asOf` was asked for."),
};

export const AS_OF_PROBLEMS: readonly ProblemCode[] = ["history-removed", "overloaded"];

/** What `asOf` says in an answer. */
export function asOfView({ seq, at }: { readonly seq: Seq; readonly at: EpochMs }) {
  return { seq, at: timeText(at) };
}

type Then<What> = Extract<PastTold<What>, { readonly answer: unknown }>["answer"];
type Ask<What> = (asOf: AsOf, asking: { readonly signal: AbortSignal }) => Promise<PastTold<What>>;

/** Asks about the past on behalf of clients, until they leave or the server closes. */
export class PastReads {
  readonly #guard: Guard;
  readonly #closing = new AbortController();

  constructor(app: FastifyInstance, guard: Guard) {
    this.#guard = guard;
    // Before answers that are under way are waited for, which these would hold up.
    app.addHook("preClose", (done) => {
      this.#closing.abort();
      done();
    });
  }

  async read<What>(reply: FastifyReply, text: string, ask: Ask<What>): Promise<Then<What> | Refusal> {
    const asOf = parseAsOf(text, "asOf");
    if (asOf instanceof Refusal) return asOf;
    const excess = this.#guard.takeForPast(clientOf(reply.request), reply.request.startedAt);
    if (excess !== undefined) return excess;
    const told = await this.ask(reply, (asking) => ask(asOf, asking));
    if ("fault" in told) return refusalOfPast(told.fault);
    markPosition(reply, told.answer.seq);
    return told.answer;
  }

  /** Asks without counting it: for operators, whose questions nobody counts. */
  async ask<Told>(
    reply: FastifyReply,
    ask: (asking: { readonly signal: AbortSignal }) => Promise<Told>,
  ): Promise<Told> {
    const left = new AbortController();
    const onClose = () => left.abort();
    reply.raw.once("close", onClose);
    try {
      return await ask({ signal: AbortSignal.any([left.signal, this.#closing.signal]) });
    } finally {
      reply.raw.off("close", onClose);
    }
  }
}

function clientOf({ principal, ip }: FastifyRequest): Parameters<Guard["takeForPast"]>[0] {
  // Where no key is needed, nobody has asked whose it is.
  return { principal: (principal as FastifyRequest["principal"] | undefined) ?? null, ip };
}

export function refusalOfPast(fault: PastFault): Refusal {
  switch (fault.kind) {
    case "before-the-beginning":
      return malformed("asOf", "is before the first command, which has sequence 1");
    case "after-now":
      return malformed("asOf", `is after now; the last command has sequence ${fault.seq}`);
    case "removed":
      return new Refusal("history-removed", removedWords(fault.oldestSeq));
    case "too-many":
      return new Refusal("overloaded", "Too many questions about the past wait already. Send it again.");
    case "too-long":
      return new Refusal("overloaded", TOO_LONG);
    case "too-large":
      return new Refusal(
        "overloaded",
        "The state then needs more memory than a question about the past may.",
      );
    case "given-up":
      return new Refusal("overloaded", "The exchange is stopping; the question was given up.");
  }
}

const TOO_LONG =
  "The answer takes longer than a question about the past may. Send it again: it goes on from where it came to, unless another was asked meanwhile.";

function removedWords(oldestSeq: Seq | null): string {
  return oldestSeq === null
    ? "The journal does not go back so far any more."
    : `The journal does not go back so far any more; the first sequence that can be asked about is ${oldestSeq}.`;
}
