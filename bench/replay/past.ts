/** Journals to be replayed: a flow that trades, and an exchange that is full of open orders. */
import { ByteWriter } from "../../src/domain/codec.ts";
import type { Command, Sequenced } from "../../src/domain/commands.ts";
import { encodeOutcome } from "../../src/domain/event-codec.ts";
import { epochMs, minor, type Seq, seq } from "../../src/domain/units.ts";
import { Engine } from "../../src/engine/engine.ts";
import { pathsIn } from "../../src/journal/data-directory.ts";
import { Journal } from "../../src/journal/journal.ts";
import type { ClosedSegment } from "../../src/journal/recovery.ts";
import {
  BASE,
  commandOf,
  LISTINGS,
  limitOrder,
  openAccount,
  QUOTE,
  traderAccount,
} from "../engine/commands.ts";
import { Flow, type FlowCommand } from "../engine/flow.ts";
import { xorshift } from "../load/flow.ts";

/** Commands in a frame, about as many as a frame of a busy exchange has. */
const FRAME_COMMANDS = 256;
/** Milliseconds that a frame is later than the one before. */
const FRAME_MS = 5;
const START = 1_790_000_000_000;
const DEPOSIT = minor(10 ** 10);

export type Trading = {
  readonly commands: number;
  readonly depth: number;
  readonly accounts: number;
  readonly seed: number;
  /** Whether clients name their orders: all of them do, or none. */
  readonly named: boolean;
};

/** More than half of the commands place orders, the others cancel one; so many of them, after what lists and funds all. */
export function* trading({ commands, depth, accounts, seed, named }: Trading): Generator<Command> {
  const listed = [...listing(accounts)];
  yield* listed;
  const flow = new Flow({ seed, accounts, depth, commandsMax: commands });
  const ordered = (command: FlowCommand) =>
    commandOf(command, listed.length, named ? `order-${command.order}` : null);
  yield* flow.fill(depth).map(ordered);
  for (let left = commands - depth; left > 0; left -= FRAME_COMMANDS) {
    yield* flow.take(Math.min(left, FRAME_COMMANDS)).map(ordered);
  }
}

/** Nothing but orders that rest, each with a client id. */
export function* resting(orders: number, accounts: number, seed: number): Generator<Command> {
  yield* listing(accounts);
  const random = xorshift(seed);
  for (let order = 0; order < orders; order += 1) {
    const isBuy = random() < 0.5;
    const distance = 1 + Math.floor(random() ** 2 * 10_000);
    yield limitOrder({
      trader: Math.floor(random() * accounts),
      side: isBuy ? "buy" : "sell",
      price: 100_000 + (isBuy ? -distance : distance),
      quantity: 1 + Math.floor(random() * 100),
      timeInForce: "gtc",
      clientOrderId: `order-${order}`,
    });
  }
}

function* listing(accounts: number): Generator<Command> {
  yield* LISTINGS;
  for (let trader = 0; trader < accounts; trader += 1) {
    const account = traderAccount(trader);
    yield openAccount(trader);
    const keyId = account.toString(16).padStart(16, "0");
    yield {
      kind: "CreateKey",
      account,
      keyId,
      name: "bot",
      scopes: ["read", "trade"],
      secretHash: keyId.repeat(4),
    };
    for (const asset of [BASE, QUOTE]) {
      yield { kind: "DepositFunds", account, asset, amount: DEPOSIT, reference: `first-${asset}` };
    }
  }
}

export type Written = {
  readonly commands: number;
  readonly seq: Seq;
  readonly frameHash: string;
  readonly bytes: number;
  readonly closed: ClosedSegment | undefined;
};

/** Writes commands as an exchange would that runs them. */
export async function write(
  directory: string,
  commands: Iterable<Command>,
  segmentBytes?: number,
): Promise<Written> {
  const engine = new Engine();
  const writer = new ByteWriter();
  let closed: ClosedSegment | undefined;
  const journal = await Journal.open({
    directory: pathsIn(directory).journal,
    watermarks: [],
    replay: () => new Uint8Array(),
    segmentBytes,
    onClosed: (segment) => {
      closed = segment;
    },
  });
  let frameHash = "";
  for (const entries of frames(commands)) {
    frameHash = await journal.append(entries);
    writer.clear();
    for (const entry of entries) encodeOutcome(writer, { entry, events: engine.apply(entry) });
    journal.witness(writer.view());
  }
  await journal.close();
  const { appliedSeq } = engine;
  return { commands: appliedSeq, seq: appliedSeq, frameHash, bytes: journal.bytes, closed };
}

function* frames(commands: Iterable<Command>): Generator<Sequenced[]> {
  let entries: Sequenced[] = [];
  let place = 0;
  for (const command of commands) {
    const at = epochMs(START + FRAME_MS * Math.floor(place / FRAME_COMMANDS));
    place += 1;
    const requestId = `01K5${String(place).padStart(22, "0")}`;
    entries.push({ seq: seq(place), at, requestId, traceId: null, command });
    if (entries.length < FRAME_COMMANDS) continue;
    yield entries;
    entries = [];
  }
  if (entries.length > 0) yield entries;
}
