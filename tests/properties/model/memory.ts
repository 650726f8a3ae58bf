/** Section 9 of the rulebook: what was sent before under a client order id, or under a reference of money. */

const REMEMBERED_MAX = 10_000;

type Memory = { readonly named: number; readonly content: string };

/** Names of one account, or of one account and kind: those that may not be forgotten yet, and the last that may. */
export class Memories {
  readonly #byName = new Map<string, Memory>();
  readonly #mayFade = new Map<string, string[]>();

  recall(owner: string, name: string): Memory | undefined {
    return this.#byName.get(`${owner} ${name}`);
  }

  remember(owner: string, name: string, memory: Memory): void {
    this.#byName.set(`${owner} ${name}`, memory);
  }

  /** From now on the name is one of the owner's last ten thousand. */
  mayFade(owner: string, name: string): void {
    const names = this.#mayFade.get(owner) ?? [];
    names.push(name);
    if (names.length > REMEMBERED_MAX) this.#byName.delete(`${owner} ${names.shift()}`);
    this.#mayFade.set(owner, names);
  }
}
