/**
 * The pieces of which requests and answers are described, and the words for what does not fit them. zod
 * describes once, at the start; compiled JSON Schemas check and write from then on.
 */
import { z } from "zod";
import { SCOPES } from "../../domain/commands.ts";
import { DECIMAL_CHARACTERS_MAX, DECIMAL_PATTERN } from "../../domain/decimal.ts";
import { LIMIT_MAX } from "./pages.ts";

const SIGNED_DECIMAL_PATTERN = DECIMAL_PATTERN.replace("^", "^-?");
const REFERENCE_PATTERN = "^[A-Za-z0-9._:/-]{1,64}$";
export const ACCOUNT_ID_PATTERN = "^[A-Za-z0-9._-]{1,64}$";
const ASSET_PATTERN = "^[A-Z0-9]{1,10}$";
// Free text, but nothing that cannot be shown: no control characters, no halves of surrogate pairs.
const LABEL_PATTERN = "^[^\\u0000-\\u001f\\u007f\\ud800-\\udfff]{1,64}$";

/** What a text has to be where it does not fit its pattern. */
export const PATTERN_WORDS: ReadonlyMap<unknown, string> = new Map([
  [
    DECIMAL_PATTERN,
    'must be a decimal string such as "100.99": digits, then possibly a point and more digits, ' +
      `at most ${DECIMAL_CHARACTERS_MAX} characters`,
  ],
  [SIGNED_DECIMAL_PATTERN, 'must be a decimal string such as "0.001", or "-0.0005" for a rebate'],
  [REFERENCE_PATTERN, "must be 1 to 64 of A-Z a-z 0-9 . _ : / -"],
  [ACCOUNT_ID_PATTERN, "must be 1 to 64 of A-Z a-z 0-9 . _ -"],
  [ASSET_PATTERN, "must be 1 to 10 of A-Z 0-9"],
  [LABEL_PATTERN, "must be 1 to 64 characters without control characters"],
]);

export const decimalText = z
  .string()
  .max(DECIMAL_CHARACTERS_MAX)
  .meta({ pattern: DECIMAL_PATTERN, example: "100.99" });

/** A fee that may be a rebate; nothing else that a client sends has a sign. */
export const signedDecimalText = z
  .string()
  .max(DECIMAL_CHARACTERS_MAX)
  .meta({ pattern: SIGNED_DECIMAL_PATTERN, example: "-0.0005" });

export const reference = z.string().max(64).meta({ pattern: REFERENCE_PATTERN, example: "my-1" });
export const accountId = z.string().max(64).meta({ pattern: ACCOUNT_ID_PATTERN, example: "alice" });
export const assetName = z.string().max(10).meta({ pattern: ASSET_PATTERN, example: "BRL" });
export const label = z.string().max(128).meta({ pattern: LABEL_PATTERN, example: "trading bot" });

/** The name of something that has to exist; a wrong one is unknown rather than malformed. */
export const nameOf = (example: string) => z.string().min(1).max(64).meta({ example });

export const operatorsAccount = nameOf("alice")
  .nullable()
  .optional()
  .describe("The account; operator keys only, and required with them.");

export const scopes = z
  .array(z.enum(SCOPES))
  .min(1)
  .max(SCOPES.length)
  .meta({ uniqueItems: true, example: ["read", "trade"] });

/** A value of a query string, to be parsed by hand: there every value is a text. */
export const queryText = (description: string) => z.string().max(64).optional().describe(description);

export const accountQuery = {
  accountId: queryText("The account; operator keys only, and required with them."),
};

export const pageQuery = {
  limit: queryText(`Items on a page, 1 to ${LIMIT_MAX}; 100 unless given.`),
  cursor: z.string().max(128).optional().describe("The `nextCursor` of the page before."),
};

export const periodQuery = {
  from: queryText("The earliest time, inclusive, such as `2026-11-22T08:22:00.123Z`."),
  to: queryText("The latest time, exclusive."),
};

export const assetQuery = { asset: queryText("Only this asset.") };

export const marketQuery = { market: queryText("Only this market.") };

export const time = z.string().meta({ format: "date-time", example: "2026-11-22T08:22:00.123Z" });

export const pageOf = <Item extends z.ZodType>(item: Item) =>
  z.object({ items: z.array(item), nextCursor: z.string().nullable() });

/** A page of history, which may end where the archive begins. */
export const historyPageOf = <Item extends z.ZodType>(item: Item) =>
  pageOf(item).extend({
    archivedBefore: z
      .object({ seq: z.int(), at: time })
      .optional()
      .describe("On the last page, if what happened before that sequence has moved to the archive."),
  });

export const listOf = <Item extends z.ZodType>(item: Item) => z.object({ items: z.array(item) });

/** An amount in an answer; what we write needs no checking. */
export const amount = z.string().meta({ example: "100.99" });

export const orderParams = z.object({ id: z.string().describe("Either name of the order.") });
