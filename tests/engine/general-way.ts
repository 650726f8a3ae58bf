/**
 * An engine that never goes the short way, to follow one that does: each command must bring about the same on both ways.
 * Whatever a test says of the one is proved of the other, so that a fault of either way is noticed by the scenario of
 * its rule.
 */
import { expect } from "vitest";
import type { Sequenced } from "../../src/domain/commands.ts";
import type { Event } from "../../src/domain/events.ts";
import { Engine } from "../../src/engine/engine.ts";

export class GeneralWay {
  readonly #engine = new Engine(undefined, "general");

  /** Applies what the other engine has applied, which told these events. */
  follow(entry: Sequenced, events: readonly Event[]): void {
    expect(this.#engine.apply(entry), `the general way of ${JSON.stringify(entry.command)}`).toEqual(events);
  }

  /** That the other engine remembers the same, and that this one is sound. */
  expectSameState(other: Engine): void {
    this.#engine.check();
    expect(this.#engine.dump()).toEqual(other.dump());
  }
}
