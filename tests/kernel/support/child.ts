/** Programs that a test runs beside itself: watched, pinned, and never left behind. */

import { readFileSync } from "node:fs";

/** How a program is run. */
export interface ChildOptions {
  readonly program: string;
  readonly args: readonly string[];
  /** Seconds after which it is killed, whatever becomes of the test. */
  readonly limit: number;
  /** Processors it may use, as taskset(1) has them. Default: the one that all share. */
  readonly cpus?: string;
  readonly env?: Readonly<Record<string, string>>;
}

// Output of a guest that writes without end is not kept without end.
const MAX_OUTPUT = 64 * 1024;
const POLL_MS = 5;
// How long a line may be in coming: a guest boots in seconds, on a busy machine too.
const UNTIL_MS = 60_000;

/**
 * The processor that all programs of a test share. Two processes that wake each other in turn are
 * faster on one than on two, and User-Mode Linux sleeps now and then when it is not alone on one.
 */
export function sharedCpu(): string {
  const allowed = /^Cpus_allowed_list:\s*(\d+)/m.exec(readFileSync("/proc/self/status", "utf8"));
  return allowed?.[1] ?? "0";
}

interface Waiter {
  readonly pattern: RegExp;
  readonly resolve: (match: RegExpExecArray) => void;
  readonly reject: (error: Error) => void;
}

/** A running program and what it has printed. */
export class Child {
  /** Resolves with the exit code, or null after a signal. */
  readonly ended: Promise<number | null>;
  readonly #name: string;
  readonly #process: Deno.ChildProcess;
  readonly #pid: Promise<number | undefined>;
  readonly #input: WritableStreamDefaultWriter<Uint8Array>;
  readonly #reading: Promise<unknown>;
  readonly #waiters: Set<Waiter> = new Set();
  #output: string = "";
  #hasEnded: boolean = false;
  #isRead: boolean = false;

  constructor({ program, args, limit, cpus, env }: ChildOptions) {
    this.#name = program;
    // timeout(1) ends it even when this process has gone, and takes it along when it is killed itself.
    const guard = ["--kill-after=5s", `${limit}s`, "setpriv", "--pdeathsig", "KILL"];
    const pin = ["taskset", "-c", cpus ?? sharedCpu()];
    this.#process = new Deno.Command("timeout", {
      args: [...guard, ...pin, program, ...args],
      env: { ...env },
      stdin: "piped",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    this.#input = this.#process.stdin.getWriter();
    this.#pid = this.#findPid();
    this.#reading = Promise.all([
      this.#read(this.#process.stdout),
      this.#read(this.#process.stderr),
    ]);
    this.ended = this.#end();
  }

  /** What it has printed, on both streams. */
  get output(): string {
    return this.#output;
  }

  /** Whether it has ended. */
  get hasEnded(): boolean {
    return this.#hasEnded;
  }

  /** The program itself: what runs below timeout(1). */
  async pid(): Promise<number> {
    const pid = await this.#pid;
    if (pid === undefined) throw this.#failure("has ended");
    return pid;
  }

  /** Waits until it has printed what matches; fails with its output when it ends or 60 s pass before. */
  until(pattern: RegExp): Promise<RegExpExecArray> {
    const match = pattern.exec(this.#output);
    if (match !== null) return Promise.resolve(match);
    if (this.#isRead) return Promise.reject(this.#failure(`ended without ${pattern}`));
    const { promise, resolve, reject } = Promise.withResolvers<RegExpExecArray>();
    const waiter: Waiter = { pattern, resolve, reject };
    this.#waiters.add(waiter);
    const timer = setTimeout(() => {
      this.#waiters.delete(waiter);
      reject(this.#failure(`has not printed ${pattern} in ${UNTIL_MS / 1000} s`));
    }, UNTIL_MS);
    return promise.finally(() => clearTimeout(timer));
  }

  /** Writes a line to its standard input. */
  async say(line: string): Promise<void> {
    await this.#input.write(new TextEncoder().encode(line + "\n"));
  }

  /**
   * Stops it and, once whoever it serves waits for it, kills it: in mid-request for certain. Between two
   * requests a program that goes on makes Linux 6.1 fault in its own driver, whose device has gone
   * (crypto_transfer_skcipher_request_to_engine).
   */
  async killInMidRequest(): Promise<void> {
    for (const pid of descendantsOf(this.#process.pid)) signal(pid, "SIGSTOP");
    await new Promise((resolve) => setTimeout(resolve, 300));
    this.kill();
  }

  /** Kills it and all that it has started, itself first. */
  kill(): void {
    if (this.#hasEnded) return;
    for (const pid of descendantsOf(this.#process.pid)) killProcess(pid);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.kill();
    await this.ended;
  }

  async #read(stream: ReadableStream<Uint8Array>): Promise<void> {
    for await (const text of stream.pipeThrough(new TextDecoderStream())) {
      this.#output = (this.#output + text.replaceAll("\r", "")).slice(-MAX_OUTPUT);
      for (const waiter of this.#waiters) {
        const match = waiter.pattern.exec(this.#output);
        if (match === null) continue;
        this.#waiters.delete(waiter);
        waiter.resolve(match);
      }
    }
  }

  async #findPid(): Promise<number | undefined> {
    while (!this.#hasEnded) {
      const [pid] = childrenOf(this.#process.pid);
      if (pid !== undefined) return pid;
      await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    }
  }

  async #end(): Promise<number | null> {
    const { code, signal } = await this.#process.status;
    this.#hasEnded = true;
    // What it had started may be left, and may hold the pipes: those of a guest of User-Mode Linux are a
    // group of their own.
    const pid = await this.#pid;
    for (const group of [this.#process.pid, pid]) {
      if (group !== undefined) killProcess(-group);
    }
    await this.#reading;
    this.#isRead = true;
    await this.#input.close().catch(() => {});
    for (const { pattern, reject } of this.#waiters) {
      reject(this.#failure(`ended without ${pattern}`));
    }
    this.#waiters.clear();
    return signal === null ? code : null;
  }

  #failure(what: string): Error {
    return new Error(`${this.#name} ${what}; it printed:\n${this.#output}`);
  }
}

/** Processes that a process has started and that still run. */
export function childrenOf(pid: number): number[] {
  let text = "";
  try {
    text = readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8");
  } catch {
    // It has ended.
  }
  return text.split(" ").filter((word) => word !== "").map(Number);
}

// Parents before their children. A guest's processes have groups of their own, so that no signal to one
// group reaches them all.
function descendantsOf(pid: number): number[] {
  return childrenOf(pid).flatMap((child) => [child, ...descendantsOf(child)]);
}

function killProcess(pid: number): void {
  signal(pid, "SIGKILL");
}

function signal(pid: number, name: Deno.Signal): void {
  try {
    Deno.kill(pid, name);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}

/** Waits until something holds, 10 s at most: what has ended may not have been tidied up yet. */
export async function eventually(check: () => Promise<void>): Promise<void> {
  const end = Date.now() + 10_000;
  for (;;) {
    try {
      return await check();
    } catch (error) {
      if (Date.now() >= end) throw error;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
}
