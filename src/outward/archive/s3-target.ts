/**
 * An archive in a bucket of S3 or of a service that speaks like it. What is long goes up in parts; which parts are
 * there is remembered on disk, so that an upload that was cut goes on with the part after them.
 */
import { open } from "node:fs/promises";
import { S3mini, S3NetworkError, S3ServiceError, type UploadPart } from "s3mini";
import { PATIENCE, type Patience, patiently } from "./patience.ts";
import { type LocalFile, type Target, TargetRefusedError, TargetUnavailableError } from "./target.ts";
import type { UploadNote, UploadNotes } from "./upload-notes.ts";

/** Services take no parts below 5 MiB, and 10,000 parts at most. */
const PART_BYTES = 8 * 1024 * 1024;
const REQUEST_MS_MAX = 60_000;
/** After so many runs in which an upload could not be gone on with, it is begun anew. */
const UPLOAD_FAILURES_MAX = 3;
const NOT_FOUND = 404;
const TOO_MANY = 429;
const SERVER_ERROR = 500;
/** What a body says of an upload that the service has forgotten. */
const NO_SUCH_UPLOAD = "NoSuchUpload";
const NO_SUCH_BUCKET = "NoSuchBucket";

export type S3Place = {
  readonly bucket: string;
  /** In front of every name, with a slash at its end; empty for none. */
  readonly prefix: string;
  /** Such as `https://s3.eu-west-1.amazonaws.com`; buckets are named in the path. */
  readonly endpoint: string;
  readonly region: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
};

export class S3Target implements Target {
  readonly name: string;
  readonly #prefix: string;
  readonly #client: S3mini;
  readonly #notes: UploadNotes;
  readonly #patience: Patience;

  constructor(place: S3Place, notes: UploadNotes, patience: Patience = PATIENCE) {
    const { bucket, prefix, endpoint, region, accessKeyId, secretAccessKey } = place;
    this.name = `s3://${bucket}/${prefix}`;
    this.#prefix = prefix;
    this.#notes = notes;
    this.#patience = patience;
    this.#client = new S3mini({
      endpoint: `${endpoint.replace(/\/+$/, "")}/${bucket}`,
      region,
      accessKeyId,
      secretAccessKey,
      requestAbortTimeout: REQUEST_MS_MAX,
      // A redirect would take the signed request to somebody else.
      fetch: (input, init) => fetch(input, { ...init, redirect: "manual" }),
    });
  }

  async size(key: string): Promise<number | null> {
    try {
      // What is asked of one byte tells more than a HEAD, whose refusals have no body to say why.
      return await this.#asking(`reading ${key}`, async () => {
        const answer = await this.#client.getObjectRaw(this.#prefix + key, false, 0, 1);
        await answer.arrayBuffer();
        return sizeOf(answer);
      });
    } catch (error) {
      const { status, body } = causeOf(error);
      if (status === NOT_FOUND && !body.includes(NO_SUCH_BUCKET)) return null;
      // There is no first byte of nothing.
      if (status === 416) return 0;
      throw error;
    }
  }

  read(key: string, { from, to }: { readonly from: number; readonly to: number }): Promise<Uint8Array> {
    return this.#asking(`reading ${key}`, async () => {
      const answer = await this.#client.getObjectRaw(this.#prefix + key, false, from, to);
      return new Uint8Array(await answer.arrayBuffer());
    });
  }

  async write(key: string, bytes: Uint8Array): Promise<void> {
    await this.#asking(`writing ${key}`, () => this.#client.putObject(this.#prefix + key, bytes));
  }

  async upload(key: string, file: LocalFile, told: (bytesDone: number) => void): Promise<void> {
    if (file.bytes > PART_BYTES) return this.#uploadParts(key, file, told);
    await this.write(key, await readPart(file, 0));
    told(file.bytes);
  }

  async #uploadParts(key: string, file: LocalFile, told: (bytesDone: number) => void): Promise<void> {
    const known = this.#notes.find({ key: this.#prefix + key, sha256: file.sha256 });
    try {
      await this.#sendParts(key, file, known, told);
    } catch (error) {
      const { status, body } = causeOf(error);
      if (known === undefined || status === 0) throw error;
      // A service that has forgotten an upload says so, or says nothing but that it has failed.
      if (body.includes(NO_SUCH_UPLOAD)) {
        await this.#sendParts(key, file, undefined, told);
      } else {
        const failures = known.failures + 1;
        if (failures < UPLOAD_FAILURES_MAX) this.#notes.keep({ ...known, failures });
        else this.#notes.forget();
        throw error;
      }
    }
    this.#notes.forget();
    told(file.bytes);
  }

  async #sendParts(
    key: string,
    file: LocalFile,
    known: UploadNote | undefined,
    told: (bytesDone: number) => void,
  ): Promise<void> {
    const name = this.#prefix + key;
    const uploadId = known?.uploadId ?? (await this.#begin(key));
    const parts: UploadPart[] = [...(known?.parts ?? [])];
    const note = { key: name, sha256: file.sha256, uploadId, parts, failures: known?.failures ?? 0 };
    this.#notes.keep(note);
    for (let from = parts.length * PART_BYTES; from < file.bytes; from += PART_BYTES) {
      told(from);
      const bytes = await readPart(file, from);
      const number = parts.length + 1;
      const what = `writing part ${number} of ${key}`;
      parts.push(await this.#asking(what, () => this.#client.uploadPart(name, uploadId, bytes, number)));
      this.#notes.keep(note);
    }
    await this.#asking(`completing ${key}`, () => this.#complete(name, uploadId, parts));
  }

  #begin(key: string): Promise<string> {
    return this.#asking(`writing ${key}`, () => this.#client.getMultipartUploadId(this.#prefix + key));
  }

  /** A service may begin with 200 and then say that it could not do it. */
  async #complete(name: string, uploadId: string, parts: UploadPart[]): Promise<void> {
    const { etag } = await this.#client.completeMultipartUpload(name, uploadId, parts);
    if (etag === undefined) throw new TypeError("the service did not complete the upload");
  }

  /** Asks patiently, and says what went wrong in words for an operator. */
  async #asking<Result>(what: string, ask: () => Promise<Result>): Promise<Result> {
    try {
      return await patiently(ask, mayPass, this.#patience);
    } catch (error) {
      const told = `the archive ${this.name}: ${what} failed: ${wordsOf(error)}`;
      const Kind = mayPass(error) ? TargetUnavailableError : TargetRefusedError;
      throw new Kind(told, { cause: error });
    }
  }
}

async function readPart({ path, bytes }: LocalFile, from: number): Promise<Uint8Array> {
  const file = await open(path, "r");
  try {
    const part = Buffer.allocUnsafe(Math.min(PART_BYTES, bytes - from));
    const { bytesRead } = await file.read(part, 0, part.length, from);
    if (bytesRead < part.length) throw new TargetRefusedError(`${path} is shorter than it was`);
    return part;
  } finally {
    await file.close();
  }
}

/** Of the whole object, as the answer to a question for a part of it says. */
function sizeOf({ headers, status }: Response): number {
  const range = /\/(\d+)$/.exec(headers.get("content-range") ?? "")?.[1];
  const size = Number(range ?? (status === 200 ? headers.get("content-length") : Number.NaN));
  if (!Number.isSafeInteger(size)) throw new TypeError("the service did not say how long the object is");
  return size;
}

/** Everything but an answer that says no: no connection, no time, an answer that is none. */
function mayPass(error: unknown): boolean {
  if (error instanceof TargetRefusedError) return false;
  if (!(error instanceof S3ServiceError)) return true;
  return error.status >= SERVER_ERROR || error.status === TOO_MANY || error.status === 408;
}

function causeOf(error: unknown): { readonly status: number; readonly body: string } {
  const cause = error instanceof Error && error.cause !== undefined ? error.cause : error;
  if (!(cause instanceof S3ServiceError)) return { status: 0, body: "" };
  return { status: cause.status, body: cause.body ?? "" };
}

/** What a service says of itself is in the body of its answer, in an element. */
function wordsOf(error: unknown): string {
  if (error instanceof S3ServiceError) {
    const code = /<Code>([\w.-]+)<\/Code>/.exec(error.body ?? "")?.[1] ?? error.serviceCode ?? "";
    return `it answered ${error.status} ${code}`.trimEnd();
  }
  if (error instanceof S3NetworkError) return `it cannot be reached (${error.code})`;
  const { name, message, cause } = error as Error;
  if (name === "TimeoutError") return `it did not answer within ${REQUEST_MS_MAX / 1_000} s`;
  const code = (cause as NodeJS.ErrnoException | undefined)?.code;
  return code === undefined ? message : `the connection failed (${code})`;
}
