/** What a simulated exchange is told first: assets, markets, accounts and money, all in one group. */
import type { Command } from "../../src/domain/commands.ts";
import { AMOUNT_MAX, accountIndex, assetIndex, marketIndex, minor } from "../../src/domain/units.ts";
import { ACCOUNTS } from "../properties/order-intents.ts";
import type { World } from "../properties/worlds.ts";

/** The exchange itself lists two assets and a market when it is new, so that the world's first is not listed again. */
export function settingUp({ markets, scale }: World): Command[] {
  const [first, ...others] = markets;
  const { makerFee, takerFee, priceBand } = first!;
  const commands: Command[] = [{ kind: "ListAsset", name: "C", scale: 0 }];
  for (const listing of others) commands.push({ kind: "ListMarket", ...listing });
  commands.push({
    kind: "ChangeMarket",
    market: marketIndex(0),
    status: null,
    makerFee,
    takerFee,
    priceBand,
  });
  for (let account = 1; account <= ACCOUNTS; account += 1) {
    commands.push({ kind: "OpenAccount", accountId: `account-${account}`, name: null });
    for (let asset = 0; asset < 3; asset += 1) {
      const amount = minor(Math.min(scale.depositStep * 2 ** (ACCOUNTS - account), AMOUNT_MAX));
      commands.push({
        kind: "DepositFunds",
        account: accountIndex(account),
        asset: assetIndex(asset),
        amount,
        reference: `first-${asset}`,
      });
    }
  }
  return commands;
}
