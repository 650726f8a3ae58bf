/** When a socket counts as dead, look by look: what it was asked decides what it owes. */
import { EventEmitter } from "node:events";
import { beforeEach, describe, expect, test } from "vitest";
import type { WebSocket } from "ws";
import type { Outbox } from "../../../src/edge/ws/outbox.ts";
import { Session, type SessionContext } from "../../../src/edge/ws/session.ts";

class HandSocket extends EventEmitter {
  pings = 0;
  isCut = false;

  ping(): void {
    this.pings += 1;
  }

  terminate(): void {
    this.isCut = true;
  }
}

const CONTEXT = { onEnded: () => {} } as unknown as SessionContext;

let socket: HandSocket;
let outbox: { isEmpty: boolean; bytesTaken: number };
let session: Session;

beforeEach(() => {
  socket = new HandSocket();
  outbox = { isEmpty: true, bytesTaken: 0 };
  session = new Session(CONTEXT, {
    socket: socket as unknown as WebSocket,
    outbox: outbox as unknown as Outbox,
    traceId: null,
    client: { ip: "127.0.0.1" },
  });
});

/** A look at the socket, when so much waits for it and has been taken. */
function look(waiting: "nothing waits" | "something waits", bytesTaken: number): void {
  outbox.isEmpty = waiting === "nothing waits";
  outbox.bytesTaken = bytesTaken;
  session.checkAlive();
}

describe("a socket for which nothing waits", () => {
  test("is pinged, and cut if it is silent until the next look", () => {
    look("nothing waits", 0);
    expect(socket).toMatchObject({ pings: 1, isCut: false });
    look("nothing waits", 2);
    expect(socket).toMatchObject({ pings: 1, isCut: true });
  });

  test("lives on for as long as it answers", () => {
    for (let looks = 1; looks <= 5; looks += 1) {
      look("nothing waits", looks * 2);
      socket.emit("pong");
      expect(socket).toMatchObject({ pings: looks, isCut: false });
    }
  });
});

describe("a socket for which something waits", () => {
  test("is not cut for silence after it, since nobody has asked", () => {
    look("something waits", 100);
    look("nothing waits", 500);
    expect(socket).toMatchObject({ pings: 1, isCut: false });
    look("nothing waits", 502);
    expect(socket).toMatchObject({ pings: 1, isCut: true });
  });

  test("lives on for as long as it takes some of it", () => {
    for (let looks = 1; looks <= 5; looks += 1) look("something waits", looks);
    expect(socket).toMatchObject({ pings: 0, isCut: false });
  });

  test("is cut if it takes none of it until the next look", () => {
    look("something waits", 100);
    look("something waits", 100);
    expect(socket.isCut).toBe(true);
  });

  test("gets until the next look for what was sent just now", () => {
    look("nothing waits", 100);
    socket.emit("pong");
    look("something waits", 100);
    expect(socket.isCut).toBe(false);
    look("something waits", 100);
    expect(socket.isCut).toBe(true);
  });
});
