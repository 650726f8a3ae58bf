/**
 * The operations API of the first design, for the clients that it has: its paths, its fields, and JSON numbers, on the
 * commands that everything else is made of. It is about one market, and for operators.
 */
import type { FastifyInstance } from "fastify";
import type { Desk } from "../../http/route.ts";
import { readNumbersExactly } from "./body.ts";
import { addPlaceOperationRoute } from "./place-operation.ts";
import { addReadOperationRoutes } from "./read-operations.ts";
import { addSettleRoute } from "./settle.ts";
import { addWalletRoutes } from "./wallets.ts";

export async function addOperationsApi(app: FastifyInstance, desk: Desk): Promise<void> {
  await app.register(async (scope) => {
    readNumbersExactly(scope);
    addPlaceOperationRoute(scope, desk);
    addReadOperationRoutes(scope, desk);
    addWalletRoutes(scope, desk);
    addSettleRoute(scope, desk);
  });
}
