/** `ringway` beside a guest: pinned to the guest's processor, killed with the test. */

import { readdir, readFile } from "node:fs/promises";
import { commandLine } from "../../cli/ringway.ts";
import { Child } from "./child.ts";

/** How long `ringway` may run, and where. */
export interface RingwayOptions {
  /** Seconds until it is killed. Default 240. */
  readonly limit?: number;
  /** Processors it may use. Default: the one that all share. */
  readonly cpus?: string;
}

/** Starts `ringway` with these words. */
export function startRingway(words: readonly string[], options: RingwayOptions = {}): Child {
  const [program, args] = commandLine(words);
  const { limit = 240, cpus } = options;
  return new Child({ program, args, limit, cpus, env: { NO_COLOR: "1" } });
}

/** Starts `ringway serve`, on a free port unless one is named, and waits until it listens. */
export async function startServe(
  words: readonly string[],
  options: RingwayOptions = {},
): Promise<Child> {
  const child = startRingway([
    "serve",
    ...(words.includes("--port") ? [] : ["--port", "0"]),
    ...words,
  ], options);
  await child.until(/^Ringway listening on /m);
  return child;
}

/** Starts `ringway vhost-user` on a socket and waits until it listens. */
export async function startRelay(
  socket: string,
  gateway: string,
  words: readonly string[],
): Promise<Child> {
  const child = startRingway(["vhost-user", socket, "--gateway", gateway, ...words]);
  await child.until(/^Ringway listening on /m);
  return child;
}

/** The address that a `ringway serve` listens on. */
export function urlOf(serving: Child): string {
  const url = /^Ringway listening on (\S+)$/m.exec(serving.output)?.[1];
  if (url === undefined) throw new Error(`Cannot find the address in ${serving.output}`);
  return url;
}

/** What a process holds that a guest may have given it. */
export interface Holdings {
  readonly numFds: number;
  /** Mappings that are shared with others, as a guest's memory is. */
  readonly numSharedMappings: number;
}

/** Counts what a process holds. */
export async function holdingsOf(pid: number): Promise<Holdings> {
  const fds = await readdir(`/proc/${pid}/fd`);
  const maps = await readFile(`/proc/${pid}/maps`, "utf8");
  const shared = maps.split("\n").filter((line) => /^\S+ ...s /.test(line));
  return { numFds: fds.length, numSharedMappings: shared.length };
}
