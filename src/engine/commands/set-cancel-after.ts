/**
 * The dead man's switch of an account: unless it is set again in time, all of the account's open orders are
 * canceled. Nothing refuses it: all that it can bring about is cancels, which nothing refuses either.
 */
import type { Sequenced, SetCancelAfter } from "../../domain/commands.ts";
import type { Rejection } from "../../domain/rejections.ts";
import { epochMs } from "../../domain/units.ts";
import type { State } from "../state.ts";

const MS_PER_SECOND = 1_000;

export function setCancelAfter(state: State, { at, command }: Sequenced<SetCancelAfter>): Rejection | null {
  const { account, seconds } = command;
  const deadline = seconds === 0 ? null : epochMs(at + seconds * MS_PER_SECOND);
  if (deadline === null) state.deadlines.disarm(account);
  else state.deadlines.arm(account, deadline);
  state.log.tell({ kind: "CancelAfterSet", account, deadline });
  return null;
}
