/**
 * Fuzzing for minutes or hours: `deno task fuzz --help`.
 *
 * @module
 */

import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { parseArgs } from "node:util";
import type { Kind } from "./kind.ts";
import { KINDS } from "./kinds.ts";
import { commandFor, describe, minimise, type Round, runRound } from "./runner.ts";

const HELP = `Fuzz the device and its gateway with seeded randomness.

  deno task fuzz [--seconds N] [--seed S] [--only kind,...]

  --seconds N   how long, shared among the kinds (default 60)
  --seed S      seed of everything, a number; random by default, and printed
  --only K,...  these kinds only
  --round R     one world of the seed, by its number; with --only
  --steps I,... these steps of it only
  --first       say no more than where it failed first
  --quiet       no line of progress

Kinds:
${KINDS.map(({ name, what }) => `  ${name.padEnd(13)} ${what}`).join("\n")}

A failure is printed with the command that repeats it, and ends with exit code 1.
`;

const PROGRESS_MS = 10_000;
// Memory that may be in use at the end of a round over what was when all kinds had been warm: garbage that
// waits for its collection is some of it.
const MAX_GROWTH = { heap: 256 * 1024 * 1024, process: 512 * 1024 * 1024 } as const;
const WARM_ROUNDS = 4;

setFlagsFromString("--expose-gc");
const collectGarbage: () => void = runInNewContext("gc");

const encoder = new TextEncoder();

function print(text: string): void {
  Deno.stdout.writeSync(encoder.encode(`${text}\n`));
}

/** What has been done of one kind so far. */
class Tally {
  readonly kind: Kind;
  rounds = 0;
  executions = 0;
  ms = 0;
  #warmHeap = 0;
  #warmProcess = 0;

  constructor(kind: Kind) {
    this.kind = kind;
  }

  get rate(): number {
    return this.ms === 0 ? 0 : Math.round(this.executions / this.ms * 1000);
  }

  /** What has grown more than garbage explains; empty when nothing has. */
  growth(): string {
    // Where other programs take the processor, garbage may wait for long: it is collected before it is blamed.
    if (this.#measureGrowth() !== "") collectGarbage();
    return this.#measureGrowth();
  }

  #measureGrowth(): string {
    const { heapUsed, external, rss } = Deno.memoryUsage();
    if (this.rounds <= WARM_ROUNDS) {
      this.#warmHeap = heapUsed + external;
      this.#warmProcess = rss;
    }
    const heap = heapUsed + external - this.#warmHeap;
    if (heap > MAX_GROWTH.heap) return `the heap grew by ${heap} bytes`;
    const process = rss - this.#warmProcess;
    return process > MAX_GROWTH.process ? `the process grew by ${process} bytes` : "";
  }

  toString(): string {
    const { kind, rounds, executions, rate } = this;
    const numbers = `${String(executions).padStart(10)} executions ${String(rate).padStart(7)}/s`;
    return `${kind.name.padEnd(13)} ${numbers} ${String(rounds).padStart(6)} rounds`;
  }
}

interface Manner {
  readonly seed: number;
  readonly seconds: number;
  /** Whether a failure is not boiled down. */
  readonly first: boolean;
  readonly quiet: boolean;
}

async function fail(
  round: Round,
  { error, step }: { error: unknown; step: number },
  first = false,
): Promise<void> {
  print(`FAILED ${round.kind.name}, seed ${round.seed}, round ${round.round}, step ${step}`);
  print(describe(error));
  if (first) return;
  const steps = round.steps ?? await minimise(round, step, error);
  const { failure } = await runRound({ ...round, steps });
  if (failure !== null && steps.length < step) {
    print(`With ${steps.length} of its steps: ${describe(failure.error)}`);
  }
  print(`Repeat: ${commandFor(round, steps)}`);
}

// Kinds take turns by the time they have had; true when nothing failed.
async function fuzz(
  tallies: readonly Tally[],
  { seed, seconds, first, quiet }: Manner,
): Promise<boolean> {
  const begin = performance.now();
  let printed = begin;
  while (performance.now() - begin < seconds * 1000) {
    const tally = tallies.reduce((a, b) => b.ms < a.ms ? b : a);
    const round = { kind: tally.kind, seed, round: tally.rounds++ };
    const start = performance.now();
    const { executions, failure } = await runRound(round);
    tally.ms += performance.now() - start;
    tally.executions += executions;
    if (failure !== null) {
      await fail(round, failure, first);
      return false;
    }
    const growth = tally.growth();
    if (growth !== "") {
      print(`FAILED ${tally.kind.name}, seed ${seed}, round ${round.round}: ${growth}`);
      return false;
    }
    if (!quiet && performance.now() - printed > PROGRESS_MS) {
      printed = performance.now();
      for (const each of tallies) print(`${Math.round((printed - begin) / 1000)} s ${each}`);
    }
  }
  return true;
}

function chosen(only: string | undefined): Kind[] {
  const names = only?.split(",") ?? [];
  const unknown = names.find((name) => !KINDS.some((kind) => kind.name === name));
  if (unknown !== undefined) throw new Error(`Unknown kind of fuzzing: ${unknown}`);
  return KINDS.filter(({ name }) => names.length === 0 || names.includes(name));
}

function wholeNumber(text: string, name: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 0) throw new Error(`Invalid --${name}: ${text}`);
  return value;
}

async function main(args: string[]): Promise<number> {
  const { values } = parseArgs({
    args,
    options: {
      help: { type: "boolean", short: "h" },
      seconds: { type: "string", default: "60" },
      seed: { type: "string" },
      only: { type: "string" },
      round: { type: "string" },
      steps: { type: "string" },
      first: { type: "boolean", default: false },
      quiet: { type: "boolean", default: false },
    },
  });
  if (values.help) {
    print(HELP);
    return 0;
  }
  const kinds = chosen(values.only);
  const drawn = crypto.getRandomValues(new Uint32Array(1))[0];
  const seed = values.seed === undefined ? drawn : wholeNumber(values.seed, "seed");
  print(`Seed ${seed}, kinds ${kinds.map(({ name }) => name).join(", ")}`);
  if (values.round !== undefined) {
    const steps = values.steps?.split(",").map((step) => wholeNumber(step, "steps"));
    const round = wholeNumber(values.round, "round");
    const one = { kind: kinds[0], seed, round, ...(steps === undefined ? {} : { steps }) };
    const { executions, failure } = await runRound(one);
    if (failure !== null) await fail(one, failure);
    else print(`Nothing failed in ${executions} executions`);
    return failure === null ? 0 : 1;
  }
  const tallies = kinds.map((kind) => new Tally(kind));
  const { first, quiet } = values;
  const seconds = wholeNumber(values.seconds, "seconds");
  const isGood = await fuzz(tallies, { seed, seconds, first, quiet });
  for (const tally of tallies) print(tally.toString());
  print(isGood ? `Nothing found with seed ${seed}` : `Found with seed ${seed}`);
  return isGood ? 0 : 1;
}

Deno.exit(await main(Deno.args));
