/**
 * Makes worlds from seeds, steps through them, and boils failures down to the steps that they need.
 *
 * @module
 */

import { Finding, type Kind, type World } from "./kind.ts";
import { Random } from "./random.ts";

/** Which world, and which of its steps. */
export interface Round {
  readonly kind: Kind;
  readonly seed: number;
  /** Number of the world under that seed. */
  readonly round: number;
  /** The steps to take, by number; all by default. */
  readonly steps?: readonly number[];
}

/** What became of one world. */
export interface Outcome {
  readonly executions: number;
  /** Why it failed, and at which step; a world's end is step `numSteps`. */
  readonly failure: { readonly error: unknown; readonly step: number } | null;
}

// So often a failure is tried to be had with fewer steps, and for so long.
const MAX_TRIALS = 400;
const MINIMISE_MS = 15_000;
// Steps take milliseconds.
const PATIENCE_MS = 30_000;

function randomOf({ kind, seed, round }: Round, step: number): Random {
  // Kinds with the same seed do not go through the same numbers.
  let name = 0;
  for (const char of kind.name) name = (Math.imul(name, 31) + char.charCodeAt(0)) | 0;
  return new Random(seed, Math.imul(round + 1, 0x9e3779b1) ^ name, step);
}

/** Makes a world and takes its steps. Never throws. */
export async function runRound(round: Round): Promise<Outcome> {
  const { kind } = round;
  const steps = round.steps ?? Array.from({ length: kind.numSteps }, (_, i) => i);
  let world: World | null = null;
  let step = -1;
  try {
    world = await kind.makeWorld(randomOf(round, -1));
    for (step of steps) {
      const done = world.step(randomOf(round, step));
      if (done !== undefined) await inTime(done);
    }
    step = kind.numSteps;
    await world.close();
    return { executions: world.executions, failure: null };
  } catch (error) {
    if (step < kind.numSteps) await closeQuietly(world);
    return { executions: world?.executions ?? 0, failure: { error, step } };
  }
}

// What is never answered would else end the process, or keep it for ever.
async function inTime(done: Promise<void>): Promise<void> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<void>((_, reject) => {
    const fail = () => reject(new Finding(`A step is not done after ${PATIENCE_MS / 1000} s`));
    timer = setTimeout(fail, PATIENCE_MS);
  });
  try {
    await Promise.race([done, late]);
  } finally {
    clearTimeout(timer);
  }
}

// The failure that led here is the one to tell.
async function closeQuietly(world: World | null): Promise<void> {
  try {
    await world?.close();
  } catch {
    return;
  }
}

/**
 * Leaves out steps for as long as the same kind of failure remains.
 *
 * @returns the steps that are needed, the failing one the last
 */
export async function minimise(
  round: Round,
  failedAt: number,
  error: unknown,
): Promise<readonly number[]> {
  const until = performance.now() + MINIMISE_MS;
  let steps = Array.from({ length: Math.min(failedAt + 1, round.kind.numSteps) }, (_, i) => i);
  let trials = 0;
  const fails = async (tried: readonly number[]): Promise<boolean> => {
    trials++;
    const { failure } = await runRound({ ...round, steps: tried });
    return failure !== null && nameOf(failure.error) === nameOf(error);
  };
  // Most failures need the last step alone.
  if (steps.length > 1 && await fails(steps.slice(-1))) return steps.slice(-1);
  for (let size = Math.ceil(steps.length / 2); size >= 1; size = size === 1 ? 0 : size >> 1) {
    for (let at = 0; at < steps.length && steps.length > 1;) {
      if (trials >= MAX_TRIALS || performance.now() > until) return steps;
      const fewer = steps.toSpliced(at, size);
      if (fewer.length > 0 && await fails(fewer)) steps = fewer;
      else at += size;
    }
  }
  return steps;
}

function nameOf(error: unknown): string {
  return error instanceof Error ? error.name : "";
}

/** The command that repeats a failure. */
export function commandFor({ kind, seed, round }: Round, steps: readonly number[]): string {
  const base = `deno task fuzz --only ${kind.name} --seed ${seed} --round ${round}`;
  // A long list says nothing that the whole round does not.
  return steps.length > 40 ? base : `${base} --steps ${steps.join(",")}`;
}

/** A failure in words, for people. */
export function describe(error: unknown): string {
  if (error instanceof Finding) return error.message;
  return error instanceof Error ? error.stack ?? error.message : String(error);
}
