/** From an id to the commands behind it, by the ledger alone. */
import type { OrderId } from "../../domain/units.ts";
import type { TracedTrade } from "../../projections/ledger/command-effects.ts";
import type { Ledger } from "../../projections/ledger/ledger.ts";
import type { Archived } from "../../projections/ledger/retention.ts";
import type { LedgerCommand } from "../../projections/ledger/rows.ts";
import { archiveOf, historyArchived, missingRequest } from "../archived.ts";
import type { ExchangePort } from "../exchange-port.ts";
import { findMarket } from "../parse.ts";
import { Refusal } from "../problems.ts";
import type { TraceId } from "./trace-id.ts";

/** Commands of one answer, at most: a batch has no more. */
export const COMMANDS_MAX = 50;
/** Reads of the ledger for one page of a trace, at most; each of them looks through many millions of commands. */
const READS_MAX = 10;

export type Resolved = {
  /** What the id turned out to be. */
  readonly kind: "request" | "trace" | "order" | "trade" | "entry" | "command";
  readonly commands: readonly LedgerCommand[];
  readonly order: OrderId | null;
  readonly trade: TracedTrade | null;
  /** Where the next page begins; null on the last. */
  readonly next: number | null;
};

export type PageOfTrace = { readonly limit: number; readonly before: number | undefined };

/** @throws LedgerBehindError */
export async function resolve(
  exchange: ExchangePort,
  id: TraceId,
  page: PageOfTrace,
): Promise<Resolved | Refusal> {
  const { appliedSeq, ledger } = exchange;
  await ledger.reached(appliedSeq);
  switch (id.kind) {
    case "trace":
      return resolveTrace(ledger, id.traceId, page);
    case "ulid":
      return resolveUlid(exchange, id);
    case "order":
      return resolveOrderNumber(ledger, id.order);
    case "trade":
      return resolveTrade(exchange, id);
    case "entry": {
      const seq = await ledger.seqOfEntry(id.entry);
      if (seq === undefined || seq === "dropped") {
        return missing(seq === "dropped" ? ledger.archived : null, `There is no ledger entry ${id.entry}.`);
      }
      return found("entry", await ledger.commands([seq]));
    }
    case "command": {
      const commands = await ledger.commands([id.seq]);
      if (commands.length > 0) return found("command", commands);
      return missing(archiveOf(id.seq, ledger), `There is no command ${id.seq}.`);
    }
  }
}

async function resolveUlid(
  exchange: ExchangePort,
  { ulid, order }: Extract<TraceId, { readonly kind: "ulid" }>,
): Promise<Resolved | Refusal> {
  const { ledger } = exchange;
  const commands = await ledger.commandsOfRequest(ulid);
  if (commands.length > 0) return found("request", commands.slice(0, COMMANDS_MAX));
  const placed = order === null ? undefined : await resolveOrder(ledger, order.order);
  if (placed !== undefined && placed.commands[0]!.at === order!.at) return placed;
  return missingRequest(exchange, ulid, unknown(`There is no request and no order ${ulid}.`));
}

async function resolveOrderNumber(ledger: Ledger, order: OrderId): Promise<Resolved | Refusal> {
  const placed = await resolveOrder(ledger, order);
  if (placed !== undefined) return placed;
  const nothing = `There is no order ${order}.`;
  const [command] = await ledger.commands([order]);
  const archived = archiveOf(order, ledger);
  // A command that touched what is kept stays longer than the order that it placed.
  const hasPlaced = command?.kind === "PlaceOrder" && command.refused === null;
  if (command === undefined || (archived !== null && hasPlaced)) return missing(archived, nothing);
  return unknown(`${nothing} Sequence ${order} placed none; it is traced as command:${order}.`);
}

async function resolveTrade(
  { ledger, directory }: ExchangePort,
  id: Extract<TraceId, { readonly kind: "trade" }>,
): Promise<Resolved | Refusal> {
  const market = findMarket(id.market, directory);
  if (market instanceof Refusal) return market;
  const trade = await ledger.trade({ market: market.market, trade: id.trade });
  if (trade !== undefined) return { ...found("trade", await ledger.commands([trade.seq])), trade };
  const [last] = (await ledger.trades({ market: market.market, limit: 1 })).result.rows;
  const isBefore = last === undefined || id.trade < last.tradeId;
  return missing(isBefore ? ledger.archived : null, `There is no trade ${id.trade} in ${market.name}.`);
}

/** Why there is nothing; `archived` is null unless it was there once, and has moved. */
function missing(archived: Archived | null, otherwise: string): Refusal {
  return archived === null ? unknown(otherwise) : historyArchived(archived);
}

async function resolveTrace(
  ledger: Ledger,
  traceId: string,
  { limit, before }: PageOfTrace,
): Promise<Resolved | Refusal> {
  let next: number | null = before ?? null;
  for (let reads = 0; reads < READS_MAX; reads += 1) {
    const { rows, next: rest } = (await ledger.commandsOfTrace({ traceId, limit, before: next })).result;
    if (rows.length > 0) return { ...found("trace", rows), next: rest };
    next = rest;
    if (next === null) break;
  }
  if (next === null && before === undefined) return unknown(noTrace(ledger, traceId));
  return { ...found("trace", []), next };
}

/** The command that placed an order. */
async function resolveOrder(ledger: Ledger, order: OrderId): Promise<Resolved | undefined> {
  const isOrder = (await ledger.touches(order)) !== undefined;
  return isOrder ? { ...found("order", await ledger.commands([order])), order } : undefined;
}

function found(kind: Resolved["kind"], commands: readonly LedgerCommand[]): Resolved {
  return { kind, commands, order: null, trade: null, next: null };
}

/** A trace id says nothing of its time. */
function noTrace({ archived }: Ledger, traceId: string): string {
  const kept =
    archived === null ? "" : ` above sequence ${archived.seq}; what is older has moved to the archive`;
  return `No command has the trace id ${traceId}${kept}.`;
}

function unknown(detail: string): Refusal {
  return new Refusal("not-found", detail);
}
