/**
 * What the tests of vhost-user share.
 */

import { strict as assert } from "node:assert";
import { ALL_ALGORITHMS, type SocketEvent, VhostUserServer } from "../../../device/mod.ts";
import { HAS_VHOST_USER } from "../../kernel/front_end/libc.ts";

/** Registers a test where there is vhost-user; elsewhere it says that it did not. */
export function vhostTest(
  name: string,
  run: (context: Deno.TestContext) => Promise<void> | void,
): void {
  if (HAS_VHOST_USER) return Deno.test(name, run);
  const text = `Not tested on ${Deno.build.os}, which has no vhost-user: ${name}\n`;
  Deno.stdout.writeSync(new TextEncoder().encode(text));
}

/** A server with sockets in a directory of its own. */
export interface TestServer extends AsyncDisposable {
  readonly server: VhostUserServer;
  readonly directory: string;
  /** A sealed socket. */
  readonly path: string;
  /** Another. */
  readonly otherPath: string;
  readonly unsealedPath: string;
  readonly events: [string, SocketEvent][];
  /** Why connections have ended, in order; waits until there are as many. */
  reasons(num: number): Promise<string[]>;
  /** Why the connection to `path` has ended; waits until it has, and forgets it. */
  nextReason(): Promise<string>;
}

/** How a server for tests is made. */
export interface TestServerOptions {
  readonly hasUnsealed?: boolean;
  readonly maxSessions?: number;
}

/** Serves vhost-user sockets: two data queues, our own algorithms. */
export async function serveVhost(options: TestServerOptions = {}): Promise<TestServer> {
  const directory = await Deno.makeTempDir({ prefix: "ringway-" });
  const [path, otherPath, unsealedPath] = ["a", "b", "u"].map((name) => `${directory}/${name}`);
  const events: [string, SocketEvent][] = [];
  const server = await VhostUserServer.start({
    algorithms: ALL_ALGORITHMS,
    sockets: options.hasUnsealed ? [] : [path, otherPath],
    unsealedSockets: options.hasUnsealed ? [unsealedPath] : [],
    queues: 2,
    maxSize: 4 << 20,
    maxSessions: options.maxSessions ?? 1024,
    layout: "v19",
    onEvent: (...event) => events.push(event),
  });
  const reasons = () => events.flatMap(([, event]) => event.kind === "ended" ? [event.reason] : []);
  return {
    server,
    directory,
    path,
    otherPath,
    unsealedPath,
    events,
    async reasons(num) {
      await until(() => reasons().length >= num, `${num} ends`);
      return reasons();
    },
    async nextReason() {
      const isEnd = ([from, { kind }]: [string, SocketEvent]) => from === path && kind === "ended";
      await until(() => events.some(isEnd), "the end");
      const [[, event]] = events.splice(events.findIndex(isEnd), 1);
      return event.kind === "ended" ? event.reason : assert.fail(event.kind);
    },
    async [Symbol.asyncDispose]() {
      await server.close();
      await Deno.remove(directory, { recursive: true });
    },
  };
}

/** Waits for something that comes soon. */
export async function until(isThere: () => boolean, what: string): Promise<void> {
  for (let num = 0; num < 2000; num++) {
    if (isThere()) return;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  assert.fail(`Waited in vain for ${what}`);
}

/** Numbers of open file descriptors and of mappings of memory files in this process. */
export async function held(): Promise<{ fds: number; maps: number }> {
  let fds = 0;
  for await (const _ of Deno.readDir("/proc/self/fd")) fds++;
  const maps = await Deno.readTextFile("/proc/self/maps");
  return { fds, maps: maps.split("\n").filter((line) => line.includes("memfd:")).length };
}
