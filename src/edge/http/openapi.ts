/** The frame of the OpenAPI document; its paths come from the routes. */
import type { FastifyDynamicSwaggerOptions } from "@fastify/swagger";

export const OPENAPI = {
  openapi: "3.0.3",
  info: {
    title: "Pregão",
    version: "1",
    description: [
      "A whole exchange in one process. JSON in and out; amounts are decimal strings, never JSON numbers (but for",
      "the operations API, whose numbers are read from their text);",
      "times are RFC 3339 in UTC. Every answer carries `X-Request-Id`; answers to commands and reads carry",
      "`Pregao-Seq`, the position in the journal that they reflect. A W3C `traceparent` is honoured.",
      "Where rates are limited, answers to requests with an account's key carry `RateLimit-Policy` and `RateLimit`.",
      "Errors are `application/problem+json` (RFC 9457) with a stable `code`, and unknown fields, unknown or",
      "repeated query parameters and duplicate keys are errors. Lists come in pages: `limit`, `cursor`, `nextCursor`.",
      "Where a call is about an account, an operator key names it: `accountId` in the body of a command,",
      "`?accountId=` on a read or a DELETE.",
    ].join("\n"),
  },
  tags: [
    { name: "orders", description: "Placing, amending, canceling and finding orders, and their fills." },
    { name: "wallets", description: "Balances, statements and movements of money." },
    { name: "markets", description: "Market data; no key needed." },
    { name: "operating", description: "Accounts, keys, assets and markets; operator keys only." },
    {
      name: "operations",
      description: "The operations API of the first design, with JSON numbers; operator keys only.",
    },
    { name: "process", description: "Health, metrics and positions of the process." },
  ],
  components: {
    securitySchemes: {
      apiKey: { type: "http", scheme: "bearer", bearerFormat: "pk_<keyId>_<secret>" },
    },
  },
} satisfies FastifyDynamicSwaggerOptions["openapi"];
