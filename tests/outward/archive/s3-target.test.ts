/** An archive in a bucket: of a real server that is killed and started again, and of one that answers what a test says. */
import { createHash, randomBytes } from "node:crypto";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from "vitest";
import { Archiver } from "../../../src/outward/archive/archiver.ts";
import { Manifest } from "../../../src/outward/archive/manifest.ts";
import { type ArchivePlace, openTarget } from "../../../src/outward/archive/place.ts";
import { copyFault } from "../../../src/outward/archive/read-back.ts";
import { S3Target } from "../../../src/outward/archive/s3-target.ts";
import {
  type LocalFile,
  TargetRefusedError,
  TargetUnavailableError,
} from "../../../src/outward/archive/target.ts";
import { UploadNotes } from "../../../src/outward/archive/upload-notes.ts";
import { verifyArchive } from "../../../src/outward/archive/verify-archive.ts";
import { Bucket } from "./bucket.ts";
import { scratchDirectory, tradeIn } from "./trading.ts";

const MIB = 1024 * 1024;
const IMPATIENT = { tries: 3, pauseMs: 5 };

const directoryOfFile = mkdtempSync(join(tmpdir(), "pregao-upload-"));
/** Of two parts. */
const FILE = localFile(randomBytes(9 * MIB), directoryOfFile);

afterAll(() => rmSync(directoryOfFile, { recursive: true }));

function localFile(bytes: Buffer, directory = scratchDirectory()): LocalFile {
  const path = join(directory, "file");
  writeFileSync(path, bytes);
  return { path, bytes: bytes.length, sha256: createHash("sha256").update(bytes).digest("hex") };
}

function targetOf(place: ArchivePlace & { readonly kind: "s3" }, directory = scratchDirectory()): S3Target {
  return new S3Target(place, new UploadNotes(join(directory, "upload.json")), IMPATIENT);
}

describe("with a real server", () => {
  let bucket: Bucket;
  beforeAll(async () => {
    bucket = await Bucket.start();
  });
  afterAll(() => bucket.dispose());

  it("keeps an archive that reads back whole, and says what in it is damaged", async () => {
    const directory = scratchDirectory();
    await tradeIn(directory, 1_000);
    const target = openTarget(bucket.place, directory);
    const archiver = new Archiver({ directory, target, reserveBytes: 0 });
    onTestFinished(() => archiver.close());
    const run = (await archiver.run())!;
    expect(run.ranges).toBeGreaterThan(0);
    const again = await Manifest.read(target, run.manifest.keyOf("").slice(0, -1));
    expect(again.last).toEqual(run.manifest.last);
    const whole = await verifyArchive(again, target, () => {});
    expect(whole).toMatchObject({ ranges: run.ranges, objects: run.objects, bytes: run.bytes, faults: [] });

    const trades = again.last!.objects.find(({ kind }) => kind === "trades")!;
    const name = join(bucket.directory, "of/pregao", again.keyOf(`${trades.key}._S3rver_object`));
    const bytes = readFileSync(name);
    bytes[9]! ^= 1;
    writeFileSync(name, bytes);
    const { faults } = await verifyArchive(again, target, () => {});
    expect(faults).toEqual([
      { key: again.keyOf(trades.key), fault: expect.stringMatching(/^its SHA-256 is [0-9a-f]{64} and not /) },
    ]);
  });

  it("goes on with the part after the last one, when the server was killed midway", async () => {
    const directory = scratchDirectory();
    const file = localFile(randomBytes(35 * MIB));
    const told: number[] = [];
    const cut = targetOf(bucket.place, directory).upload("a/long one", file, (done) => {
      told.push(done);
      // It is gone while the third part is on its way.
      if (done === 16 * MIB) void bucket.kill();
    });
    await expect(cut).rejects.toThrow(TargetUnavailableError);
    await expect(cut).rejects.toThrow(
      /part 3 of a\/long one failed: (it cannot be reached|the connection failed)/,
    );
    await bucket.start();
    const target = targetOf(bucket.place, directory);
    expect(await target.size("a/long one")).toBeNull();
    told.length = 0;
    await target.upload("a/long one", file, (done) => told.push(done));
    expect(told[0]).toBe(16 * MIB);
    expect(await copyFault(target, { ...file, key: "a/long one" })).toBeNull();
    expect(existsSync(join(directory, "upload.json"))).toBe(false);
  });

  it("begins anew when the service knows nothing of the upload any more, or the file is another", async () => {
    const directory = scratchDirectory();
    const notes = new UploadNotes(join(directory, "upload.json"));
    const file = localFile(randomBytes(9 * MIB));
    const place = bucket.place;
    const key = `${place.prefix}b`;
    notes.keep({ key, sha256: file.sha256, uploadId: "f".repeat(32), parts: [], failures: 0 });
    const target = targetOf(place, directory);
    // This server says no more than that it has failed; three times are enough.
    for (let run = 1; run <= 3; run += 1) {
      await expect(target.upload("b", file, () => {})).rejects.toThrow(/it answered 500/);
    }
    await target.upload("b", file, () => {});
    expect(await copyFault(target, { ...file, key: "b" })).toBeNull();
    notes.keep({
      key,
      sha256: "00".repeat(32),
      uploadId: "e".repeat(32),
      parts: [{ partNumber: 1, etag: "x" }],
      failures: 0,
    });
    const other = localFile(randomBytes(9 * MIB));
    await target.upload("b", other, () => {});
    expect(await copyFault(target, { ...other, key: "b" })).toBeNull();
  });

  it("refuses wrong keys, and a bucket that there is not", async () => {
    const wrong = targetOf({ ...bucket.place, accessKeyId: "NOBODY" });
    await expect(wrong.size("x")).rejects.toThrow(TargetRefusedError);
    await expect(wrong.size("x")).rejects.toThrow(/reading x failed: it answered 403 InvalidAccessKeyId/);
    const nowhere = targetOf({ ...bucket.place, bucket: "elsewhere" });
    await expect(nowhere.size("x")).rejects.toThrow(/it answered 404 NoSuchBucket/);
    expect(await targetOf(bucket.place).size("x")).toBeNull();
  });
});

describe("with a server that answers", () => {
  type Answer = (request: IncomingMessage, response: ServerResponse, count: number) => void;

  /** `known` is an upload of the file that was begun before. */
  async function answering(
    answer: Answer,
    known?: string,
  ): Promise<{ readonly target: S3Target; readonly asked: string[] }> {
    const asked: string[] = [];
    const server = createServer((request, response) => {
      asked.push(`${request.method} ${request.url}`);
      request.resume();
      request.on("end", () => answer(request, response, asked.length));
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    onTestFinished(() => {
      server.closeAllConnections();
      server.close();
    });
    const { port } = server.address() as AddressInfo;
    const place = { kind: "s3", bucket: "b", prefix: "", region: "us-east-1" } as const;
    const endpoint = `http://127.0.0.1:${port}/`;
    const directory = scratchDirectory();
    const notes = new UploadNotes(join(directory, "upload.json"));
    const { sha256 } = FILE;
    if (known !== undefined) notes.keep({ key: "k", sha256, uploadId: known, parts: [], failures: 0 });
    const keys = { accessKeyId: "id", secretAccessKey: "secret-text" };
    return { target: targetOf({ ...place, endpoint, ...keys }, directory), asked };
  }

  const body = (code: string) => `<?xml version="1.0"?><Error><Code>${code}</Code></Error>`;

  it("500, 503, 429 and broken connections are tried again, so often and no more", async () => {
    const { target, asked } = await answering((_, response, count) => {
      if (count === 1) response.writeHead(500).end(body("InternalError"));
      else if (count === 2) response.destroy();
      else response.writeHead(200, { etag: '"x"' }).end();
    });
    await target.write("k", Buffer.from("text"));
    expect(asked).toEqual(["PUT /b/k", "PUT /b/k", "PUT /b/k"]);
    const slow = await answering((_, response) => response.writeHead(503).end(body("SlowDown")));
    await expect(slow.target.write("k", Buffer.from("text"))).rejects.toThrow(
      /^the archive s3:\/\/b\/: writing k failed: it answered 503 SlowDown$/,
    );
    expect(slow.asked.length).toBe(3);
  });

  it("403 is not, and neither is a redirect followed; no message has a secret in it", async () => {
    const refusing = await answering((_, response) => response.writeHead(403).end(body("AccessDenied")));
    const refused = await refusing.target.write("k", Buffer.from("x")).catch((error: Error) => error);
    expect(refused).toBeInstanceOf(TargetRefusedError);
    expect((refused as Error).message).toContain("it answered 403 AccessDenied");
    expect(String((refused as Error).stack)).not.toContain("secret-text");
    expect(refusing.asked.length).toBe(1);
    const moved = await answering((_, response) =>
      response.writeHead(301, { location: "http://127.0.0.1:1/stolen" }).end(body("PermanentRedirect")),
    );
    await expect(moved.target.size("k")).rejects.toThrow(/it answered 301 PermanentRedirect/);
    expect(moved.asked.length).toBe(1);
  });

  it("an upload of which the service says that there is none is begun anew at once", async () => {
    const { target, asked } = await answering(({ url = "", method }, response) => {
      if (url.includes("uploads=")) {
        response
          .writeHead(200, { "content-type": "application/xml" })
          .end("<InitiateMultipartUploadResult><UploadId>u2</UploadId></InitiateMultipartUploadResult>");
      } else if (url.includes("uploadId=u1")) response.writeHead(404).end(body("NoSuchUpload"));
      else if (method === "PUT") response.writeHead(200, { etag: '"p"' }).end();
      else {
        response
          .writeHead(200, { "content-type": "application/xml" })
          .end("<CompleteMultipartUploadResult><ETag>x</ETag></CompleteMultipartUploadResult>");
      }
    }, "u1");
    await target.upload("k", FILE, () => {});
    expect(asked.filter((line) => line.includes("u1")).length).toBe(1);
    expect(asked.filter((line) => line.includes("uploadId=u2")).length).toBe(3);
  });

  it("an upload that was answered with 200 and an error is not taken for done", async () => {
    const { target } = await answering(({ url = "" }, response) => {
      if (url.includes("uploads=")) {
        response
          .writeHead(200, { "content-type": "application/xml" })
          .end("<InitiateMultipartUploadResult><UploadId>u1</UploadId></InitiateMultipartUploadResult>");
      } else if (url.includes("partNumber")) response.writeHead(200, { etag: '"p"' }).end();
      else response.writeHead(200, { "content-type": "application/xml" }).end(body("InternalError"));
    });
    const upload = target.upload("k", FILE, () => {});
    await expect(upload).rejects.toThrow(/completing k failed: the service did not complete the upload/);
  });
});
