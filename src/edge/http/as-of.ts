/** Reads as of a moment of the past: how the moment is named, and what such a question costs. */
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { z } from "zod";
import type { AsOf } from "../../domain/past.ts";
import type { EpochMs, Seq } from "../../domain/units.ts";
import { timeText } from "../../projections/unit-text.ts";
import type { PastTold } from "../exchange-port.ts";
import type { Guard } from "../guard/guard.ts";
import { parseAsOf } from "../parse.ts";
import { refusalOfPast } from "../past-faults.ts";
import { type ProblemCode, Refusal } from "../problems.ts";
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
