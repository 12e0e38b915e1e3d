/**
 * Shows that fuzzing finds bugs: plants each fault in a copy of the project, fuzzes that with all kinds,
 * and looks how long it takes. Exits with 1 when a fault is not found within 60 s.
 *
 * Run as `deno task fuzz:planted`; arguments select faults by a part of their name.
 *
 * @module
 */

import { type Fault, FAULTS } from "./faults.ts";
import { countFinds, makeTree, withFault } from "./tree.ts";

const LIMIT_S = 60;
// A fault may hang the process that fuzzes it: that too is found.
const HANG_MS = (LIMIT_S + 30) * 1000;

const encoder = new TextEncoder();
const decoder = new TextDecoder();

function print(text: string): void {
  Deno.stdout.writeSync(encoder.encode(`${text}\n`));
}

/** What fuzzing a tree came to. */
interface Verdict {
  readonly isFound: boolean;
  /** Whether it ran to its end without finding anything. */
  readonly isClean: boolean;
  /** Seconds. */
  readonly time: number;
  /** Where it failed, or why it is not known. */
  readonly told: string;
}

async function fuzz(tree: string, seed: number, seconds: number): Promise<Verdict> {
  const start = performance.now();
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: [
      ...["run", "--quiet", "--no-check", "--allow-all", "tests/fuzz/run.ts"],
      ...["--seconds", String(seconds), "--seed", String(seed), "--first", "--quiet"],
    ],
    cwd: tree,
    signal: AbortSignal.timeout(HANG_MS),
  }).output();
  const time = (performance.now() - start) / 1000;
  const failed = /^FAILED .*\n.*/m.exec(decoder.decode(stdout))?.[0];
  const told = failed?.replace("\n", ": ").slice(0, 200) ?? decoder.decode(stderr).slice(0, 200);
  const isFound = code === 1 && failed !== undefined && time <= LIMIT_S;
  return { isFound, isClean: code === 0, time, told };
}

async function tryOut(tree: string, fault: Fault, seed: number): Promise<boolean> {
  if (countFinds(fault) !== 1) {
    print(`STALE      ${fault.name}: what it replaces is not there once`);
    return false;
  }
  const { isFound, time, told } = await withFault(tree, fault, () => fuzz(tree, seed, LIMIT_S));
  print(`${isFound ? "found" : "NOT FOUND"} in ${time.toFixed(1)} s, seed ${seed}: ${fault.name}`);
  print(`    ${told}`);
  return isFound;
}

async function main(wanted: readonly string[]): Promise<number> {
  const chosen = FAULTS.filter(({ name }) =>
    wanted.length === 0 || wanted.some((part) => name.includes(part))
  );
  const tree = await makeTree();
  try {
    const clean = await fuzz(tree, 1, 10);
    if (!clean.isClean) {
      print(`Without a fault: ${clean.told}`);
      return 1;
    }
    print(`Without a fault nothing is found in ${clean.time.toFixed(1)} s`);
    let numFound = 0;
    for (const fault of chosen) {
      const seed = crypto.getRandomValues(new Uint32Array(1))[0];
      if (await tryOut(tree, fault, seed)) numFound++;
    }
    print(`${numFound} of ${chosen.length} faults found within ${LIMIT_S} s each`);
    return numFound === chosen.length ? 0 : 1;
  } finally {
    await Deno.remove(tree, { recursive: true });
  }
}

Deno.exit(await main(Deno.args));
