/**
 * What a request has to pass before anything is done for it: it is turned away while the exchange has too much
 * to do, it is counted, and it says who is asking. The limits themselves are the guard's.
 */
import type { FastifyReply, FastifyRequest, onRequestHookHandler } from "fastify";
import type { Scope } from "../../domain/commands.ts";
import type { Directory } from "../../projections/live/directory.ts";
import { bearerKey } from "../auth.ts";
import type { Guard } from "../guard/guard.ts";
import { Refusal } from "../problems.ts";
import { sendRefusal, tellAllowance } from "./replies.ts";

/** A supervisor and a monitor must see an exchange that has too much to do. */
const PROBES = /^\/(?:health\/(?:live|ready)|metrics)$/;
/** Whoever wants out of the market gets out. */
const CANCEL_AFTER = "/v1/orders/cancel-after";

/** What admission needs of the desk that all routes share. */
type Door = { readonly guard: Guard; readonly exchange: { readonly directory: Directory } | null };

const NO_KEY = "Send an API key as `Authorization: Bearer pk_…`.";

/** Why a request has to wait, if the exchange is behind. Cancels and probes never have to. */
export function refusalWhileBehind(guard: Guard, request: FastifyRequest): Refusal | undefined {
  const refusal = guard.refusalWhileBehind(request.startedAt);
  if (refusal === undefined) return undefined;
  // The route and not the URL, which may have a query, or be escaped.
  const { url: path } = request.routeOptions;
  if (request.method === "DELETE" || path === CANCEL_AFTER) return undefined;
  return path !== undefined && PROBES.test(path) ? undefined : refusal;
}

/** Counts requests that need no key, by address; undefined for a path that is not counted. */
export function addressCheck(desk: Door, path: string): onRequestHookHandler | undefined {
  if (PROBES.test(path)) return undefined;
  return (request, reply, done) => {
    const refusal = desk.guard.takeForAddress(request.ip, request.startedAt);
    if (refusal === undefined) done();
    else sendRefusal(reply, refusal);
  };
}

/** Names the caller, or refuses before a byte of the body is read. */
export function keyCheck(desk: Door, access: Scope | "admin"): onRequestHookHandler {
  return (request, reply, done) => {
    const refusal = admit(desk, access, request, reply);
    if (refusal === undefined) done();
    else sendRefusal(reply, refusal);
  };
}

function admit(
  { guard, exchange }: Door,
  access: Scope | "admin",
  request: FastifyRequest,
  reply: FastifyReply,
): Refusal | undefined {
  const { startedAt: now } = request;
  const key = bearerKey(request.headers.authorization);
  if (key === undefined) return guard.takeForAddress(request.ip, now) ?? new Refusal("unauthorized", NO_KEY);
  const principal = guard.identify(key, { client: request, directory: exchange!.directory, now });
  if (principal === undefined) return new Refusal("unauthorized", NO_KEY);
  if (principal instanceof Refusal) return principal;
  const allowance = guard.takeForKey(principal, now);
  if (allowance instanceof Refusal) return allowance;
  if (allowance !== undefined) tellAllowance(reply, allowance);
  const allowed = principal.kind === "operator" || (access !== "admin" && principal.scopes.includes(access));
  if (!allowed) return new Refusal("forbidden", `The API key lacks the scope ${access}.`);
  request.principal = principal;
  return undefined;
}
