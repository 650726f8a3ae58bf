/** What the main thread and the thread that delivers say to each other. */
import type { SettlementFigures } from "../../domain/settlements.ts";
import type { Seq } from "../../domain/units.ts";
import type { LoopReport } from "./delivery-loop.ts";
import type { ReceiverOptions } from "./sender.ts";
import type { SettlementViews } from "./views.ts";

export type WorkerOptions = {
  readonly directory: string;
  /** The first command whose trades are delivered. */
  readonly from: Seq;
  /** The last command that the exchange has. */
  readonly appliedSeq: number;
  readonly receiver: ReceiverOptions;
  /** Failures after which a delivery is given up. */
  readonly failuresMax: number;
};

export type AskName = "list" | "find" | "redrive" | "redriveAll";
export type QueryOf<Name extends AskName> = Parameters<SettlementViews[Name]>[0];
export type AnswerOf<Name extends AskName> = Awaited<ReturnType<SettlementViews[Name]>>;

export type ToWorker =
  | { readonly kind: "ask"; readonly id: number; readonly name: AskName; readonly query: QueryOf<AskName> }
  | { readonly kind: "close" };

/** What an operator should hear of. */
export type SettlementsReport =
  | LoopReport
  | { readonly kind: "settlements-moved-aside"; readonly to: string; readonly why: string }
  | { readonly kind: "settlements-restarted"; readonly because: string };

export type FromWorker =
  | { readonly kind: "opened" }
  | { readonly kind: "answer"; readonly id: number; readonly answer: AnswerOf<AskName> }
  | { readonly kind: "failed"; readonly id: number; readonly message: string }
  | { readonly kind: "figures"; readonly figures: Omit<SettlementFigures, "restarts"> }
  | { readonly kind: "report"; readonly report: SettlementsReport };
