/** `pregao serve`: runs the exchange until it is told to stop. */
import closeWithGrace from "close-with-grace";
import { Command } from "commander";
import { type Log, openLog } from "../edge/log.ts";
import { createServer, type Server } from "../edge/server.ts";
import { Exchange } from "../exchange.ts";
import { openDataDirectory } from "../journal/data-directory.ts";
import { type DirectoryLock, lockDataDirectory } from "../journal/lock.ts";
import { ArchiveService } from "../outward/archive/archive-service.ts";
import type { Settlements } from "../outward/settlements/settlements.ts";
import { settlementsFromOf } from "../outward/settlements/store.ts";
import { adminKey } from "./admin-key.ts";
import { type Configuration, type Options, readConfiguration } from "./configuration.ts";
import { exitCodeOf } from "./exit-codes.ts";
import { tell } from "./reports.ts";
import { version } from "./version.ts";
import { checkWalletService, openSettlements } from "./wallet-service.ts";

/** How long a stop may take before the process ends all the same. */
const STOP_MS_MAX = 15_000;
/** How long the last answers may take to leave when the disk has failed. */
const LAST_ANSWERS_MS_MAX = 1_000;

export function serveCommand(): Command {
  return new Command("serve")
    .description("run the exchange")
    .option("--data <dir>", "the data directory (PREGAO_DATA; ./data)")
    .option("--host <host>", "the address to listen on (PREGAO_HOST; 127.0.0.1)")
    .option("--port <port>", "the port to listen on; 0 picks a free one (PREGAO_PORT; 8080)")
    .option("--config <file>", "a JSON file with any of these settings (PREGAO_CONFIG)")
    .action((options: Options & { config?: string }) => serve(readConfiguration(options, process.env)));
}

type Running = {
  readonly lock: DirectoryLock;
  readonly log: Log;
  readonly server: Server;
  exchange?: Exchange;
  archive?: ArchiveService;
  settlements?: Settlements;
};

/** Listens before it recovers, so that a health check is answered meanwhile. */
async function serve(configuration: Configuration): Promise<void> {
  const { data: directory, host, port } = configuration;
  await openDataDirectory(directory);
  const { walletService } = configuration;
  if (walletService !== null) await checkWalletService(walletService);
  const lock = lockDataDirectory(directory);
  const log = openLog(configuration.logLevel);
  const { clientLimits } = configuration;
  const key = adminKey(configuration);
  const server = await createServer({ adminKey: key, host, port, log, version, clientLimits });
  const running: Running = { lock, log, server };
  const address = await server.listen();
  stopOnSignals(running);
  const archive = archiveOf(configuration, running);
  running.exchange = await Exchange.open({
    directory,
    feedEventsMax: configuration.feedEvents,
    diskReserveBytes: configuration.diskReserveBytes,
    keepsSegments: configuration.journalKeep === "all",
    archive,
    // Once trades are recorded for a wallet service, they are, though a run be without one: none is left out.
    settlementsFrom: settlementsFromOf(directory),
    onReport: (report) => {
      if (report.kind === "recovering") server.starting(report);
      tell(log, report);
    },
    onFailure: (error) => void end(running, error),
  });
  if (walletService !== null) {
    running.settlements = await openSettlements(running.exchange, configuration, walletService, (report) =>
      tell(log, report),
    );
  }
  server.open(running.exchange, running.settlements);
  if (archive !== undefined) {
    archive.open();
    running.archive = archive;
  }
  process.stdout.write(`pregao listening on ${address}\n`);
}

/** The archive of the running exchange, if one is configured; it works by itself once it is opened. */
function archiveOf(configuration: Configuration, running: Running): ArchiveService | undefined {
  const {
    archive: place,
    data: directory,
    diskReserveBytes: reserveBytes,
    retentionDays = null,
  } = configuration;
  if (place === undefined) return undefined;
  return new ArchiveService(
    { directory, place, reserveBytes, retentionDays },
    {
      drop: (boundary) => {
        const arrivedSettlement = running.settlements?.figures.arrivedUpTo ?? 0;
        running.exchange?.ledger.drop({ ...boundary, arrivedSettlement });
      },
      onReport: (report) => tell(running.log, report),
    },
  );
}

function stopOnSignals(running: Running): void {
  const onTimeout = () => {
    running.log.lines.fatal(
      `the stop was not done within ${STOP_MS_MAX} ms; the journal is whole without it`,
    );
    running.log.flush();
  };
  closeWithGrace({ delay: STOP_MS_MAX, logger: false, onTimeout }, async ({ err }) => {
    if (err !== undefined) return end(running, err);
    ignoreRepeatedSignals();
    try {
      // Answers and deliveries that are under way end at the same time.
      const settlementsClosed = running.settlements?.close();
      await running.server.close();
      await settlementsClosed;
      await running.archive?.close();
      await running.exchange?.close();
    } catch (error) {
      return end(running, error as Error);
    }
    running.lock.release();
    running.log.close();
  });
}

/** A terminal and a supervisor may both pass the same signal on; the stop is under way and bounded already. */
function ignoreRepeatedSignals(): void {
  for (const signal of ["SIGTERM", "SIGINT", "SIGHUP", "SIGQUIT"] as const) {
    process.removeAllListeners(signal);
    process.on(signal, () => {});
  }
}

/** Ends a process that cannot go on: says why, lets the last answers leave, and acknowledges nothing more. */
async function end({ server, log }: Running, error: Error): Promise<void> {
  log.lines.fatal({ err: error }, error.message);
  log.flush();
  await Promise.race([server.close(), new Promise((resolve) => setTimeout(resolve, LAST_ANSWERS_MS_MAX))]);
  process.stderr.write(`pregao: ${error.message}\n`);
  process.exit(exitCodeOf(error));
}
