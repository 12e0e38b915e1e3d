/**
 * `ringway serve`: runs a gateway.
 *
 * @module
 */

import { z } from "zod";
import { createLog } from "../log.ts";
import {
  OptionError,
  parseServeOptions,
  parseSize,
  type ServeOptions,
  type ServeOptionsInput,
} from "../options.ts";
import { startServer } from "../server.ts";
import { type Command, defineCommand, type OptionSpec, type OptionTable } from "./command.ts";
import { CliError, type Io, printLine } from "./io.ts";

/** How an option's text becomes its value. */
type Kind = "text" | "count" | "size" | "flag" | "list";

interface Row {
  readonly key: keyof ServeOptions;
  readonly kind: Kind;
  /** What the value is called in the help, where the kind does not tell. */
  readonly value?: string;
  readonly help: string;
}

const ROWS: readonly Row[] = [
  { key: "host", kind: "text", value: "ADDRESS", help: "address to listen on" },
  { key: "port", kind: "count", help: "TCP port, 0 for any free one" },
  { key: "tokens", kind: "text", help: "file of bearer tokens, see ringway token" },
  { key: "tlsCert", kind: "text", help: "certificate chain, PEM" },
  { key: "tlsKey", kind: "text", help: "its private key, PEM" },
  { key: "insecure", kind: "flag", help: "listen beyond loopback without TLS or tokens" },
  {
    key: "origins",
    kind: "list",
    help: "origin of web pages that may use this gateway; may be repeated",
  },
  {
    key: "listeners",
    kind: "count",
    help: "threads that read sockets, each with a listener on the port; more than 1 on Linux only",
  },
  { key: "queues", kind: "count", help: "data queues of a device" },
  { key: "threads", kind: "count", help: "threads for slow requests, 0 for none" },
  {
    key: "localWork",
    kind: "count",
    help: "microseconds of work that are run where they arrive, without a thread",
  },
  { key: "maxSize", kind: "size", help: "max_size of a device: bounds one request" },
  { key: "maxSessions", kind: "count", help: "sessions of a device" },
  {
    key: "algorithms",
    kind: "text",
    value: "NAMES",
    help: "all, modern (none with a known weakness), or a list such as modern,-aes-ccm",
  },
  {
    key: "accelerator",
    kind: "text",
    value: "NAMES",
    help: "who computes: noble, libcrypto, or a list such as aes-gcm=noble,libcrypto",
  },
  { key: "libcrypto", kind: "text", help: "OpenSSL 3's libcrypto, if it is not in a usual place" },
  {
    key: "layout",
    kind: "text",
    value: "NAME",
    help: "form of the stateless CIPHER body: v19 or 1.1",
  },
  { key: "maxMessage", kind: "size", help: "bytes of one WebSocket message or HTTP body" },
  { key: "maxConnections", kind: "count", help: "WebSocket connections at a time" },
  { key: "maxDevices", kind: "count", help: "devices made over HTTP at a time" },
  { key: "maxRecords", kind: "count", help: "records of a device unanswered" },
  { key: "maxUnansweredBytes", kind: "size", help: "the same in bytes" },
  { key: "idleTimeout", kind: "count", help: "seconds a WebSocket peer may stay silent" },
  { key: "deviceIdle", kind: "count", help: "seconds an unused HTTP device lives" },
  {
    key: "vhostUser",
    kind: "list",
    value: "PATH",
    help: "Unix socket for a virtual machine's crypto device, by vhost-user; may be repeated",
  },
  {
    key: "vhostUserUnsealed",
    kind: "list",
    value: "PATH",
    help: "the same for memory without F_SEAL_SHRINK; a process for each machine",
  },
  { key: "testBreakRing", kind: "count", help: "for tests: break a device's ring at request N" },
];

const VALUE_NAMES: Readonly<Record<Kind, string | undefined>> = {
  text: "FILE",
  count: "N",
  size: "SIZE",
  flag: undefined,
  list: "ORIGIN",
};

/** `maxSize` as it stands on the command line: `max-size`. */
function kebab(key: string): string {
  return key.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}

/** A size as it can be given: 4M. */
function sizeOption(bytes: number): string {
  const mib = bytes / 2 ** 20;
  return Number.isInteger(mib) ? `${mib}M` : String(bytes);
}

function optionTable(): OptionTable {
  const defaults = parseServeOptions({});
  const table: Record<string, OptionSpec> = {};
  for (const { key, kind, value: valueName, help } of ROWS) {
    const value = defaults[key];
    const isShown = typeof value === "number" || typeof value === "string";
    const text = kind === "size" ? sizeOption(Number(value)) : String(value);
    table[kebab(key)] = {
      help,
      value: valueName ?? VALUE_NAMES[kind],
      ...(kind === "list" ? { multiple: true } : {}),
      ...(isShown ? { default: text } : {}),
    };
  }
  table.drain = { value: "N", help: "seconds connections get to finish at the end", default: "10" };
  table.log = {
    value: "FORMAT",
    help: "lines on standard error: plain, json or none",
    default: "plain",
  };
  return table;
}

const text = z.string();
const schema = z.object({
  drain: z.string().regex(/^\d{1,4}$/, "Want a number of seconds").default("10").transform(Number),
  log: z.enum(["plain", "json", "none"]).default("plain"),
}).catchall(z.union([text, z.array(text), z.boolean()]));
type Options = z.output<typeof schema>;

function valueOf(kind: Kind, given: unknown): unknown {
  if (typeof given !== "string") return given;
  if (kind === "size") return parseSize(given);
  if (kind === "count") return /^\d{1,15}$/.test(given) ? Number(given) : NaN;
  return given;
}

/** Options of a gateway from those of the command line; `parseServeOptions` checks them. */
function serveOptions(options: Options): ServeOptions {
  const input: Record<string, unknown> = {};
  for (const { key, kind } of ROWS) {
    const given = options[kebab(key)];
    if (given === undefined) continue;
    try {
      input[key] = valueOf(kind, given);
    } catch (error) {
      throw error instanceof OptionError
        ? new CliError(`--${kebab(key)}: ${error.message}`)
        : error;
    }
    if (Number.isNaN(input[key])) {
      throw new CliError(`Invalid --${kebab(key)}, want a whole number: ${given}`);
    }
  }
  try {
    return parseServeOptions(input as ServeOptionsInput);
  } catch (error) {
    if (!(error instanceof OptionError)) throw error;
    const key = error.option.split(".")[0];
    throw new CliError(error.message.replace(`option ${error.option}`, `--${kebab(key)}`));
  }
}

function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    signal.addEventListener("abort", () => resolve(), { once: true });
  });
}

async function run(options: Options, _: readonly string[], io: Io): Promise<number> {
  const checked = { ...serveOptions(options), selfConnection: io.mayConnectToSelf };
  const log = options.log === "none"
    ? undefined
    : createLog((line) => io.writeErr(line + "\n"), options.log);
  const server = await startServer(checked, log).catch((error) => {
    throw error instanceof OptionError
      ? error
      : new CliError(error instanceof Error ? error.message : String(error), { cause: error });
  });
  try {
    await printLine(io, `Ringway listening on ${server.url}`);
    await aborted(io.interrupted);
    await server.drain(options.drain);
  } finally {
    await server.close();
  }
  return 0;
}

/** `ringway serve`. */
export const serve: Command = defineCommand({
  name: "serve",
  summary: "Run a gateway: devices over WebSocket and HTTP",
  arguments: "",
  maxArguments: 0,
  options: optionTable(),
  schema,
  details: [
    "SIZE is a number of bytes, or one with K, M or G. Any address but loopback needs --tls-cert,",
    "--tls-key and --tokens, or --insecure. One line on standard output tells the address when it",
    "listens. SIGINT and SIGTERM end it gently: connections are told and get --drain seconds.",
  ].join("\n"),
  run,
});
