/** From an id to the commands behind it, by the ledger alone. */
import { type OrderId, tradeId } from "../../domain/units.ts";
import type { TracedTrade } from "../../projections/ledger/command-effects.ts";
import type { Ledger } from "../../projections/ledger/ledger.ts";
import type { LedgerCommand } from "../../projections/ledger/rows.ts";
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
  const { appliedSeq, ledger, directory } = exchange;
  await ledger.reached(appliedSeq);
  switch (id.kind) {
    case "trace":
      return resolveTrace(ledger, id.traceId, page);
    case "ulid": {
      const commands = await ledger.commandsOfRequest(id.ulid);
      if (commands.length > 0) return found("request", commands.slice(0, COMMANDS_MAX));
      const order = id.order === null ? undefined : await resolveOrder(ledger, id.order.order);
      const isIts = order !== undefined && order.commands[0]!.at === id.order!.at;
      return isIts ? order : unknown(`There is no request and no order ${id.ulid}.`);
    }
    case "order": {
      const order = await resolveOrder(ledger, id.order);
      if (order !== undefined) return order;
      const isCommand = (await ledger.commands([id.order])).length > 0;
      const hint = ` Sequence ${id.order} placed none; it is traced as command:${id.order}.`;
      return unknown(`There is no order ${id.order}.${isCommand ? hint : ""}`);
    }
    case "trade": {
      const market = findMarket(id.market, directory);
      if (market instanceof Refusal) return market;
      const trade = await ledger.trade({ market: market.market, trade: tradeId(id.trade) });
      if (trade === undefined) return unknown(`There is no trade ${id.trade} in ${market.name}.`);
      return { ...found("trade", await ledger.commands([trade.seq])), trade };
    }
    case "entry": {
      const seq = await ledger.seqOfEntry(id.entry);
      if (seq === undefined) return unknown(`There is no ledger entry ${id.entry}.`);
      return found("entry", await ledger.commands([seq]));
    }
    case "command": {
      const commands = await ledger.commands([id.seq]);
      return commands.length > 0 ? found("command", commands) : unknown(`There is no command ${id.seq}.`);
    }
  }
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
  if (next === null && before === undefined) return unknown(`No command has the trace id ${traceId}.`);
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

function unknown(detail: string): Refusal {
  return new Refusal("not-found", detail);
}
