/** The names of accounts, assets and markets, as a directory has them. */
import type { Directory } from "../live/directory.ts";
import type { Names } from "./command-words.ts";

export function namesOf(directory: Directory): Names {
  return {
    account: (index) => directory.account(index).accountId,
    asset: (index) => directory.asset(index),
    market: (index) => directory.market(index),
  };
}
