/** The real edge over a ledger that was written directly, so that it can be as long as a test wants. */

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Seq } from "../../../src/domain/units.ts";
import { makeKey } from "../../../src/edge/auth.ts";
import type { Server } from "../../../src/edge/server.ts";
import type { Ledger } from "../../../src/projections/ledger/ledger.ts";
import { LedgerWriter } from "../../../src/projections/ledger/ledger-writer.ts";
import { MARK_EVERY, openForWriting } from "../../../src/projections/ledger/schema.ts";
import { MARKET, Story } from "../../ledger/story.ts";
import { StandIn, startEdge } from "./stand-in.ts";

const FIRST = 1_000;
/** Of an asset that the story does not trade, with wallets of its own. */
const ASSET = 2;

export type LongHistory = {
  readonly url: string;
  readonly server: Server;
  /** The ledger's file. */
  readonly path: string;
  readonly throughSeq: Seq;
  /** A key of alice, who has all the entries. */
  readonly key: string;
  dispose(): Promise<void>;
};

/** Alice gets so many entries of one cent each, and the market as many trades. */
export async function openLongHistory(rows: number): Promise<LongHistory> {
  const directory = mkdtempSync(join(tmpdir(), "pregao-downloads-"));
  const path = join(directory, "ledger.sqlite");
  const story = new Story();
  story.market();
  story.did("ListAsset", [{ kind: "AssetListed", asset: ASSET as never, name: "GOLD", scale: 2 }]);
  const alice = story.account("alice");
  const { keyId, key, secretHash } = makeKey();
  story.did("CreateKey", [
    { kind: "KeyCreated", account: alice, keyId, name: "test", scopes: ["read"], secretHash },
  ]);
  story.frame();
  const { database } = openForWriting(path);
  new LedgerWriter(database).apply(story.frames);
  const seq = story.seq;
  const numbers = `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${rows})`;
  database.exec(`BEGIN;
    ${numbers} INSERT INTO entries
      SELECT ${FIRST} + i, ${alice}, ${ASSET}, ${seq}, 1, i, 3, ${seq}, ${MARKET}, i, CASE i WHEN 1 THEN NULL ELSE ${FIRST - 1} + i END FROM n;
    ${numbers} INSERT INTO trades
      SELECT ${MARKET}, i, ${seq}, 10000 + i % 7, 1, 10000 + i % 7, 0, ${alice}, ${seq}, 0, NULL, 0, ${seq}, 0, NULL, ${FIRST} + i FROM n;
    INSERT INTO entry_marks SELECT account, asset, entry FROM entries
      WHERE asset = ${ASSET} AND (entry - ${FIRST}) % ${MARK_EVERY} = 0;
    INSERT INTO balances VALUES (${alice}, ${ASSET}, ${rows}, ${FIRST} + ${rows}, ${rows});
    UPDATE cursor SET next_entry = ${FIRST} + ${rows} + 1;
    COMMIT;`);
  database.close();
  const exchange = new StandIn();
  for (const committed of story.committed) exchange.directory.project(committed);
  const ledger = { path, reached: () => Promise.resolve() } as unknown as Ledger;
  const { server, url } = await startEdge();
  server.open(Object.assign(exchange, { ledger, appliedSeq: seq }));
  const dispose = async () => {
    await server.close();
    rmSync(directory, { recursive: true, force: true });
  };
  return { url, server, path, throughSeq: seq, key, dispose };
}
