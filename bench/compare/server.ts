/**
 * Servers under measurement, each a process of its own.
 */

import { linesOf, spawnDeno } from "./contender.ts";

// Clock ticks of /proc, which are 100 a second wherever Linux runs a browser or a server.
const TICKS_PER_SECOND = 100;
const MAIN = new URL("../../main.ts", import.meta.url).pathname;

/** A server that listens. */
export class MeasuredServer {
  /** Where it listens. */
  readonly url: string;
  readonly #process: Deno.ChildProcess;

  constructor(url: string, process: Deno.ChildProcess) {
    this.url = url;
    this.#process = process;
  }

  get pid(): number {
    return this.#process.pid;
  }

  /** Bytes of memory it holds resident. */
  get residentBytes(): number {
    const status = Deno.readTextFileSync(`/proc/${this.pid}/status`);
    return Number(/^VmRSS:\s+(\d+) kB/m.exec(status)?.[1]) * 1024;
  }

  /** Ends it. */
  async close(): Promise<void> {
    this.#process.kill("SIGKILL");
    await this.#process.status;
  }
}

/** CPU seconds that a process has used, user's and system's, of all its threads. */
export function cpuSecondsOf(pid: number): number {
  const stat = Deno.readTextFileSync(`/proc/${pid}/stat`);
  // The name, in parentheses, may hold anything: fields are counted behind it.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
}

async function listening(process: Deno.ChildProcess): Promise<MeasuredServer> {
  for await (const line of linesOf(process.stdout)) {
    const match = /http:\/\/[\d.]+:\d+/.exec(line);
    if (match !== null) return new MeasuredServer(match[0], process);
  }
  throw new Error("A server ended before it listened");
}

/** Starts a gateway as `deno task start` does. */
export function startGateway(...options: readonly string[]): Promise<MeasuredServer> {
  return listening(spawnDeno(MAIN, ["serve", "--port", "0", "--log", "none", ...options], "null"));
}

/** Starts a baseline's server. */
export function startBaseline(name: string, ...args: readonly string[]): Promise<MeasuredServer> {
  return listening(spawnDeno(`baselines/${name}.ts`, args, "null"));
}
