/** Units as people write them, for whoever tells what is kept: steps and shares in decimals, and times. */
import { type Decimal, formatDecimal, formatSteps } from "../domain/decimal.ts";
import { type EpochMs, type PartsPerMillion, PPM_SCALE } from "../domain/units.ts";

let lastTime = -1;
let lastTimeText = "";

/** RFC 3339 UTC with milliseconds. Neighbouring answers mostly share their time, so the last is kept. */
export function timeText(at: EpochMs): string {
  if (at !== lastTime) {
    lastTime = at;
    lastTimeText = new Date(at).toISOString();
  }
  return lastTimeText;
}

export function stepsText(steps: number | null, step: Decimal): string | null {
  return steps === null ? null : formatSteps(steps, step);
}

/** With as many decimals as it needs. */
export function rateText(rate: PartsPerMillion): string {
  const text = formatDecimal(rate, PPM_SCALE);
  const point = text.indexOf(".");
  const fraction = shortened(text.slice(point + 1), 0);
  return fraction === "" ? text.slice(0, point) : `${text.slice(0, point)}.${fraction}`;
}

/** Without the zeros at the end, but for so many digits. */
export function shortened(fraction: string, least: number): string {
  let end = fraction.length;
  while (end > least && fraction[end - 1] === "0") end -= 1;
  return fraction.slice(0, end);
}
