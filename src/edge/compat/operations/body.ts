/**
 * How this API reads and writes bodies: JSON as strict as everywhere, but its numbers are taken from their text. The
 * checks by description see what they come to, and the calls what was written.
 */
import type { FastifyInstance } from "fastify";
import { parse, stringify } from "lossless-json";
import { addBodyParser } from "../../http/faults.ts";

declare module "fastify" {
  interface FastifyRequest {
    /** The body of the operations API, its numbers as they were written. */
    exactBody: unknown;
  }
}

export function readNumbersExactly(scope: FastifyInstance): void {
  scope.decorateRequest("exactBody", null);
  addBodyParser(scope, (text, request) => {
    request.exactBody = parse(text);
    return parse(text, null, finite);
  });
  scope.setReplySerializer((payload) => stringify(payload)!);
}

/** A number that no double holds is checked as the largest that one does; it is refused later, for its size. */
function finite(text: string): number {
  return Math.max(-Number.MAX_VALUE, Math.min(Number(text), Number.MAX_VALUE));
}
