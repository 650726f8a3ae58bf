/** What the exchange tells its operator, as lines of the log. What somebody should look at is a warning, or an error. */
import type { Log } from "../edge/log.ts";
import type { ExchangeReport } from "../exchange.ts";
import type { ArchiveReport } from "../outward/archive/archive-service.ts";
import type { SettlementsReport } from "../outward/settlements/messages.ts";

type Report = ExchangeReport | SettlementsReport | ArchiveReport;

type Line = { readonly level: "info" | "warn" | "error"; readonly words: string };

const LINES = {
  "segment-read": { level: "info", words: "journal: a segment was read" },
  "tail-repaired": { level: "warn", words: "journal: a torn tail was repaired" },
  recovering: { level: "info", words: "journal: is being replayed" },
  "snapshot-loaded": { level: "info", words: "snapshot: was loaded" },
  "snapshot-made": {
    level: "info",
    words: "snapshot: was made, and proved that replay equals what happened",
  },
  "snapshot-unusable": { level: "warn", words: "snapshot: cannot be used, and is passed over" },
  "snapshot-skipped": { level: "warn", words: "snapshot: there is no space for one" },
  "snapshot-failed": { level: "error", words: "snapshot: could not be made" },
  "moved-aside": { level: "warn", words: "ledger: a damaged file was moved aside" },
  waiting: { level: "warn", words: "ledger: waits, and is behind meanwhile" },
  resumed: { level: "warn", words: "ledger: goes on" },
  dropped: { level: "info", words: "ledger: lets go of what the archive has" },
  "drop-failed": { level: "error", words: "ledger: could not let go of what the archive has" },
  archived: { level: "info", words: "archive: has more of the past" },
  "archive-failed": { level: "error", words: "archive: could not be brought up to date, and is tried again" },
  "archive-thread-ended": { level: "error", words: "archive: its thread has ended, and is started again" },
  "receiver-down": { level: "warn", words: "settlements: the wallet service does not take deliveries" },
  "receiver-up": { level: "warn", words: "settlements: the wallet service takes deliveries again" },
  "settlements-dead": { level: "error", words: "settlements: deliveries were given up" },
  "settlements-waiting": { level: "warn", words: "settlements: wait for the disk" },
  "settlements-resumed": { level: "warn", words: "settlements: go on" },
  "settlements-moved-aside": { level: "warn", words: "settlements: a damaged file was moved aside" },
  "settlements-restarted": {
    level: "error",
    words: "settlements: their thread has ended, and is started again",
  },
} as const satisfies Record<Report["kind"], Line>;

export function tell(log: Log, report: Report): void {
  const { level, words } = LINES[report.kind];
  log.lines[level](report, words);
}
