/**
 * Somebody who asks for much while others trade, in a process of its own: told `go` it works until it is told
 * `halt`, and then says how often it has done its work. Its parent says which of the works it is to do.
 */
import { createServer } from "node:http";

/** One piece of the work, as long as it is not told to stop; gives how much of it was done. */
type Work = (signal: AbortSignal, begun: () => void) => Promise<number>;

export type Told = "go" | "halt";
export type Says = { readonly ready: string } | { readonly begun: true } | { readonly done: number };

const FOLLOWERS = 3;
/** So long does the spinner compute before it looks whether it is told to stop. */
const SPIN_MS = 5;
/** How far behind the present those are that come to it, in commands. */
const BEHIND = 1_000;

const [name, url, key] = process.argv.slice(2) as [string, string, string];
let answered = 0;

const WORKS: Readonly<Record<string, Work>> = {
  spinner: async (_signal, begun) => {
    begun();
    const until = performance.now() + SPIN_MS;
    while (performance.now() < until);
    return 1;
  },
  past: async (signal, begun) => {
    begun();
    // The accounts are opened in the first half.
    const then = Math.ceil((await seqNow(signal)) * (1 - Math.random() / 2));
    await read(`/v1/markets/VIB-BRL/book?asOf=${then}`, signal);
    await read(`/v1/wallets?accountId=trader-0&asOf=${then}`, signal);
    return 2;
  },
  followers: async (signal, begun) => {
    const from = await seqNow(signal);
    let waiting = FOLLOWERS;
    const follow = () =>
      read(`/v1/events?fromSeq=${from}&follow=true`, signal, () => {
        waiting -= 1;
        if (waiting === 0) begun();
      });
    const lines = await Promise.all(Array.from({ length: FOLLOWERS }, follow));
    return lines.reduce((sum, count) => sum + count, 0);
  },
  comers: async (signal, begun) => {
    begun();
    const from = (await seqNow(signal)) - BEHIND;
    const come = () => read(`/v1/events?fromSeq=${from}`, signal);
    const lines = await Promise.all(Array.from({ length: FOLLOWERS }, come));
    return lines.filter((count) => count >= BEHIND).length;
  },
  download: (signal, begun) => {
    begun();
    return read("/v1/markets/VIB-BRL/trades/export?format=csv", signal);
  },
  wallet: (signal, begun) => {
    begun();
    const before = answered;
    return new Promise((resolve) => signal.addEventListener("abort", () => resolve(answered - before)));
  },
};

async function seqNow(signal: AbortSignal): Promise<number> {
  const answer = await ask("/v1/markets/VIB-BRL/book?depth=1", signal);
  await answer.body!.cancel();
  return Number(answer.headers.get("pregao-seq"));
}

async function ask(path: string, signal: AbortSignal): Promise<Response> {
  const answer = await fetch(url + path, { headers: { authorization: `Bearer ${key}` }, signal });
  if (!answer.ok) throw new Error(`GET ${path} answered ${answer.status}: ${await answer.text()}`);
  return answer;
}

/** Reads a whole answer and counts its lines, also of one that is ended on the way. */
async function read(path: string, signal: AbortSignal, begun = () => {}): Promise<number> {
  let lines = 0;
  let isFirst = true;
  try {
    for await (const bytes of (await ask(path, signal)).body!) {
      if (isFirst) begun();
      isFirst = false;
      for (const byte of bytes) if (byte === 0x0a) lines += 1;
    }
  } catch (error) {
    if (!signal.aborted) throw error;
  }
  return lines;
}

async function workUntil(signal: AbortSignal): Promise<number> {
  let done = 0;
  let isFirst = true;
  const begun = () => {
    if (isFirst) say({ begun: true });
    isFirst = false;
  };
  while (!signal.aborted) {
    done += await WORKS[name]!(signal, begun).catch((error) => {
      if (!signal.aborted) throw error;
      return 0;
    });
    await new Promise(setImmediate);
  }
  return done;
}

function say(says: Says): void {
  process.send!(says);
}

let stop = new AbortController();
process.on("message", async (told: Told) => {
  if (told === "halt") return stop.abort();
  stop = new AbortController();
  say({ done: await workUntil(stop.signal) });
});
process.on("disconnect", () => process.exit());

if (name === "wallet") {
  const service = createServer((request, response) => {
    request.resume().on("end", () => {
      answered += 1;
      response.end();
    });
  });
  service.listen(0, "127.0.0.1", () => {
    const { port } = service.address() as { port: number };
    say({ ready: `http://127.0.0.1:${port}/` });
  });
} else say({ ready: url });
