/**
 * Who may do what by a socket: every operation and channel against every role. The names are those that the
 * server itself gives when it is asked for something that there is not, so a new one fails here until it has its
 * row.
 */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { Client } from "./client.ts";
import { ADMIN_KEY, type Floor, type Member, openFloor } from "./floor.ts";

const SCOPES = ["read", "trade", "withdraw", "transfer"] as const;
type Access = "public" | (typeof SCOPES)[number];

const MARKET = "VIB-BRL";
const ORDER = { market: MARKET, side: "buy", type: "limit", price: "1.00", quantity: "1" };

/** Where the number of Alice's order comes. */
const ITS = "{order}";

type Row = {
  readonly access: Access;
  readonly op: string;
  readonly channel?: string;
  readonly fields?: object;
  /** What bob, who has every scope, meets when he asks for what is Alice's. */
  readonly foreign?: { readonly fields: object; readonly code: string };
};

/** By naming her account. */
const hers = { fields: { accountId: "alice" }, code: "forbidden" };
/** By naming her order, which answers as if there were none. */
const herOrder = { fields: { orderId: ITS }, code: "unknown-order" };

const ROWS: readonly Row[] = [
  { access: "public", op: "ping" },
  // It says itself who may be what.
  { access: "public", op: "auth", fields: { key: "pk_no_key" } },
  { access: "trade", op: "place", fields: ORDER, foreign: hers },
  { access: "trade", op: "cancel", fields: { orderId: ITS }, foreign: herOrder },
  { access: "trade", op: "amend", fields: { orderId: ITS, quantity: "1" }, foreign: herOrder },
  ...["subscribe", "unsubscribe"].flatMap((op): Row[] => [
    { access: "public", op, channel: "book", fields: { market: MARKET } },
    { access: "public", op, channel: "trades", fields: { market: MARKET } },
    { access: "read", op, channel: "orders", foreign: hers },
    { access: "read", op, channel: "fills", foreign: hers },
    { access: "read", op, channel: "wallets", foreign: hers },
  ]),
];

let floor: Floor;
let bob: Member;
let order: number;
const keys = new Map<string, string | null>();

beforeAll(async () => {
  floor = await openFloor();
  const alice = floor.member("alice");
  bob = floor.member("bob", SCOPES);
  order = floor.order(alice.account, { side: "buy", price: 100, quantity: 1 }).entry.seq;
  keys.set("nobody", null);
  for (const scope of SCOPES) keys.set(scope, floor.member(`has-${scope}`, [scope]).key);
  keys.set("operator", ADMIN_KEY);
});
afterAll(() => floor.stop());

const bearer = (key: string) => ({ headers: { authorization: `Bearer ${key}` } });
const open = (key: string | null) => Client.open(floor.url, key === null ? {} : bearer(key));

function expected(access: Access, role: string): "unauthorized" | "forbidden" | "in" {
  if (access === "public" || role === "operator") return "in";
  if (role === "nobody") return "unauthorized";
  return role === access ? "in" : "forbidden";
}

/** The names in `must be one of a, b, c`. */
function namesIn(message: string): string[] {
  return /^must be one of (.+)$/.exec(message)![1]!.split(", ");
}

it("has every operation and every channel that the server has", async () => {
  const client = await open(null);
  const namesAfter = async (asked: object) => namesIn((await client.ask(asked)).error!.errors[0]!.message);
  const ops = await namesAfter({ op: "x" });
  const calls = [];
  for (const op of ops) {
    if (op !== "subscribe" && op !== "unsubscribe") calls.push(op);
    else for (const channel of await namesAfter({ op, channel: "x" })) calls.push(`${op} ${channel}`);
  }
  const rows = ROWS.map(({ op, channel }) => (channel === undefined ? op : `${op} ${channel}`));
  expect(rows.sort()).toEqual(calls.sort());
  await client.close();
});

/** What a row asks for, in the order of a message. */
function messageOf({ op, channel, fields }: Row, others: object = {}): object {
  const message = JSON.stringify({ op, channel, ...fields, ...others });
  return JSON.parse(message.replace(ITS, String(order)));
}

describe.each(ROWS)("$access: $op $channel", (row) => {
  const { access, op } = row;

  it.each(["nobody", ...SCOPES, "operator"])("for %s", async (role) => {
    const client = await open(keys.get(role)!);
    const isNamed = role === "operator" && access !== "public";
    const { ok, error } = await client.ask(messageOf(row, isNamed ? { accountId: "bob" } : {}));
    const isRefused = error?.code === "unauthorized" || error?.code === "forbidden";
    // A wrong key is `auth`'s own refusal, and it says the same to everybody.
    if (op === "auth") expect(ok).toBe(false);
    else expect(isRefused ? error.code : "in").toBe(expected(access, role));
    expect(error?.status ?? 200).toBeLessThan(500);
    await client.close();
  });
});

describe.each(ROWS.filter(({ access }) => access !== "public"))("bob, who asks to $op $channel", (row) => {
  it("what is Alice's, is refused", async () => {
    const { fields, code } = row.foreign!;
    const client = await open(bob.key);
    const reached = floor.appliedSeq();
    const answer = await client.ask(messageOf(row, fields));
    expect(answer).toMatchObject({ ok: false, error: { code } });
    expect(floor.appliedSeq()).toBe(reached);
    await client.close();
  });
});
