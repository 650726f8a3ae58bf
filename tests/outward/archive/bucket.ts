/** A bucket in a process of its own, that of a real server, which can be killed and started again. */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { ArchivePlace } from "../../../src/outward/archive/place.ts";

const SERVER = fileURLToPath(new URL("./s3-server.ts", import.meta.url));
const BUCKET = "past";
/** Those that the server knows. */
const KEY = "S3RVER";

export class Bucket {
  /** Where the server keeps the objects of the bucket. */
  readonly directory: string;
  readonly #root: string;
  readonly #port: number;
  #process: ChildProcess | undefined;

  static async start(): Promise<Bucket> {
    const probe = createServer().listen(0, "127.0.0.1");
    await once(probe, "listening");
    const { port } = probe.address() as { port: number };
    probe.close();
    await once(probe, "close");
    const bucket = new Bucket(mkdtempSync(join(tmpdir(), "pregao-bucket-")), port);
    await bucket.start();
    return bucket;
  }

  private constructor(root: string, port: number) {
    this.#root = root;
    this.#port = port;
    this.directory = join(root, BUCKET);
  }

  get place(): ArchivePlace & { readonly kind: "s3" } {
    return {
      kind: "s3",
      bucket: BUCKET,
      prefix: "of/pregao/",
      endpoint: `http://127.0.0.1:${this.#port}`,
      region: "us-east-1",
      accessKeyId: KEY,
      secretAccessKey: KEY,
    };
  }

  /** The same for a process. */
  get environment(): Record<string, string> {
    return {
      AWS_ENDPOINT_URL: this.place.endpoint,
      AWS_ACCESS_KEY_ID: KEY,
      AWS_SECRET_ACCESS_KEY: KEY,
    };
  }

  async start(): Promise<void> {
    const args = ["--import", "tsx", SERVER, this.#root, String(this.#port), BUCKET];
    const child = spawn(process.execPath, args, {
      stdio: ["ignore", "pipe", "ignore"],
    });
    this.#process = child;
    await once(child.stdout!, "data");
  }

  async kill(): Promise<void> {
    const child = this.#process;
    this.#process = undefined;
    if (child === undefined) return;
    child.kill("SIGKILL");
    await once(child, "exit");
  }

  async dispose(): Promise<void> {
    await this.kill();
    rmSync(this.#root, { recursive: true });
  }
}
