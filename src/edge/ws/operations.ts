/**
 * What a client may ask of its socket. A message is read strictly: whatever is not exactly an operation is
 * a refusal that names the place of the fault.
 */
import { z } from "zod";
import { readJson } from "../json.ts";
import { type FieldFault, malformed, Refusal } from "../problems.ts";

export const ACCOUNT_CHANNELS = ["orders", "fills", "wallets"] as const;
export type AccountChannel = (typeof ACCOUNT_CHANNELS)[number];

/** What a subscription is of, in the client's words. */
export type Topic =
  | { readonly channel: "book"; readonly market: string }
  | { readonly channel: "trades"; readonly market: string }
  | { readonly channel: AccountChannel; readonly accountId?: string | undefined };

export type Subscribe = { readonly op: "subscribe" } & (
  | { readonly channel: "book"; readonly market: string; readonly depth?: number | undefined }
  | { readonly channel: "trades"; readonly market: string; readonly fromSeq?: number | undefined }
  | {
      readonly channel: AccountChannel;
      readonly accountId?: string | undefined;
      readonly fromSeq?: number | undefined;
    }
);

export type Unsubscribe = { readonly op: "unsubscribe" } & Topic;

/**
 * An order's own fields stand beside `op` and `id`. They are not looked at yet: what REST checks a body with
 * checks these too. `orderId` is either name of an order that there is.
 */
export type OrderOperation =
  | { readonly op: "place"; readonly body: unknown }
  | { readonly op: "amend"; readonly orderId: string; readonly body: unknown }
  | { readonly op: "cancel"; readonly orderId: string; readonly accountId?: string | null | undefined };

export type Operation =
  | Subscribe
  | Unsubscribe
  | OrderOperation
  | { readonly op: "auth"; readonly key: string }
  | { readonly op: "ping" };

export type OperationId = string | number;

/** What a message says, and enough of it to answer even if it says nothing that makes sense. */
export type Message = {
  readonly op: string | null;
  readonly id: OperationId | undefined;
  readonly asked: Operation | Refusal;
};

export const DEPTH_MAX = 1000;
const ID_CHARACTERS_MAX = 64;
const NAME_CHARACTERS_MAX = 64;
const KEY_CHARACTERS_MAX = 256;
/** Of an unknown operation's name, how much the answer repeats. */
const OP_CHARACTERS_MAX = 32;

/** The operations on orders. */
export const ORDER_OPS = ["place", "cancel", "amend"] as const satisfies OrderOperation["op"][];
const OPS = ["subscribe", "unsubscribe", "auth", "ping", ...ORDER_OPS];
const LATER_CHANNELS = ["ticker", "candles"];

const id = field(
  z.union([z.string().min(1).max(ID_CHARACTERS_MAX), z.int()]),
  `must be a string of 1 to ${ID_CHARACTERS_MAX} characters or an integer`,
).optional();
const name = field(
  z.string().min(1).max(NAME_CHARACTERS_MAX),
  `must be a string of 1 to ${NAME_CHARACTERS_MAX} characters`,
);
const key = field(z.string().min(1).max(KEY_CHARACTERS_MAX), "must be an API key");
const depth = field(z.int().min(1).max(DEPTH_MAX), `must be an integer from 1 to ${DEPTH_MAX}`).optional();
const fromSeq = field(z.int().min(0), "must be an integer of at least 0").optional();
const channel = z.string();
const op = z.string();

/** What a message has whose form nobody can tell. */
const ANY = z.object({ id });

/** Either name of an order. */
const order = field(
  z.union([z.string().min(1).max(NAME_CHARACTERS_MAX), z.int()]),
  "must be an orderId or the ULID of an order",
).transform(String);

const FORMS = {
  ping: z.strictObject({ op, id }),
  auth: z.strictObject({ op, id, key }),
  // Of these two only the names: the rest is the body of a request.
  place: z.object({ op, id }),
  amend: z.object({ op, id, orderId: order }),
  cancel: z.strictObject({ op, id, orderId: order, accountId: name.nullable().optional() }),
};
const ACCOUNT_SUBSCRIBE = z.strictObject({ op, id, channel, accountId: name.optional(), fromSeq });
const ACCOUNT_UNSUBSCRIBE = z.strictObject({ op, id, channel, accountId: name.optional() });
const MARKET_UNSUBSCRIBE = z.strictObject({ op, id, channel, market: name });

const CHANNEL_FORMS = {
  subscribe: {
    book: z.strictObject({ op, id, channel, market: name, depth }),
    trades: z.strictObject({ op, id, channel, market: name, fromSeq }),
    orders: ACCOUNT_SUBSCRIBE,
    fills: ACCOUNT_SUBSCRIBE,
    wallets: ACCOUNT_SUBSCRIBE,
  },
  unsubscribe: {
    book: MARKET_UNSUBSCRIBE,
    trades: MARKET_UNSUBSCRIBE,
    orders: ACCOUNT_UNSUBSCRIBE,
    fills: ACCOUNT_UNSUBSCRIBE,
    wallets: ACCOUNT_UNSUBSCRIBE,
  },
};

export function readMessage(text: string): Message {
  const json = readJson(text);
  if ("fault" in json) {
    return { op: null, id: undefined, asked: malformed(json.fault.path, json.fault.message) };
  }
  const { value } = json;
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    return { op: null, id: undefined, asked: malformed("", "must be a JSON object") };
  }
  const fields = value as Record<string, unknown>;
  const given = id.safeParse(fields.id);
  return {
    op: typeof fields.op === "string" ? fields.op.slice(0, OP_CHARACTERS_MAX) : null,
    id: given.success ? given.data : undefined,
    asked: read(fields),
  };
}

function read(fields: Record<string, unknown>): Operation | Refusal {
  const form = formOf(fields);
  const isKnown = form instanceof z.ZodType;
  const parsed = (isKnown ? form : ANY).safeParse(fields);
  // The forms and the type say the same; zod cannot tie a form to the literal by which it was chosen.
  if (isKnown && parsed.success) {
    return bodyOperation(fields, parsed.data) ?? (parsed.data as Operation);
  }
  const faults = isKnown ? [] : [form];
  if (!parsed.success) faults.push(...parsed.error.issues.flatMap(faultsOf));
  const [{ path, message }] = faults as [FieldFault];
  return new Refusal("invalid-request", `${path} ${message}.`, faults);
}

/** An operation with a body, which is what came, untouched, less the names. */
function bodyOperation(fields: Record<string, unknown>, names: unknown): Operation | undefined {
  const { op, id: _, ...body } = fields;
  if (op === "place") return { op, body };
  if (op !== "amend") return undefined;
  const { orderId: __, ...change } = body;
  return { op, orderId: (names as { readonly orderId: string }).orderId, body: change };
}

/** The form that a message of this operation and channel has to have, or why it can have none. */
function formOf({ op, channel }: Record<string, unknown>): z.ZodType | FieldFault {
  if (isText(op) && Object.hasOwn(FORMS, op)) return FORMS[op as keyof typeof FORMS];
  if (op === "subscribe" || op === "unsubscribe") {
    const forms: Record<string, z.ZodType> = CHANNEL_FORMS[op];
    if (isText(channel) && Object.hasOwn(forms, channel)) return forms[channel]!;
    if (isText(channel) && LATER_CHANNELS.includes(channel)) {
      return { path: "channel", message: "is not offered yet" };
    }
    return unknownName("channel", channel, Object.keys(forms));
  }
  return unknownName("op", op, OPS);
}

/** A value that is no text is never made one: it may say that it cannot, by throwing. */
function isText(value: unknown): value is string {
  return typeof value === "string";
}

function unknownName(path: string, given: unknown, names: readonly string[]): FieldFault {
  return { path, message: given === undefined ? "is required" : `must be one of ${names.join(", ")}` };
}

function faultsOf(issue: z.core.$ZodIssue): FieldFault[] {
  if (issue.code === "unrecognized_keys") {
    return issue.keys.map((path) => ({ path, message: "is not a field of this operation" }));
  }
  return [{ path: issue.path.join("."), message: issue.message }];
}

/** A field whose every fault is told in one sentence. */
function field<Type extends z.ZodType>(type: Type, message: string): z.ZodType<z.output<Type>> {
  return z.unknown().transform((input, context) => {
    const parsed = type.safeParse(input);
    if (parsed.success) return parsed.data;
    context.addIssue(input === undefined ? "is required" : message);
    return z.NEVER;
  });
}
