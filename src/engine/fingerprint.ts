/**
 * A short name for a long text, for contents that would fill the memory if they were kept whole. Nobody gains by a
 * collision, since a text that is taken for another is answered and moves nothing; by chance one comes once in 2^64.
 */

/** Of 32 bits. */
const DIGITS = 8;

/** 64 bits of a text, as hexadecimal: two sums of 32 bits, each mixed by multiplication, that stir each other in the end. */
export function fingerprint(text: string): string {
  let high = 0x9e37_79b1;
  let low = 0x85eb_ca77;
  for (let i = 0; i < text.length; i += 1) {
    const code = text.charCodeAt(i);
    high = Math.imul(high ^ code, 0x85eb_ca77);
    low = Math.imul(low ^ code, 0xc2b2_ae3d);
    high ^= high >>> 15;
    low ^= low >>> 13;
  }
  const mixedHigh = mix(high) ^ mix(low ^ 0x27d4_eb2f);
  const mixedLow = mix(low) ^ mix(high ^ 0x1656_67b1);
  return hexadecimal(mixedHigh) + hexadecimal(mixedLow);
}

function mix(bits: number): number {
  const once = Math.imul(bits ^ (bits >>> 16), 0x85eb_ca6b);
  const twice = Math.imul(once ^ (once >>> 13), 0xc2b2_ae35);
  return twice ^ (twice >>> 16);
}

function hexadecimal(bits: number): string {
  return (bits >>> 0).toString(16).padStart(DIGITS, "0");
}
