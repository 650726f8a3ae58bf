/** Plays every scenario file beside this one; `UPDATE=1` writes the outcomes down anew. */
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { formatScenario, nameOfClaim, parseScenario } from "./language.ts";
import { play } from "./stage.ts";

const folder = new URL(".", import.meta.url);
const files = readdirSync(folder).filter((file) => file.endsWith(".txt"));
const update = process.env.UPDATE === "1";

describe("trading stories", () => {
  for (const file of files) {
    const path = new URL(file, folder);
    const scenario = parseScenario(readFileSync(path, "utf8"));
    test(scenario.claim, () => {
      expect(file, "a scenario is filed under its claim").toBe(nameOfClaim(scenario.claim));
      const outcome = play(scenario);
      if (update) writeFileSync(path, formatScenario(scenario, outcome));
      else expect(outcome).toBe(scenario.outcome);
    });
  }
});
