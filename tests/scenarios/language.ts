/**
 * The traders' words of a scenario, read into statements. A line is matched against the table of forms; what
 * fits none is an error that names the line. Amounts stay text here: only the stage knows the assets.
 */

import { MARKET_STATUSES, type MarketStatus, type Side } from "../../src/domain/market.ts";
import { ORDER_STATEMENT, type OrderStatement, readOrder } from "./order-words.ts";
import { AMOUNT, ASSET, MARKET, milliseconds, NAME, SHARE, TIME, type Words } from "./words.ts";

/** Where the story stands before its first command. */
export type AssetTerms = { readonly name: string; readonly decimals: number };
export type MarketTerms = {
  readonly name: string;
  readonly base: string;
  readonly quote: string;
  readonly terms: Readonly<Partial<Record<MarketTerm, string>>>;
};

export type MovementStatement = {
  readonly kind: "deposit" | "withdrawal" | "transfer";
  readonly account: string;
  readonly to: string | null;
  readonly amount: string;
  readonly asset: string;
  readonly reference: string | null;
};

/** A list of trades made elsewhere; prices are those of the first market. */
export type SettlementStatement = {
  readonly kind: "settlement";
  readonly settlementId: string | null;
  readonly entries: readonly {
    readonly account: string;
    readonly side: Side;
    readonly quantity: string;
    readonly price: string;
    readonly reference: string;
  }[];
};

/** What is null stays as it is. */
export type AmendStatement = {
  readonly kind: "amend";
  readonly account: string;
  readonly order: number;
  readonly quantity: string | null;
  readonly price: string | null;
};

export type Statement =
  | OrderStatement
  | MovementStatement
  | SettlementStatement
  | { readonly kind: "cancel"; readonly account: string; readonly order: number }
  | { readonly kind: "cancel-all"; readonly account: string; readonly market: string | null }
  | { readonly kind: "cancel-after"; readonly account: string; readonly seconds: number }
  | AmendStatement
  | { readonly kind: "account"; readonly account: string; readonly status: "active" | "suspended" }
  | { readonly kind: "status"; readonly market: string; readonly status: MarketStatus }
  | { readonly kind: "fees"; readonly market: string; readonly maker: string; readonly taker: string }
  | { readonly kind: "band"; readonly market: string; readonly share: string }
  | { readonly kind: "clock"; readonly atMs: number }
  | { readonly kind: "show-wallets"; readonly accounts: readonly string[] }
  | { readonly kind: "show-book" };

/** A line of the story; `{n}` in a repeated one counts from 1. */
export type Line = { readonly text: string; readonly number: number; readonly times: number };

export type Scenario = {
  /** The sentence that the scenario proves. */
  readonly claim: string;
  readonly assets: readonly AssetTerms[];
  readonly markets: readonly MarketTerms[];
  readonly lines: readonly Line[];
  /** Everything above the outcome, as it was written. */
  readonly story: string;
  readonly outcome: string;
};

const MARKET_TERMS = [
  "tick",
  "lot",
  "maker fee",
  "taker fee",
  "min notional",
  "max quantity",
  "max open orders",
  "band",
  "reference",
] as const;
type MarketTerm = (typeof MARKET_TERMS)[number];

const RULE = "----\n";

export class LanguageError extends Error {
  override readonly name = "LanguageError";
}

/** Reads a whole scenario file. */
export function parseScenario(source: string): Scenario {
  const end = source.indexOf(`\n${RULE}`);
  const story = end < 0 ? `${source.trimEnd()}\n` : source.slice(0, end + 1);
  const outcome = end < 0 ? "" : source.slice(end + 1 + RULE.length);
  const claim: string[] = [];
  const assets: AssetTerms[] = [];
  const markets: MarketTerms[] = [];
  const lines: Line[] = [];
  for (const [index, raw] of story.split("\n").entries()) {
    const text = raw.trim();
    const number = index + 1;
    if (text === "") continue;
    if (text.startsWith("# ") && lines.length === 0) claim.push(text.slice(2));
    else if (text.startsWith("asset ")) assets.push(parseAsset(text, number));
    else if (/^market \S+:/.test(text)) markets.push(parseMarket(text, number));
    else lines.push(parseTimes(text, number));
  }
  if (claim.length === 0) throw new LanguageError("a scenario starts with its claim: # So it is.");
  return { claim: claim.join(" "), assets, markets, lines, story, outcome };
}

/** Puts a scenario together again, with the outcome that it has now. */
export function formatScenario({ story }: Scenario, outcome: string): string {
  return `${story}${RULE}${outcome}`;
}

/** The file name that a claim gives. */
export function nameOfClaim(claim: string): string {
  const words = claim.toLowerCase().match(/[a-z0-9]+(?:[.,'-][a-z0-9]+)*/g) ?? [];
  return `${words.join("-").replaceAll(/[.,']/g, "")}.txt`;
}

/** The accounts of a story, in the order of their first words. */
export function accountsOf(lines: readonly Line[]): string[] {
  const accounts = new Set<string>();
  for (const line of lines) {
    const statement = parseStatement(line.text, line.number);
    if ("account" in statement) accounts.add(statement.account);
    if (statement.kind === "transfer") accounts.add(statement.to!);
    if (statement.kind === "settlement") for (const { account } of statement.entries) accounts.add(account);
  }
  accounts.delete("fees");
  return [...accounts];
}

type Form = { readonly pattern: RegExp; readonly read: (words: Words) => Statement };

const REFERENCE = "(?: as (\\S+))?";

/** One account's part in a trade that was made elsewhere; its groups are read when the list has been taken apart. */
const TRADED = "[a-z]+ (?:buys|sells) [0-9.]+ at [0-9.]+ as \\S+?";

const FORMS: readonly Form[] = [
  form(
    `${NAME} (deposits|withdraws) ${AMOUNT} ${ASSET}${REFERENCE}`,
    ([account, verb, amount, asset, as]) => ({
      kind: verb === "deposits" ? "deposit" : "withdrawal",
      account: account!,
      to: null,
      amount: amount!,
      asset: asset!,
      reference: as ?? null,
    }),
  ),
  form(`${NAME} sends ${AMOUNT} ${ASSET} to ${NAME}${REFERENCE}`, ([account, amount, asset, to, as]) => ({
    kind: "transfer",
    account: account!,
    to: to!,
    amount: amount!,
    asset: asset!,
    reference: as ?? null,
  })),
  form(`settled(?: under (\\S+))?: (${TRADED}(?:, ${TRADED})*)`, ([settlementId, list]) => ({
    kind: "settlement",
    settlementId: settlementId ?? null,
    entries: list!.split(", ").map(readTraded),
  })),
  form(ORDER_STATEMENT, readOrder),
  form(
    `${NAME} amends #([0-9]+)(?: to ${AMOUNT})?(?: at ${AMOUNT})?`,
    ([account, order, quantity, price]) => ({
      kind: "amend",
      account: account!,
      order: Number(order),
      quantity: quantity ?? null,
      price: price ?? null,
    }),
  ),
  form(`${NAME} cancels #([0-9]+)`, ([account, order]) => ({
    kind: "cancel",
    account: account!,
    order: Number(order),
  })),
  form(`${NAME} cancels all(?: in ${MARKET})?`, ([account, market]) => ({
    kind: "cancel-all",
    account: account!,
    market: market ?? null,
  })),
  form(`${NAME} cancels all in ([0-9]+)s`, ([account, seconds]) => ({
    kind: "cancel-after",
    account: account!,
    seconds: Number(seconds),
  })),
  form(`market ${MARKET} is (${MARKET_STATUSES.join("|")})`, ([market, status]) => ({
    kind: "status",
    market: market!,
    status: status as MarketStatus,
  })),
  form(`market ${MARKET} has a band of ${AMOUNT}`, ([market, share]) => ({
    kind: "band",
    market: market!,
    share: share!,
  })),
  form(`market ${MARKET} charges makers ${SHARE} and takers ${AMOUNT}`, ([market, maker, taker]) => ({
    kind: "fees",
    market: market!,
    maker: maker!,
    taker: taker!,
  })),
  form(`${NAME} is (active|suspended)`, ([account, status]) => ({
    kind: "account",
    account: account!,
    status: status as "active" | "suspended",
  })),
  form(`the clock shows ${TIME}`, ([time]) => ({ kind: "clock", atMs: milliseconds(time!) })),
  form("show book", () => ({ kind: "show-book" })),
  form("show ([a-z]+(?:, [a-z]+)*)", ([names]) => ({ kind: "show-wallets", accounts: names!.split(", ") })),
];

/** Reads one line of the story. */
export function parseStatement(text: string, number: number): Statement {
  for (const { pattern, read } of FORMS) {
    const match = pattern.exec(text);
    if (match !== null) return read(match.slice(1));
  }
  throw new LanguageError(`line ${number} is in nobody's words: ${text}`);
}

function readTraded(words: string): SettlementStatement["entries"][number] {
  const [account, verb, quantity, , price, , reference] = words.split(" ");
  const side = verb === "buys" ? "buy" : "sell";
  return { account: account!, side, quantity: quantity!, price: price!, reference: reference! };
}

function form(pattern: string, read: (words: Words) => Statement): Form {
  return { pattern: new RegExp(`^${pattern}$`), read };
}

function parseAsset(text: string, number: number): AssetTerms {
  const match = /^asset ([A-Z0-9]+) with ([0-9]+) decimals?$/.exec(text);
  if (match === null) throw new LanguageError(`line ${number} is no asset: asset BTC with 8 decimals`);
  return { name: match[1]!, decimals: Number(match[2]) };
}

function parseMarket(text: string, number: number): MarketTerms {
  const match = /^market (([A-Z0-9]+)-([A-Z0-9]+)): (.+)$/.exec(text);
  if (match === null)
    throw new LanguageError(`line ${number} is no market: market BTC-BRL: tick 0.01, lot 0.001`);
  const [, name, base, quote, list] = match;
  const terms: Partial<Record<MarketTerm, string>> = {};
  for (const part of list!.split(", ")) {
    const term = MARKET_TERMS.find((candidate) => part.startsWith(`${candidate} `));
    if (term === undefined)
      throw new LanguageError(`line ${number}: ${part} is none of ${MARKET_TERMS.join(", ")}`);
    terms[term] = part.slice(term.length + 1);
  }
  return { name: name!, base: base!, quote: quote!, terms };
}

function parseTimes(text: string, number: number): Line {
  const match = /^([0-9]+) times: (.+)$/.exec(text);
  const line =
    match === null ? { text, number, times: 1 } : { text: match[2]!, number, times: Number(match[1]) };
  parseStatement(line.text, number);
  return line;
}
