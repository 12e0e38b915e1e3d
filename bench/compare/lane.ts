/**
 * A contender that runs in a process of its own: it waits for orders on standard input and answers each
 * with a line on standard output. Both sides of every comparison run under this one host.
 */

import process from "node:process";

/** What one measured stretch came to. */
export interface Sample {
  /** Requests done. */
  readonly num: number;
  /** Time it took. */
  readonly seconds: number;
  /** CPU time it took, of all threads of the process that did the work, its system calls included. */
  readonly cpuSeconds: number;
  /** Microseconds of each request, where requests are timed one by one. */
  readonly latencies?: readonly number[];
}

/** Something that runs requests for a while. */
export interface Lane {
  /** Runs for so many seconds, and tells how many requests it did. */
  run(seconds: number): Promise<{ num: number; latencies?: readonly number[] }>;
  /** What one request gives. */
  result(): Promise<Uint8Array> | Uint8Array;
  /** CPU seconds that the measured process has used so far; this process's without it. */
  cpuSeconds?(): number;
}

/** An order to a lane: run for so many seconds, or give the result as hexadecimal digits. */
export type Order = { readonly run: number } | "result";

/** A lane of a function that does `num` requests at each call. */
export function lane(num: number, run: () => unknown, result: () => Uint8Array): Lane {
  return {
    run: (seconds) => {
      const end = performance.now() + seconds * 1000;
      let done = 0;
      do {
        run();
        done += num;
      } while (performance.now() < end);
      return Promise.resolve({ num: done });
    },
    result,
  };
}

function ownCpuSeconds(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
}

async function obey(lane: Lane, order: Order): Promise<Sample | string> {
  if (order === "result") return (await lane.result()).toHex();
  const cpuSeconds = () => lane.cpuSeconds?.() ?? ownCpuSeconds();
  const cpuStart = cpuSeconds();
  const start = performance.now();
  const done = await lane.run(order.run);
  const seconds = (performance.now() - start) / 1000;
  return { ...done, seconds, cpuSeconds: cpuSeconds() - cpuStart };
}

/** Obeys orders until there are no more. */
export async function hostLane(lane: Lane): Promise<void> {
  let text = "";
  const decoder = new TextDecoderStream() as TransformStream<Uint8Array<ArrayBuffer>, string>;
  for await (const chunk of Deno.stdin.readable.pipeThrough(decoder)) {
    const lines = (text + chunk).split("\n");
    text = lines.pop() ?? "";
    for (const line of lines) {
      const answer = JSON.stringify(await obey(lane, JSON.parse(line) as Order));
      await writeAll(new TextEncoder().encode(`${answer}\n`));
    }
  }
  Deno.exit(0);
}

async function writeAll(bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.length;) at += await Deno.stdout.write(bytes.subarray(at));
}
