/** A question about the past: what an account had. */
import type { AsOf } from "../domain/past.ts";
import type { AccountIndex, AssetIndex, EpochMs, Minor, Seq } from "../domain/units.ts";
import type { PastQuestion } from "./past-question.ts";

type Asked = { readonly account: AccountIndex; readonly asOf: AsOf };

type WalletThen = { readonly asset: AssetIndex; readonly available: Minor; readonly held: Minor };

/** One wallet for every asset that was listed then; null if there was no such account. */
export type WalletsThen = {
  readonly seq: Seq;
  readonly at: EpochMs;
  readonly wallets: readonly WalletThen[] | null;
};

export const walletsThen: PastQuestion<Asked, WalletsThen> = async ({ account, asOf }, desk) => {
  const past = await desk.past(await desk.seqAsOf(asOf));
  const { directory, balances } = past.present.live;
  const { seq, at } = past;
  if (account >= directory.accounts.length) return { seq, at, wallets: null };
  const wallets = directory.assets.map(({ asset }) => {
    const { available, held } = balances.get(account, asset);
    return { asset, available, held };
  });
  return { seq, at, wallets };
};
