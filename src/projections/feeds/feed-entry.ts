/** What the resumable feeds tell, command by command. */
import type { Command } from "../../domain/commands.ts";
import type { TradeExecuted, WalletChanged } from "../../domain/events.ts";
import type { EpochMs, Seq } from "../../domain/units.ts";
import type { OrderUpdate } from "../live/live-orders.ts";

/** What one command did that the resumable feeds tell. Never empty. */
export type FeedEntry = {
  readonly seq: Seq;
  readonly at: EpochMs;
  /** The kind of the command. */
  readonly cause: Command["kind"];
  readonly orders: readonly OrderUpdate[];
  readonly trades: readonly TradeExecuted[];
  readonly wallets: readonly WalletChanged[];
};
