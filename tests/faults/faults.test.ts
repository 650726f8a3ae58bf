/**
 * The planted faults fit the source as it is; whether each is noticed is asked by `npm run test:faults`,
 * `npm run test:faults:durability` and `npm run test:faults:outward`.
 */
import { existsSync, readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { DURABILITY_FAULTS } from "./durability-faults.ts";
import { planted } from "./fault.ts";
import { MARKET_FAULTS } from "./market-faults.ts";
import { MATCHING_FAULTS } from "./matching-faults.ts";
import { OUTWARD_FAULTS } from "./outward-faults.ts";
import { SETTLEMENT_FAULTS } from "./settlement-faults.ts";
import { SHORT_WAY_FAULTS } from "./short-way-faults.ts";

describe("every planted fault", () => {
  for (const fault of [...MATCHING_FAULTS, ...MARKET_FAULTS, ...SETTLEMENT_FAULTS, ...SHORT_WAY_FAULTS]) {
    test(`fits the engine: ${fault.name}`, () => {
      const source = readFileSync(new URL(`../../src/engine/${fault.file}`, import.meta.url), "utf8");
      expect(planted(source, fault)).not.toBe(source);
      const { scenario } = fault;
      const file = new URL(`../scenarios/${scenario}.txt`, import.meta.url);
      expect(scenario === null || existsSync(file), "the scenario that must notice it").toBe(true);
    });
  }

  for (const { test: noticing, ...fault } of OUTWARD_FAULTS) {
    test(`fits the source: ${fault.name}`, () => {
      const source = readFileSync(new URL(`../../src/${fault.file}`, import.meta.url), "utf8");
      expect(planted(source, fault)).not.toBe(source);
      expect(existsSync(new URL(`../${noticing}`, import.meta.url)), "the test that must notice it").toBe(
        true,
      );
    });
  }

  for (const fault of DURABILITY_FAULTS) {
    test(`fits the source: ${fault.name}`, () => {
      const source = readFileSync(new URL(`../../src/${fault.file}`, import.meta.url), "utf8");
      expect(planted(source, fault)).not.toBe(source);
    });
  }
});
