/** The tree keeps its rules, and each rule is seen to catch what it is for. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { PROBLEMS } from "../src/edge/problems.ts";
import {
  brokenLinks,
  defaultExports,
  type Fault,
  headless,
  impure,
  longFunctions,
  machinePaths,
  maimedTests,
  misnamed,
  tooLong,
  unfinished,
  unfinishedComments,
} from "./tidy/house-rules.ts";
import { LAYERS, type Rule, violations } from "./tidy/layers.ts";
import { filesIn, parseSource, ROOT, SOURCE_NAME, type SourceFile } from "./tidy/source.ts";

const files = filesIn(".");
const sources = files.filter(({ path }) => SOURCE_NAME.test(path)).map(parseSource);
const under = (...folders: readonly string[]) =>
  sources.filter(({ path }) => folders.some((folder) => path.startsWith(`${folder}/`)));
const prose = files.filter(({ path }) => path.endsWith(".md"));
const read = (path: string) => readFileSync(join(ROOT, path), "utf8");

/** A file that breaks a rule, or shows what does not. */
const planted = (text: string, path = "src/planted.ts"): SourceFile => parseSource({ path, text });

describe("the import graph", () => {
  it("points down, never up and never sideways", () => {
    expect(violations(under("src"))).toEqual([]);
  });

  const plants: { rule: Rule; why: string; tree: Record<string, string> }[] = [
    {
      rule: "layers",
      why: "a stage must not see the one beside it",
      tree: { "src/journal/a.ts": 'import { b } from "../engine/b.ts";', "src/engine/b.ts": "" },
    },
    {
      rule: "layers",
      why: "imports never point up, not even for a type",
      tree: {
        "src/sequencer/a.ts": 'import type { B } from "../replay/b.ts";',
        "src/replay/b.ts": "",
      },
    },
    {
      rule: "layers",
      why: "the composition root and the edge fit by shape",
      tree: { "src/edge/a.ts": 'import { b } from "../exchange.ts";', "src/exchange.ts": "" },
    },
    {
      rule: "layers",
      why: "a worker file is an import like any other",
      tree: {
        "src/projections/a.ts": 'new Worker(new URL("../journal/worker.js", import.meta.url));',
        "src/journal/worker.ts": "",
      },
    },
    { rule: "layers", why: "a new folder needs a place first", tree: { "src/plugins/a.ts": "" } },
    {
      rule: "pure-core",
      why: "the engine does no I/O",
      tree: { "src/engine/a.ts": 'import { readFileSync } from "node:fs";' },
    },
    {
      rule: "pure-core",
      why: "a package may hold a clock",
      tree: { "src/domain/a.ts": 'type Z = import("zod").ZodType;' },
    },
    {
      rule: "pure-core",
      why: "the vocabulary knows no stage",
      tree: { "src/domain/a.ts": 'export * from "../engine/b.ts";', "src/engine/b.ts": "" },
    },
    {
      rule: "edge-never-touches-the-engine",
      why: "state changes through the sequencer alone",
      tree: { "src/edge/ws/a.ts": 'await import("../../engine/b.ts");', "src/engine/b.ts": "" },
    },
    {
      rule: "edge-never-touches-the-engine",
      why: "the journal is not for reading by clients",
      tree: { "src/edge/a.ts": 'export { b } from "../journal/b.ts";', "src/journal/b.ts": "" },
    },
    {
      rule: "outward-reads-what-is-kept",
      why: "what leaves the exchange commands nothing",
      tree: {
        "src/outward/a.ts": 'import { b } from "../sequencer/b.ts";',
        "src/sequencer/b.ts": "",
      },
    },
    {
      rule: "adapters-are-deletable",
      why: "one adapter must not need another",
      tree: {
        "src/edge/compat/one/a.ts": 'import { b } from "../two/b.ts";',
        "src/edge/compat/two/b.ts": "",
      },
    },
    {
      rule: "adapters-are-deletable",
      why: "our own API must not need an adapter",
      tree: {
        "src/edge/http/a.ts": 'import { b } from "../compat/two/b.ts";',
        "src/edge/compat/two/b.ts": "",
      },
    },
    {
      rule: "no-cycles",
      why: "a circle of types is a circle",
      tree: {
        "src/engine/a.ts": 'import type { B } from "./b.ts";',
        "src/engine/b.ts": 'import { c } from "./c.ts";',
        "src/engine/c.ts": 'import { a } from "./a.ts";',
      },
    },
    { rule: "no-barrels", why: "a barrel hides the owner", tree: { "src/engine/index.ts": "" } },
    { rule: "no-drawers", why: "a drawer holds anything", tree: { "src/engine/utils/a.ts": "" } },
    { rule: "no-drawers", why: "a drawer is a drawer as a file", tree: { "src/edge/helpers.ts": "" } },
    {
      rule: "imports-are-plain",
      why: "an import of a variable cannot be followed",
      tree: { "src/edge/a.ts": "await import(name);" },
    },
    {
      rule: "imports-are-plain",
      why: "what is shipped must not need the tests",
      tree: { "src/edge/a.ts": 'import { b } from "../../tests/b.ts";' },
    },
  ];

  for (const { rule, why, tree } of plants) {
    it(`${rule}: ${why}`, () => {
      const modules = Object.entries(tree).map(([path, text]) => planted(text, path));
      expect(violations(modules).map((violation) => violation.rule)).toContain(rule);
    });
  }

  it("lets a stage read the vocabulary, a package and its own files, and the server know its adapters", () => {
    const tree = {
      "src/edge/server.ts": 'import fastify from "fastify"; import { a } from "./compat/one/a.ts";',
      "src/edge/compat/one/a.ts": 'import { b } from "./b.ts"; import { c } from "../../../domain/c.ts";',
      "src/edge/compat/one/b.ts": 'import { readFileSync } from "node:fs";',
      "src/domain/c.ts": "",
    };
    expect(violations(Object.entries(tree).map(([path, text]) => planted(text, path)))).toEqual([]);
  });

  it("is read from the code, not from what looks like it", () => {
    const { imports } = planted(`
      // import "./comment.ts";
      /* export * from "./comment.ts" */
      const text = 'import "./text.ts"', pattern = /import("x") \\/\\/ "/, half = 4 / 2; // "
      const template = \`import "./template.ts" \${await import("./inside.ts")}\`;
      import
        type { A }
        from './first.ts';
      import {} from "./empty.ts"; import "./bare.ts"; export {} from "./again.ts";
      import data from "./data.json" with { type: "json" };
      import old = require("./old.ts");
      const late = import(\`./late.ts\`);
    `);
    expect(imports.toSorted()).toEqual(
      [
        ..."inside first empty bare again old late".split(" ").map((name) => `./${name}.ts`),
        "./data.json",
      ].sort(),
    );
  });
});

describe("the house", () => {
  type HouseRule = {
    readonly name: string;
    readonly faults: (file: SourceFile) => Fault[];
    readonly where: readonly SourceFile[];
    readonly bad: readonly string[];
    readonly good: readonly string[];
  };

  const rules: readonly HouseRule[] = [
    {
      name: "no file is longer than 400 lines",
      faults: tooLong,
      where: sources,
      bad: ["x;\n".repeat(401)],
      good: ["x;\n".repeat(400)],
    },
    {
      name: "no function is longer than a screen",
      faults: longFunctions,
      where: under("src", "bench", "examples"),
      bad: [
        `function f() {\n${"x;\n".repeat(59)}}`,
        `const f = () => {\n${"x;\n".repeat(59)}};`,
        `class A {\n  f() {\n${"x;\n".repeat(59)}}\n}`,
      ],
      good: [
        `function f() {\n${"x;\n".repeat(58)}}`,
        `class A {\n${"  f() {\n    return 1;\n  }\n".repeat(30)}}`,
      ],
    },
    {
      name: "every file of the source starts by saying what it is for",
      faults: headless,
      where: under("src", "bench", "examples"),
      bad: ["", 'import "./a.ts";\n/** Too late. */', "// A line.\n", "\n/** Not first. */"],
      good: ["/** What it is for. */\n", "#!/usr/bin/env node\n/** What it is for. */\n"],
    },
    {
      name: "the core knows no time, no chance and no machine",
      faults: impure,
      where: under("src/domain", "src/engine"),
      bad: [
        "Date.now()",
        "new Date()",
        "const { now } = Date",
        "f({ Date })",
        "Math.random()",
        'Math["random"]()',
        "const { random } = Math",
        "Math.pow(1.1, 2)",
        "performance.now()",
        "setTimeout(f, 1)",
        "process.env",
        "globalThis.x",
        "async function f() {}",
        "const f = async () => 1",
        "class A { async f() {} }",
        "await x",
        "async function f(y) { for await (const x of y) g(x); }",
        "Promise.resolve(1)",
        "new Intl.Collator()",
        "a.localeCompare(b)",
      ],
      good: [
        "Math.max(1, Math.floor(2.5))",
        "// Date.now() is not called",
        '"Math.random()"',
        "order.process(terms.Date)",
        "const dates = { Date: 1, process: 2 }",
      ],
    },
    {
      name: "nothing is left to do in a comment",
      faults: unfinishedComments,
      where: sources,
      bad: ["// TODO: later", "/* FIXME */"],
      good: ["const word = 'TODO';", "// TODOS and todo are words"],
    },
    {
      name: "no test is left out, and none hides the others",
      faults: maimedTests,
      where: under("tests"),
      bad: ["it.only('x', f)", "describe.skip('x', f)", "it.each(rows).skip('x', f)", "test.todo('x')"],
      good: ["it.each(rows)('x', f)", "page.skip(3)", "// it.only('x', f)"],
    },
    {
      name: "an export of the source has one name",
      faults: defaultExports,
      where: under("src"),
      bad: ["export default 1", "const a = 1; export { a as default };"],
      good: ["export const a = 1;", "const a = 1; export { a as b };"],
    },
  ];

  for (const { name, faults, where, bad, good } of rules) {
    it(name, () => {
      expect(where.flatMap(faults)).toEqual([]);
      for (const text of bad) expect(faults(planted(text)), text).not.toEqual([]);
      for (const text of good) expect(faults(planted(text)), text).toEqual([]);
    });
  }

  it("names its files in kebab-case", () => {
    expect(files.flatMap(misnamed)).toEqual([]);
    for (const path of ["src/orderBook.ts", "src/Order/a.ts", "docs/some_page.md"]) {
      expect(misnamed({ path, text: "" }), path).not.toEqual([]);
    }
  });

  it("names no path of one machine", () => {
    expect(files.flatMap(machinePaths)).toEqual([]);
    const homes = ["home", "Users", "root", "mnt"].map((home) => ["", home, "me", "a.ts"].join("/"));
    for (const text of [...homes, `see ${homes[0]}`, ["C:", "me"].join("\\")]) {
      expect(machinePaths({ path: "docs/a.md", text }), text).not.toEqual([]);
    }
    for (const text of ["https://example.org/home/me", "/v1/orders", "/var/lib/pregao", "src/mnt/a"]) {
      expect(machinePaths({ path: "docs/a.md", text }), text).toEqual([]);
    }
  });

  it("writes pages whose links lead somewhere, with nothing left to do", () => {
    const exists = (path: string) => existsSync(join(ROOT, path));
    expect(prose.flatMap((page) => brokenLinks(page, exists, read))).toEqual([]);
    expect(prose.flatMap(unfinished)).toEqual([]);
    const page = {
      path: "docs/a.md",
      text: "# Here\n[rules](rules.md#1-money) [site](https://example.org) [gone](gone.md) [lost](rules.md#fees) [me](#here) [you](#there)",
    };
    const isRules = (path: string) => path === "docs/rules.md";
    expect(brokenLinks(page, isRules, () => "## 1. Money")).toHaveLength(3);
    expect(unfinished({ path: "docs/a.md", text: "TODO: write" })).toHaveLength(1);
  });

  it("says for which Node.js it is, and is not published by accident", () => {
    const {
      engines,
      private: unpublished,
      license,
    } = JSON.parse(read("package.json")) as {
      readonly engines?: { readonly node?: string };
      readonly private?: boolean;
      readonly license?: string;
    };
    expect(engines?.node).toBe("^20.19 || ^22.14 || >=24");
    expect(unpublished).toBe(true);
    expect(license).toBe("MIT");
  });

  describe("the lock file", () => {
    type Locked = {
      readonly resolved?: string;
      readonly optionalDependencies?: Record<string, string>;
    };
    const { packages } = JSON.parse(read("package-lock.json")) as {
      readonly packages: Record<string, Locked>;
    };

    it("binds no package to one registry", () => {
      expect(Object.keys(packages).filter((path) => packages[path]?.resolved !== undefined)).toEqual([]);
    });

    it("knows the packages of every platform, without which `npm ci` refuses it", () => {
      const missing = Object.entries(packages).flatMap(([path, { optionalDependencies = {} }]) =>
        Object.keys(optionalDependencies).filter(
          (name) => !(`node_modules/${name}` in packages || `${path}/node_modules/${name}` in packages),
        ),
      );
      expect(missing).toEqual([]);
    });
  });
});

describe("the pages", () => {
  it("map every folder of the source, and every layer has its place there", () => {
    const map = read("ARCHITECTURE.md");
    const names = new Set(under("src").map(({ path }) => path.split("/")[1] ?? ""));
    expect([...names].filter((name) => !map.includes(`\`src/${name}`))).toEqual([]);
    expect([...names].filter((name) => !LAYERS.flat().includes(name))).toEqual([]);
  });

  it("name every problem that a client can meet", () => {
    const page = read("docs/api.md");
    expect(Object.keys(PROBLEMS).filter((code) => !page.includes(`\`${code}\``))).toEqual([]);
  });
});
