/**
 * A queue of things by a key, the least first and by age among equals: a binary heap in which each thing
 * knows its place, so that one which leaves otherwise leaves at once.
 */

/** What a thing in the queue carries; only the queue writes its place. */
export type Keyed = { key: number; readonly age: number; place: number };

export class KeyedHeap<T extends Keyed> {
  readonly #heap: T[] = [];

  /** The thing with the least key. */
  get first(): T | undefined {
    return this.#heap[0];
  }

  get size(): number {
    return this.#heap.length;
  }

  /** Everything in the queue, in no order that matters to anybody. */
  get all(): readonly T[] {
    return this.#heap;
  }

  add(thing: T): void {
    this.#set(this.#heap.length, thing);
    this.#up(thing.place);
  }

  remove(thing: T): void {
    const { place } = thing;
    const last = this.#heap.pop()!;
    if (last === thing) return;
    this.#set(place, last);
    this.#up(place);
    this.#down(last.place);
  }

  #up(from: number): void {
    let place = from;
    while (place > 0) {
      const parent = (place - 1) >>> 1;
      if (!this.#earlier(place, parent)) return;
      this.#swap(place, parent);
      place = parent;
    }
  }

  #down(from: number): void {
    let place = from;
    for (;;) {
      let least = place;
      const left = place * 2 + 1;
      if (left < this.#heap.length && this.#earlier(left, least)) least = left;
      if (left + 1 < this.#heap.length && this.#earlier(left + 1, least)) least = left + 1;
      if (least === place) return;
      this.#swap(place, least);
      place = least;
    }
  }

  #earlier(a: number, b: number): boolean {
    const one = this.#heap[a]!;
    const other = this.#heap[b]!;
    return one.key < other.key || (one.key === other.key && one.age < other.age);
  }

  #swap(a: number, b: number): void {
    const thing = this.#heap[a]!;
    this.#set(a, this.#heap[b]!);
    this.#set(b, thing);
  }

  #set(place: number, thing: T): void {
    this.#heap[place] = thing;
    thing.place = place;
  }
}
