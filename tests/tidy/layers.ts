/**
 * Who may import whom, as data; the rules follow from it. From each name, every name above it or beside it
 * is forbidden: imports point down, never up and never sideways.
 */
import { posix } from "node:path";
import type { Module } from "./source.ts";

/** The names in `src`, from the top down; names on one line stand side by side. */
export const LAYERS: readonly (readonly string[])[] = [
  ["main.ts"],
  ["cli"],
  ["exchange.ts", "edge", "outward", "replication"],
  ["replay"],
  ["sequencer", "journal", "engine", "projections"],
  ["domain"],
];

/** Names that see less than all that lies below them, and the rule that says so. */
const SEES: Readonly<Record<string, { readonly rule: Rule; readonly names: readonly string[] }>> = {
  // One door in: nobody but the sequencer can change state.
  edge: { rule: "edge-never-touches-the-engine", names: ["sequencer", "projections", "domain"] },
  // What leaves the exchange has happened: it reads what is kept, and asks for nothing.
  outward: { rule: "outward-reads-what-is-kept", names: ["journal", "projections", "domain"] },
  engine: { rule: "pure-core", names: ["domain"] },
  domain: { rule: "pure-core", names: [] },
};

/** Names that reach nothing but `src`: no Node, no package. Determinism is checked, not promised. */
const PURE = ["domain", "engine"];

/** Foreign APIs live here, one folder each; only the server, which registers them, may name one. */
const ADAPTERS = "src/edge/compat/";
const ADAPTERS_KNOWN_BY = "src/edge/server.ts";

const NO_BARRELS = /^index\.[cm]?[jt]sx?$/;
const NO_DRAWERS = /^(utils?|helpers?|common|misc)(\.[cm]?[jt]sx?)?$/;

export type Rule =
  | "layers"
  | "pure-core"
  | "edge-never-touches-the-engine"
  | "outward-reads-what-is-kept"
  | "adapters-are-deletable"
  | "no-cycles"
  | "no-barrels"
  | "no-drawers"
  | "imports-are-plain";

export type Violation = { readonly rule: Rule; readonly path: string; readonly because: string };

/** Everything that the import graph of `src` does against the rules. */
export function violations(files: readonly Module[]): Violation[] {
  const paths = new Set(files.map(({ path }) => path));
  return [
    ...files.flatMap((file) => [
      ...misnamed(file),
      ...file.imports.flatMap((name) => judge(file.path, name, paths)),
    ]),
    ...cycles(files),
  ];
}

function misnamed({ path }: Module): Violation[] {
  const found: Violation[] = [];
  const steps = path.split("/");
  const name = steps[1] ?? "";
  if (!LAYERS.flat().includes(name)) {
    found.push({ rule: "layers", path, because: `${name} has no place in the layers` });
  }
  if (NO_BARRELS.test(steps.at(-1)!)) {
    found.push({ rule: "no-barrels", path, because: "an import names the file that owns the thing" });
  }
  if (steps.some((step) => NO_DRAWERS.test(step))) {
    found.push({ rule: "no-drawers", path, because: "a file is named for what it holds" });
  }
  return found;
}

/** What one import does against the rules. */
function judge(path: string, name: string | null, paths: ReadonlySet<string>): Violation[] {
  if (name === null) {
    return [{ rule: "imports-are-plain", path, because: "an import is a text, so that it can be followed" }];
  }
  const from = nameIn(path);
  if (!name.startsWith(".")) {
    if (name.startsWith("/") || name.startsWith("#") || name.startsWith("file:")) {
      return [{ rule: "imports-are-plain", path, because: `${name} is neither relative nor a package` }];
    }
    return PURE.includes(from) ? [{ rule: "pure-core", path, because: `it imports ${name}` }] : [];
  }
  const target = targetOf(path, name);
  if (!paths.has(target)) {
    return [{ rule: "imports-are-plain", path, because: `there is no ${target} in src` }];
  }
  return [...judgeLayers(path, target), ...judgeAdapters(path, target)];
}

function judgeLayers(path: string, target: string): Violation[] {
  const from = nameIn(path);
  const to = nameIn(target);
  if (from === to) return [];
  const because = `${from} imports ${target}`;
  const found: Violation[] = [];
  if (levelOf(to) <= levelOf(from)) found.push({ rule: "layers", path, because });
  const sees = SEES[from];
  if (sees !== undefined && !sees.names.includes(to)) found.push({ rule: sees.rule, path, because });
  return found;
}

function judgeAdapters(path: string, target: string): Violation[] {
  if (!target.startsWith(ADAPTERS) || path === ADAPTERS_KNOWN_BY) return [];
  const adapter = `${ADAPTERS}${target.slice(ADAPTERS.length).split("/")[0]}/`;
  if (path.startsWith(adapter)) return [];
  return [{ rule: "adapters-are-deletable", path, because: `it imports ${target}` }];
}

/** The file that a relative import names; a worker's may be called as it is after the build. */
function targetOf(path: string, name: string): string {
  return posix.join(posix.dirname(path), name).replace(/\.js$/, ".ts");
}

/** The folder or file in `src` that a path belongs to. */
function nameIn(path: string): string {
  return path.split("/")[1] ?? "";
}

function levelOf(name: string): number {
  return LAYERS.findIndex((names) => names.includes(name));
}

/** Files that import each other in a circle, each circle once; `import type` counts. */
function cycles(files: readonly Module[]): Violation[] {
  const targets = new Map(
    files.map(({ path, imports }) => [
      path,
      imports.flatMap((name) => (name?.startsWith(".") ? [targetOf(path, name)] : [])),
    ]),
  );
  const found: Violation[] = [];
  const done = new Set<string>();
  const trail: string[] = [];
  const follow = (path: string) => {
    const start = trail.indexOf(path);
    if (start >= 0) {
      const circle = [...trail.slice(start), path];
      found.push({ rule: "no-cycles", path, because: circle.join(" -> ") });
    }
    if (start >= 0 || done.has(path)) return;
    trail.push(path);
    for (const target of targets.get(path) ?? []) follow(target);
    trail.pop();
    done.add(path);
  };
  for (const { path } of files) follow(path);
  return found;
}
