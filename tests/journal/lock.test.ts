import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { DirectoryInUseError, lockDataDirectory } from "../../src/journal/lock.ts";
import { newDirectory } from "./support.ts";

const HOLDER = fileURLToPath(new URL("./hold-lock.ts", import.meta.url));

describe("the lock of a data directory", () => {
  test("is for one process, and ends with it even if it is killed", async () => {
    const directory = join(newDirectory(), "data");
    const holder = spawn(process.execPath, ["--import", "tsx", HOLDER, directory], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    try {
      await once(holder.stdout, "data");
      expect(() => lockDataDirectory(directory)).toThrow(DirectoryInUseError);
      expect(() => lockDataDirectory(directory)).toThrow(`${directory} is in use by another process`);
    } finally {
      const exited = once(holder, "exit");
      holder.kill("SIGKILL");
      await exited;
    }
    lockDataDirectory(directory).release();
  });

  test("is free again when it is released", () => {
    const directory = newDirectory();
    const lock = lockDataDirectory(directory);
    expect(() => lockDataDirectory(directory)).toThrow(DirectoryInUseError);
    lock.release();
    lockDataDirectory(directory).release();
  });
});
