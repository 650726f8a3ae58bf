/** Accounts and their keys. The edge makes a key; the engine only remembers the hash of its secret. */
import type {
  CreateKey,
  OpenAccount,
  RevokeKey,
  Sequenced,
  SetAccountStatus,
} from "../../domain/commands.ts";
import type { Rejection } from "../../domain/rejections.ts";
import { addAccount, type State } from "../state.ts";

export function openAccount(state: State, { command }: Sequenced<OpenAccount>): Rejection | null {
  const { accountId, name } = command;
  if (state.accountIds.has(accountId)) return "already-exists";

  const account = addAccount(state, "active");
  state.accountIds.set(accountId, account);
  state.log.tell({ kind: "AccountOpened", account, accountId, name });
  return null;
}

/** A suspended account's orders stay in the book, and trade. */
export function setAccountStatus(state: State, { command }: Sequenced<SetAccountStatus>): Rejection | null {
  const { account, status } = command;
  state.accountStatuses[account] = status;
  state.log.tell({ kind: "AccountStatusChanged", account, status });
  return null;
}

export function createKey(state: State, { command }: Sequenced<CreateKey>): Rejection | null {
  const { kind: _, ...key } = command;
  if (state.keys.has(key.keyId)) return "already-exists";

  state.keys.set(key.keyId, key);
  state.log.tell({ kind: "KeyCreated", ...key });
  return null;
}

export function revokeKey(state: State, { command }: Sequenced<RevokeKey>): Rejection | null {
  const { keyId } = command;
  const key = state.keys.get(keyId);
  if (key === undefined) return "not-found";

  state.keys.delete(keyId);
  state.log.tell({ kind: "KeyRevoked", account: key.account, keyId });
  return null;
}
