/**
 * Keeps a copy of all balances in a file, and stays equal to the exchange through restarts on both sides.
 *
 *   PREGAO_KEY=<operator's key> node examples/balances-copy.mjs balances.json
 *
 * What makes it right: the file holds the balances and the sequence that they are of, written together or not at all; the
 * stream is asked for what comes behind that sequence; and a line whose sequence is not the next one is never applied.
 */
import { closeSync, existsSync, fsyncSync, openSync, readFileSync, renameSync, writeSync } from "node:fs";

const [file = "balances.json"] = process.argv.slice(2);
const url = process.env.PREGAO_URL ?? "http://127.0.0.1:8080";
const key = process.env.PREGAO_KEY ?? "";

/** A stream that says nothing at all for so long is dead: the exchange sends an empty line every 10 s. */
const SILENT_MS_MAX = 30_000;
const SAVE_MS = 200;
const RETRY_MS = 500;
/** Asking again would be answered in the same way. */
const HOPELESS = new Set([400, 401, 403, 410]);

const copy = existsSync(file) ? JSON.parse(readFileSync(file, "utf8")) : { seq: 0, balances: {} };
let savedSeq = copy.seq;
let savedAt = 0;

/** The old file stays until the new one is on disk, so a crash leaves one or the other. */
function save() {
  if (copy.seq === savedSeq) return;
  const aside = `${file}.aside`;
  const descriptor = openSync(aside, "w");
  writeSync(descriptor, JSON.stringify(copy));
  fsyncSync(descriptor);
  closeSync(descriptor);
  renameSync(aside, file);
  savedSeq = copy.seq;
  savedAt = Date.now();
}

function apply(line) {
  if (line === "") return;
  const change = JSON.parse(line);
  if (change.problem !== undefined) throw new Error(change.problem.detail);
  if (change.seq !== copy.seq + 1) throw new Error(`sequence ${change.seq} follows ${copy.seq}: a gap`);
  for (const event of change.events) {
    if (event.kind !== "WalletChanged") continue;
    const { accountId, asset, available, held } = event;
    copy.balances[accountId] ??= {};
    copy.balances[accountId][asset] = { available, held };
  }
  copy.seq = change.seq;
}

/** Follows one stream until it ends. */
async function follow() {
  const silence = new AbortController();
  let patience = setTimeout(() => silence.abort(), SILENT_MS_MAX);
  try {
    const response = await fetch(`${url}/v1/events?fromSeq=${copy.seq}&follow=true`, {
      headers: { authorization: `Bearer ${key}` },
      signal: silence.signal,
    });
    if (!response.ok) {
      const { detail } = await response.json();
      if (!HOPELESS.has(response.status)) throw new Error(detail);
      process.stderr.write(`${detail}\n`);
      process.exit(1);
    }
    const decoder = new TextDecoder();
    let rest = "";
    for await (const bytes of response.body) {
      clearTimeout(patience);
      patience = setTimeout(() => silence.abort(), SILENT_MS_MAX);
      const lines = (rest + decoder.decode(bytes, { stream: true })).split("\n");
      // A line that the connection cut is none: it comes whole with the next stream.
      rest = lines.pop();
      for (const line of lines) apply(line);
      if (Date.now() - savedAt >= SAVE_MS) save();
    }
  } finally {
    clearTimeout(patience);
    save();
  }
}

// What came in the last moment before nothing came any more is saved, too.
setInterval(save, SAVE_MS);
for (;;) {
  try {
    await follow();
  } catch (error) {
    process.stderr.write(`${error.message}; going on behind sequence ${copy.seq}\n`);
  }
  await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
}
