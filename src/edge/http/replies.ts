/** How answers are sent: problems in their own form, and commands through the one door with what becomes of them. */
import type { FastifyReply, FastifyRequest } from "fastify";
import type { Command } from "../../domain/commands.ts";
import type { Committed } from "../../domain/events.ts";
import { SettlementsBusyError } from "../../domain/settlements.ts";
import type { Seq } from "../../domain/units.ts";
import type { Ledger } from "../../projections/ledger/ledger.ts";
import { LedgerBehindError } from "../../projections/ledger/ledger.ts";
import type { Reading } from "../../projections/ledger/messages.ts";
import type { Page } from "../../projections/ledger/pages.ts";
import { archivedBefore, historyArchived } from "../archived.ts";
import { decisionOf, type Refused } from "../decision.ts";
import type { ExchangePort } from "../exchange-port.ts";
import type { Allowance } from "../guard/rate-limit.ts";
import type { Asker, Told } from "../orders/operations.ts";
import { PROBLEMS, problem, Refusal } from "../problems.ts";
import type { Period } from "./pages.ts";

/** When to come back after a 503, or a 429 that does not know better, in seconds. */
const RETRY_AFTER_SECONDS = "1";

export function sendRefusal(reply: FastifyReply, refusal: Refusal): FastifyReply {
  const { status } = PROBLEMS[refusal.code];
  if (status === 503 || status === 429) reply.header("retry-after", RETRY_AFTER_SECONDS);
  if (refusal.excess !== undefined) {
    reply.header("retry-after", String(refusal.excess.retryAfterSeconds));
    tellAllowance(reply, refusal.excess);
  }
  if (status === 401) reply.header("www-authenticate", "Bearer");
  const body = JSON.stringify(problem(refusal, { requestId: reply.request.id }));
  // Bytes, since Fastify would add a charset to the type of a text, and this type has none.
  return reply.code(status).header("content-type", "application/problem+json").send(Buffer.from(body));
}

/** Says what is left; said again, it is the last that counts. */
export function tellAllowance(reply: FastifyReply, { policy, state }: Allowance): void {
  reply.header("ratelimit-policy", policy).header("ratelimit", state);
}

/** Says up to which command an answer tells the truth. */
export function markPosition(reply: FastifyReply, seq: Seq): FastifyReply {
  return reply.header("pregao-seq", String(seq));
}

/**
 * Submits a command for a request. `done` answers it once it is on disk; a command that the rules refuse or
 * the sequencer turns away is answered here.
 */
export function submit(
  exchange: ExchangePort,
  reply: FastifyReply,
  command: Command,
  done: (committed: Committed) => void,
): void {
  const { id: requestId, traceId } = reply.request;
  exchange.submit({ requestId, traceId, command }, (answer) => {
    try {
      const decision = decisionOf(answer);
      if ("refusal" in decision) {
        sendRefused(reply, decision);
        return;
      }
      markPosition(reply, decision.committed.entry.seq);
      done(decision.committed);
    } catch (fault) {
      // The caller is the sequencer, which must not stumble over an answer that cannot be written.
      reply.send(fault);
    }
  });
}

/** Sends what became of an operation on an order; `status` is for one that took effect. */
export function sendTold(reply: FastifyReply, told: Told<object>, status = 200): void {
  if ("fault" in told) {
    reply.send(told.fault);
  } else if ("refusal" in told) {
    sendRefused(reply, told);
  } else {
    markPosition(reply, told.seq);
    if (told.isReplayed) reply.header("idempotency-replayed", "true");
    reply.code(told.isReplayed ? 200 : status).send(told.body);
  }
}

/** Who an operation on an order is for. */
export function askerOf({ principal, id: requestId, traceId }: FastifyRequest): Asker {
  return { principal, requestId, traceId };
}

/** Sends what refused a command, with its position if it got one. */
export function sendRefused(reply: FastifyReply, { refusal, seq }: Refused): FastifyReply {
  if (seq !== null) markPosition(reply, seq);
  return sendRefusal(reply, refusal);
}

/** A page that says where kept history begins, if that is where it ends. */
export type HistoryPage<Row> = {
  readonly rows: readonly Row[];
  readonly next: number | null;
  readonly archived: { readonly archivedBefore: ReturnType<typeof archivedBefore> } | null;
};

/** Reads a page of history that includes everything applied so far, or says that all that is asked for has moved to the archive. */
export async function readHistoryPage<Row>(
  exchange: ExchangePort,
  reply: FastifyReply,
  { from, to }: Partial<Period>,
  read: (ledger: Ledger) => Promise<Reading<Page<Row>>>,
): Promise<HistoryPage<Row> | Refusal> {
  const { appliedSeq, ledger } = exchange;
  await ledger.reached(appliedSeq);
  const { result, seq, archived } = await read(ledger);
  const { rows, next } = result;
  if (archived === null) {
    markPosition(reply, seq);
    return { rows, next, archived: null };
  }
  // Orders that are open may be older than all else that is kept.
  if (rows.length === 0 && to !== undefined && to <= archived.at) return historyArchived(archived);
  markPosition(reply, seq);
  const endsThere = next === null && (from === undefined || from <= archived.at);
  return { rows, next, archived: endsThere ? { archivedBefore: archivedBefore(archived) } : null };
}

/** The refusal that a failed read stands for, if it is one of a kind that is expected. */
export function refusalOfRead(fault: unknown): Refusal | undefined {
  if (fault instanceof SettlementsBusyError) {
    return new Refusal("overloaded", "The deliveries cannot be asked now. Nothing was changed.");
  }
  if (!(fault instanceof LedgerBehindError)) return undefined;
  return new Refusal("overloaded", "The ledger is behind; the read was given up. Nothing was changed.");
}
