/**
 * The contenders as the comparison sees them: something to measure, in a process of its own.
 */

import type { Order, Sample } from "./lane.ts";

/** One side of a comparison. */
export interface Contender {
  /** Runs for about so many seconds. */
  measure(seconds: number): Promise<Sample>;
  /** What one request gives, as hexadecimal digits; its start where a contender cannot tell all. */
  result(): Promise<string>;
  close(): Promise<void>;
}

const COMPARE = new URL(".", import.meta.url);

/** A lane in a process of its own. */
export class LaneProcess implements Contender {
  readonly #process: Deno.ChildProcess;
  readonly #writer: WritableStreamDefaultWriter<Uint8Array<ArrayBuffer>>;
  readonly #lines: AsyncIterator<string>;

  /** @param file below bench/compare/ */
  constructor(file: string, ...args: readonly (string | number)[]) {
    this.#process = spawnDeno(file, args, "piped");
    this.#writer = this.#process.stdin.getWriter();
    this.#lines = linesOf(this.#process.stdout);
  }

  async measure(seconds: number): Promise<Sample> {
    return await this.#order({ run: seconds }) as Sample;
  }

  async result(): Promise<string> {
    return await this.#order("result") as string;
  }

  async close(): Promise<void> {
    await this.#writer.close();
    await this.#process.status;
  }

  async #order(order: Order): Promise<unknown> {
    await this.#writer.write(new TextEncoder().encode(`${JSON.stringify(order)}\n`));
    const { value, done } = await this.#lines.next();
    if (done === true) throw new Error("A contender ended before it answered");
    return JSON.parse(value);
  }
}

// Those that a comparison which failed has left behind end with this process.
const running = new Set<Deno.ChildProcess>();
globalThis.addEventListener("unload", () => {
  for (const process of running) process.kill("SIGKILL");
});

/** Starts a program of this folder. */
export function spawnDeno(
  file: string,
  args: readonly (string | number)[],
  stdin: "piped" | "null",
): Deno.ChildProcess {
  const process = new Deno.Command(Deno.execPath(), {
    args: [
      "run",
      "--allow-all",
      "--no-check",
      new URL(file, COMPARE).pathname,
      ...args.map(String),
    ],
    stdin,
    stdout: "piped",
    stderr: "inherit",
  }).spawn();
  running.add(process);
  void process.status.then(() => running.delete(process));
  return process;
}

/** The lines that come on a stream. */
export async function* linesOf(
  stream: ReadableStream<Uint8Array<ArrayBuffer>>,
): AsyncGenerator<string> {
  let text = "";
  const decoder = new TextDecoderStream() as TransformStream<Uint8Array<ArrayBuffer>, string>;
  for await (const chunk of stream.pipeThrough(decoder)) {
    const lines = (text + chunk).split("\n");
    text = lines.pop() ?? "";
    yield* lines;
  }
}
