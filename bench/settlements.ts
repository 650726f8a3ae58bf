/**
 * How many settlements a second reach a wallet service on the same machine that answers at once?
 *
 * `npm run bench:settlements -- --settlements 50000 --accounts 1000`. The outbox is filled beforehand; the service is a
 * process of its own, and so is the thread that delivers one of its own.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { seq } from "../src/domain/units.ts";
import { pathsIn } from "../src/journal/data-directory.ts";
import { newSecret } from "../src/outward/settlements/secrets.ts";
import { Settlements } from "../src/outward/settlements/settlements.ts";
import { openForWriting } from "../src/projections/ledger/schema.ts";

const LOOK_MS = 20;
const SERVICE = `
  const server = require("node:http").createServer((request, response) => {
    request.resume().on("end", () => response.end());
  });
  server.listen(0, "127.0.0.1", () => console.log(server.address().port));
`;

const { values } = parseArgs({
  options: {
    settlements: { type: "string", default: "50000" },
    accounts: { type: "string", default: "1000" },
  },
});
const count = Number(values.settlements);
const accounts = Number(values.accounts);
const directory = mkdtempSync(join(tmpdir(), "pregao-bench-"));
const service = spawn(process.execPath, ["-e", SERVICE], { stdio: ["ignore", "pipe", "inherit"] });
try {
  fillOutbox();
  const url = `http://127.0.0.1:${await portOf(service)}/`;
  const receiver = { url, token: "t", secrets: [newSecret()], allowed: ["127.0.0.1"], timeoutMs: 10_000 };
  const startedAt = performance.now();
  const settlements = await Settlements.open({
    directory,
    from: seq(1),
    appliedSeq: count,
    receiver,
    failuresMax: 20,
    onReport: (report) => console.log(report),
  });
  while (settlements.figures.delivered < count) await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
  const seconds = (performance.now() - startedAt) / 1000;
  await settlements.close();
  console.log(
    `${count} settlements of ${accounts} accounts in ${seconds.toFixed(2)} s: ${Math.round(count / seconds)}/s`,
  );
} finally {
  service.kill();
  rmSync(directory, { recursive: true, force: true });
}

function fillOutbox(): void {
  const { database } = openForWriting(pathsIn(directory).ledger);
  const insert = database.prepare(
    `INSERT INTO settlements (settlement, seq, at, market, trade, price, quantity, buyer, seller, buyer_request,
       seller_request, trace_id) VALUES (?, ?, ?, 0, ?, 10000, 3, ?, ?, ?, ?, NULL)`,
  );
  const id = "01M82G2R9H20KRSFDM2VX254SS";
  database.transaction(() => {
    database.exec("INSERT INTO markets VALUES (0, 'VIB-BRL', 0, 1, 1, 2, 1, 0, 1, 0, 0, NULL, NULL, 0)");
    const account = database.prepare("INSERT INTO accounts (account, account_id, status) VALUES (?, ?, 0)");
    for (let number = 1; number <= accounts; number += 1) account.run(number, `account-${number}`);
    for (let number = 1; number <= count; number += 1) {
      const buyer = 1 + Math.floor(Math.random() * accounts);
      const seller = 1 + Math.floor(Math.random() * accounts);
      insert.run(number, number, Date.now(), number, buyer, seller, id, id);
    }
    database
      .prepare("UPDATE cursor SET next_settlement = ?, settlements_from = 1, seq = ?")
      .run(count + 1, count);
  })();
  database.close();
}

function portOf({ stdout }: ChildProcess): Promise<string> {
  return new Promise((resolve) => stdout!.once("data", (text: Buffer) => resolve(text.toString().trim())));
}
