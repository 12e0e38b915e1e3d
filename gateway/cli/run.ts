/**
 * From the command line's words to a command.
 *
 * @module
 */

import { similarTo } from "../../device/wire/names.ts";
import { VERSION } from "../version.ts";
import { type Command, UsageError } from "./command.ts";
import { type Io, printLine } from "./io.ts";
import { messageOf } from "./message.ts";

/** A command that is loaded when it is wanted: a digest need not wait for the HTTP server's code. */
interface Entry {
  readonly summary: string;
  load(): Promise<Command>;
}

const COMMANDS: Readonly<Record<string, Entry>> = {
  serve: {
    summary: "run a gateway: devices over WebSocket and HTTP",
    load: async () => (await import("./serve.ts")).serve,
  },
  "vhost-user": {
    summary: "give a virtual machine of this host a gateway's device",
    load: async () => (await import("./vhost_user.ts")).vhostUser,
  },
  info: {
    summary: "show what a device offers: features, limits, algorithms",
    load: async () => (await import("./info.ts")).info,
  },
  crypt: {
    summary: "encrypt or decrypt a file or standard input",
    load: async () => (await import("./crypt.ts")).crypt,
  },
  hash: {
    summary: "print digests of files or of standard input",
    load: async () => (await import("./digest.ts")).hash,
  },
  mac: {
    summary: "print message authentication codes of files or of standard input",
    load: async () => (await import("./digest.ts")).mac,
  },
  token: {
    summary: "make a bearer token for a gateway",
    load: async () => (await import("./token.ts")).token,
  },
};

const HELP = [
  "Ringway: a virtio-crypto device, and a gateway that carries it over HTTP and WebSocket.",
  "",
  "Usage: ringway COMMAND [options]",
  "",
  "Commands:",
  ...Object.entries(COMMANDS).map(([name, { summary }]) => `  ${name.padEnd(12)}${summary}`),
  "",
  "  ringway COMMAND --help  options of a command",
  "  ringway --version       version",
].join("\n");

async function dispatch(args: readonly string[], io: Io): Promise<number> {
  const [name, ...rest] = args;
  if (name === "--version" || name === "-V") {
    await printLine(io, `ringway ${VERSION}`);
    return 0;
  }
  if (name === "--help" || name === "-h" || (name === "help" && rest.length === 0)) {
    await printLine(io, HELP);
    return 0;
  }
  if (name === "help") return await dispatch([rest[0], "--help"], io);
  if (name === undefined) throw new UsageError("", "Command is missing");
  if (!Object.hasOwn(COMMANDS, name)) {
    const [similar] = similarTo(name, Object.keys(COMMANDS));
    const hint = similar === undefined ? "" : `, did you mean ${similar}?`;
    throw new UsageError("", `Unknown command ${name}${hint}`);
  }
  return await (await COMMANDS[name].load()).execute(rest, io);
}

/**
 * Runs the command line.
 *
 * @param args the words behind the program's name
 * @returns the exit code: 0, or 1 after one line on standard error
 */
export async function run(args: readonly string[], io: Io): Promise<number> {
  try {
    return await dispatch(args, io);
  } catch (error) {
    io.writeErr(`ringway: ${messageOf(error, io)}`);
    if (error instanceof UsageError) {
      const command = error.command === "" ? "" : ` ${error.command}`;
      io.writeErr(` (ringway${command} --help tells how it is meant)`);
    }
    io.writeErr("\n");
    return 1;
  }
}
