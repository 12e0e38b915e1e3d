/**
 * Options of `deno task bench:compare`.
 */

import { parseArgs } from "node:util";
import type { Effort } from "./measure.ts";

/** What `--help` prints. */
export const USAGE = `Usage: deno task bench:compare [OPTIONS]

Measures Ringway beside openssl speed, noble, node:crypto and bare echo servers, by turns, and prints one
table. Takes 20 minutes; progress is told on standard error. Ends with 1 when a bound is missed.

  --only PATTERN   only comparisons whose name matches this regular expression
  --passes N       times that everything is measured, in new processes (5)
  --rounds N       rounds of each comparison in a pass (3)
  --seconds N      seconds of one stretch of measuring (0.5)
  --json FILE      write the rows as JSON as well
  --svg FILE       write the chart there (ringway-compare.svg, when the chart is measured)
  --smoke          tiny runs that show that everything works and that contenders agree; no bound is judged
  --help           this text
`;

/** Options with all defaults filled in. */
export interface Options {
  readonly help: boolean;
  readonly isSmoke: boolean;
  readonly only?: RegExp;
  readonly json?: string;
  readonly svg: string;
  readonly effort: Effort;
}

const SMOKE: Effort = { passes: 1, rounds: 1, seconds: 0.02 };

/** Reads the command line; a message when it cannot be. */
export function parseOptions(args: readonly string[]): Options | string {
  try {
    const { values } = parseArgs({
      args: [...args],
      options: {
        help: { type: "boolean", short: "h", default: false },
        smoke: { type: "boolean", default: false },
        only: { type: "string" },
        passes: { type: "string", default: "5" },
        rounds: { type: "string", default: "3" },
        seconds: { type: "string", default: "0.5" },
        json: { type: "string" },
        svg: { type: "string", default: "ringway-compare.svg" },
      },
    });
    return {
      help: values.help,
      isSmoke: values.smoke,
      ...(values.only === undefined ? {} : { only: new RegExp(values.only, "i") }),
      ...(values.json === undefined ? {} : { json: values.json }),
      svg: values.svg,
      effort: values.smoke ? SMOKE : effortOf(values),
    };
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

function effortOf(values: Record<"passes" | "rounds" | "seconds", string>): Effort {
  const seconds = Number(values.seconds);
  if (!(seconds > 0 && seconds <= 60)) {
    throw new Error(`Invalid --seconds, want 0 to 60: ${values.seconds}`);
  }
  return { passes: countOf("passes", values), rounds: countOf("rounds", values), seconds };
}

function countOf<Name extends string>(name: Name, values: Record<Name, string>): number {
  const count = Number(values[name]);
  if (Number.isInteger(count) && count >= 1) return count;
  throw new Error(`Invalid --${name}, want a whole number: ${values[name]}`);
}
