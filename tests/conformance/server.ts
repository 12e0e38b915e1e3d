/** A gateway to test: one started from the tree's main.ts, or the one RINGWAY_URL names. */
import { patiently } from "./socket.ts";

const ROOT = new URL("../../", import.meta.url);

/** A gateway under test. */
export interface Gateway {
  /** `http://127.0.0.1:port`, without a slash at the end. */
  readonly url: string;
  /** Asks it to end gently (SIGTERM), when it is ours. */
  drain(): void;
  /** Resolves once it has ended. */
  readonly ended: Promise<void>;
  /** Ends it, when it is ours. */
  stop(): Promise<void>;
}

/** Runs a command of main.ts to its end and gives what it printed. Throws an Error with its messages when it fails. */
export async function runMain(...args: readonly string[]): Promise<string> {
  const command = new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "main.ts", ...args],
    cwd: ROOT,
  });
  const { success, stdout, stderr } = await command.output();
  if (!success) {
    throw new Error(`Command failed: ${args.join(" ")}: ${new TextDecoder().decode(stderr)}`);
  }
  return new TextDecoder().decode(stdout);
}

/** Starts `main.ts serve --port 0` with further options and resolves once it prints its address. */
export async function startGateway(options: readonly string[] = []): Promise<Gateway> {
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "main.ts", "serve", "--port", "0", ...options],
    cwd: ROOT,
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const messages = gather(child.stderr);
  const { found, drained } = findAddress(child.stdout);
  const url = await patiently(found, "address of the gateway", () => child.kill("SIGKILL"));
  if (url === null) {
    await Promise.all([child.status, drained]);
    throw new Error(`Gateway ended before it printed an address: ${await messages}`);
  }
  const ended = Promise.all([child.status, messages, drained]).then(() => {});
  return {
    url,
    drain: () => child.kill("SIGTERM"),
    ended,
    stop: async () => {
      try {
        child.kill("SIGKILL");
      } catch {
        // It has ended by itself.
      }
      await ended;
    },
  };
}

/** The gateway RINGWAY_URL names, else one started with the default options. */
export async function defaultGateway(): Promise<Gateway> {
  const url = Deno.env.get("RINGWAY_URL");
  if (url === undefined) return await startGateway();
  const ended = Promise.resolve();
  return { url: url.replace(/\/$/, ""), drain: () => {}, ended, stop: () => ended };
}

/** Runs `body` against a gateway started with `options`, and ends it. */
export async function withGateway(
  options: readonly string[],
  body: (url: string) => Promise<void>,
): Promise<void> {
  const gateway = await startGateway(options);
  try {
    await body(gateway.url);
  } finally {
    await gateway.stop();
  }
}

/** Reads a stream to its end, so that the writer never waits; keeps the last 4 KiB. */
async function gather(stream: ReadableStream<Uint8Array>): Promise<string> {
  let text = "";
  const decoder = new TextDecoder();
  for await (const chunk of stream) {
    text = (text + decoder.decode(chunk, { stream: true })).slice(-4096);
  }
  return text;
}

function findAddress(
  stream: ReadableStream<Uint8Array>,
): { found: Promise<string | null>; drained: Promise<void> } {
  const { promise: found, resolve } = Promise.withResolvers<string | null>();
  const drain = async () => {
    let text = "";
    const decoder = new TextDecoder();
    for await (const chunk of stream) {
      text = (text + decoder.decode(chunk, { stream: true })).slice(-4096);
      const match = /http:\/\/(127\.0\.0\.1|localhost):\d+/.exec(text);
      if (match !== null) resolve(match[0]);
    }
    resolve(null);
  };
  return { found, drained: drain() };
}
