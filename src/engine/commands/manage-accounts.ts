/** Accounts and their keys. The edge makes a key; the engine only remembers the hash of its secret. */
import type {
  CreateKey,
  OpenAccount,
  RevokeKey,
  Sequenced,
  SetAccountStatus,
} from "../../domain/commands.ts";
import type { Event } from "../../domain/events.ts";
import { accountIndex } from "../../domain/units.ts";
import { reject, type State } from "../state.ts";

export function openAccount(state: State, { command }: Sequenced<OpenAccount>): Event[] {
  const { accountId, name } = command;
  if (state.accountIds.has(accountId)) return reject("already-exists");

  const account = accountIndex(state.accountStatuses.length);
  state.accountIds.set(accountId, account);
  state.accountStatuses.push("active");
  return [{ kind: "AccountOpened", account, accountId, name }];
}

/** A suspended account's orders stay in the book, and trade. */
export function setAccountStatus(state: State, { command }: Sequenced<SetAccountStatus>): Event[] {
  const { account, status } = command;
  state.accountStatuses[account] = status;
  return [{ kind: "AccountStatusChanged", account, status }];
}

export function createKey(state: State, { command }: Sequenced<CreateKey>): Event[] {
  const { kind: _, ...key } = command;
  if (state.keys.has(key.keyId)) return reject("already-exists");

  state.keys.set(key.keyId, key);
  return [{ kind: "KeyCreated", ...key }];
}

export function revokeKey(state: State, { command }: Sequenced<RevokeKey>): Event[] {
  const { keyId } = command;
  const key = state.keys.get(keyId);
  if (key === undefined) return reject("not-found");

  state.keys.delete(keyId);
  return [{ kind: "KeyRevoked", account: key.account, keyId }];
}
