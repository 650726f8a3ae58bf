/** The examples of the APIs' pages, run in order against a new exchange each, give the answers that the pages show. */
import { type ChildProcess, execFileSync, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { afterEach, beforeEach, expect, it } from "vitest";
import { ROOT } from "./source.ts";

const MARKER = "@@@ answer";
/** What differs from run to run, by how it looks. */
const VOLATILE = [
  /\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{3}Z/,
  /(?<=")[0-7][0-9A-HJKMNP-TV-Z]{25}(?=")/,
  /(?<=")[0-9a-f]{16}(?=")/,
  /[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/,
  /(?<="(?:journalBytes|uptimeSeconds)":)\d+/,
  /(?<="version":")[^"]+/,
];

const hasCurl = spawnSync("curl", ["--version"]).status === 0;
const PAGES = [
  { page: "docs/api.md", answers: 15 },
  { page: "docs/operations-api.md", answers: 6 },
];

let directory: string;
let server: ChildProcess;
let address: string;

beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), "pregao-examples-"));
  const args = ["--import", "tsx", "src/main.ts", "serve", "--port", "0", "--data", join(directory, "data")];
  const env = { ...process.env, PREGAO_ADMIN_KEY: "operator-key-0123456789", PREGAO_LOG_LEVEL: "warn" };
  server = spawn(process.execPath, args, { cwd: ROOT, env, stdio: ["ignore", "pipe", "inherit"] });
  const [line] = (await once(createInterface({ input: server.stdout! }), "line")) as [string];
  address = line.slice(line.indexOf("http://"));
});

afterEach(async () => {
  server.kill("SIGTERM");
  await once(server, "exit");
  rmSync(directory, { recursive: true });
});

it.skipIf(!hasCurl).each(PAGES)("an example of $page gives the answer below it", ({ page, answers }) => {
  const { script, shown } = readExamples(readFileSync(join(ROOT, page), "utf8"));
  expect(shown.length).toBeGreaterThan(answers);
  const output = execFileSync("bash", ["-c", script], { cwd: directory, encoding: "utf8" });
  const given = output
    .split(`${MARKER}\n`)
    .slice(0, -1)
    .map((part) => part.trimEnd().split("\n").at(-1)!);
  expect(given.map(stable)).toEqual(shown.map((text, index) => filledIn(text, given[index]!)));
});

/** The shell blocks of a page as one script, and the answers that stand in it as comments. */
function readExamples(page: string): { readonly script: string; readonly shown: readonly string[] } {
  const blocks = [...page.matchAll(/^```sh\n(.*?)^```$/gms)].map(([, block = ""]) => block);
  const shown: string[] = [];
  const lines = blocks.flatMap((block) => ["echo", ...block.split("\n")]);
  const script = lines.map((line) => {
    if (!line.startsWith("# {")) return line.startsWith("url=") ? `url=${address}` : line;
    shown.push(line.slice(2));
    return `printf '\\n${MARKER}\\n'`;
  });
  return { script: script.join("\n"), shown };
}

function stable(answer: string): string {
  return VOLATILE.reduce((text, pattern) => text.replaceAll(new RegExp(pattern, "g"), "<any>"), answer);
}

/** What is shown, with each `…` replaced by what was given in its place, if it fits. */
function filledIn(shown: string, given: string): string {
  const parts = stable(shown).split("…");
  const pattern = parts.map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")).join(".*");
  return new RegExp(`^${pattern}$`).test(stable(given)) ? stable(given) : stable(shown);
}
