import fc from "fast-check";
import { LosslessNumber } from "lossless-json";
import { describe, expect, test } from "vitest";
import { defaultMarket } from "../../../../src/edge/compat/operations/default-market.ts";
import { decimalOf, numberOf } from "../../../../src/edge/compat/operations/numbers.ts";
import { findUser, readUserId, userIdView } from "../../../../src/edge/compat/operations/users.ts";
import { Refusal } from "../../../../src/edge/problems.ts";
import { Directory } from "../../../../src/projections/live/directory.ts";

const read = (text: string) => {
  const decimal = decimalOf(new LosslessNumber(text), "value");
  return decimal instanceof Refusal ? decimal.detail : decimal;
};

describe("a JSON number", () => {
  test.each([
    ["0.1", "0.1"],
    ["1e2", "100"],
    ["1E+2", "100"],
    ["100.990", "100.99"],
    ["10099e-2", "100.99"],
    ["0.10099e3", "100.99"],
    ["12.5e0", "12.5"],
    ["1.0", "1"],
    ["9007199254740993", "9007199254740993"],
    ["0.1000000000000000055511151231257827", `0.${"0".repeat(12)}1`],
    ["1e-13", `0.${"0".repeat(12)}1`],
    ["1e-99999999999", `0.${"0".repeat(12)}1`],
    ["1e400", "9".repeat(17)],
    ["1e99999999999999999999", "9".repeat(17)],
    ["123456789012345678", "9".repeat(17)],
    ["0", "0"],
    ["-0", "0"],
    ["-0.00e7", "0"],
    ["0e999999", "0"],
    ["-1", "value must be above zero."],
    ["-1e400", "value must be above zero."],
    [`1.${"0".repeat(70)}`, "value must be a number of at most 64 characters."],
  ])("%s is read as %s", (text, decimal) => {
    expect(read(text)).toBe(decimal);
  });

  test("is read as what its text says, however it is written", () => {
    const written = fc.record({
      units: fc.bigInt({ min: 1n, max: 10n ** 10n }),
      scale: fc.integer({ min: 0, max: 8 }),
      shift: fc.integer({ min: -4, max: 6 }),
    });
    fc.assert(
      fc.property(written, ({ units, scale, shift }) => {
        const digits = units.toString().padStart(scale + 1, "0");
        const text = scale === 0 ? digits : `${digits.slice(0, -scale)}.${digits.slice(-scale)}`;
        const decimal = read(`${text}e${shift}`);
        const [whole, fraction = ""] = decimal.split(".");
        // Both sides in units of 10^-20.
        const actual = BigInt(whole! + fraction.padEnd(20, "0"));
        expect(actual).toBe(units * 10n ** BigInt(20 - scale + shift));
        expect(decimal).toMatch(/^(0|[1-9][0-9]*)(\.[0-9]*[1-9])?$/);
      }),
    );
  });

  test.each([
    ["404.00", "404"],
    ["100.990", "100.99"],
    ["100", "100"],
    ["0.00", "0"],
    ["9007199254740991", "9007199254740991"],
    ["90071992547409.91", "90071992547409.91"],
  ])("of %s is written as %s", (decimal, number) => {
    expect(String(numberOf(decimal))).toBe(number);
  });
});

describe("a userId", () => {
  test.each([
    ["334455", "334455"],
    ["3.34455e5", "334455"],
    ["0", "0"],
    ["334455.0", "334455"],
    ["9007199254740993", "9007199254740993"],
  ])("%s as a number is the account %s", (number, accountId) => {
    expect(readUserId(new LosslessNumber(number), "userId")).toBe(accountId);
  });

  test.each(["1.5", "-1", "-0", "1e64", "1e-1"])("is never %s", (number) => {
    expect(readUserId(new LosslessNumber(number), "userId")).toBeInstanceOf(Refusal);
  });

  test.each([
    ["334455", new LosslessNumber("334455")],
    ["007", "007"],
    ["alice", "alice"],
    ["9007199254740991", new LosslessNumber("9007199254740991")],
    ["9007199254740992", "9007199254740992"],
  ])("of the account %s is shown as it can be read back", (accountId, shown) => {
    expect(userIdView(accountId)).toEqual(shown);
    expect(readUserId(shown, "userId")).toBe(accountId);
  });

  test("names no reserved account, and whoever is not there is unknown", () => {
    const directory = new Directory();
    expect(findUser("fees", "userId", directory)).toMatchObject({ code: "invalid-request" });
    expect(findUser("a b", "userId", directory)).toMatchObject({ code: "unknown-account" });
    expect(findUser(new LosslessNumber("5"), "userId", directory)).toMatchObject({ code: "unknown-account" });
  });
});

test("an exchange without the default market says so", () => {
  expect(defaultMarket(new Directory())).toMatchObject({
    code: "unknown-market",
    detail: expect.stringContaining("VIB-BRL"),
  });
});
