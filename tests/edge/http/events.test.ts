/** The change stream as a client of HTTP meets it: its parameters, forms and headers, and what is refused. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { changeSchema } from "../../../src/edge/http/change-schemas.ts";
import { ADMIN_KEY, type Body, Client, openTrader, type RunningServer, startServer } from "../harness.ts";

const EVENTS = "/v1/events";
const PATIENCE_MS = 20_000;
let server: RunningServer;
let operator: Client;
let alice: Client;
let appliedSeq: number;

beforeAll(async () => {
  server = await startServer();
  operator = new Client(server.url, ADMIN_KEY);
  alice = await openTrader(operator, { accountId: "alice", funds: { BRL: "1000.00" } });
  appliedSeq = (await operator.get("/v1/status")).body.appliedSeq;
});

afterAll(() => server.dispose());

const linesOf = (text: string): Body[] =>
  text
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line));

/** Follows until a stream has said something, and gives all that it has said until then. */
async function followUntil(
  headers: Record<string, string>,
  query: string,
  isEnough: (text: string) => boolean,
): Promise<string> {
  const { signal, abort } = stopping();
  const response = await fetch(`${server.url}${EVENTS}?${query}`, {
    headers: { authorization: `Bearer ${ADMIN_KEY}`, ...headers },
    signal,
  });
  const decoder = new TextDecoder();
  let text = "";
  for await (const bytes of response.body!) {
    text += decoder.decode(bytes, { stream: true });
    if (isEnough(text)) break;
  }
  abort();
  return text;
}

function stopping() {
  const stop = new AbortController();
  const patience = setTimeout(() => stop.abort(new Error("the stream did not say it in time")), PATIENCE_MS);
  return {
    signal: stop.signal,
    abort: () => {
      clearTimeout(patience);
      stop.abort();
    },
  };
}

test("tells all from the beginning, every line as it is described, up to the position that it names", async () => {
  const { status, headers, body, seq } = await operator.get(EVENTS);
  expect(status).toBe(200);
  expect(headers.get("content-type")).toBe("application/x-ndjson");
  expect(headers.get("cache-control")).toBe("no-store");
  const lines = linesOf(body).map((line) => changeSchema.parse(line));
  expect(lines.map((line) => line.seq)).toEqual(Array.from({ length: appliedSeq }, (_, place) => place + 1));
  expect(seq).toBe(appliedSeq);
  expect(lines.find(({ command }) => command.kind === "DepositFunds")).toMatchObject({
    command: { accountId: "alice", asset: "BRL", amount: "1000.00", reference: "seed-BRL" },
    outcome: "accepted",
    events: [{ kind: "FundsDeposited" }, { kind: "WalletChanged", available: "1000.00", held: "0.00" }],
  });
  expect((await operator.get(`${EVENTS}?fromSeq=0&follow=false`)).body).toBe(body);
});

test("tells what comes after a sequence, and nothing after the last", async () => {
  const { body } = await operator.get(`${EVENTS}?fromSeq=${appliedSeq - 1}`);
  expect(linesOf(body).map(({ seq }) => seq)).toEqual([appliedSeq]);
  expect(await operator.get(`${EVENTS}?fromSeq=${appliedSeq}`)).toMatchObject({ status: 200, body: "" });
});

test("tells a refused command with the rule that refused it", async () => {
  const order = { market: "VIB-BRL", side: "buy", type: "limit", price: "9.00", quantity: "1000" };
  const { seq } = await alice.post("/v1/orders", order, {
    traceparent: "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
  });
  appliedSeq = seq!;
  const [line] = linesOf((await operator.get(`${EVENTS}?fromSeq=${seq! - 1}`)).body);
  expect(line).toMatchObject({
    seq,
    traceId: "4bf92f3577b34da6a3ce929d0e0e4736",
    command: { kind: "PlaceOrder", accountId: "alice", price: "9.00", quantity: "1000" },
    outcome: "insufficient-funds",
    events: [{ kind: "CommandRejected", reason: "insufficient-funds" }],
  });
});

test("as Server-Sent Events it goes on behind Last-Event-ID, whatever the address says, and live", async () => {
  let isSent = false;
  const headers = { accept: "text/event-stream", "last-event-id": String(appliedSeq - 1) };
  const text = await followUntil(headers, "fromSeq=0&follow=true", (told) => {
    if (!isSent && told.includes(`id: ${appliedSeq}\n`)) {
      isSent = true;
      void operator.post("/v1/accounts", { accountId: "bob" });
    }
    return told.includes(`id: ${appliedSeq + 1}\n`) && told.endsWith("\n\n");
  });
  const events = text.split("\n\n").filter((event) => event.startsWith("id: "));
  expect(events.map((event) => Number(/^id: (\d+)\ndata: /.exec(event)?.[1]))).toEqual([
    appliedSeq,
    appliedSeq + 1,
  ]);
  expect(JSON.parse(events[1]!.slice(events[1]!.indexOf("{")))).toMatchObject({
    seq: appliedSeq + 1,
    command: { kind: "OpenAccount", accountId: "bob" },
  });
  appliedSeq += 1;
});

test("who follows from the last sequence hears at once that the stream is there", async () => {
  const text = await followUntil({}, `fromSeq=${appliedSeq}&follow=true`, (told) => told.length > 0);
  expect(text).toBe("\n");
});

test("is in the metrics while it is open", async () => {
  const count = async () => {
    // The text is written ten times a second at most.
    const { body } = await operator.get("/metrics");
    return /^pregao_change_streams (\d+)$/m.exec(body)?.[1];
  };
  await expect.poll(count, { timeout: PATIENCE_MS }).toBe("0");
  const { signal, abort } = stopping();
  await fetch(`${server.url}${EVENTS}?fromSeq=${appliedSeq}&follow=true`, {
    headers: { authorization: `Bearer ${ADMIN_KEY}` },
    signal,
  });
  await expect.poll(count, { timeout: PATIENCE_MS }).toBe("1");
  abort();
  await expect.poll(count, { timeout: PATIENCE_MS }).toBe("0");
});

test("HEAD says how far it goes and tells nothing", async () => {
  const { status, headers, seq, body } = await operator.send("HEAD", `${EVENTS}?follow=true`, {});
  expect({ status, seq, body }).toEqual({ status: 200, seq: appliedSeq, body: "" });
  expect(headers.get("content-type")).toBe("application/x-ndjson");
});

test.each([
  { query: "fromSeq=-1", path: "fromSeq" },
  { query: "fromSeq=1.5", path: "fromSeq" },
  { query: "fromSeq=", path: "fromSeq" },
  { query: "fromSeq=now", path: "fromSeq" },
  { query: "fromSeq=1&fromSeq=2", path: "fromSeq" },
  { query: "fromSeq=99999999", path: "fromSeq" },
  { query: "follow=yes", path: "follow" },
  { query: "from=1", path: "from" },
])("$query is malformed", async ({ query, path }) => {
  const { status, body } = await operator.get(`${EVENTS}?${query}`);
  expect(status).toBe(400);
  expect(body.errors[0].path).toBe(path);
});

test("a reader that is ahead of the exchange hears how far that is", async () => {
  const { body } = await operator.get(EVENTS, { accept: "text/event-stream", "last-event-id": "5000" });
  expect(body.detail).toBe(`Last-Event-ID must not be after ${appliedSeq}, the last sequence that there is.`);
});
