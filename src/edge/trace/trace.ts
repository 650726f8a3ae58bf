/**
 * All that commands have caused, gathered from whoever knows it: what they said from the journal, what they did from the
 * ledger, what happened event by event from the engine, which brings it about again, and what was delivered of it.
 */
import type { Market } from "../../domain/market.ts";
import type { Journaled, PastFault } from "../../domain/past.ts";
import type { SettlementWithAttempts } from "../../domain/settlements.ts";
import type { OrderId, Seq } from "../../domain/units.ts";
import type { FillExplanation } from "../../projections/changes/fill-explanation.ts";
import type { Effects, Touches, TracedTrade } from "../../projections/ledger/command-effects.ts";
import type { LedgerCommand } from "../../projections/ledger/rows.ts";
import type { OrderRecord } from "../../projections/order-record.ts";
import type { EffectsTold, ExchangePort, Told } from "../exchange-port.ts";
import type { SettlementsPort } from "../settlements-port.ts";
import type { Resolved } from "./resolve.ts";

/** What one answer shows of all its commands together, at most; more is counted. */
export const TRACE_LIMITS = { events: 2_000, trades: 500, entries: 4_000, settlements: 100 } as const;

export type TracedCommand = {
  readonly known: LedgerCommand;
  readonly journaled: Journaled;
  /** Null where the events could not be brought about again. */
  readonly events: EffectsTold["commands"][number] | null;
  readonly effects: Effects;
  readonly settlements: readonly SettlementWithAttempts[];
  /** The market of the order that it was to amend, if it was to amend one that there was. */
  readonly amended: Market | null;
};

export type Trace = {
  readonly commands: readonly TracedCommand[];
  /** Why the events are missing; null if they are there. */
  readonly eventsFault: PastFault | null;
  readonly explanation: FillExplanation | null;
  readonly order: {
    readonly record: OrderRecord;
    readonly touches: Touches;
    readonly commands: readonly LedgerCommand[];
  } | null;
};

type Asking = { readonly signal: AbortSignal };

/** Whom a trace is gathered from; `ask` passes a question about the past on for as long as somebody waits for it. */
export type TraceSources = {
  readonly exchange: ExchangePort;
  readonly settlements: SettlementsPort | null;
  readonly ask: <Answer>(ask: (asking: Asking) => Promise<Told<Answer>>) => Promise<Told<Answer>>;
};

/** Gives the fault for which there is no trace: the journal does not have its commands, or nobody can look now. */
export async function gather(
  sources: TraceSources,
  { commands, order, trade }: Resolved,
  { explains }: { readonly explains: boolean },
): Promise<Trace | { readonly fault: PastFault }> {
  const { exchange, ask } = sources;
  const seqs = commands.map(({ seq }) => seq);
  const journaled = await ask((asking) => exchange.past.records({ seqs }, asking));
  if ("fault" in journaled) return journaled;
  const asked = {
    seqs: [...seqs].sort((one, other) => one - other),
    eventsMax: TRACE_LIMITS.events,
    fill: explains ? trade : null,
  };
  const told = await ask((asking) => exchange.past.effects(asked, asking));
  // Without the events the rest still says much; an explanation is nothing without them.
  if ("fault" in told && (explains || told.fault.kind === "given-up")) return told;
  const events = "fault" in told ? null : new Map(told.answer.commands.map((each) => [each.seq, each]));
  return {
    commands: await gatherCommands(sources, { commands, journaled: journaled.answer, events }),
    eventsFault: "fault" in told ? told.fault : null,
    explanation: "fault" in told ? null : told.answer.explanation,
    order: order === null ? null : await gatherOrder(exchange, order),
  };
}

type Found = {
  readonly commands: readonly LedgerCommand[];
  readonly journaled: readonly Journaled[];
  readonly events: ReadonlyMap<Seq, EffectsTold["commands"][number]> | null;
};

async function gatherCommands(
  { exchange, settlements }: TraceSources,
  { commands, journaled, events }: Found,
): Promise<TracedCommand[]> {
  let tradesMax: number = TRACE_LIMITS.trades;
  let entriesMax: number = TRACE_LIMITS.entries;
  let settlementsMax: number = TRACE_LIMITS.settlements;
  const traced: TracedCommand[] = [];
  for (const [place, known] of commands.entries()) {
    const effects = await exchange.ledger.effects({ seq: known.seq, tradesMax, entriesMax });
    tradesMax -= effects.trades.length;
    entriesMax -= effects.entries.length;
    const shown = effects.trades.slice(0, settlementsMax);
    const delivered = settlements === null ? [] : await deliveriesOf(settlements, shown);
    settlementsMax -= delivered.length;
    traced.push({
      known,
      journaled: journaled[place]!,
      events: events?.get(known.seq) ?? null,
      effects,
      settlements: delivered,
      amended: await amendedMarket(exchange, journaled[place]!),
    });
  }
  return traced;
}

async function deliveriesOf(
  settlements: SettlementsPort,
  trades: readonly TracedTrade[],
): Promise<SettlementWithAttempts[]> {
  const found = await Promise.all(trades.map(({ market, tradeId }) => settlements.find(market, tradeId)));
  return found.filter((each) => each !== undefined);
}

async function amendedMarket(
  { ledger, directory }: ExchangePort,
  { entry }: Journaled,
): Promise<Market | null> {
  const { command } = entry;
  if (command.kind !== "AmendOrder") return null;
  const order = await ledger.order(command.order);
  return order === undefined ? null : directory.market(order.record.terms.market);
}

async function gatherOrder({ ledger }: ExchangePort, order: OrderId): Promise<Trace["order"]> {
  const [found, touches] = await Promise.all([ledger.order(order), ledger.touches(order)]);
  const commands = await ledger.commands(touches!.touches.map(({ seq }) => seq));
  return { record: found!.record, touches: touches!, commands };
}
