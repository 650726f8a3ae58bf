/** A trace in the words of the API. */
import { assert } from "../../domain/assert.ts";
import type { PastFault } from "../../domain/past.ts";
import type { Seq } from "../../domain/units.ts";
import { ACCEPTED } from "../../projections/changes/change-line.ts";
import { commandWords } from "../../projections/changes/command-words.ts";
import { namesOf } from "../../projections/changes/directory-names.ts";
import { tradeWords } from "../../projections/changes/event-words.ts";
import type { TracedTrade } from "../../projections/ledger/command-effects.ts";
import type { LedgerCommand } from "../../projections/ledger/rows.ts";
import type { Directory } from "../../projections/live/directory.ts";
import { timeText } from "../../projections/unit-text.ts";
import { historyArchived } from "../archived.ts";
import { refusalOfPast } from "../past-faults.ts";
import { entryView, orderView, settlementWithAttemptsView } from "../render.ts";
import type { Resolved } from "./resolve.ts";
import type { Trace, TracedCommand } from "./trace.ts";

export type Shown = {
  /** The id as it was asked for. */
  readonly id: string;
  readonly resolved: Resolved;
  readonly trace: Trace;
  readonly nextCursor: string | null;
  readonly hasSettlements: boolean;
};

export function traceView({ id, resolved, trace, nextCursor, hasSettlements }: Shown, directory: Directory) {
  const missing = trace.eventsFault === null ? null : missingWords(trace.eventsFault);
  return {
    id,
    kind: resolved.kind,
    commands: trace.commands.map((command) => commandView(command, directory)),
    eventsMissing: missing,
    order: trace.order === null ? null : orderTouchesView(trace.order, directory),
    explanation: trace.explanation,
    deliveries: hasSettlements ? "configured" : "not-configured",
    nextCursor,
  };
}

function commandView(traced: TracedCommand, directory: Directory) {
  const { known, journaled, events, effects, settlements, amended } = traced;
  const { entry, place } = journaled;
  const { seq, at, requestId, traceId, command } = entry;
  const isIt = seq === known.seq && requestId === known.requestId && place.hash === known.frameHash;
  assert(isIt, "the ledger and the journal speak of the same command");
  const names = { ...namesOf(directory), marketOf: () => amended };
  return {
    seq,
    at: timeText(at),
    requestId,
    traceId,
    command: { kind: command.kind, ...commandWords(command, names) },
    outcome: known.refused ?? ACCEPTED,
    journal: place,
    events: events?.events ?? null,
    eventCount: events?.eventCount ?? null,
    effectsMissing: effects.archived === null ? null : historyArchived(effects.archived).detail,
    trades: effects.trades.map((trade) => tracedTradeView(trade, directory)),
    tradeCount: effects.archived === null ? effects.tradeCount : null,
    entries: effects.entries.map((row) => ({
      ...entryView(row, directory),
      accountId: row.account === null ? null : directory.account(row.account).accountId,
      market: row.market === null ? null : directory.market(row.market).name,
    })),
    entryCount: effects.archived === null ? effects.entryCount : null,
    settlements: settlements.map((settlement) => settlementWithAttemptsView(settlement, directory)),
  };
}

function tracedTradeView(trade: TracedTrade, directory: Directory) {
  const { kind: _, ...words } = tradeWords(
    { kind: "TradeExecuted", trade: trade.tradeId, ...trade },
    namesOf(directory),
  );
  return words;
}

function orderTouchesView({ record, touches, commands }: NonNullable<Trace["order"]>, directory: Directory) {
  const bySeq = new Map<Seq, LedgerCommand>(commands.map((command) => [command.seq, command]));
  return {
    ...orderView(record, directory),
    touchedBy: touches.touches.flatMap(({ seq, how }) => {
      const command = bySeq.get(seq);
      if (command === undefined) return [];
      const { at, kind, requestId, traceId } = command;
      return [{ seq, at: timeText(at), kind, requestId, traceId, how }];
    }),
    touchedByAll: touches.isComplete,
  };
}

/** Why a trace has no events, where it has everything else. */
function missingWords(fault: PastFault): string {
  if (fault.kind !== "removed") return refusalOfPast(fault).detail;
  // The journal has the command itself, or there would be no trace.
  return (
    "The journal does not go back to where the events could be brought about from" +
    (fault.oldestSeq === null ? "." : `; that is possible from sequence ${fault.oldestSeq} on.`)
  );
}
