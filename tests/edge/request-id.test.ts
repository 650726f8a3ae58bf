/** The ids of requests: what they look like, that they differ, and that they sort in the order in which they were made. */
import { afterEach, expect, test, vi } from "vitest";
import { isUlid, ULID_ALPHABET } from "../../src/domain/ulid.ts";
import { newRequestId } from "../../src/edge/request-id.ts";

afterEach(() => {
  vi.useRealTimers();
});

function timeOf(id: string): number {
  let time = 0;
  for (const character of id.slice(0, 10)) time = time * 32 + ULID_ALPHABET.indexOf(character);
  return time;
}

test("are ULIDs of the time at which they are made", () => {
  vi.useFakeTimers({ toFake: ["Date"] });
  for (const at of ["2030-01-02T03:04:05.678Z", "2030-01-02T03:04:05.679Z", "2031-12-31T23:59:59.999Z"]) {
    vi.setSystemTime(new Date(at));
    const id = newRequestId();
    expect(isUlid(id)).toBe(true);
    expect(new Date(timeOf(id)).toISOString()).toBe(at);
  }
});

test("count up within a millisecond, over every carry, and while the clock stands back", () => {
  vi.useFakeTimers({ toFake: ["Date"] });
  vi.setSystemTime(new Date("2032-01-01T00:00:00Z"));
  const ids = Array.from({ length: 70_000 }, newRequestId);
  vi.setSystemTime(new Date("2031-01-01T00:00:00Z"));
  ids.push(newRequestId());
  vi.setSystemTime(new Date("2032-01-01T00:00:00.001Z"));
  ids.push(newRequestId());
  expect(new Set(ids).size).toBe(ids.length);
  expect(ids).toEqual([...ids].sort());
});

test("have another chance in every millisecond", () => {
  vi.useFakeTimers({ toFake: ["Date"] });
  const start = Date.parse("2033-01-01T00:00:00Z");
  const parts = Array.from({ length: 1000 }, (_, millisecond) => {
    vi.setSystemTime(start + millisecond);
    return newRequestId().slice(10);
  });
  expect(new Set(parts).size).toBe(parts.length);
  for (let place = 0; place < 16; place += 1) {
    expect(new Set(parts.map((part) => part[place])).size).toBe(32);
  }
});
