/**
 * Reads source files as the compiler does, so that no rule is misled by a comment, a string or a regular
 * expression: what a file imports, which names it uses, what its comments say.
 */
import { readdirSync, readFileSync } from "node:fs";
import { join, relative } from "node:path";
import { type Comment, parseSync, visitorKeys } from "oxc-parser";

export const ROOT = join(import.meta.dirname, "../..");

/** A source file and what it imports, word for word; null stands for an import that only runs can tell. */
export type Module = { readonly path: string; readonly imports: readonly (string | null)[] };

/** A node of the syntax tree, as far as the rules look at it. */
export type Syntax = {
  readonly type: string;
  readonly start: number;
  readonly end: number;
  readonly [field: string]: unknown;
};

/** A node with the node that holds it and the field that it stands in. */
export type Visit = (node: Syntax, parent: Syntax | null, field: string) => void;

export type SourceFile = Module & {
  readonly text: string;
  readonly comments: readonly Comment[];
  visit(visit: Visit): void;
};

export type TextFile = { readonly path: string; readonly text: string };

const NOT_OURS = new Set(["node_modules", "dist", ".git", ".output", "results", "package-lock.json"]);
/** Of the default data directory only its page is the project's; the rest is an exchange's, and may be running. */
const DATA = join(ROOT, "data");
const DATA_PAGE = "README.md";

/** Whether a path is a module's, before the build or after it. */
export const SOURCE_NAME = /\.[cm]?[jt]s$/;

/** All files of a folder of the project, by path from its root. Nothing that a build, a run or an install made. */
export function filesIn(folder: string): TextFile[] {
  const files: TextFile[] = [];
  const walk = (directory: string) => {
    for (const entry of readdirSync(directory, { withFileTypes: true })) {
      const path = join(directory, entry.name);
      if (NOT_OURS.has(entry.name) || (directory === DATA && entry.name !== DATA_PAGE)) continue;
      if (entry.isDirectory()) walk(path);
      else if (entry.isFile()) files.push({ path: relative(ROOT, path), text: readFileSync(path, "utf8") });
    }
  };
  walk(join(ROOT, folder));
  return files.sort((a, b) => (a.path < b.path ? -1 : 1));
}

export function parseSource({ path, text }: TextFile): SourceFile {
  const { program, comments, errors } = parseSync(path, text);
  const [error] = errors;
  if (error !== undefined) throw new Error(`${path} cannot be parsed: ${error.message}`);
  const visit = (visitor: Visit) => visitNode(program as unknown as Syntax, null, "", visitor);
  return { path, text, comments, visit, imports: importsOf(visit) };
}

function visitNode(node: Syntax, parent: Syntax | null, field: string, visit: Visit): void {
  visit(node, parent, field);
  for (const key of visitorKeys[node.type] ?? []) {
    for (const child of [node[key]].flat()) {
      if (isSyntax(child)) visitNode(child, node, key, visit);
    }
  }
}

function isSyntax(value: unknown): value is Syntax {
  return typeof value === "object" && value !== null && "type" in value;
}

/** Every way in which a file names another: types and worker files included. */
function importsOf(visitAll: (visit: Visit) => void): (string | null)[] {
  const imports: (string | null)[] = [];
  visitAll((node) => {
    const named = namedModule(node);
    if (named !== undefined) imports.push(textOf(named));
  });
  return imports;
}

function namedModule(node: Syntax): unknown {
  switch (node.type) {
    case "ImportDeclaration":
    case "ExportAllDeclaration":
    case "ImportExpression":
    case "TSImportType":
      return node.source;
    case "ExportNamedDeclaration":
      return node.source ?? undefined;
    case "TSExternalModuleReference":
      return node.expression;
    case "CallExpression":
      return isName(node.callee, "require") ? first(node.arguments) : undefined;
    case "NewExpression":
      return workerFile(node);
    default:
      return undefined;
  }
}

/** The source file in `new URL("./worker.ts", import.meta.url)`; other URLs are none of our modules. */
function workerFile(node: Syntax): Syntax | undefined {
  const [file, base] = node.arguments as (Syntax | undefined)[];
  if (!isName(node.callee, "URL") || base === undefined) return undefined;
  return SOURCE_NAME.test(textOf(file) ?? "") ? file : undefined;
}

function isName(node: unknown, name: string): boolean {
  return isSyntax(node) && node.type === "Identifier" && node.name === name;
}

function first(nodes: unknown): Syntax | null {
  return (nodes as Syntax[])[0] ?? null;
}

function textOf(node: unknown): string | null {
  if (!isSyntax(node)) return null;
  if (node.type === "Literal" && typeof node.value === "string") return node.value;
  if (node.type !== "TemplateLiteral") return null;
  const [only, ...more] = node.quasis as { readonly value: { readonly cooked: string } }[];
  return more.length === 0 ? (only?.value.cooked ?? null) : null;
}
