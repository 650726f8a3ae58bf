/** How many connections there may be, in all and from one address; one more is closed without a word. */
import type { Server } from "node:http";
import { CountByAddress } from "./addresses.ts";

export type ConnectionLimits = {
  /** In all. */
  readonly max: number;
  /** From one address; 0 for no limit. */
  readonly perAddress: number;
  /** A proxy brings the connections of many clients. */
  readonly isProxy: (address: string) => boolean;
};

export function limitConnections(server: Server, { max, perAddress, isProxy }: ConnectionLimits): void {
  server.maxConnections = max;
  if (perAddress === 0) return;
  const counts = new CountByAddress(perAddress);
  server.on("connection", (socket) => {
    const { remoteAddress: address } = socket;
    // Without an address the connection has gone already.
    if (address === undefined || isProxy(address)) return;
    if (counts.isFull(address)) socket.destroy();
    else socket.once("close", counts.add(address));
  });
}
