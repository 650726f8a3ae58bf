/** `pregao archive` as an operator uses it: what it says, its exit codes, a kill in the middle, and a restore. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readConfiguration } from "../../../src/cli/configuration.ts";
import { UsageError } from "../../../src/cli/exit-codes.ts";
import { lockDataDirectory } from "../../../src/journal/lock.ts";
import { Client, startServer } from "../../edge/harness.ts";
import { MAIN, run, temporaryDirectory } from "../../process/command-line.ts";
import { Bucket } from "./bucket.ts";
import { tradeIn } from "./trading.ts";

const directory = temporaryDirectory();
let bucket: Bucket;

beforeAll(async () => {
  await tradeIn(directory, 1_200);
  bucket = await Bucket.start();
});
afterAll(() => bucket.dispose());

describe("to a directory", () => {
  const place = join(temporaryDirectory(), "past");

  it("says what it did, and that there is nothing to add", () => {
    const first = run(["archive", directory, "--to", place]);
    expect([first.status, first.stderr]).toEqual([0, ""]);
    expect(first.stdout).toMatch(
      /^the archive \S+\/past has all up to sequence \d+, segment \d\n {2}added: \d ranges, \d+ objects, \d+ MiB, all read back\n$/,
    );
    const second = run(["archive", directory], { PREGAO_ARCHIVE: `file://${place}` });
    expect([second.status, second.stdout]).toEqual([
      0,
      expect.stringMatching(/^nothing to add: the archive /),
    ]);
  });

  it("a restore from its segments is a whole exchange", async () => {
    const restored = temporaryDirectory();
    mkdirSync(join(restored, "journal"));
    const home = join(place, readdirSync(place)[0]!);
    cpSync(join(home, "segments"), join(restored, "journal"), { recursive: true });
    const verified = run(["verify", restored]);
    expect([verified.status, verified.stderr]).toEqual([0, ""]);
    const server = await startServer({ directory: restored });
    const { ranges } = JSON.parse(readFileSync(join(home, "manifest.json"), "utf8"));
    const operator = new Client(server.url, "operator-key-of-the-tests");
    expect((await operator.get("/v1/status")).body.appliedSeq).toBe(ranges.at(-1).lastSeq);
    expect((await operator.get("/v1/fills?accountId=trader-1")).body.items.length).toBeGreaterThan(10);
    expect(await server.stop()).toBe(0);
  });

  it("reads all of it back, and names what is damaged", () => {
    const whole = run(["archive", directory, "--to", place, "--verify"]);
    expect([whole.status, whole.stderr]).toEqual([0, ""]);
    expect(whole.stdout).toMatch(/^ok {5}\S+: ranges \d, objects \d+, \d+ MiB, up to sequence \d+\n$/);
    const home = join(place, readdirSync(place)[0]!);
    const [name] = readdirSync(join(home, "orders")) as [string];
    const path = join(home, "orders", name);
    const bytes = readFileSync(path);
    bytes[50]! ^= 1;
    writeFileSync(path, bytes);
    const damaged = run(["archive", directory, "--to", place, "--verify"]);
    expect([damaged.status, damaged.stdout.slice(0, 5)]).toEqual([1, "FAULT"]);
    expect(damaged.stderr).toContain(`orders/${name}: its SHA-256 is `);
  });
});

describe("refuses", () => {
  const keys = () => bucket.environment;

  it.each([
    { why: "a strange place", to: "ftp://x", says: "PREGAO_ARCHIVE: must be s3://bucket/prefix" },
    { why: "nothing", to: "", says: "PREGAO_ARCHIVE: must be s3://bucket/prefix" },
    { why: "keys in the place", to: "s3://id:key@b", says: "keys and endpoint have variables of their own" },
    { why: "a prefix that climbs", to: "s3://past/a/../b", says: "must be s3://bucket/prefix" },
    {
      why: "a bucket without keys",
      to: "s3://past",
      says: "needs AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY",
    },
    { why: "keys that expire", to: "s3://past", more: { AWS_SESSION_TOKEN: "t" }, says: "AWS_SESSION_TOKEN" },
    {
      why: "an endpoint with keys in it",
      to: "s3://past",
      more: { AWS_ENDPOINT_URL_S3: "https://id:key@host" },
      says: "AWS_ENDPOINT_URL_S3: must be a URL such as https://s3.example.com, without keys in it",
    },
  ])("$why", ({ to, more, says }) => {
    const env = { PREGAO_ARCHIVE: to, ...(more && { ...keys(), ...more }) };
    expect(() => readConfiguration({}, env)).toThrow(says);
    expect(() => readConfiguration({}, env)).toThrow(UsageError);
  });

  it.each(["./exchange", "exchange/archive-work", "file:///srv/exchange/journal"])(
    "a place in the data directory, which would be lost with it: %s",
    (to) => {
      const data = to.startsWith("file:") ? "/srv/exchange" : "exchange";
      const asked = () => readConfiguration({ data }, { PREGAO_ARCHIVE: to });
      expect(asked).toThrow("PREGAO_ARCHIVE: must not be in the data directory");
      expect(asked).toThrow(UsageError);
      const given = run(["archive", directory, "--to", join(directory, "past")]);
      expect([given.status, existsSync(join(directory, "past"))]).toEqual([2, false]);
    },
  );

  it("retention without a place", () => {
    const asked = () => readConfiguration({}, { PREGAO_RETENTION_DAYS: "3" });
    expect(asked).toThrow("PREGAO_RETENTION_DAYS: needs PREGAO_ARCHIVE");
  });

  it("no place, and an unknown key, with their exit codes, and a second archiver", () => {
    const nowhere = run(["archive", directory]);
    expect([nowhere.status, nowhere.stderr]).toEqual([2, "pregao: where to? Give --to or PREGAO_ARCHIVE\n"]);
    const unknown = run(["archive", directory, "--to", "s3://past"], {
      ...keys(),
      AWS_ACCESS_KEY_ID: "NOBODY",
    });
    expect(unknown.status).toBe(1);
    expect(unknown.stderr).toMatch(
      /^pregao: the archive s3:\/\/past\/: reading \S+ failed: it answered 403 InvalidAccessKeyId\n$/,
    );
    const lock = lockDataDirectory(join(directory, "archive-work"));
    const busy = run(["archive", directory, "--to", "s3://past"], keys());
    lock.release();
    expect([busy.status, busy.stderr]).toEqual([3, expect.stringContaining("is archiving just now")]);
  });

  it("a journal whose last header is damaged, as every command does", () => {
    const damaged = temporaryDirectory();
    cpSync(join(directory, "journal"), join(damaged, "journal"), { recursive: true });
    const name = readdirSync(join(damaged, "journal"))
      .filter((each) => each.endsWith(".segment"))
      .sort()
      .at(-1)!;
    const segment = join(damaged, "journal", name);
    const bytes = readFileSync(segment);
    bytes[10]! ^= 1;
    writeFileSync(segment, bytes);
    const { status, stderr } = run(["archive", damaged, "--to", join(temporaryDirectory(), "past")]);
    expect(status).toBe(4);
    expect(stderr).toContain(`the journal is damaged: journal/${name}, offset 0`);
  });
});

it("to a bucket: killed in the middle again and again, it comes to a whole archive", async () => {
  const args = ["archive", directory, "--to", "s3://past/killed"];
  const env = { ...process.env, ...bucket.environment };
  const home = join(bucket.directory, "killed");
  const objects = () => (existsSync(home) ? readdirSync(home, { recursive: true }).length : 0);
  let kills = 0;
  for (let done = false; !done && kills < 2; ) {
    const child = spawn(process.execPath, [MAIN, ...args], { env, stdio: "ignore" });
    const ended = once(child, "exit");
    const before = objects();
    // Killed as soon as something more has arrived.
    const watch = setInterval(() => {
      if (objects() > before + 1) child.kill("SIGKILL");
    }, 2);
    const [code, signal] = await ended;
    clearInterval(watch);
    done = code === 0;
    if (signal === "SIGKILL") kills += 1;
  }
  expect(kills).toBeGreaterThan(0);
  if (kills === 2) expect(run(args, bucket.environment).status).toBe(0);
  const verified = run([...args, "--verify"], bucket.environment);
  expect([verified.status, verified.stderr, verified.stdout.slice(0, 2)]).toEqual([0, "", "ok"]);
});
