/** The views beside the ledger's tables, which spell names and words for people who look into the file by hand. */
import { ACCOUNT_STATUSES, ORDER_TYPES, TIMES_IN_FORCE } from "../../domain/commands.ts";
import { COMMAND_KINDS } from "../../domain/event-codec.ts";
import { END_REASONS } from "../../domain/events.ts";
import { MARKET_STATUSES, SIDES } from "../../domain/market.ts";
import { REJECTIONS } from "../../domain/rejections.ts";
import { ORDER_STATUSES } from "../order-record.ts";
import { ENTRY_KINDS } from "./words.ts";

export const VIEWS = `
CREATE VIEW readable_commands AS
  SELECT c.seq, ${time("c.at")} AS at, ${spelled("c.kind", COMMAND_KINDS)} AS kind,
    ${spelled("c.outcome", REJECTIONS)} AS refused, c.request_id,
    CASE typeof(c.trace_id) WHEN 'blob' THEN lower(hex(c.trace_id)) ELSE c.trace_id END AS trace_id,
    (SELECT CASE typeof(f.hash) WHEN 'blob' THEN lower(hex(f.hash)) ELSE f.hash END
       FROM frames f WHERE f.first_seq <= c.seq ORDER BY f.first_seq DESC LIMIT 1) AS frame_hash
  FROM commands c;

CREATE VIEW readable_orders AS
  SELECT o.order_id, ${time("c.at")} AS created_at, a.account_id, m.name AS market,
    ${spelled("o.side", SIDES)} AS side, ${spelled("o.type", ORDER_TYPES)} AS type,
    ${spelled("o.time_in_force", TIMES_IN_FORCE)} AS time_in_force, o.price AS price_ticks,
    o.trigger_price AS trigger_price_ticks, o.trailing_offset AS trailing_offset_ticks,
    o.quantity AS quantity_lots, o.quote_quantity AS budget_minor, o.display_quantity AS display_lots,
    o.filled_quantity AS filled_lots, o.filled_value AS filled_minor, o.prevented_quantity AS prevented_lots,
    ${spelled("o.status", ORDER_STATUSES)} AS status, ${spelled("o.reason", END_REASONS)} AS reason,
    ${time("o.updated_at")} AS updated_at, o.client_order_id, c.request_id
  FROM orders o JOIN accounts a USING (account) JOIN markets m USING (market)
    JOIN commands c ON c.seq = o.order_id;

CREATE VIEW readable_trades AS
  SELECT m.name AS market, t.trade, ${time("c.at")} AS at, t.price AS price_ticks, t.quantity AS quantity_lots,
    t.value AS value_minor, ${spelled("t.taker_side", SIDES)} AS taker_side, taker.account_id AS taker,
    t.taker_order, t.taker_fee, maker.account_id AS maker, t.maker_order, t.maker_fee, t.seq
  FROM trades t JOIN markets m USING (market) JOIN commands c USING (seq)
    JOIN accounts taker ON taker.account = t.taker_account
    JOIN accounts maker ON maker.account = t.maker_account;

CREATE VIEW readable_entries AS
  SELECT e.entry, ${time("c.at")} AS at, a.account_id, s.name AS asset, e.amount AS amount_minor,
    e.balance_after AS balance_minor, ${spelled("e.kind", ENTRY_KINDS)} AS kind, e.order_id, m.name AS market,
    e.trade, x.reference, e.seq, c.request_id
  FROM entries e JOIN accounts a USING (account) JOIN assets s USING (asset) JOIN commands c USING (seq)
    LEFT JOIN markets m USING (market) LEFT JOIN transfers x USING (seq);

CREATE VIEW readable_markets AS
  SELECT m.name, b.name AS base, q.name AS quote, m.tick_units, m.tick_scale, m.lot_units, m.lot_scale,
    m.maker_fee, m.taker_fee, m.price_band, m.reference_price AS reference_price_ticks,
    ${spelled("m.status", MARKET_STATUSES)} AS status
  FROM markets m JOIN assets b ON b.asset = m.base JOIN assets q ON q.asset = m.quote;

CREATE VIEW readable_accounts AS
  SELECT a.account, a.account_id, a.name, ${spelled("a.status", ACCOUNT_STATUSES)} AS status,
    ${time("a.cancel_after")} AS cancel_after
  FROM accounts a;

CREATE VIEW readable_balances AS
  SELECT a.account_id, s.name AS asset, w.total AS total_minor
  FROM balances w JOIN accounts a USING (account) JOIN assets s USING (asset);

CREATE VIEW readable_settlements AS
  SELECT t.settlement, ${time("t.at")} AS at, m.name || '/' || t.trade AS settlement_id, t.price AS price_ticks,
    t.quantity AS quantity_lots, b.account_id AS buyer, s.account_id AS seller, t.buyer_request, t.seller_request, t.seq
  FROM settlements t JOIN markets m USING (market) JOIN accounts b ON b.account = t.buyer
    JOIN accounts s ON s.account = t.seller;
`;

function time(column: string): string {
  return `strftime('%Y-%m-%dT%H:%M:%fZ', ${column} / 1000.0, 'unixepoch')`;
}

function spelled(column: string, words: readonly string[]): string {
  const cases = words.map((word, number) => `WHEN ${number} THEN '${word}'`);
  return `CASE ${column} ${cases.join(" ")} END`;
}
