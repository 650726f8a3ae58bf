/**
 * A `userId` is the id of an account. The first design's are numbers; ours are texts, which may be digits: a client
 * may send either, and is answered with a number where the id is one.
 */
import { isLosslessNumber, LosslessNumber } from "lossless-json";
import { z } from "zod";
import { FEES_ACCOUNT } from "../../../domain/commands.ts";
import type { Account, Directory } from "../../../projections/live/directory.ts";
import { ACCOUNT_ID_PATTERN } from "../../http/schemas.ts";
import { findAccount } from "../../parse.ts";
import { malformed, Refusal } from "../../problems.ts";
import { wholeDigitsOf } from "./numbers.ts";

const ACCOUNT_ID_CHARACTERS_MAX = 64;

const ACCOUNT_ID = new RegExp(ACCOUNT_ID_PATTERN);
const WHOLE = /^(?:0|[1-9][0-9]*)$/;

export const userId = z
  .union([z.number(), z.string()])
  .describe("The id of an account: a whole number, or a text.")
  .meta({ example: 334455 });

/** The account id that a client has written, as a number or as a text. */
export function readUserId(sent: unknown, path: string): string | Refusal {
  const text = isLosslessNumber(sent) ? wholeDigitsOf(sent, ACCOUNT_ID_CHARACTERS_MAX) : sent;
  if (typeof text === "string" && ACCOUNT_ID.test(text)) return text;
  return malformed(path, "must be a whole number, or 1 to 64 of A-Z a-z 0-9 . _ -");
}

/** The account of a client's user, who has to be there and must be able to trade. A text that can name nobody is unknown. */
export function findUser(sent: unknown, path: string, directory: Directory): Account | Refusal {
  const accountId = typeof sent === "string" ? sent : readUserId(sent, path);
  if (accountId instanceof Refusal) return accountId;
  const account = findAccount(accountId, directory);
  if (account instanceof Refusal || account.account !== FEES_ACCOUNT) return account;
  return reserved(path);
}

export function reserved(path: string): Refusal {
  return malformed(path, "is a reserved account, which has no operations and no wallet here");
}

/** As a number where it is one, so that the clients of the first design get back what they sent. */
export function userIdView(accountId: string): LosslessNumber | string {
  const isNumber = WHOLE.test(accountId) && Number.isSafeInteger(Number(accountId));
  return isNumber ? new LosslessNumber(accountId) : accountId;
}
