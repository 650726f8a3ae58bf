/**
 * Who may read the journal: so many streams at once, and the others in the order in which they came. After a restart all
 * readers come together, and each of them needs the journal for a while.
 */
import type { Replay } from "../exchange-port.ts";
import { Refusal } from "../problems.ts";
import type { ChangeLimits } from "./limits.ts";

export class ReplayTurns {
  readonly #open: () => Replay;
  readonly #limits: Pick<ChangeLimits, "replaysMax" | "turnMsMax">;
  #taken = 0;
  /** Each is told whether its turn has come, or that it waits no longer. */
  readonly #waiting = new Set<(hasTurn: boolean) => void>();

  constructor(open: () => Replay, limits: Pick<ChangeLimits, "replaysMax" | "turnMsMax">) {
    this.#open = open;
    this.#limits = limits;
  }

  /** Waits for a turn, which lasts until the replay is closed; refused if it does not come, or when the signal aborts. */
  async take(signal: AbortSignal): Promise<Replay | Refusal> {
    const { replaysMax } = this.#limits;
    if (this.#taken < replaysMax) this.#taken += 1;
    else if (!(await this.#turn(signal))) {
      return new Refusal(
        "overloaded",
        `No more than ${replaysMax} change streams can read the journal at once, and none of them has come to the present in time; try again.`,
      );
    }
    const replay = this.#open();
    return {
      changes: (asked, asking) => replay.changes(asked, asking),
      close: async () => {
        this.#pass();
        await replay.close();
      },
    };
  }

  /** Whoever has waited longest takes it over. */
  #pass(): void {
    const [next] = this.#waiting;
    if (next === undefined) this.#taken -= 1;
    else next(true);
  }

  #turn(signal: AbortSignal): Promise<boolean> {
    return new Promise((resolve) => {
      const leave = () => done(false);
      const patience = setTimeout(leave, this.#limits.turnMsMax);
      const done = (hasTurn: boolean) => {
        clearTimeout(patience);
        signal.removeEventListener("abort", leave);
        this.#waiting.delete(done);
        resolve(hasTurn);
      };
      signal.addEventListener("abort", leave);
      this.#waiting.add(done);
    });
  }
}
