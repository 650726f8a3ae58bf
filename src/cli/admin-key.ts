/** The operator's key: the configured one, or else one made at the first start and kept in the data directory. */
import { randomBytes } from "node:crypto";
import { ADMIN_KEY_PATTERN } from "../edge/auth.ts";
import { pathsIn } from "../journal/data-directory.ts";
import type { Configuration } from "./configuration.ts";
import { UsageError } from "./exit-codes.ts";
import { keptSecret } from "./kept-secret.ts";

const KEY_BYTES = 24;

/** The data directory exists and is this process's. */
export function adminKey({ adminKey: configured, data }: Configuration): string {
  if (configured !== undefined) return configured;
  const file = pathsIn(data).adminKey;
  const key = keptSecret({
    file,
    what: "the operator's key",
    make: () => randomBytes(KEY_BYTES).toString("base64url"),
  });
  if (!ADMIN_KEY_PATTERN.test(key)) {
    throw new UsageError(
      `${file} holds no operator key (16 to 128 of A-Z a-z 0-9 . _ -); delete it to have one made`,
    );
  }
  return key;
}
