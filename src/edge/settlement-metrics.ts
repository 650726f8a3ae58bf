/** What Prometheus may read of the deliveries to the operator's own wallet service; nothing where there is none. */
import { Counter, Gauge, type Registry } from "prom-client";
import { ATTEMPT_OUTCOMES, type SettlementFigures } from "../domain/settlements.ts";

type Figures = () => SettlementFigures | undefined;

export function addSettlementMetrics(registry: Registry, figures: Figures): void {
  registry.registerMetric(
    new Gauge({
      name: "pregao_settlements",
      help: "Deliveries of settlements that have not arrived: pending, and given up.",
      labelNames: ["status"],
      registers: [],
      collect() {
        const now = figures();
        if (now === undefined) return;
        this.set({ status: "pending" }, now.pending);
        this.set({ status: "dead" }, now.dead);
      },
    }),
  );
  registry.registerMetric(
    new Gauge({
      name: "pregao_settlement_oldest_pending_seconds",
      help: "How long ago the oldest trade was made whose settlement is pending; 0 if none is.",
      registers: [],
      collect() {
        const at = figures()?.oldestPendingAt;
        this.set(at === undefined || at === null ? 0 : Math.max(0, Date.now() - at) / 1_000);
      },
    }),
  );
  registry.registerMetric(
    new Gauge({
      name: "pregao_settlement_receiver_up",
      help: "1 while the wallet service answers, 0 while it counts as down.",
      registers: [],
      collect() {
        const now = figures();
        if (now !== undefined) this.set(now.receiverIsDown ? 0 : 1);
      },
    }),
  );
  addCounters(registry, figures);
}

function addCounters(registry: Registry, figures: Figures): void {
  registry.registerMetric(
    new Counter({
      name: "pregao_settlement_attempts_total",
      help: "Attempts to deliver a settlement, by what they came to.",
      labelNames: ["outcome"],
      registers: [],
      collect() {
        this.reset();
        const now = figures();
        if (now === undefined) return;
        for (const outcome of ATTEMPT_OUTCOMES) this.inc({ outcome }, now.attempts[outcome]);
      },
    }),
  );
  const counted = {
    pregao_settlements_delivered_total: ["Settlements that have arrived.", "delivered"],
    pregao_settlement_retries_total: ["Attempts that were not the first of their delivery.", "retries"],
    pregao_settlement_restarts_total: ["Starts of the thread that delivers, after it had ended.", "restarts"],
  } as const;
  for (const [name, [help, figure]] of Object.entries(counted)) {
    registry.registerMetric(
      new Counter({
        name,
        help,
        registers: [],
        collect() {
          this.reset();
          this.inc(figures()?.[figure] ?? 0);
        },
      }),
    );
  }
}
