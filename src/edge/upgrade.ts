/** Requests that ask to leave HTTP. Node treats their connections apart, so both HTTP and WebSocket look. */
import type { FastifyRequest } from "fastify";

const UPGRADE_OPTION = /(^|[\s,])upgrade($|[\s,])/i;

/** Whether the request asks to switch protocols, to any other. */
export function isUpgrade({ headers }: FastifyRequest): boolean {
  return headers.upgrade !== undefined && UPGRADE_OPTION.test(headers.connection ?? "");
}
