/**
 * Longer copies of typed arrays, for tables that have run out of room. One function a kind of array: one for
 * all kinds would meet many shapes of array at one place in the code, and be slow.
 */

export function grownDoubles(array: Float64Array<ArrayBuffer>, length: number): Float64Array<ArrayBuffer> {
  const copy = new Float64Array(length);
  copy.set(array);
  return copy;
}

/** The new places hold the filler. */
export function grownIntegers(
  array: Int32Array<ArrayBuffer>,
  length: number,
  filler = 0,
): Int32Array<ArrayBuffer> {
  const copy = new Int32Array(length).fill(filler);
  copy.set(array);
  return copy;
}

export function grownBytes(array: Uint8Array<ArrayBuffer>, length: number): Uint8Array<ArrayBuffer> {
  const copy = new Uint8Array(length);
  copy.set(array);
  return copy;
}

export function grownTraits(array: Uint16Array<ArrayBuffer>, length: number): Uint16Array<ArrayBuffer> {
  const copy = new Uint16Array(length);
  copy.set(array);
  return copy;
}

/** A table of so many rows, each from one length to another; rows that the array does not have yet are empty. */
export function grownDoubleRows(
  array: Float64Array<ArrayBuffer>,
  rows: number,
  from: number,
  to: number,
): Float64Array<ArrayBuffer> {
  const copy = new Float64Array(rows * to);
  for (let row = 0; row < rows; row += 1) copy.set(array.subarray(row * from, (row + 1) * from), row * to);
  return copy;
}

export function grownIntegerRows(
  array: Int32Array<ArrayBuffer>,
  rows: number,
  from: number,
  to: number,
): Int32Array<ArrayBuffer> {
  const copy = new Int32Array(rows * to);
  for (let row = 0; row < rows; row += 1) copy.set(array.subarray(row * from, (row + 1) * from), row * to);
  return copy;
}
