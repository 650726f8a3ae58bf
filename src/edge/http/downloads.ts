/** History to take away: statements, fills and trades as files, streamed from the ledger however long they are. */
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { z } from "zod";
import type { HistoryAsked } from "../../projections/ledger/oldest-first.ts";
import type { Archived } from "../../projections/ledger/retention.ts";
import { ENTRY_KINDS } from "../../projections/ledger/words.ts";
import { archivedBefore, historyArchived } from "../archived.ts";
import { FILE_FORMATS, FILE_TYPES } from "../downloads/download-files.ts";
import { DOWNLOADS_MAX, DOWNLOADS_PER_ACCOUNT_MAX, Downloads } from "../downloads/downloads.ts";
import type { ExchangePort } from "../exchange-port.ts";
import type { Log } from "../log.ts";
import { findAsset, findMarket, resolveAccount } from "../parse.ts";
import { Refusal } from "../problems.ts";
import { type Period, readPeriod } from "./pages.ts";
import { markPosition, sendRefusal } from "./replies.ts";
import { addRoute, type Call, type Desk } from "./route.ts";
import { accountQuery, assetQuery, marketQuery, periodQuery } from "./schemas.ts";

const fileQuery = {
  format: z.enum(FILE_FORMATS).optional().describe("`csv` unless given."),
  ...periodQuery,
};
const statementQuery = z.strictObject({
  ...assetQuery,
  kind: z.enum(ENTRY_KINDS).optional(),
  ...fileQuery,
  ...accountQuery,
});
const fillsQuery = z.strictObject({ ...marketQuery, ...fileQuery, ...accountQuery });
const tradesQuery = z.strictObject(fileQuery);
const marketParams = z.object({ market: z.string() });

type FileQuery = z.infer<typeof tradesQuery>;
type StatementCall = Call<unknown, z.infer<typeof statementQuery>>;
type FillsCall = Call<unknown, z.infer<typeof fillsQuery>>;
type TradesCall = Call<unknown, FileQuery, z.infer<typeof marketParams>>;

/** What a file is about, and what it is called for that. */
type Subject = { readonly list: HistoryAsked; readonly name: string };

const SUBJECT_PROBLEMS = ["history-archived", "too-many-downloads"] as const;

export function addDownloadRoutes(app: FastifyInstance, desk: Desk, log: Log): void {
  const downloads = new DownloadDesk(log);
  // Before the server waits for the answers that are under way: these may take hours.
  app.addHook("preClose", () => downloads.close());
  desk.metrics.gauge({
    name: "pregao_downloads",
    help: "Downloads of history that are under way.",
    read: () => downloads.count,
  });
  const answers = {
    200: {
      is:
        "The file, oldest row first, and nothing after `Pregao-Seq`. If it begins where the archive ends, " +
        "`Pregao-Archived-Before` says so. One that could not be finished ends without its last chunk.",
      body: z.string().meta({ format: "binary" }),
      types: Object.values(FILE_TYPES),
    },
  };
  const common = { method: "GET", access: "read", answers } as const;
  const description = `At most ${DOWNLOADS_PER_ACCOUNT_MAX} downloads of an account at once, and ${DOWNLOADS_MAX} in all.`;
  addRoute(app, desk, {
    ...common,
    path: "/v1/statement/export",
    tag: "wallets",
    summary: "Ledger entries as a file",
    description,
    query: statementQuery,
    problems: ["unknown-account", "unknown-asset", ...SUBJECT_PROBLEMS],
    handle: (exchange, request, reply) =>
      downloads.send(statementOf(exchange, request), exchange, request, reply),
  });
  addRoute(app, desk, {
    ...common,
    path: "/v1/fills/export",
    tag: "orders",
    summary: "Fills as a file",
    description,
    query: fillsQuery,
    problems: ["unknown-account", "unknown-market", ...SUBJECT_PROBLEMS],
    handle: (exchange, request, reply) =>
      downloads.send(fillsOf(exchange, request), exchange, request, reply),
  });
  addRoute(app, desk, {
    ...common,
    path: "/v1/markets/:market/trades/export",
    tag: "markets",
    summary: "Trades as a file",
    description,
    params: marketParams,
    query: tradesQuery,
    problems: ["unknown-market", ...SUBJECT_PROBLEMS],
    handle: (exchange, request, reply) =>
      downloads.send(tradesOf(exchange, request), exchange, request, reply),
  });
}

class DownloadDesk {
  readonly #log: Log;
  #downloads: Downloads | undefined;

  constructor(log: Log) {
    this.#log = log;
  }

  get count(): number {
    return this.#downloads?.count ?? 0;
  }

  async close(): Promise<void> {
    await this.#downloads?.close();
  }

  async send(
    subject: Subject | Refusal,
    exchange: ExchangePort,
    request: FastifyRequest<{ Querystring: FileQuery }>,
    reply: FastifyReply,
  ): Promise<FastifyReply> {
    if (subject instanceof Refusal) return sendRefusal(reply, subject);
    const period = readPeriod(request.query);
    if (period instanceof Refusal) return sendRefusal(reply, period);
    const { appliedSeq: throughSeq, ledger, directory } = exchange;
    const { assets, markets } = directory;
    const { format = "csv" } = request.query;
    const asked = {
      list: subject.list,
      format,
      from: period.from ?? null,
      to: period.to ?? null,
      throughSeq,
      assets: [...assets],
      markets: [...markets],
    };
    await ledger.reached(throughSeq);
    this.#downloads ??= new Downloads(ledger.path);
    const { principal, id: requestId } = request;
    const account = principal.kind === "operator" ? null : principal.account;
    const opened = await this.#downloads.open(asked, { account, socket: request.raw.socket });
    if (opened instanceof Refusal) return sendRefusal(reply, opened);
    const { stream, archived } = opened;
    stream.on("error", (err) => this.#log.lines.warn({ requestId, err }, "a download could not be finished"));
    const moved = archived === null ? undefined : refusalOfMoved(period, archived);
    if (moved !== undefined || request.method === "HEAD") stream.destroy();
    if (moved !== undefined) return sendRefusal(reply, moved);
    if (archived !== null && period.from === undefined) {
      const { seq, at } = archivedBefore(archived);
      reply.header("pregao-archived-before", `seq=${seq}, at="${at}"`);
    }
    markPosition(reply, throughSeq).headers({
      "content-type": FILE_TYPES[format],
      "content-disposition": `attachment; filename="${subject.name}-${throughSeq}.${format}"`,
      "cache-control": "no-store",
    });
    return request.method === "HEAD" ? reply.send() : reply.send(stream);
  }
}

function statementOf(exchange: ExchangePort, { principal, query }: StatementCall): Subject | Refusal {
  const { directory } = exchange;
  const account = resolveAccount(principal, query.accountId, directory);
  if (account instanceof Refusal) return account;
  const asset = query.asset === undefined ? null : findAsset(query.asset, directory);
  if (asset instanceof Refusal) return asset;
  const name = `statement-${directory.account(account).accountId}`;
  return {
    list: { what: "statement", account, asset: asset?.asset ?? null, kind: query.kind ?? null },
    name,
  };
}

function fillsOf(exchange: ExchangePort, { principal, query }: FillsCall): Subject | Refusal {
  const { directory } = exchange;
  const account = resolveAccount(principal, query.accountId, directory);
  if (account instanceof Refusal) return account;
  const market = query.market === undefined ? null : findMarket(query.market, directory);
  if (market instanceof Refusal) return market;
  const name = `fills-${directory.account(account).accountId}`;
  return { list: { what: "fills", account, market: market?.market ?? null }, name };
}

function tradesOf({ directory }: ExchangePort, { params }: TradesCall): Subject | Refusal {
  const market = findMarket(params.market, directory);
  if (market instanceof Refusal) return market;
  return { list: { what: "trades", market: market.market }, name: `trades-${market.name}` };
}

/** A file says nothing of what it lacks, so one that would begin before the kept history is refused, unless no beginning was named. */
function refusalOfMoved({ from, to }: Period, archived: Archived): Refusal | undefined {
  const begins = from !== undefined && from <= archived.at;
  const ends = to !== undefined && to <= archived.at;
  return begins || ends ? historyArchived(archived) : undefined;
}
