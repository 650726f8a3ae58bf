/**
 * What the edge needs of the deliveries to the operator's own wallet service: to look at them, and to send again
 * what has been given up. `cli/serve.ts` supplies it; where no service is configured there is none.
 */
import type {
  Redriven,
  Settlement,
  SettlementFigures,
  SettlementsQuery,
  SettlementWithAttempts,
} from "../domain/settlements.ts";
import type { MarketIndex, TradeId } from "../domain/units.ts";
import type { Page } from "../projections/ledger/pages.ts";

export type SettlementsPort = {
  list(query: SettlementsQuery): Promise<Page<Settlement>>;
  /** Undefined for a trade that there is not, or that is older than the first configuration of deliveries. */
  find(market: MarketIndex, trade: TradeId): Promise<SettlementWithAttempts | undefined>;
  /** Sends a dead one again, and a pending one without waiting for its time. */
  redrive(market: MarketIndex, trade: TradeId): Promise<Redriven>;
  /** Sends all dead ones again; gives how many they are. */
  redriveAll(): Promise<number>;
  readonly figures: SettlementFigures;
};
