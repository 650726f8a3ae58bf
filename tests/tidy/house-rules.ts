/** The house rules that no linter states, each a pure function from one file to what is wrong in it. */
import { posix } from "node:path";
import type { SourceFile, Syntax, TextFile } from "./source.ts";

/** What is wrong in a file; the line counts from 1. */
export type Fault = { readonly path: string; readonly line: number; readonly because: string };

const FILE_LINES_MAX = 400;
/** What fits a screen. */
const FUNCTION_LINES_MAX = 60;
const FUNCTIONS = new Set(["FunctionDeclaration", "FunctionExpression", "ArrowFunctionExpression"]);

/** Names by which the core could learn the time, be lucky, wait, or reach the machine. */
const IMPURE_NAMES = new Set([
  ..."Date Intl performance crypto process console Buffer globalThis require module".split(" "),
  ..."setTimeout setInterval setImmediate queueMicrotask Promise fetch".split(" "),
  ..."Atomics WeakRef FinalizationRegistry".split(" "),
]);

/** What the core may ask of Math: exact on every machine, unlike `sin` and `pow`, and no chance in it. */
const EXACT_MATH = new Set("abs ceil clz32 floor imul max min round sign trunc".split(" "));

/** Methods whose answer depends on where the process runs. */
const LOCAL_METHODS = new Set("toLocaleString toLocaleUpperCase toLocaleLowerCase localeCompare".split(" "));

const UNFINISHED = /\b(TODO|FIXME|XXX|HACK)\b/;
const MACHINE_PATH = /(?<![\w.])(\/(home|Users|root|mnt)\/|[A-Z]:\\)[\w.-]/;
const KEBAB_CASE = /^[a-z0-9]+(-[a-z0-9]+)*(\.[a-z0-9]+)*$/;
/** Names that tools and readers look for as they are. */
const GIVEN_NAMES = /^(README|ARCHITECTURE|CHANGELOG|FORMAT|SNAPSHOT)\.md$|^(LICENSE|Dockerfile)$|^\./;
const TEST_FUNCTIONS = new Set(["it", "test", "describe", "suite", "bench"]);

export function tooLong({ path, text }: TextFile): Fault[] {
  const lines = text.split("\n").length - 1;
  const because = `${lines} lines are more than ${FILE_LINES_MAX}`;
  return lines > FILE_LINES_MAX ? [{ path, line: FILE_LINES_MAX + 1, because }] : [];
}

export function longFunctions(file: SourceFile): Fault[] {
  const faults: Fault[] = [];
  file.visit((node) => {
    if (!FUNCTIONS.has(node.type)) return;
    const line = lineOf(file.text, node);
    const lines = lineOf(file.text, { start: node.end }) - line + 1;
    const because = `a function of ${lines} lines is longer than ${FUNCTION_LINES_MAX}`;
    if (lines > FUNCTION_LINES_MAX) faults.push({ path: file.path, line, because });
  });
  return faults;
}

export function misnamed({ path }: TextFile): Fault[] {
  const odd = path.split("/").find((step) => !KEBAB_CASE.test(step) && !GIVEN_NAMES.test(step));
  return odd === undefined ? [] : [{ path, line: 1, because: `${odd} is not kebab-case` }];
}

/** A file starts by saying what it is for and what it promises. */
export function headless({ path, text, comments }: SourceFile): Fault[] {
  const start = text.startsWith("#!") ? text.indexOf("\n") + 1 : 0;
  const headed = comments.some((comment) => comment.start === start && comment.value.startsWith("*"));
  return headed
    ? []
    : [{ path, line: 1, because: "it does not start with a comment that says what it is for" }];
}

/** Code that no replay could repeat. */
export function impure(file: SourceFile): Fault[] {
  const faults: Fault[] = [];
  file.visit((node, parent, field) => {
    const because = impurity(node, parent, field);
    if (because !== undefined) faults.push({ path: file.path, line: lineOf(file.text, node), because });
  });
  return faults;
}

function impurity(node: Syntax, parent: Syntax | null, field: string): string | undefined {
  if (node.async === true) return "nothing in the core is async";
  if (node.type === "AwaitExpression" || node.await === true) return "nothing in the core waits";
  if (node.type !== "Identifier") return undefined;
  const name = node.name as string;
  if (isMemberName(parent, field))
    return LOCAL_METHODS.has(name) ? `${name} depends on the locale` : undefined;
  if (IMPURE_NAMES.has(name)) return `${name} does not exist in the core`;
  if (name !== "Math") return undefined;
  const asked = parent?.type === "MemberExpression" && parent.computed === false ? parent.property : null;
  const member = (asked as { name?: string } | null)?.name ?? "";
  return EXACT_MATH.has(member) ? undefined : `of Math the core uses ${[...EXACT_MATH].join(", ")} only`;
}

/** Whether a name only says which member is meant, as `Date` does in `{ Date: 1 }` and `terms.Date`. */
function isMemberName(parent: Syntax | null, field: string): boolean {
  if (parent === null || parent.computed === true) return false;
  if (field === "property") return parent.type === "MemberExpression";
  return field === "key" && parent.shorthand !== true;
}

/** What is still to be done is not left in the code, nor on a page. */
export function unfinished({ path, text }: TextFile): Fault[] {
  return linesThat(UNFINISHED, { path, text }, "what is still to be done is not left in the code");
}

/** As `unfinished`, but in comments alone. */
export function unfinishedComments({ path, text, comments }: SourceFile): Fault[] {
  return comments
    .filter(({ value }) => UNFINISHED.test(value))
    .map((comment) => ({
      path,
      line: lineOf(text, comment),
      because: "what is still to be done is not left in the code",
    }));
}

export function machinePaths(file: TextFile): Fault[] {
  return linesThat(MACHINE_PATH, file, "a path of one machine means nothing on another");
}

/** `it.only` hides all other tests, `it.skip` its own. */
export function maimedTests(file: SourceFile): Fault[] {
  const faults: Fault[] = [];
  file.visit((node) => {
    if (node.type !== "MemberExpression" || node.computed === true) return;
    const { name } = node.property as unknown as { readonly name: string };
    if (!["only", "skip", "todo", "fails"].includes(name) || !TEST_FUNCTIONS.has(rootName(node))) return;
    faults.push({ path: file.path, line: lineOf(file.text, node), because: `.${name} hides tests` });
  });
  return faults;
}

/** The name that a chain of members and calls starts with: `it` in `it.each(rows).only`. */
function rootName(node: Syntax): string {
  const inner = (node.object ?? node.callee ?? node.tag) as Syntax | undefined;
  return inner === undefined ? String(node.name) : rootName(inner);
}

export function defaultExports(file: SourceFile): Fault[] {
  const faults: Fault[] = [];
  file.visit((node) => {
    const named = node.type === "ExportSpecifier" && (node.exported as { name?: string }).name === "default";
    if (node.type !== "ExportDefaultDeclaration" && !named) return;
    faults.push({ path: file.path, line: lineOf(file.text, node), because: "an export has one name" });
  });
  return faults;
}

/** A link of a page to a file that is not there. */
export function brokenLinks(
  { path, text }: TextFile,
  exists: (path: string) => boolean,
  read: (path: string) => string,
): Fault[] {
  const faults: Fault[] = [];
  text.split("\n").forEach((line, index) => {
    for (const [, target = "", heading] of line.matchAll(/\]\(([^)#\s]*)(?:#([^)]*))?\)/g)) {
      if (/^[a-z]+:/.test(target)) continue;
      const file = target === "" ? path : posix.join(posix.dirname(path), target);
      const fault = (because: string) => faults.push({ path, line: index + 1, because });
      if (target !== "" && !exists(file)) fault(`there is no ${file}`);
      else if (heading !== undefined && !anchors(target === "" ? text : read(file)).includes(heading)) {
        fault(`${file} has no heading for #${heading}`);
      }
    }
  });
  return faults;
}

/** What the headings of a page are linked by. */
function anchors(page: string): string[] {
  const headings = page.replaceAll(/^```.*?^```/gms, "").matchAll(/^#+ (.*)$/gm);
  return [...headings].map(([, heading = ""]) =>
    heading
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N}\s_-]/gu, "")
      .replaceAll(" ", "-"),
  );
}

function linesThat(pattern: RegExp, { path, text }: TextFile, because: string): Fault[] {
  return text
    .split("\n")
    .flatMap((line, index) => (pattern.test(line) ? [{ path, line: index + 1, because }] : []));
}

function lineOf(text: string, { start }: { readonly start: number }): number {
  return text.slice(0, start).split("\n").length;
}
