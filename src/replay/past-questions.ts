/** All that the thread of the past can be asked, by name. Who asks sees the types; the thread alone loads the functions. */
import { bookThen } from "./book-then.ts";
import { changesBehind } from "./changes-behind.ts";
import { effectsThen } from "./effects-then.ts";
import { recordsThen } from "./records-then.ts";
import { walletsThen } from "./wallets-then.ts";

export const PAST_QUESTIONS = {
  book: bookThen,
  wallets: walletsThen,
  records: recordsThen,
  effects: effectsThen,
  changes: changesBehind,
} as const;

type Questions = typeof PAST_QUESTIONS;
export type PastName = keyof Questions;
export type AskedOf<Name extends PastName> = Parameters<Questions[Name]>[0];
export type AnswerOf<Name extends PastName> = Awaited<ReturnType<Questions[Name]>>;
