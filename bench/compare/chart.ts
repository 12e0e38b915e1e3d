/**
 * The chart: two panels side by side, bytes a second and requests a second over the size of requests, both
 * axes logarithmic, as SVG.
 */

/** One line of the chart. */
export interface Series {
  readonly name: string;
  readonly points: { readonly size: number; readonly rate: number }[];
}

/** Where a panel lies, and what it shows. */
interface Panel {
  readonly left: number;
  readonly title: string;
  readonly unit: string;
  readonly value: (point: Series["points"][number]) => number;
}

const WIDTH = 1120;
const HEIGHT = 520;
const PLOT = { top: 70, width: 430, height: 340 } as const;
// Distinct to those who see colours differently (Okabe and Ito's), and dashed by turns.
const COLOURS = ["#0072b2", "#000000", "#d55e00", "#009e73", "#cc79a7"] as const;
const DASHES = ["", "", "6 3", "6 3", "2 3"] as const;

const PANELS: readonly Panel[] = [
  {
    left: 75,
    title: "Bytes a second, AES-128-GCM",
    unit: "B/s",
    value: ({ size, rate }) => size * rate,
  },
  { left: 645, title: "Requests a second, AES-128-GCM", unit: "/s", value: ({ rate }) => rate },
];

const PREFIXES: readonly (readonly [number, string])[] = [[1e9, "G"], [1e6, "M"], [1e3, "k"]];

function decimal(value: number, unit: string): string {
  const [factor, prefix] = PREFIXES.find(([least]) => value >= least) ?? [1, ""];
  return `${value / factor} ${prefix}${unit}`.trim();
}

function binary(size: number): string {
  if (size >= 1048576) return `${size / 1048576} MiB`;
  return size >= 1024 ? `${size / 1024} KiB` : `${size} B`;
}

/** A logarithmic axis from a power of its base to another. */
function scale(
  values: readonly number[],
  base: number,
): { ticks: number[]; at: (v: number) => number } {
  const log = (value: number) => Math.log(value) / Math.log(base);
  const first = Math.floor(log(Math.min(...values)) + 1e-9);
  const last = Math.max(first + 1, Math.ceil(log(Math.max(...values)) - 1e-9));
  const ticks = Array.from({ length: last - first + 1 }, (_, i) => base ** (first + i));
  return { ticks, at: (value) => (log(value) - first) / (last - first) };
}

function text(x: number, y: number, content: string, attributes = ""): string {
  return `<text x="${x.toFixed(1)}" y="${y.toFixed(1)}" ${attributes}>${content}</text>`;
}

function line(x1: number, y1: number, x2: number, y2: number, colour: string): string {
  return `<line x1="${x1}" y1="${y1}" x2="${x2}" y2="${y2}" stroke="${colour}"/>`;
}

function panel({ left, title, unit, value }: Panel, series: readonly Series[]): string {
  const points = series.flatMap((one) => one.points);
  const across = scale(points.map(({ size }) => size), 4);
  const up = scale(points.map(value), 10);
  const bottom = PLOT.top + PLOT.height;
  const x = (size: number) => Math.round((left + across.at(size) * PLOT.width) * 10) / 10;
  const y = (amount: number) => Math.round((bottom - up.at(amount) * PLOT.height) * 10) / 10;
  const parts = [text(left, PLOT.top - 18, title, 'font-weight="bold" font-size="15"')];
  for (const tick of across.ticks) {
    parts.push(line(x(tick), PLOT.top, x(tick), bottom, "#e4e4e4"));
    parts.push(text(x(tick), bottom + 18, binary(tick), 'text-anchor="middle"'));
  }
  for (const tick of up.ticks) {
    parts.push(line(left, y(tick), left + PLOT.width, y(tick), "#e4e4e4"));
    parts.push(text(left - 8, y(tick) + 4, decimal(tick, unit), 'text-anchor="end"'));
  }
  parts.push(line(left, bottom, left + PLOT.width, bottom, "#444"));
  parts.push(line(left, PLOT.top, left, bottom, "#444"));
  parts.push(text(left + PLOT.width / 2, bottom + 38, "size of a request", 'text-anchor="middle"'));
  series.forEach((one, i) => {
    const path = one.points.map((point) => `${x(point.size)},${y(value(point))}`).join(" ");
    parts.push(`<polyline points="${path}" fill="none" ${stroke(i)}/>`);
    for (const point of one.points) {
      parts.push(
        `<circle cx="${x(point.size)}" cy="${y(value(point))}" r="3.2" fill="${COLOURS[i]}"/>`,
      );
    }
  });
  return parts.join("\n");
}

function stroke(index: number): string {
  return `stroke="${COLOURS[index]}" stroke-width="2" stroke-dasharray="${DASHES[index]}"`;
}

function legend(series: readonly Series[]): string {
  const y = HEIGHT - 30;
  return series.map(({ name }, i) => {
    const x = PANELS[0].left + i * 200;
    return `<line x1="${x}" y1="${y - 4}" x2="${x + 34}" y2="${y - 4}" ${stroke(i)}/>` +
      `<circle cx="${x + 17}" cy="${y - 4}" r="3.2" fill="${COLOURS[i]}"/>` + text(x + 42, y, name);
  }).join("\n");
}

/** The chart of some lines, all of which have points. */
export function chart(series: readonly Series[]): string {
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${HEIGHT}"` +
    ` viewBox="0 0 ${WIDTH} ${HEIGHT}" font-family="sans-serif" font-size="12" fill="#222">`,
    `<rect width="${WIDTH}" height="${HEIGHT}" fill="#fff"/>`,
    ...PANELS.map((one) => panel(one, series)),
    legend(series),
    "</svg>\n",
  ].join("\n");
}
