/** `pregao backup`: a backup taken under load is a whole exchange, and nothing else is ever called a backup. */
import {
  chownSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { contentEnd } from "../../src/journal/disk.ts";
import { type RunningServer, startServer } from "../edge/harness.ts";
import { run, runBeside, temporaryDirectory } from "./command-line.ts";
import {
  checkMoney,
  type Known,
  openTraders,
  retryAllAndCompare,
  seeded,
  type Trader,
  trade,
} from "./trading.ts";

const CUT = new URL("./cut-at-rename.mjs", import.meta.url).href;
const BACKUPS = 3;
const ACKNOWLEDGED_BETWEEN = 300;

let server: RunningServer;
let traders: readonly Trader[];
const places = temporaryDirectory();

/** Who owns nothing that matters. */
const NOBODY = 65_534;

function giveAway(path: string, to: number): void {
  chownSync(path, to, to);
  if (!statSync(path).isDirectory()) return;
  for (const name of readdirSync(path)) giveAway(join(path, name), to);
}

/** What traders know at a moment: a backup that is begun then must have all of it. */
const knownTo = (all: readonly Trader[]): Known[] =>
  all.map(({ name, key, intents }) => {
    const acknowledged = intents.filter(({ id }) => id !== undefined).map((intent) => ({ ...intent }));
    return { name, key, intents: acknowledged };
  });

beforeAll(async () => {
  server = await startServer();
  traders = await openTraders(server, { count: 6, random: seeded() });
});

afterAll(() => server.dispose());

test("a backup taken under load has all that was acknowledged before it, once, and can be started", async () => {
  let acknowledged = 0;
  const trading = Promise.all(traders.map((trader) => trade(server.url, trader, () => acknowledged++)));
  const known: Known[][] = [];
  for (let i = 0; i < BACKUPS; i += 1) {
    const from = acknowledged;
    while (acknowledged < from + ACKNOWLEDGED_BETWEEN) await new Promise((resolve) => setTimeout(resolve, 5));
    known.push(knownTo(traders));
    const target = join(places, `backup-${i}`);
    const { status, stdout, stderr } = await runBeside(["backup", server.directory, target]);
    expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
    expect(stdout).toMatch(/journal: sequences 1 to \d+, up to segment 1, [\s\S]*ledger: up to sequence \d+/);
    expect(statSync(target).mode & 0o777).toBe(0o700);
    expect(readdirSync(target).sort()).toEqual(["journal", "ledger.sqlite"]);
  }
  expect(await server.stop()).toBe(0);
  await trading;
  for (const [i, then] of known.entries()) {
    const restored = await startServer({ directory: join(places, `backup-${i}`) });
    try {
      expect(restored.log()).not.toContain("a torn tail was repaired");
      await retryAllAndCompare(restored, then);
      expect(await restored.stop()).toBe(0);
    } finally {
      restored.process.kill("SIGKILL");
    }
  }
}, 120_000);

test("a backup of a stopped exchange is its journal, byte for byte, and its money is whole", async () => {
  const target = join(places, "whole");
  mkdirSync(target);
  expect(run(["backup", server.directory, target]).status).toBe(0);
  for (const name of readdirSync(join(server.directory, "journal"))) {
    const [copy, original] = [target, server.directory].map((at) => readFileSync(join(at, "journal", name)));
    expect(copy!.equals(original!)).toBe(true);
  }
  const restored = await startServer({ directory: target });
  try {
    await retryAllAndCompare(restored, traders);
    await checkMoney(restored, traders);
  } finally {
    await restored.stop();
  }
});

test("nothing that is there is written over, and a backup that is being made, or was cut, is not gone on with", () => {
  const before = readdirSync(join(places, "whole"));
  const again = run(["backup", server.directory, join(places, "whole")]);
  expect(again.status).toBe(2);
  expect(again.stderr).toContain("exists and is not empty");
  expect(readdirSync(join(places, "whole"))).toEqual(before);
  const target = join(places, "cut");
  const cut = run(["backup", server.directory, target], { NODE_OPTIONS: `--import ${CUT}` });
  expect(cut.status).toBe(null);
  expect(existsSync(target)).toBe(false);
  expect(existsSync(`${target}.partial`)).toBe(true);
  const next = run(["backup", server.directory, target]);
  expect(next.status).toBe(2);
  expect(next.stderr).toContain("was cut");
  rmSync(`${target}.partial`, { recursive: true });
  expect(run(["backup", server.directory, target]).status).toBe(0);
});

test("what may only be read is backed up: a key that its owner cannot overwrite, files of an archive", () => {
  const archive = join(places, "archive");
  cpSync(join(places, "whole"), archive, { recursive: true });
  writeFileSync(join(archive, "admin.key"), "a-key-that-is-long-enough\n", { mode: 0o400 });
  const target = join(places, "for-reading", "backup");
  mkdirSync(join(places, "for-reading"), { mode: 0o777 });
  // Permissions mean nothing to root.
  const user = process.getuid?.() === 0 ? { uid: NOBODY, gid: NOBODY } : {};
  if (user.uid !== undefined) giveAway(places, NOBODY);
  const { status, stderr } = run(["backup", archive, target], {}, user);
  expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
  expect(statSync(join(target, "admin.key")).mode & 0o777).toBe(0o400);
});

test("a target that cannot be a directory is refused before anything is copied", () => {
  const file = join(places, "a-file");
  writeFileSync(file, "");
  const empty = join(places, "an-empty-directory");
  const link = join(places, "a-link");
  mkdirSync(empty);
  symlinkSync(empty, link);
  const wanted = [
    { target: file, says: `${file} is not a directory` },
    { target: link, says: `${link} is not a directory` },
    { target: join(file, "below"), says: "cannot be made" },
  ];
  for (const { target, says } of wanted) {
    const { status, stderr } = run(["backup", join(places, "whole"), target]);
    expect({ target, status }).toEqual({ target, status: 2 });
    expect(stderr).toContain(says);
  }
});

test("a backup is not made into what it is a backup of", () => {
  const whole = join(places, "whole");
  const linked = join(places, "a-link-to-the-whole");
  symlinkSync(whole, linked);
  for (const target of [whole, join(whole, "backup"), join(whole, "journal", "b"), join(linked, "backup")]) {
    const { status, stderr } = run(["backup", whole, target]);
    expect({ target, status }).toEqual({ target, status: 2 });
    expect(stderr).toMatch(/exists and is not empty|is in the data directory/);
  }
  expect(
    readdirSync(whole, { recursive: true }).filter((name) => /backup|partial|\/b$/.test(`${name}`)),
  ).toEqual([]);
});

test("a damaged journal is not backed up: it is named, and nothing is left", () => {
  const directory = join(places, "damaged");
  cpSync(server.directory, directory, { recursive: true });
  const file = join(directory, "journal", "00000001.segment");
  const bytes = readFileSync(file);
  bytes[5000]! ^= 0x20;
  writeFileSync(file, bytes);
  const target = join(places, "of-damaged");
  const { status, stderr } = run(["backup", directory, target]);
  expect(status).toBe(4);
  expect(stderr).toMatch(/journal\/00000001\.segment, offset \d+, sequence \d+: /);
  expect(readdirSync(places).filter((name) => name.startsWith("of-damaged"))).toEqual([]);
});

test("a frame that a crash cut is left out, and a ledger that is none; both are said", () => {
  const directory = join(places, "crashed");
  cpSync(join(places, "backup-0", "journal"), join(directory, "journal"), { recursive: true });
  const file = join(directory, "journal", "00000001.segment");
  const bytes = readFileSync(file);
  const end = contentEnd(bytes, 0);
  writeFileSync(file, Buffer.from(bytes).fill("torn", end, end + 40));
  writeFileSync(join(directory, "ledger.sqlite"), "something else");
  const target = join(places, "of-crashed");
  const { status, stdout } = run(["backup", directory, target]);
  expect(status).toBe(0);
  expect(stdout).toContain("left out: 40 bytes of a frame that was not acknowledged");
  expect(stdout).toMatch(/ledger: left out, .*; it is computed from the journal/);
  expect(readFileSync(join(target, "journal", "00000001.segment")).equals(bytes)).toBe(true);
  expect(readdirSync(target)).toEqual(["journal"]);
});
