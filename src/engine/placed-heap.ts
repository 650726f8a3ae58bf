/**
 * A queue, the least first: a binary heap in which each thing knows its place, so that one which leaves
 * otherwise leaves at once. What is less, and where a place is kept, the owner says: in an object, by its key
 * and its age, or in the arrays of the pool.
 */

/** How the things of a heap compare, and where their places are kept; only the heap writes these. */
export type Placing<T> = {
  comesBefore(one: T, other: T): boolean;
  placeOf(thing: T): number;
  setPlace(thing: T, place: number): void;
};

/** A thing that carries its own key, the least of which comes first, then the least age. */
export type Keyed = { key: number; readonly age: number; place: number };

const BY_KEY: Placing<Keyed> = {
  comesBefore: (one, other) => one.key < other.key || (one.key === other.key && one.age < other.age),
  placeOf: ({ place }) => place,
  setPlace: (thing, place) => {
    thing.place = place;
  },
};

/** An empty heap of things by their keys. */
export function heapByKey<T extends Keyed>(): PlacedHeap<T> {
  return new PlacedHeap<T>(BY_KEY);
}

export class PlacedHeap<T> {
  readonly #placing: Placing<T>;
  readonly #heap: T[] = [];

  constructor(placing: Placing<T>) {
    this.#placing = placing;
  }

  /** The least thing. */
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
    const place = this.#heap.length;
    this.#set(place, thing);
    this.#up(place);
  }

  remove(thing: T): void {
    const place = this.#placing.placeOf(thing);
    const last = this.#heap.pop()!;
    if (last === thing) return;
    this.#set(place, last);
    this.#up(place);
    this.#down(this.#placing.placeOf(last));
  }

  #up(from: number): void {
    let place = from;
    while (place > 0) {
      const parent = (place - 1) >>> 1;
      if (!this.#comesBefore(place, parent)) return;
      this.#swap(place, parent);
      place = parent;
    }
  }

  #down(from: number): void {
    let place = from;
    for (;;) {
      let least = place;
      const left = place * 2 + 1;
      if (left < this.#heap.length && this.#comesBefore(left, least)) least = left;
      if (left + 1 < this.#heap.length && this.#comesBefore(left + 1, least)) least = left + 1;
      if (least === place) return;
      this.#swap(place, least);
      place = least;
    }
  }

  #comesBefore(a: number, b: number): boolean {
    return this.#placing.comesBefore(this.#heap[a]!, this.#heap[b]!);
  }

  #swap(a: number, b: number): void {
    const thing = this.#heap[a]!;
    this.#set(a, this.#heap[b]!);
    this.#set(b, thing);
  }

  #set(place: number, thing: T): void {
    this.#heap[place] = thing;
    this.#placing.setPlace(thing, place);
  }
}
