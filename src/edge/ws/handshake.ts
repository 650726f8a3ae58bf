/** Who may open a socket: what is looked at before the protocol is switched, while HTTP can still say no. */
import type { FastifyRequest } from "fastify";
import { bearerKey, type Principal } from "../auth.ts";
import { malformed, Refusal } from "../problems.ts";

const SOCKET_KEY = /^[+/0-9A-Za-z]{22}==$/;

/** Why the request cannot become a socket, or undefined if it can. */
export function handshakeRefusal({ headers }: FastifyRequest): Refusal | undefined {
  if (headers.upgrade?.toLowerCase() !== "websocket") {
    return malformed("Upgrade", "must be websocket: this path is a WebSocket");
  }
  if (headers["sec-websocket-version"] !== "13") return malformed("Sec-WebSocket-Version", "must be 13");
  if (!SOCKET_KEY.test(headers["sec-websocket-key"] ?? "")) {
    return malformed("Sec-WebSocket-Key", "must be 16 bytes in base 64");
  }
  const { origin, host } = headers;
  if (origin !== undefined && !isSameHost(origin, host ?? "")) {
    return new Refusal("forbidden", "Pages of other origins may not open a socket.");
  }
  return undefined;
}

/** Who the socket belongs to from the start; null if it is to say so later, or never. */
export function principalOf(
  request: FastifyRequest,
  identify: (key: string, client: FastifyRequest) => Principal | Refusal,
): Principal | null | Refusal {
  const { authorization } = request.headers;
  if (authorization === undefined) return null;
  const key = bearerKey(authorization);
  return key === undefined
    ? new Refusal("unauthorized", "The Authorization header holds no API key.")
    : identify(key, request);
}

/** Browsers always send `Origin`, and let any page connect anywhere; other clients need not send it. */
function isSameHost(origin: string, host: string): boolean {
  if (!URL.canParse(origin)) return false;
  const { protocol, host: wanted } = new URL(origin);
  const here = `${protocol}//${host}`;
  return wanted !== "" && URL.canParse(here) && new URL(here).host === wanted;
}
