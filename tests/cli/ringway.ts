import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";

const MAIN = fileURLToPath(new URL("../../main.ts", import.meta.url));
const CONFIG = fileURLToPath(new URL("../../deno.json", import.meta.url));

/** What a finished command left. */
export interface Outcome {
  readonly code: number | null;
  readonly stdout: Uint8Array;
  readonly stderr: string;
}

/** How a command is run. */
export interface RunOptions {
  readonly input?: Uint8Array;
  readonly cwd?: string;
  readonly env?: Record<string, string>;
}

/** Program and arguments of a command line. */
export function commandLine(args: readonly string[]): [string, string[]] {
  return [Deno.execPath(), ["run", "-A", "--no-lock", "--config", CONFIG, MAIN, ...args]];
}

function concat(chunks: readonly Uint8Array[]): Uint8Array {
  return new Uint8Array(Buffer.concat(chunks));
}

/** Runs any program to its end. */
export function execute(
  program: string,
  args: readonly string[],
  options: RunOptions = {},
): Promise<Outcome> {
  return new Promise((resolve, reject) => {
    const { cwd, env } = options;
    const child = spawn(program, args, { cwd, env: { ...Deno.env.toObject(), ...env } });
    const stdout: Uint8Array[] = [];
    const stderr: Uint8Array[] = [];
    child.stdout.on("data", (chunk) => stdout.push(chunk));
    child.stderr.on("data", (chunk) => stderr.push(chunk));
    child.on("error", reject);
    child.on("close", (code) => {
      resolve({ code, stdout: concat(stdout), stderr: new TextDecoder().decode(concat(stderr)) });
    });
    // A program that does not read its input may be gone before all of it is written.
    child.stdin.on("error", () => {});
    child.stdin.end(options.input ?? new Uint8Array(0));
  });
}

/** Runs `ringway` to its end. */
export function ringway(args: readonly string[], options: RunOptions = {}): Promise<Outcome> {
  const [program, words] = commandLine(args);
  return execute(program, words, options);
}

/** Runs a test with a directory of its own. */
export async function withDirectory(test: (path: string) => Promise<void>): Promise<void> {
  const path = await mkdtemp(join(tmpdir(), "ringway-"));
  try {
    await test(path);
  } finally {
    await rm(path, { recursive: true });
  }
}

/** A `ringway serve` that runs. */
export interface Serving {
  readonly url: string;
  /** Its process, to be sent signals. */
  readonly pid: number;
  /** Resolves when it has ended. */
  readonly ended: Promise<Outcome>;
}

/** Runs a test while `ringway serve` listens on a free port. */
export async function withServe(
  args: readonly string[],
  test: (serving: Serving) => Promise<void>,
): Promise<void> {
  const [program, words] = commandLine(["serve", "--port", "0", ...args]);
  const child = spawn(program, words, { stdio: ["ignore", "pipe", "pipe"] });
  let stdout = "";
  let stderr = "";
  const ended = new Promise<Outcome>((resolve) => {
    child.on("close", (code) => {
      resolve({ code, stdout: new TextEncoder().encode(stdout), stderr });
    });
  });
  const url = new Promise<string>((resolve, reject) => {
    child.stdout?.on("data", (chunk) => {
      stdout += chunk;
      const match = /^Ringway listening on (\S+)\n$/.exec(stdout);
      if (match !== null) resolve(match[1]);
    });
    child.stderr?.on("data", (chunk) => stderr += chunk);
    ended.then(({ stderr }) => reject(new Error(`serve ended: ${stderr}`)));
  });
  try {
    await test({ url: await url, pid: child.pid ?? 0, ended });
  } finally {
    child.kill("SIGKILL");
    await ended;
  }
}
