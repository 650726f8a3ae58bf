/**
 * Random trading stories of every command: few accounts, so that some meet themselves; little money, so that some
 * are refused; markets that halt, gather orders for an auction and open again. A story is told step by step: what
 * happens next may depend on what has happened.
 */
import fc from "fast-check";
import type { Command, Sequenced } from "../../src/domain/commands.ts";
import type { MarketStatus } from "../../src/domain/market.ts";
import {
  type AccountIndex,
  AMOUNT_MAX,
  accountIndex,
  assetIndex,
  epochMs,
  minor,
  type OrderId,
  partsPerMillion,
  seq,
} from "../../src/domain/units.ts";
import type { Told } from "./model/floor.ts";
import { Model } from "./model/model.ts";
import {
  ACCOUNTS,
  amending,
  canceling,
  type Intent,
  market,
  type Past,
  placing,
  trader,
} from "./order-intents.ts";
import { settling, settlingAgain } from "./settling-intents.ts";
import { band, fees, type Scale, type World, world } from "./worlds.ts";

const ASSETS = 3;
const START = 1_000;

/** It reads as the commands that it comes to, so that a failing one can be told again by hand. */
export type Story = {
  readonly world: World;
  readonly steps: readonly { readonly wait: number; readonly intent: Intent }[];
};

/** A command, what the model says that it does, and the model after it. */
export type Step = { readonly entry: Sequenced; readonly expected: Told; readonly model: Model };

const asset = fc.integer({ min: 0, max: ASSETS - 1 }).map(assetIndex);

function movement(scale: Scale): fc.Arbitrary<Intent> {
  const amount = fc
    .integer({ min: 1, max: 20 })
    .map((count) => minor(Math.min(count * scale.depositStep, AMOUNT_MAX)));
  const reference = fc.nat(60).map((number) => `r${number}`);
  const kind = fc.constantFrom("DepositFunds" as const, "WithdrawFunds" as const);
  const way = fc.record({ account: trader, asset, amount, reference });
  return fc.oneof(
    fc.record({ kind, way }).map(({ kind: which, way: terms }) => () => ({ kind: which, ...terms })),
    fc.record({ way, to: trader }).map(({ way: terms, to }) => (): Command => {
      const toAccount = to === terms.account ? accountIndex((to % ACCOUNTS) + 1) : to;
      return { kind: "TransferFunds", ...terms, toAccount };
    }),
    fc
      .record({ asset, amount, reference })
      .map((terms) => (): Command => ({ kind: "WithdrawFunds", account: accountIndex(0), ...terms })),
  );
}

/** A market that does not trade is mostly opened again. */
const operating: fc.Arbitrary<Intent> = fc
  .record({
    market,
    from: fc.constantFrom<MarketStatus | null>(
      ...["auction" as const, "auction" as const, "auction" as const, "halted" as const],
      ...["cancel-only" as const, "open" as const, null, null, null, null, null, null],
    ),
    to: fc.constantFrom<MarketStatus | null>("open", "open", "open", "open", "open", "open", "auction", null),
    fees: fc.option(fees, { freq: 2 }),
    priceBand: fc.option(band.map((share) => share ?? partsPerMillion(0))),
  })
  .map(
    (terms) =>
      ({ status }): Command => ({
        kind: "ChangeMarket",
        market: terms.market,
        status: status(terms.market) === "open" ? terms.from : terms.to,
        makerFee: terms.fees?.makerFee ?? null,
        takerFee: terms.fees?.takerFee ?? null,
        priceBand: terms.priceBand,
      }),
  );

const keyId = fc.constantFrom("k1", "k2", "k3");

const managing: fc.Arbitrary<Intent> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc
      .tuple(
        trader,
        fc.constantFrom("active" as const, "active" as const, "active" as const, "suspended" as const),
      )
      .map(
        ([account, status]) =>
          (): Command => ({ kind: "SetAccountStatus", account, status }),
      ),
  },
  {
    weight: 1,
    arbitrary: fc.tuple(trader, keyId).map(
      ([account, key]) =>
        (): Command => ({
          kind: "CreateKey",
          account,
          keyId: key,
          name: key,
          scopes: ["read"],
          secretHash: "00",
        }),
    ),
  },
  { weight: 1, arbitrary: keyId.map((key) => (): Command => ({ kind: "RevokeKey", keyId: key })) },
  {
    weight: 1,
    arbitrary: fc
      .nat(12)
      .map((number) => (): Command => ({ kind: "OpenAccount", accountId: `account-${number}`, name: null })),
  },
  {
    weight: 1,
    arbitrary: fc.nat(9).map((back) => ({ sent }: Past) => {
      const listings = sent.filter(({ kind }) => kind === "ListMarket" || kind === "ListAsset");
      return listings[back % listings.length]!;
    }),
  },
);

/** The same again, as a client that never saw the answer sends it. */
const repeating: fc.Arbitrary<Intent> = fc
  .tuple(fc.nat(12), fc.integer({ min: 0, max: 4 }))
  .map(([back, changed]) => ({ sent }: Past): Command => {
    const named = sent.filter((command) =>
      command.kind === "PlaceOrder" ? command.clientOrderId !== null : "reference" in command,
    );
    const again = named[Math.max(0, named.length - 1 - back)]!;
    if (changed > 1 || !("reference" in again)) return again;
    if (changed === 1) return { ...again, asset: assetIndex((again.asset + 1) % ASSETS) };
    return { ...again, amount: minor(again.amount - 1) };
  });

const expiring: fc.Arbitrary<Intent> = fc.constant((): Command => ({ kind: "ExpireOrders" }));

/** Any story of up to so many steps, in a world of its own. */
export function story(stepsMax: number): fc.Arbitrary<Story> {
  return world.chain((where) => {
    const intent = fc.oneof(
      { weight: 63, arbitrary: placing(where.scale) },
      { weight: 12, arbitrary: amending(where.scale) },
      { weight: 4, arbitrary: canceling },
      { weight: 9, arbitrary: operating },
      { weight: 4, arbitrary: movement(where.scale) },
      { weight: 3, arbitrary: repeating },
      { weight: 2, arbitrary: settling(where.scale) },
      { weight: 1, arbitrary: settlingAgain },
      { weight: 1, arbitrary: managing },
      { weight: 1, arbitrary: expiring },
    );
    const step = fc.record({ wait: fc.constantFrom(0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 3, 250), intent });
    return fc
      .record({
        world: fc.constant(where),
        steps: fc.array(step, { minLength: 1, maxLength: stepsMax, size: "max" }),
      })
      .map((it): Story => Object.assign(it, { [fc.toStringMethod]: () => written(it) }));
  });
}

function written(it: Story): string {
  return [...stepsOf(it)]
    .map(({ entry: { seq: number, at, command }, expected }) => {
      return `\n#${number} at ${at}: ${JSON.stringify(command)}\n    ${expected.join("\n    ")}`;
    })
    .join("");
}

/**
 * Tells a story as a journal would: its world listed and funded first, then step by step. As in a frame, what
 * ends of itself comes first when it is due.
 */
export function* stepsOf({ world: { markets: listings, scale }, steps }: Story): Generator<Step> {
  const model = new Model();
  let at = START;
  const placed: OrderId[] = [];
  const sent: Command[] = [];
  const tell = (command: Command): Step => {
    sent.push(command);
    const entry: Sequenced = {
      seq: seq(sent.length),
      at: epochMs(at),
      requestId: "",
      traceId: null,
      command,
    };
    return { entry, expected: model.apply(entry), model };
  };
  for (let i = 0; i < ASSETS; i += 1) yield tell({ kind: "ListAsset", name: "ABC"[i]!, scale: 0 });
  for (const terms of listings) yield tell({ kind: "ListMarket", ...terms });
  for (let i = 1; i <= ACCOUNTS; i += 1) {
    yield tell({ kind: "OpenAccount", accountId: `account-${i}`, name: null });
    for (let asked = 0; asked < ASSETS; asked += 1) yield tell(firstDeposit(accountIndex(i), asked, scale));
  }
  for (const { wait, intent } of steps) {
    at += wait;
    if (model.nextExpiry !== null && model.nextExpiry <= at) yield tell({ kind: "ExpireOrders" });
    const past: Past = {
      at,
      placed,
      sent,
      open: model.open,
      status: (index) => model.status(index),
      last: (index) => model.last(index),
    };
    const command = intent(past);
    if (command.kind === "PlaceOrder") placed.push((sent.length + 1) as OrderId);
    yield tell(command);
  }
}

/** The first account is rich, the last one poor. */
function firstDeposit(account: AccountIndex, asked: number, { depositStep }: Scale): Command {
  // Eight, four, two and one parts: together they never pass 2^53.
  const amount = Math.min(depositStep * 2 ** (ACCOUNTS - account), AMOUNT_MAX);
  return {
    kind: "DepositFunds",
    account,
    asset: assetIndex(asked),
    amount: minor(amount),
    reference: `first-${asked}`,
  };
}
