/** The change stream: every command with all that it caused, from any sequence on, and onward as they happen. */
import type { FastifyInstance, FastifyReply } from "fastify";
import { z } from "zod";
import { type Seq, seq } from "../../domain/units.ts";
import { CHANGE_TYPES, changeFormFor } from "../changes/change-forms.ts";
import { ChangeStreams } from "../changes/change-streams.ts";
import { CHANGE_LIMITS } from "../changes/limits.ts";
import type { ExchangePort } from "../exchange-port.ts";
import type { Log } from "../log.ts";
import { parseWhole } from "../parse.ts";
import { malformed, Refusal } from "../problems.ts";
import { changeSchema } from "./change-schemas.ts";
import { markPosition, sendRefusal } from "./replies.ts";
import { addRoute, type Call, type Desk } from "./route.ts";

const eventsQuery = z.strictObject({
  fromSeq: z
    .string()
    .max(32)
    .optional()
    .describe(
      "The last sequence that the reader has: everything after it is told. From the beginning unless given.",
    ),
  follow: z
    .enum(["true", "false"])
    .optional()
    .describe(
      "Whether the stream goes on live; otherwise it ends with the last command of the time when it was asked for.",
    ),
});

type EventsCall = Call<unknown, z.infer<typeof eventsQuery>>;

export function addEventsRoute(app: FastifyInstance, desk: Desk, log: Log): void {
  let streams: ChangeStreams | undefined;
  app.addHook("preClose", (done) => {
    streams?.close();
    done();
  });
  desk.metrics.gauge({
    name: "pregao_change_streams",
    help: "Change streams that are open.",
    read: () => streams?.count ?? 0,
  });
  addRoute(app, desk, {
    method: "GET",
    path: "/v1/events",
    access: "admin",
    tag: "operating",
    summary: "The change stream: every command and all that it caused",
    description:
      "One JSON object a line, in the order of the journal, or one event each as Server-Sent Events for `Accept: text/event-stream`. " +
      "The sequences of the lines are consecutive. An empty line, or a comment, is a heartbeat. A stream that has to end before its time " +
      "says so in a last line, `{ problem, resumeFrom }`.",
    query: eventsQuery,
    answers: {
      200: {
        is: "The stream; `Pregao-Seq` is the last command of the time when it was asked for.",
        body: changeSchema,
        types: CHANGE_TYPES,
      },
    },
    problems: ["history-removed"],
    handle: (exchange, request: EventsCall, reply) => {
      streams ??= new ChangeStreams(exchange, {
        limits: CHANGE_LIMITS,
        onFault: (err) => log.lines.error({ err }, "a change stream failed"),
      });
      return sendChanges(streams, exchange, request, reply);
    },
  });
}

async function sendChanges(
  streams: ChangeStreams,
  exchange: ExchangePort,
  request: EventsCall,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const after = positionOf(request, exchange.appliedSeq);
  if (after instanceof Refusal) return sendRefusal(reply, after);
  const form = changeFormFor(request.headers.accept);
  // A proxy that gathers an answer before it passes it on would hold a stream back for ever.
  const headers = { "content-type": form.type, "cache-control": "no-store", "x-accel-buffering": "no" };
  if (request.method === "HEAD") {
    return markPosition(reply, exchange.appliedSeq).headers(headers).send();
  }
  const follows = request.query.follow === "true";
  const client = new AbortController();
  reply.raw.once("close", () => client.abort());
  const { signal: gone } = client;
  const opened = await streams.open({ after, follows, form, requestId: request.id, gone });
  if (opened instanceof Refusal) return sendRefusal(reply, opened);
  return markPosition(reply, opened.appliedSeq).headers(headers).send(opened.bytes);
}

/** A client of Server-Sent Events that comes again names the last event that it got, at the address of the first time. */
function positionOf({ query, headers }: EventsCall, appliedSeq: Seq): Seq | Refusal {
  const { "last-event-id": last } = headers;
  const [text, path] =
    typeof last === "string" && last !== "" ? [last, "Last-Event-ID"] : [query.fromSeq ?? "0", "fromSeq"];
  const position = parseWhole(text, { path, least: 0, most: Number.MAX_SAFE_INTEGER });
  if (position instanceof Refusal) return position;
  if (position <= appliedSeq) return seq(position);
  return malformed(path, `must not be after ${appliedSeq}, the last sequence that there is`);
}
