/** Trades that were made elsewhere: section 9 of the rulebook for what was sent before, section 7 for what moves. */
import type { SettleFunds } from "../../../src/domain/commands.ts";
import type { Floor } from "./floor.ts";
import type { Memories } from "./memory.ts";
import { MOST } from "./order.ts";

type Around = {
  readonly floor: Floor;
  readonly sent: Memories;
  readonly isActive: (account: number) => boolean;
  readonly supply: (asset: number) => bigint;
};

type Net = { readonly account: number; readonly asset: number; readonly amount: bigint };

/** What became of the list, in one line. */
export function settle(seq: number, command: SettleFunds, around: Around): string {
  const { floor, sent } = around;
  const content = JSON.stringify({ ...command, settlementId: null });
  const names = namesOf(command);
  const known = names.map(([owner, name]) => sent.recall(owner, name)).filter((each) => each !== undefined);
  if (known.length > 0) {
    const isOne = known.every(({ named }) => named === known[0]!.named);
    const isSame = known.every((each) => each.content === content);
    return isOne && isSame ? `settlement ${known[0]!.named} again` : "refused reference-reused";
  }
  const refusal = refusalOf(command, around);
  if (refusal !== null) return `refused ${refusal}`;

  for (const [owner, name] of names) {
    sent.remember(owner, name, { named: seq, content });
    sent.mayFade(owner, name);
  }
  for (const { account, asset, amount } of netsOf(command)) floor.give(account, asset, amount);
  return "SettleFunds";
}

/** Under what a list is remembered, and by whom. */
function namesOf({ entries, settlementId }: SettleFunds): (readonly [owner: string, name: string])[] {
  if (settlementId === null)
    return entries.map(({ account, reference }) => [`${account} reference`, reference]);
  const accounts = new Set(entries.map(({ account }) => `${account} id`));
  return ["house", ...accounts].map((owner) => [owner, settlementId]);
}

function refusalOf(command: SettleFunds, { floor, isActive, supply }: Around): string | null {
  const { base, quote, entries } = command;
  const moved = {
    [base]: entries.reduce((sum, { quantity }) => sum + BigInt(quantity), 0n),
    [quote]: entries.reduce((sum, { value }) => sum + BigInt(value), 0n),
  };
  if ([base, quote].some((asset) => supply(asset) + moved[asset]! > MOST)) return "amount-too-large";
  const nets = netsOf(command);
  for (const asset of [base, quote]) {
    const left = nets.reduce((sum, net) => (net.asset === asset ? sum + net.amount : sum), 0n);
    if (left !== 0n) return "unbalanced";
  }
  const paying = nets.filter(({ amount }) => amount < 0n);
  if (paying.some(({ account }) => !isActive(account))) return "account-suspended";
  const short = paying.some(({ account, asset, amount }) => floor.available(account, asset) + amount < 0n);
  return short ? "insufficient-funds" : null;
}

function netsOf({ base, quote, entries }: SettleFunds): Net[] {
  const nets = new Map<string, Net>();
  const add = (account: number, asset: number, amount: bigint) => {
    const before = nets.get(`${account} ${asset}`)?.amount ?? 0n;
    nets.set(`${account} ${asset}`, { account, asset, amount: before + amount });
  };
  for (const { account, side, quantity, value } of entries) {
    const sign = side === "buy" ? 1n : -1n;
    add(account, base, sign * BigInt(quantity));
    add(account, quote, -sign * BigInt(value));
  }
  return [...nets.values()];
}
