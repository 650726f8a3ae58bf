/** The process itself: is it alive, is it ready, how far has it come. */
import type { FastifyInstance } from "fastify";
import { z } from "zod";
import type { ExchangePort } from "../exchange-port.ts";
import { Refusal } from "../problems.ts";
import { markPosition, sendRefusal } from "./replies.ts";
import { addRoute, type Desk, type Recovery } from "./route.ts";

const healthSchema = z.object({ status: z.literal("ok") });
const statusSchema = z.object({
  appendedSeq: z.int(),
  durableSeq: z.int(),
  appliedSeq: z.int(),
  ledgerSeq: z.int(),
  snapshotSeq: z.int().nullable(),
  journalBytes: z.int(),
  archivedSeq: z.int().nullable().describe("Null if there is no archive, or it has not been looked at yet."),
  oldestSeq: z.int().describe("Where history begins: what lies before is in the archive."),
  uptimeSeconds: z.number(),
  version: z.string(),
});

export function addProcessRoutes(app: FastifyInstance, desk: Desk): void {
  const common = { method: "GET", access: "public", tag: "process", problems: [] } as const;
  addRoute(app, desk, {
    ...common,
    path: "/health/live",
    summary: "Is the process alive?",
    answers: { 200: { is: "It is.", body: healthSchema } },
    handle: (_, _request, reply) => reply.send({ status: "ok" }),
  });
  addRoute(app, desk, {
    ...common,
    path: "/health/ready",
    summary: "Is the exchange ready for commands?",
    answers: {
      200: { is: "It is; until recovery is done, 503 that says how far it is.", body: healthSchema },
    },
    handle: (_, _request, reply) => {
      if (desk.exchange === null) sendRefusal(reply, startingRefusal(desk.recovery));
      else reply.send({ status: "ok" });
    },
  });
  addRoute(app, desk, {
    ...common,
    access: "admin",
    path: "/v1/status",
    summary: "How far each part has come in the journal",
    answers: { 200: { is: "The positions.", body: statusSchema } },
    handle: (exchange, _, reply) => markPosition(reply, exchange.appliedSeq).send(statusOf(exchange, desk)),
  });
  app.get("/metrics", { schema: { hide: true } }, async (_, reply) => {
    const text = await desk.metrics.text();
    return reply.header("content-type", desk.metrics.contentType).send(text);
  });
  let document: Buffer | undefined;
  app.get("/openapi.json", { schema: { hide: true } }, (_, reply) => {
    // It never changes, and writing it takes as long as dozens of orders.
    document ??= Buffer.from(JSON.stringify(app.swagger()));
    return reply.header("content-type", "application/json; charset=utf-8").send(document);
  });
}

function startingRefusal(recovery: Recovery | null): Refusal {
  if (recovery === null) return new Refusal("starting");
  const { seq, percent, commandsPerSecond } = recovery;
  return new Refusal(
    "starting",
    `The journal has been replayed up to sequence ${seq}, ${percent} %, at ${commandsPerSecond} commands/s.`,
  );
}

function statusOf({ positions }: ExchangePort, { version }: Desk) {
  const { appendedSeq, durableSeq, appliedSeq, ledgerSeq, snapshotSeq, journalBytes } = positions;
  const { archivedSeq, oldestSeq } = positions;
  const uptimeSeconds = Math.floor(process.uptime());
  return {
    appendedSeq,
    durableSeq,
    appliedSeq,
    ledgerSeq,
    snapshotSeq,
    journalBytes,
    archivedSeq,
    oldestSeq,
    uptimeSeconds,
    version,
  };
}
