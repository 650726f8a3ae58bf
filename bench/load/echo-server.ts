/** What the exchange is measured against: a bare Fastify that gives back the body of a POST. */
import { fastify } from "fastify";

const app = fastify();
app.post("/v1/orders", (request, reply) => {
  reply.code(201).send(request.body);
});
const url = await app.listen({ host: "127.0.0.1", port: 0 });
process.stdout.write(`echo listening on ${url}\n`);
process.once("SIGTERM", () => process.exit(0));
