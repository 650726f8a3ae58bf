/** `pregao journal`: the commands of a journal, one a line, for people or for programs. It changes nothing. */
import { existsSync } from "node:fs";
import { Command, InvalidArgumentError } from "commander";
import type { Sequenced } from "../domain/commands.ts";
import { type Seq, seq } from "../domain/units.ts";
import { checkContents, pathsIn } from "../journal/data-directory.ts";
import { nodeDisk } from "../journal/disk.ts";
import type { Frame } from "../journal/frame.ts";
import type { JournalEnd } from "../journal/frame-walk.ts";
import { readJournal } from "../journal/recovery.ts";
import { segmentName } from "../journal/segment.ts";
import { settle } from "../journal/settle.ts";
import { commandWords, type Words } from "../projections/changes/command-words.ts";
import { FEED_EVENTS_MIN } from "../projections/feeds/feed-log.ts";
import { timeText } from "../projections/unit-text.ts";
import { Names } from "../replay/names.ts";
import { emptyPresent } from "../replay/present.ts";
import { readingStart, storedSnapshots } from "../replay/stored-snapshots.ts";
import { EXIT, UsageError } from "./exit-codes.ts";
import { Progress } from "./progress.ts";

/** Lines are written in pieces of about so many characters. */
const PIECE_CHARACTERS = 64 * 1024;
/** What need not be quoted to be read as one word. */
const PLAIN = /^[\w.:/@+-]+$/;

type Options = { readonly from?: Seq; readonly to?: Seq; readonly json?: boolean };

export function journalCommand(): Command {
  return new Command("journal")
    .description("print the commands of a journal; the exchange may run meanwhile")
    .argument("<dir>", "a data directory, or a backup of one")
    .option("--from <seq>", "the first sequence to print", parseSeq)
    .option("--to <seq>", "the last sequence to print", parseSeq)
    .option("--json", "one JSON object a line")
    .action(printJournal);
}

/** The journal's directory in a data directory. */
export function journalIn(directory: string): string {
  const { journal } = pathsIn(directory);
  if (!existsSync(journal)) {
    throw new UsageError(`there is no journal in ${directory}; name a data directory, or a backup of one`);
  }
  checkContents(directory);
  return journal;
}

async function printJournal(directory: string, { from = seq(1), to, json = false }: Options): Promise<void> {
  const journal = journalIn(directory);
  if (to !== undefined && to < from) throw new UsageError(`--to ${to} lies before --from ${from}`);
  const output = new Output();
  const listing = json ? new JsonLines(output) : new TextLines(output);
  const start = await readingStart(directory, await storedSnapshots(directory), { from });
  const names = new Names(start?.present ?? emptyPresent(FEED_EVENTS_MIN));
  const progress = new Progress({ alone: false });
  let lastSeq: number = start?.file.seq ?? 0;
  if (lastSeq >= from) process.stderr.write(`the journal begins behind sequence ${lastSeq}\n`);
  const end = await readJournal({
    start: start?.file.position,
    directory: journal,
    disk: nodeDisk,
    watermarks: [],
    to,
    beforeLast: (file, bytes) => settle(file, bytes, nodeDisk),
    replay: (frame) => {
      for (const entry of frame.entries) {
        names.learn(entry);
        if (entry.seq >= from && entry.seq <= (to ?? entry.seq)) listing.record(entry, frame, names);
      }
      lastSeq = frame.firstSeq + frame.entries.length - 1;
      return null;
    },
    onCleanStop: ({ offset, at }) => {
      if (lastSeq >= from) listing.mark(`clean stop at offset ${offset}, ${timeText(at)}`);
    },
    room: async () => output.flush(),
    onProgress: ({ seq: done, bytesDone, bytesTotal }) =>
      progress.show(bytesDone / bytesTotal, `sequence ${done}`),
  }).finally(() => {
    output.flush();
    progress.end();
  });
  for (const line of endLines(end, { from, lastSeq })) process.stderr.write(`${line}\n`);
}

/** What the lines alone would not tell. */
function endLines(end: JournalEnd | null, { from, lastSeq }: { from: Seq; lastSeq: number }): string[] {
  const lines: string[] = [];
  if (lastSeq < from) lines.push(`the journal ends with sequence ${lastSeq}`);
  if (end?.tornTail) {
    const { offset, what } = end.tornTail;
    lines.push(
      `${segmentName(end.segment)}, offset ${offset}, sequence ${end.nextSeq}: ${what}. A frame that is being written ` +
        "looks like this, and one that a crash cut; it has not been acknowledged, and the next start repairs it.",
    );
  }
  return lines;
}

/** Records with their fields in words, and markers that begin with `#`. */
class TextLines {
  readonly #output: Output;
  #segment = 0;
  #offset = 0;

  constructor(output: Output) {
    this.#output = output;
  }

  record({ seq, at, requestId, traceId, command }: Sequenced, frame: Frame, names: Names): void {
    this.#markFrame(frame);
    const words = { ...commandWords(command, names), requestId, traceId };
    const fields = Object.entries(words)
      .filter(([, value]) => value !== null && value !== undefined)
      .map(([name, value]) => `${name}=${wordOf(textOf(value))}`);
    this.#output.line(`${String(seq).padStart(9)}  ${timeText(at)}  ${command.kind}  ${fields.join(" ")}`);
  }

  mark(text: string): void {
    this.#output.line(`# ${text}`);
  }

  #markFrame({ segment, offset, firstSeq, entries, epoch, hash }: Frame): void {
    if (segment !== this.#segment) this.mark(`segment ${segment}, ${segmentName(segment)}`);
    if (segment !== this.#segment || offset !== this.#offset) {
      const last = firstSeq + entries.length - 1;
      this.mark(`frame at offset ${offset}, sequences ${firstSeq} to ${last}, epoch ${epoch}, hash ${hash}`);
    }
    this.#segment = segment;
    this.#offset = offset;
  }
}

/** Every record with the place of its frame; a program needs no markers. */
class JsonLines {
  readonly #output: Output;

  constructor(output: Output) {
    this.#output = output;
  }

  record({ seq, at, requestId, traceId, command }: Sequenced, frame: Frame, names: Names): void {
    const { segment, offset, epoch, hash } = frame;
    const place = { segment, offset, epoch, hash };
    const record = { seq, at: timeText(at), kind: command.kind, ...commandWords(command, names) };
    this.#output.line(JSON.stringify({ ...record, requestId, traceId, frame: place }));
  }

  mark(): void {}
}

/** Standard output, in pieces. Whoever reads it may leave early, as `head` does; that is the end, and no fault. */
class Output {
  #text = "";

  constructor() {
    process.stdout.on("error", (error: NodeJS.ErrnoException) => {
      if (error.code === "EPIPE") process.exit(EXIT.done);
      throw error;
    });
  }

  line(text: string): void {
    this.#text += `${text}\n`;
    if (this.#text.length > PIECE_CHARACTERS) this.flush();
  }

  flush(): void {
    if (this.#text !== "") process.stdout.write(this.#text);
    this.#text = "";
  }
}

/** Lists of plain words are told apart by commas, what has fields of its own is told as JSON. */
function textOf(value: Words[string]): string {
  const isPlain = !Array.isArray(value) || value.every((item) => typeof item === "string");
  return isPlain ? String(value) : JSON.stringify(value);
}

function wordOf(text: string): string {
  return PLAIN.test(text) ? text : JSON.stringify(text);
}

function parseSeq(text: string): Seq {
  const value = Number(text);
  if (!/^[0-9]+$/.test(text) || !Number.isSafeInteger(value) || value < 1) {
    throw new InvalidArgumentError("a sequence is a whole number from 1.");
  }
  return seq(value);
}
