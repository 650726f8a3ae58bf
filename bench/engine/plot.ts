/** Draws the cost of a command against the depth of the book, both on logarithmic axes, as an SVG. */

/** One line of the plot: nanoseconds a command by depth. */
export type Series = {
  readonly name: string;
  readonly points: readonly (readonly [depth: number, ns: number])[];
};

const WIDTH = 760;
const HEIGHT = 440;
const PLOT = { left: 84, right: 570, top: 80, bottom: 372 };
/** Told apart by their marks too, not by colour alone. */
const MARKS = ["circle", "square", "triangle"] as const;

export function costPlot(title: string, subtitle: string, series: readonly Series[]): string {
  const all = series.flatMap(({ points }) => points);
  const depths = [...new Set(all.map(([depth]) => depth))].sort((a, b) => a - b);
  const costs = all.map(([, ns]) => Math.log10(ns));
  const x = scale(Math.log10(depths[0]!), Math.log10(depths.at(-1)!), PLOT.left + 30, PLOT.right - 30);
  const [least, most] = [Math.floor(Math.min(...costs)), Math.ceil(Math.max(...costs))];
  const y = scale(least, most, PLOT.bottom, PLOT.top);
  const powers = Array.from({ length: most - least + 1 }, (_, i) => least + i);
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" width="${WIDTH}" height="${HEIGHT}" role="img" aria-label="${title}">
${STYLE}
<rect class="ground" width="${WIDTH}" height="${HEIGHT}" rx="8"/>
<text class="title" x="${PLOT.left}" y="28">${title}</text>
<text class="note" x="${PLOT.left}" y="46">${subtitle}</text>
${powers.map((power) => horizontal(y(power), duration(10 ** power))).join("\n")}
${depths.map((depth) => vertical(x(Math.log10(depth)), depth.toLocaleString("en"))).join("\n")}
<text class="axis" x="${(PLOT.left + PLOT.right) / 2}" y="${PLOT.bottom + 46}" text-anchor="middle">resting orders</text>
<text class="axis" transform="translate(22 ${(PLOT.top + PLOT.bottom) / 2}) rotate(-90)" text-anchor="middle">time of a command (median)</text>
${series
  .map(({ name, points }, i) =>
    line(
      name,
      points.map(([depth, ns]) => [x(Math.log10(depth)), y(Math.log10(ns)), ns]),
      i,
    ),
  )
  .join("\n")}
</svg>
`;
}

const STYLE = `<style>
  text { font: 13px system-ui, sans-serif; fill: #24292f; }
  .title { font-size: 17px; font-weight: 600; } .note, .tick { fill: #57606a; } .value { font-size: 11px; fill: #57606a; }
  .ground { fill: #ffffff; } .grid { stroke: #d0d7de; stroke-width: 1; }
  .s0 { stroke: #0969da; fill: #0969da; } .s1 { stroke: #bc4c00; fill: #bc4c00; } .s2 { stroke: #8250df; fill: #8250df; }
  polyline { fill: none !important; stroke-width: 2.5; stroke-linejoin: round; } text.label { stroke: none; font-weight: 600; }
  @media (prefers-color-scheme: dark) {
    text { fill: #e6edf3; } .note, .tick, .value { fill: #9da7b3; } .ground { fill: #0d1117; } .grid { stroke: #30363d; }
    .s0 { stroke: #58a6ff; fill: #58a6ff; } .s1 { stroke: #f0883e; fill: #f0883e; } .s2 { stroke: #bc8cff; fill: #bc8cff; }
  }
</style>`;

function scale(from: number, to: number, start: number, end: number): (value: number) => number {
  return (value) => round(start + ((value - from) / (to - from)) * (end - start));
}

function horizontal(y: number, label: string): string {
  return `<line class="grid" x1="${PLOT.left}" x2="${PLOT.right}" y1="${y}" y2="${y}"/><text class="tick" x="${PLOT.left - 10}" y="${y + 4}" text-anchor="end">${label}</text>`;
}

function vertical(x: number, label: string): string {
  return `<line class="grid" x1="${x}" x2="${x}" y1="${PLOT.top}" y2="${PLOT.bottom}"/><text class="tick" x="${x}" y="${PLOT.bottom + 22}" text-anchor="middle">${label}</text>`;
}

function line(name: string, points: readonly (readonly number[])[], i: number): string {
  const [endX, endY] = points.at(-1) as [number, number];
  // The first series is the lowest: its values stand below it, clear of the next one's line.
  const valueShift = i === 0 ? 20 : -10;
  const marks = points.map(([x, y]) => mark(MARKS[i % MARKS.length]!, x!, y!)).join("");
  const values = points
    .map(
      ([x, y, ns]) =>
        `<text class="value" x="${x}" y="${y! + valueShift}" text-anchor="middle">${duration(ns!)}</text>`,
    )
    .join("");
  return `<g class="s${i}"><polyline points="${points.map(([x, y]) => `${x},${y}`).join(" ")}"/>${marks}<text class="label s${i}" x="${endX + 44}" y="${endY + 4}">${name}</text></g>${values}`;
}

function mark(kind: (typeof MARKS)[number], x: number, y: number): string {
  if (kind === "circle") return `<circle cx="${x}" cy="${y}" r="4.5"/>`;
  if (kind === "square") return `<rect x="${x - 4.5}" y="${y - 4.5}" width="9" height="9"/>`;
  return `<path d="M${x} ${y - 5.5} l5.5 10 h-11 z"/>`;
}

/** In the unit that fits. */
export function duration(ns: number): string {
  if (ns < 1_000) return `${Number(ns.toPrecision(3))} ns`;
  if (ns < 1_000_000) return `${Number((ns / 1_000).toPrecision(3))} µs`;
  return `${Number((ns / 1_000_000).toPrecision(3))} ms`;
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
