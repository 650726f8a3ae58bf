import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["tests/**/*.test.ts"],
    testTimeout: 60_000,
    hookTimeout: 60_000,
    // One fewer than the processors unless told: on two, half of the time would go by unused, since many tests wait.
    maxWorkers: 2,
    reporters: ["default", ["json", { outputFile: "tests/.output/results.json" }]],
  },
});
