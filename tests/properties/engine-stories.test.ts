import fc from "fast-check";
import { afterAll, describe, expect, test } from "vitest";
import { ByteWriter } from "../../src/domain/codec.ts";
import type { Sequenced } from "../../src/domain/commands.ts";
import { decodeOutcomes, encodeOutcome } from "../../src/domain/event-codec.ts";
import type { Event } from "../../src/domain/events.ts";
import type { Side } from "../../src/domain/market.ts";
import { encodeRecorded } from "../../src/domain/recorded-codec.ts";
import { REJECTIONS } from "../../src/domain/rejections.ts";
import { accountIndex, assetIndex, marketIndex } from "../../src/domain/units.ts";
import { Engine } from "../../src/engine/engine.ts";
import { BookDepth } from "../../src/projections/feeds/book-depth.ts";
import { Balances } from "../../src/projections/live/balances.ts";
import { GeneralWay } from "../engine/general-way.ts";
import type { Model } from "./model/model.ts";
import { OpenOrders } from "./open-orders.ts";
import { SEED, STORIES } from "./search.ts";
import { type Step, type Story, stepsOf, story } from "./stories.ts";
import { told } from "./told.ts";

/** PREGAO_SHRINK=0 only says that a story fails, and looks for no shorter one. */
const { PREGAO_SHRINK } = process.env;

/** What the compared stories brought about, and how often. */
const seen = new Map<string, number>();

function count(what: string): void {
  seen.set(what, (seen.get(what) ?? 0) + 1);
}

afterAll(() => {
  const sorted = [...seen].sort(([, a], [, b]) => b - a);
  console.info(sorted.map(([what, times]) => `${what} ${times}`).join(", "));
});

/** Stories that never bring these about prove little; the rarest comes some hundred times in a thousand stories. */
const DENSE = [
  "trade",
  "trade with a rebate",
  "filled",
  "triggered",
  "several triggered",
  "parts of an iceberg",
  "uncross",
  "prevented",
  "amended keeps its place",
  "amended enters again",
  "expired unfilled",
  "expired time",
  "canceled requested",
  "canceled self-trade",
  "canceled cancel-after",
  "order again",
  "movement again",
  "settlement again",
  "SettleFunds",
  ...REJECTIONS.map((reason) => `refused ${reason}`),
];

function assertStories(runs: number, property: (story: Story) => void, stepsMax = 160): void {
  fc.assert(fc.property(fc.noBias(story(stepsMax)), property), {
    numRuns: runs,
    seed: SEED,
    endOnFailure: PREGAO_SHRINK === "0",
  });
}

describe("any random story of every command over several accounts, assets and markets", () => {
  const timeout = Math.max(60_000, STORIES * 200);

  test("ends as an independent reading of the rulebook says, and keeps every invariant after every command", {
    timeout,
  }, () => {
    assertStories(STORIES, (it) => {
      const engine = new Engine();
      const general = new GeneralWay();
      const books = new BookDepth();
      const balances = new Balances();
      const orders = new OpenOrders();
      for (const { entry, expected, model } of stepsOf(it)) {
        const { command } = entry;
        const previewed =
          command.kind === "PlaceOrder" ? engine.preview({ ...entry, command }, Infinity).events : null;
        const events = engine.apply(entry);
        general.follow(entry, events);
        expect(told(events), JSON.stringify(entry)).toEqual(expected);
        engine.check();
        if (previewed !== null) expectSamePreview(previewed, expected, events, entry);
        books.project({ entry, events });
        balances.project({ entry, events });
        orders.hear(events);
        expectSame(
          engine.nextExpiry,
          model.nextExpiry,
          () => `what ends next after ${JSON.stringify(entry)}`,
        );
        expectSame(orders.list(), model.open, () => `open orders after ${JSON.stringify(entry)}`);
        expectSameWallets(balances, model, entry);
        expectSameBooks(books, model, entry);
        count("command");
        for (const line of expected) count(shape(line));
        for (const what of composed(entry, expected)) count(what);
      }
      general.expectSameState(engine);
    });
  });

  test.runIf(STORIES >= 300)("brings about all that the rules know, many times over", () => {
    expect(DENSE.filter((what) => (seen.get(what) ?? 0) < 20)).toEqual([]);
  });

  test("is told in the same bytes by every engine that hears it, whether or not it is asked for previews", () => {
    assertStories(Math.ceil(STORIES / 10), (it) => {
      const entries = [...stepsOf(it)].map(({ entry }: Step) => entry);
      const bytes = [true, false].map((previews) => {
        const engine = new Engine();
        const writer = new ByteWriter();
        for (const entry of entries) {
          const { command } = entry;
          if (previews && command.kind === "PlaceOrder") engine.preview({ ...entry, command }, Infinity);
          encodeOutcome(writer, { entry, events: engine.apply(entry) });
        }
        return Buffer.from(writer.view());
      });
      expect(bytes[0]!.equals(bytes[1]!)).toBe(true);
    });
  });

  test("is encoded in the same bytes from what was recorded as from its events", () => {
    assertStories(Math.ceil(STORIES / 4), (it) => {
      const engine = new Engine();
      const [fromEvents, fromLog] = [new ByteWriter(), new ByteWriter()];
      for (const { entry } of stepsOf(it) as Iterable<Step>) {
        encodeOutcome(fromEvents, { entry, events: engine.apply(entry) });
        encodeRecorded(fromLog, entry, engine.log);
      }
      expect(Buffer.from(fromLog.view()).equals(fromEvents.view())).toBe(true);
      expect([...decodeOutcomes(fromLog.view())]).toEqual([...decodeOutcomes(fromEvents.view())]);
    });
  });
});

/** What only several lines together show. */
function composed({ command }: Sequenced, lines: readonly string[]): string[] {
  const trades = lines.filter((line) => line.startsWith("trade"));
  const pairs = trades.map((line) => /, (\d+) \w+ paying \S+, (\d+) /.exec(line)!.slice(1).join(" "));
  const what: string[] = [];
  if (command.kind === "ChangeMarket" && trades.length > 0) what.push("uncross");
  if (new Set(pairs).size < pairs.length) what.push("parts of an iceberg");
  if (lines.filter((line) => line.startsWith("triggered")).length > 1) what.push("several triggered");
  return what;
}

/** A line of the model without its numbers. */
function shape(line: string): string {
  if (line.startsWith("trade")) return line.includes("paying -") ? "trade with a rebate" : "trade";
  if (line.startsWith("market")) return line.replace(/^market \d+ is (\S+),.*/, "market is $1");
  if (line.startsWith("amended")) return line.replace(/ .*, /, " ");
  if (line.startsWith("prevented") || line.startsWith("cancel-after")) return line.replace(/ .*/, "");
  return line.replace(/ \d+/, "");
}

/** The usual case, that all is well, must be quick. */
function expectSame(actual: unknown, expected: unknown, what: () => string): void {
  if (JSON.stringify(actual) !== JSON.stringify(expected)) expect(actual, what()).toEqual(expected);
}

/** A preview tells what the order itself would do and come to, and not what that triggers. */
function expectSamePreview(
  previewed: readonly Event[],
  lines: readonly string[],
  events: readonly Event[],
  { seq, command }: Sequenced,
): void {
  const triggered = lines.findIndex((line) => line.startsWith("triggered"));
  const own = triggered < 0 ? lines : lines.slice(0, triggered);
  const its = new RegExp(
    `^(placed|filled|canceled|expired) ${seq}\\b|, ${seq} \\w+ paying .*,|^prevented|^refused|again$`,
  );
  const what = () => `the preview of ${JSON.stringify(command)}`;
  expectSame(
    told(previewed),
    own.filter((line) => its.test(line)),
    what,
  );
  // What it triggers may change its account's wallets further.
  if (triggered >= 0 || command.kind !== "PlaceOrder") return;
  const wallets = (some: readonly Event[]) =>
    some.filter((event) => event.kind === "WalletChanged" && event.account === command.account);
  expectSame(wallets(previewed), wallets(events), what);
}

function expectSameWallets(balances: Balances, model: Model, { command }: Sequenced): void {
  for (let account = 0; account < model.accounts; account += 1) {
    for (let asset = 0; asset < model.assets; asset += 1) {
      const { available, held } = balances.get(accountIndex(account), assetIndex(asset));
      expectSame(
        { available, held },
        { available: Number(model.available(account, asset)), held: Number(model.held(account, asset)) },
        () => `account ${account}, asset ${asset} after ${JSON.stringify(command)}`,
      );
    }
  }
}

function expectSameBooks(books: BookDepth, model: Model, { command }: Sequenced): void {
  for (let market = 0; market < model.markets; market += 1) {
    const { bids, asks } = books.snapshot(marketIndex(market), null);
    for (const [side, levels] of [["buy", bids] as const, ["sell", asks] as const]) {
      const what = () => `${side satisfies Side}s of market ${market} after ${JSON.stringify(command)}`;
      expectSame(levels, model.levels(market, side), what);
    }
  }
}
