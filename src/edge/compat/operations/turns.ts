/** Lets tasks about one thing take turns, in the order in which they came; tasks about others do not wait for them. */
export class Turns {
  readonly #last = new Map<string, Promise<unknown>>();

  async take<Result>(about: string, task: () => Promise<Result>): Promise<Result> {
    const before = this.#last.get(about);
    const turn = before === undefined ? task() : before.then(task, task);
    this.#last.set(about, turn);
    try {
      return await turn;
    } finally {
      if (this.#last.get(about) === turn) this.#last.delete(about);
    }
  }
}
