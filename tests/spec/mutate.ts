/**
 * Shows that each test of a MUST can fail: builds every mutation into a copy of the device, runs the
 * cases there, and looks who notices.
 *
 * It exits with 1 when a mutation goes unnoticed by a MUST and mode it is aimed at, when a test
 * notices none of those aimed at it, when a mutation does not fit its file, and when one breaks so
 * much that half of all tests fail: such a defect proves nothing about a single test.
 *
 * Run as `deno task test:mutations`; arguments select mutations by a part of their name.
 *
 * @module
 */

import { fileURLToPath } from "node:url";
import { type Case, CASES, keyOf, nameOf } from "./all_cases.ts";
import { countFinds, mutate, ROOT, targetKeys, targets, untargeted } from "./mutation_checks.ts";
import { type Mutation, MUTATIONS } from "./mutations.ts";

const COPIED = ["device", "tests/spec", "tests/support", "deno.json", "deno.lock"];
const WORKERS = 2;
// A run takes about a second; a mutant that loops is none that a test has failed on.
const TIME_LIMIT_MS = 60_000;

const encoder = new TextEncoder();
const decoder = new TextDecoder();

function print(line: string): void {
  Deno.stdout.writeSync(encoder.encode(`${line}\n`));
}

async function copy(from: string, to: string): Promise<void> {
  if (!(await Deno.stat(from)).isDirectory) return await Deno.copyFile(from, to);
  await Deno.mkdir(to, { recursive: true });
  for await (const { name } of Deno.readDir(from)) await copy(`${from}/${name}`, `${to}/${name}`);
}

// A copy of what the cases need.
async function makeTree(): Promise<string> {
  const tree = await Deno.makeTempDir({ prefix: "ringway-mutation-" });
  await Deno.mkdir(`${tree}/tests`);
  for (const path of COPIED) await copy(fileURLToPath(new URL(path, ROOT)), `${tree}/${path}`);
  return tree;
}

// Names of the cases that fail in the tree, or why they could not be run.
async function failures(tree: string): Promise<Set<string> | string> {
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "--quiet", "--no-check", "--allow-read", "tests/spec/run_cases.ts"],
    cwd: tree,
    signal: AbortSignal.timeout(TIME_LIMIT_MS),
  }).output();
  if (code !== 0) return `The cases did not run to their end: ${decoder.decode(stderr).trim()}`;
  return new Set(JSON.parse(decoder.decode(stdout)) as string[]);
}

/** What became of one mutation. */
interface Verdict {
  readonly mutation: Mutation;
  /** Cases that it was aimed at and that failed. */
  readonly killers: readonly Case[];
  readonly numFailed: number;
  /** Why it proves nothing; empty when it does. */
  readonly complaint: string;
}

function judge(mutation: Mutation, failed: Set<string> | string): Verdict {
  if (typeof failed === "string") return { mutation, killers: [], numFailed: 0, complaint: failed };
  const killers = targets(mutation).filter((each) => failed.has(nameOf(each)));
  const noticed = new Set(killers.map(keyOf));
  const unnoticed = targetKeys(mutation).filter((key) => !noticed.has(key));
  let complaint = "";
  if (unnoticed.length > 0) complaint = `survives ${unnoticed.join("; ")}`;
  else if (failed.size > CASES.length / 2) complaint = "breaks more than half of all tests";
  return { mutation, killers, numFailed: failed.size, complaint };
}

async function tryOut(tree: string, mutation: Mutation): Promise<Verdict> {
  if (countFinds(mutation) !== 1) return judge(mutation, "What it replaces is not there once");
  const path = `${tree}/device/${mutation.file}`;
  const source = await Deno.readTextFile(path);
  await Deno.writeTextFile(path, mutate(source, mutation));
  try {
    return judge(mutation, await failures(tree));
  } finally {
    await Deno.writeTextFile(path, source);
  }
}

function report({ mutation, killers, numFailed, complaint }: Verdict, progress: string): void {
  const musts = mutation.musts.map((id) => `${id}${mutation.modes ? ` ${mutation.modes}` : ""}`);
  print(`${progress} ${complaint === "" ? "killed  " : "SURVIVED"} ${mutation.name}`);
  print(`          ${killers.length} of its tests fail, ${numFailed} in all: ${musts.join("; ")}`);
  if (complaint !== "") print(`          ${complaint}`);
}

async function runAll(
  mutations: readonly Mutation[],
  trees: readonly string[],
): Promise<Verdict[]> {
  const verdicts: Verdict[] = [];
  const waiting = [...mutations];
  await Promise.all(trees.map(async (tree) => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      const verdict = await tryOut(tree, next);
      verdicts.push(verdict);
      report(verdict, `[${String(verdicts.length).padStart(3)}/${mutations.length}]`);
    }
  }));
  return verdicts;
}

// 0 when every mutation was noticed, and every test noticed one.
function conclude(verdicts: readonly Verdict[], isWhole: boolean): number {
  const proven = new Set(verdicts.flatMap(({ killers }) => killers));
  const unproven = isWhole ? CASES.filter((each) => !proven.has(each)) : [];
  for (const each of unproven) print(`NO MUTATION FAILS ${nameOf(each)}`);
  const survived = verdicts.filter(({ complaint }) => complaint !== "").length;
  const musts = new Set([...proven].map(({ must }) => must)).size;
  print(
    `${verdicts.length - survived} mutations killed, ${survived} survived; ` +
      `${proven.size} of ${CASES.length} tests of ${musts} MUSTs shown to fail`,
  );
  return survived > 0 || unproven.length > 0 ? 1 : 0;
}

async function main(wanted: readonly string[]): Promise<number> {
  const chosen = MUTATIONS.filter(({ name }) =>
    wanted.length === 0 || wanted.some((part) => name.includes(part))
  );
  for (const each of untargeted(MUTATIONS)) print(`No mutation is aimed at ${nameOf(each)}`);
  const trees = await Promise.all(Array.from({ length: WORKERS }, makeTree));
  try {
    const failed = await failures(trees[0]);
    if (typeof failed === "string" || failed.size > 0) {
      print(`Without mutation: ${typeof failed === "string" ? failed : [...failed].join("\n")}`);
      return 1;
    }
    print(`Without mutation all ${CASES.length} tests pass`);
    return conclude(await runAll(chosen, trees), wanted.length === 0);
  } finally {
    for (const tree of trees) await Deno.remove(tree, { recursive: true });
  }
}

Deno.exit(await main(Deno.args));
