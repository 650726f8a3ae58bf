/** Where the archive is, from its setting and, for a bucket, from the usual variables of S3's own tools. */
import { resolve } from "node:path";
import { fileURLToPath } from "node:url";
import type { ArchivePlace } from "../outward/archive/place.ts";
import { UsageError } from "./exit-codes.ts";

const REGION_DEFAULT = "us-east-1";
const BUCKET = /^[a-z0-9][a-z0-9._-]{1,62}$/;
const SCHEME = /^[a-z][a-z0-9+.-]*:/i;

export type ArchiveAsked = {
  readonly environment: NodeJS.ProcessEnv;
  /** The data directory. */
  readonly data: string;
  readonly setting?: string;
};

/** @throws UsageError that names the setting. */
export function archivePlace(
  text: string,
  { environment, data, setting = "PREGAO_ARCHIVE" }: ArchiveAsked,
): ArchivePlace {
  if (text.startsWith("s3://")) return s3Place(text, environment, setting);
  const directory = directoryNamed(text, setting);
  // What is lost with the data directory is no copy of it, and the ledger would let go of history for it.
  if (`${directory}/`.startsWith(`${resolve(data)}/`)) {
    throw new UsageError(`${setting}: must not be in the data directory, with which it would be lost`);
  }
  return { kind: "directory", directory };
}

function directoryNamed(text: string, setting: string): string {
  if (text.startsWith("file://")) {
    try {
      return resolve(fileURLToPath(text));
    } catch (error) {
      throw new UsageError(`${setting}: ${(error as Error).message}`);
    }
  }
  if (text === "" || SCHEME.test(text)) {
    throw new UsageError(`${setting}: must be s3://bucket/prefix, file:///path or a path`);
  }
  return resolve(text);
}

function s3Place(text: string, environment: NodeJS.ProcessEnv, setting: string): ArchivePlace {
  const rest = text.slice("s3://".length);
  const [bucket = "", ...steps] = rest.split("/");
  const prefix = steps.filter((step) => step !== "").join("/");
  if (!BUCKET.test(bucket) || /[?#%\\]|(^|\/)\.\.?(\/|$)/.test(prefix)) {
    throw new UsageError(
      `${setting}: must be s3://bucket/prefix; keys and endpoint have variables of their own`,
    );
  }
  const { AWS_ACCESS_KEY_ID: accessKeyId, AWS_SECRET_ACCESS_KEY: secretAccessKey } = environment;
  if (!accessKeyId || !secretAccessKey) {
    throw new UsageError(`${setting}: a bucket needs AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY`);
  }
  if (environment.AWS_SESSION_TOKEN) {
    throw new UsageError(
      "AWS_SESSION_TOKEN: keys that expire are not supported; give the archive keys of its own",
    );
  }
  const region = environment.AWS_REGION || environment.AWS_DEFAULT_REGION || REGION_DEFAULT;
  return {
    kind: "s3",
    bucket,
    prefix: prefix === "" ? "" : `${prefix}/`,
    endpoint: endpointOf(environment) ?? `https://s3.${region}.amazonaws.com`,
    region,
    accessKeyId,
    secretAccessKey,
  };
}

function endpointOf(environment: NodeJS.ProcessEnv): string | undefined {
  const name = environment.AWS_ENDPOINT_URL_S3 ? "AWS_ENDPOINT_URL_S3" : "AWS_ENDPOINT_URL";
  const text = environment[name];
  if (!text) return undefined;
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const isPlain = url?.username === "" && url.password === "" && url.search === "" && url.hash === "";
  if (url !== undefined && isPlain && /^https?:$/.test(url.protocol)) return text;
  throw new UsageError(`${name}: must be a URL such as https://s3.example.com, without keys in it`);
}
