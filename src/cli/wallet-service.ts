/** The operator's own wallet service, to which settlements are delivered, as it is configured. */
import type { Exchange } from "../exchange.ts";
import { pathsIn } from "../journal/data-directory.ts";
import { AddressRules, hostOf, inwardAddressOf } from "../outward/settlements/addresses.ts";
import type { SettlementsReport } from "../outward/settlements/messages.ts";
import { isSecret, newSecret } from "../outward/settlements/secrets.ts";
import type { ReceiverOptions } from "../outward/settlements/sender.ts";
import { Settlements } from "../outward/settlements/settlements.ts";
import type { Configuration, WalletService } from "./configuration.ts";
import { UsageError } from "./exit-codes.ts";
import { keptSecret } from "./kept-secret.ts";

/** @throws UsageError if its address is one inside that is not allowed. */
export async function checkWalletService({ url, allowed }: WalletService): Promise<void> {
  const parsed = new URL(url);
  const inward = await inwardAddressOf(parsed, new AddressRules(allowed));
  if (inward === null) return;
  const where = hostOf(parsed);
  const leads = where === inward ? "is an address inside" : `leads to ${inward}, an address inside`;
  throw new UsageError(
    `PREGAO_WALLET_URL: ${where} ${leads}; if that is where the wallet service is, set PREGAO_WALLET_ALLOW=${inward}`,
  );
}

/** From here on every trade is told to the service. The exchange is not open to commands yet. */
export function openSettlements(
  exchange: Exchange,
  { data: directory }: Configuration,
  service: WalletService,
  onReport: (report: SettlementsReport) => void,
): Promise<Settlements> {
  const { url, token, allowed, timeoutMs, failuresMax } = service;
  const secrets = service.secrets.length > 0 ? service.secrets : [ownSecret(directory)];
  const receiver: ReceiverOptions = { url, token, secrets, allowed, timeoutMs };
  const from = exchange.ledger.beginOutbox();
  const { appliedSeq } = exchange;
  return Settlements.open({ directory, from, appliedSeq, receiver, failuresMax, onReport });
}

/** Made at the first start with a service, unless one is configured. */
function ownSecret(directory: string): string {
  const file = pathsIn(directory).walletSecret;
  const secret = keptSecret({ file, what: "the wallet service's secret", make: newSecret });
  if (!isSecret(secret)) {
    throw new UsageError(`${file} holds no secret (whsec_ and base64); delete it to have one made`);
  }
  return secret;
}
