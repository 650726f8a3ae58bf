/** Runs tests in a copy of the project and tells which of them fail. */
import { readFileSync, rmSync } from "node:fs";
import type { ProjectCopy } from "./copy.ts";

type Results = {
  readonly testResults: readonly {
    readonly name: string;
    readonly message: string;
    readonly assertionResults: readonly { readonly status: string; readonly title: string }[];
  }[];
};

/** A test that failed: the path of its file, and its own title. */
export type FailedTest = { readonly file: string; readonly title: string };

/** Null if the tests did not end in time. */
export async function failedTests(
  copy: ProjectCopy,
  files: readonly string[],
  options: { readonly environment: Record<string, string>; readonly msMax: number },
): Promise<readonly FailedTest[] | null> {
  const output = copy.path("tests/.output/results.json");
  rmSync(output, { force: true });
  const told = await copy.run("vitest", ["run", ...files], options);
  if (told === null) return null;
  const { testResults } = JSON.parse(readFileSync(output, "utf8")) as Results;
  return testResults.flatMap(({ name: file, message, assertionResults }) => {
    // A file that could not be loaded has failed, though none of its tests ran: the fault is no valid code.
    if (assertionResults.length === 0) throw new Error(`${file} could not be loaded: ${message}`);
    return assertionResults.filter(({ status }) => status === "failed").map(({ title }) => ({ file, title }));
  });
}
