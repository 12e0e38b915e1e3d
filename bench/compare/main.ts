/**
 * `deno task bench:compare`: ours beside what else there is, in one table.
 */

import { chart } from "./chart.ts";
import type { Comparison } from "./comparison.ts";
import { plan } from "./comparisons/mod.ts";
import { parseOptions, USAGE } from "./options.ts";
import type { Row } from "./row.ts";
import { table } from "./table.ts";

function write(file: typeof Deno.stdout, text: string): void {
  const bytes = new TextEncoder().encode(text);
  for (let at = 0; at < bytes.length;) at += file.writeSync(bytes.subarray(at));
}

const progress = (text: string) => write(Deno.stderr, `${text}\n`);

async function main(): Promise<number> {
  const options = parseOptions(Deno.args);
  if (typeof options === "string") {
    write(Deno.stderr, `${options}\n`);
    return 2;
  }
  if (options.help) {
    write(Deno.stdout, USAGE);
    return 0;
  }
  const { isSmoke, effort } = options;
  const { comparisons, series } = plan(options.only);
  if (comparisons.length === 0) {
    progress("No comparison has a name that matches");
    return 2;
  }
  // In the table's order, whatever the order in which they come.
  const results = new Map(comparisons.map((comparison): [Comparison, Row[]] => [comparison, []]));
  let numFailed = 0;
  for (let pass = 1; pass <= effort.passes; pass++) {
    const isLast = pass === effort.passes;
    for (const comparison of comparisons) {
      if (!isLast && !comparison.isRepeated) continue;
      progress(`${pass}/${effort.passes} ${comparison.name}`);
      try {
        results.set(comparison, await comparison.run({ effort, isSmoke, progress }));
      } catch (error) {
        // The others are worth their minutes all the same.
        numFailed++;
        progress(`Cannot compare: ${error instanceof Error ? error.stack : error}`);
      }
    }
  }
  // What took no time says nothing about a bound.
  const rows = [...results.values()].flat().map((row) => isSmoke ? { ...row, held: null } : row);
  write(Deno.stdout, table(rows));
  if (options.json !== undefined) {
    await Deno.writeTextFile(options.json, JSON.stringify(rows, null, 2) + "\n");
  }
  if (series.every(({ points }) => points.length > 0)) {
    await Deno.writeTextFile(options.svg, chart(series));
    progress(`Chart: ${options.svg}`);
  }
  const missed = rows.filter(({ held }) => held === false);
  if (missed.length > 0) progress(`${missed.length} of ${rows.length} rows miss their bound`);
  return missed.length + numFailed === 0 ? 0 : 1;
}

Deno.exit(await main());
