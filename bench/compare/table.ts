/**
 * The table, for people.
 */

import type { Row } from "./row.ts";

function figure(value: number | null): string {
  if (value === null) return "";
  const digits = value >= 100 ? 0 : value >= 10 ? 1 : value >= 0.1 ? 2 : 4;
  return value.toFixed(digits).replace(/\B(?=(\d{3})+(?!\d)(?<!\.\d*))/g, ",");
}

function boundText({ bound, boundAt }: Row): string {
  if (bound === null) return "";
  return `${boundAt === "least" ? ">=" : "<="} ${bound}`;
}

function percent({ spread, ours }: Row): string {
  const [min, max] = spread.ours;
  return min === max ? "" : `${((max - min) / ours * 50).toFixed(0)}`;
}

const HEAD = [
  "what",
  "beside",
  "unit",
  "ours",
  "+-%",
  "baseline",
  "ratio",
  "CPU us ours",
  "baseline",
  "ratio",
  "bound",
  "held",
] as const;

function cells(row: Row): readonly string[] {
  return [
    row.name,
    row.against ?? "",
    row.unit,
    figure(row.ours),
    percent(row),
    figure(row.baseline),
    figure(row.ratio),
    figure(row.cpu?.ours ?? null),
    figure(row.cpu?.baseline ?? null),
    figure(row.cpu?.ratio ?? null),
    boundText(row),
    row.held === null ? "" : row.held ? "yes" : "NO",
  ];
}

/** The rows as a table in Markdown, its columns aligned. */
export function table(rows: readonly Row[]): string {
  const lines = [HEAD, ...rows.map(cells)];
  const widths = HEAD.map((_, column) => Math.max(3, ...lines.map((line) => line[column].length)));
  const isText = (column: number) => column < 3;
  const line = (texts: readonly string[]) =>
    `| ${
      texts.map((text, i) => isText(i) ? text.padEnd(widths[i]) : text.padStart(widths[i]))
        .join(" | ")
    } |`;
  const rule = widths.map((width, i) =>
    isText(i) ? "-".repeat(width) : `${"-".repeat(width - 1)}:`
  );
  return [line(lines[0]), line(rule), ...lines.slice(1).map(line)].join("\n") + "\n";
}
