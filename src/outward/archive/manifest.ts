/**
 * The manifest of an archive: every object that is there whole, with its size and hash, by ranges of sequences. It is
 * written last, so what it names was read back before; what it does not name is worth nothing yet. Ranges of long ago
 * are in pages of their own that never change, so that the manifest stays short however long an exchange runs.
 */
import { createHash } from "node:crypto";
import { z } from "zod";
import { readSmall, type Target, TargetRefusedError } from "./target.ts";

const MANIFEST = "manifest.json";
const VERSION = 1;
/** A page has so many ranges: some hundred KiB. */
const PAGE_RANGES = 500;

const sha256 = z.string().regex(/^[0-9a-f]{64}$/);
const whole = z.int().min(0);

/** What a range with commands has, one of each. */
export const OBJECT_KINDS = ["segment", "commands", "orders", "trades", "entries"] as const;

const objectSchema = z.object({
  kind: z.enum(OBJECT_KINDS),
  /** Below the directory of the manifest. */
  key: z.string(),
  bytes: whole,
  sha256,
  /** Of a table; a segment has none. */
  rows: whole.optional(),
});

/** A closed segment of the journal, and what the ledger has of its commands. */
const rangeSchema = z.object({
  segment: whole,
  firstSeq: whole,
  /** One less than `firstSeq` for a segment without commands. */
  lastSeq: whole,
  firstAt: z.iso.datetime().nullable(),
  lastAt: z.iso.datetime().nullable(),
  /** Of the last frame with commands, as the ledger has it; null if there is none. */
  frameHash: sha256.nullable(),
  /** Of the segment's last frame: the next segment goes on from it. */
  endHash: sha256,
  objects: z.array(objectSchema),
});

const pageSchema = z.object({
  key: z.string(),
  bytes: whole,
  sha256,
  firstSeq: whole,
  lastSeq: whole,
});

const manifestSchema = z.object({
  format: z.literal("pregao-archive"),
  version: z.literal(VERSION),
  journalId: z.string().regex(/^[0-9a-f]{32}$/),
  pages: z.array(pageSchema),
  ranges: z.array(rangeSchema),
});

export type ArchivedObject = z.infer<typeof objectSchema>;
export type ArchivedRange = z.infer<typeof rangeSchema>;
type Page = z.infer<typeof pageSchema>;
type Contents = z.infer<typeof manifestSchema>;

export class Manifest {
  readonly #target: Target;
  readonly #base: string;
  #contents: Contents;

  /** The manifest of a journal's archive, an empty one if there is none yet. */
  static async read(target: Target, journalId: string): Promise<Manifest> {
    const base = `${journalId}/`;
    const bytes = await readSmall(target, base + MANIFEST);
    if (bytes === null) {
      return new Manifest(target, base, {
        format: "pregao-archive",
        version: VERSION,
        journalId,
        pages: [],
        ranges: [],
      });
    }
    const name = placeOf(target, base + MANIFEST);
    const contents = parsed(manifestSchema, bytes, name);
    if (contents.journalId !== journalId) {
      throw new TargetRefusedError(`${name} is of the journal ${contents.journalId}`);
    }
    return new Manifest(target, base, contents);
  }

  private constructor(target: Target, base: string, contents: Contents) {
    this.#target = target;
    this.#base = base;
    this.#contents = contents;
  }

  /** The last range that is in the archive. */
  get last(): ArchivedRange | undefined {
    return this.#contents.ranges.at(-1);
  }

  /** The name of an object among all that the target holds. */
  keyOf(key: string): string {
    return this.#base + key;
  }

  /** Adds a range whose objects are all there, and makes it durable. */
  async add(range: ArchivedRange): Promise<void> {
    let { pages, ranges } = this.#contents;
    // The last range stays, so that the next one has something to go on from.
    if (ranges.length > PAGE_RANGES) {
      const sealed = ranges.slice(0, PAGE_RANGES);
      pages = [...pages, await this.#seal(sealed, pages.length + 1)];
      ranges = ranges.slice(PAGE_RANGES);
    }
    const contents = { ...this.#contents, pages, ranges: [...ranges, range] };
    await this.#target.write(this.keyOf(MANIFEST), encoded(contents));
    this.#contents = contents;
  }

  /** All ranges with commands beyond a sequence, in order. */
  async *rangesAfter(seq: number): AsyncGenerator<ArchivedRange> {
    for (const page of this.#contents.pages) {
      if (page.lastSeq > seq) yield* (await this.#page(page)).filter(({ lastSeq }) => lastSeq > seq);
    }
    yield* this.#contents.ranges.filter(({ lastSeq }) => lastSeq > seq);
  }

  async #seal(ranges: readonly ArchivedRange[], number: number): Promise<Page> {
    const bytes = encoded(ranges);
    const key = `manifest/${String(number).padStart(8, "0")}.json`;
    await this.#target.write(this.keyOf(key), bytes);
    const [firstSeq, lastSeq] = [ranges[0]!.firstSeq, ranges.at(-1)!.lastSeq];
    return { key, bytes: bytes.length, sha256: sha256Of(bytes), firstSeq, lastSeq };
  }

  async #page({ key, sha256: expected }: Page): Promise<ArchivedRange[]> {
    const name = placeOf(this.#target, this.keyOf(key));
    const bytes = await readSmall(this.#target, this.keyOf(key));
    if (bytes === null || sha256Of(bytes) !== expected) {
      throw new TargetRefusedError(`${name} is not what the manifest says it is`);
    }
    return parsed(z.array(rangeSchema), bytes, name);
  }
}

/** For messages. */
function placeOf({ name }: Target, key: string): string {
  return name.endsWith("/") ? name + key : `${name}/${key}`;
}

function parsed<Schema extends z.ZodType>(schema: Schema, bytes: Uint8Array, name: string): z.infer<Schema> {
  let json: unknown;
  try {
    json = JSON.parse(Buffer.from(bytes).toString("utf8"));
  } catch {
    throw new TargetRefusedError(`${name} is no JSON`);
  }
  const found = schema.safeParse(json);
  if (found.success) return found.data;
  const [issue] = found.error.issues;
  throw new TargetRefusedError(
    `${name} is no manifest of this release: ${issue?.path.join(".")}: ${issue?.message}`,
  );
}

function encoded(contents: object): Buffer {
  return Buffer.from(`${JSON.stringify(contents, null, 1)}\n`);
}

function sha256Of(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}
