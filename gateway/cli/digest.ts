/**
 * `ringway hash` and `ringway mac`: digests of files, one line each, as sha256sum prints them.
 *
 * @module
 */

import { z } from "zod";
import { Service } from "../../device/mod.ts";
import { fullResultLen } from "../../device/wire/result_lens.ts";
import type { Device } from "../client/mod.ts";
import { type Command, defineCommand, type OptionTable } from "./command.ts";
import {
  type CliDeviceOptions,
  DEVICE_OPTIONS,
  deviceSchema,
  openDevice,
  tooLarge,
} from "./device.ts";
import { CliError, type Io, printLine } from "./io.ts";
import { messageOf } from "./message.ts";
import { openSource, readAll } from "./source.ts";
import { BYTES_HELP, checkIv, checkKey, chooseAlgorithm, parseBytes } from "./values.ts";

/** A digest of whole data, whichever the algorithm. */
interface Digester {
  readonly name: string;
  /** Bytes of a request besides the data. */
  readonly overhead: number;
  run(src: Uint8Array): Promise<Uint8Array>;
}

const LENGTH_SCHEMA = z.string().regex(/^[1-9]\d{0,5}$/, "Want a number of bytes").transform(Number)
  .optional();

const hashSchema = deviceSchema.extend({
  algorithm: z.string().default("sha-256"),
  length: LENGTH_SCHEMA,
});

const macSchema = deviceSchema.extend({
  algorithm: z.string().default("hmac-sha-256"),
  key: z.string(),
  iv: z.string().default(""),
  length: LENGTH_SCHEMA,
});

const LIMIT_HELP = "All of a file goes into one request, which the device's max_size bounds.";

const HASH_OPTIONS: OptionTable = {
  algorithm: {
    value: "NAME",
    short: "a",
    help: "such as sha3-256 or shake128",
    default: "sha-256",
  },
  length: { value: "BYTES", short: "l", help: "bytes of digest, the leftmost; SHAKE needs it" },
  ...DEVICE_OPTIONS,
};

const MAC_OPTIONS: OptionTable = {
  algorithm: { value: "NAME", short: "a", help: "such as cmac-aes", default: "hmac-sha-256" },
  key: { value: "HEX", short: "k", help: "key" },
  iv: { value: "HEX", help: "initialization vector of a MAC that takes one" },
  length: { value: "BYTES", short: "l", help: "bytes of tag, the leftmost; all without it" },
  ...DEVICE_OPTIONS,
};

/** Bytes of result to ask for; more than the full length is refused. */
function lengthOf(name: string, fullLen: number, asked: number | undefined): number {
  const len = asked ?? fullLen;
  if (len <= fullLen) return len;
  throw new CliError(`Result of ${name} has at most ${fullLen} bytes, asked for ${len}`);
}

/** A line as sha256sum writes it: a name with a line break or backslash is escaped. */
export function digestLine(digest: Uint8Array, name: string): string {
  const escaped = name.replaceAll("\\", "\\\\").replaceAll("\n", "\\n").replaceAll("\r", "\\r");
  return `${escaped === name ? "" : "\\"}${digest.toHex()}  ${escaped}`;
}

/** Digests one file after the other. A file that fails is told of; the others are still done. */
async function digestFiles(
  digester: Digester,
  device: Device,
  paths: readonly string[],
  options: CliDeviceOptions,
  io: Io,
): Promise<number> {
  let exitCode = 0;
  const maxLen = Math.max(0, device.config.maxSize - digester.overhead);
  for (const path of paths.length > 0 ? paths : ["-"]) {
    try {
      const source = await openSource(path, io);
      try {
        const src = await readAll(source, maxLen);
        if (src === undefined) throw tooLarge(source.name, digester.name, maxLen, device, options);
        await printLine(io, digestLine(await digester.run(src), path));
      } finally {
        await source.close();
      }
    } catch (error) {
      if (paths.length <= 1 || io.interrupted.aborted) throw error;
      io.writeErr(`ringway: ${messageOf(error, io)}\n`);
      exitCode = 1;
    }
  }
  return exitCode;
}

async function runHash(
  options: z.output<typeof hashSchema>,
  paths: readonly string[],
  io: Io,
): Promise<number> {
  const { row, name } = chooseAlgorithm(options.algorithm, [Service.HASH], "hash");
  const isFixed = fullResultLen(Service.HASH, row.id) !== undefined;
  if (!isFixed && options.length === undefined) {
    throw new CliError(`Algorithm ${name} needs the digest's length: --length BYTES`);
  }
  const hashResultLen = lengthOf(name, row.maxResultLen, options.length);
  await using device = await openDevice(options, io);
  if (!device.supports(row.id, Service.HASH)) throw new CliError(`Device does not offer ${name}`);
  await using session = await device.hashSession({ algorithm: row.id, hashResultLen });
  const digester = {
    name,
    overhead: hashResultLen + 1,
    run: (src: Uint8Array) => session.run({ src }, { signal: io.interrupted }),
  };
  return await digestFiles(digester, device, paths, options, io);
}

async function runMac(
  options: z.output<typeof macSchema>,
  paths: readonly string[],
  io: Io,
): Promise<number> {
  const algorithm = chooseAlgorithm(options.algorithm, [Service.MAC], "authenticate");
  const { row, name } = algorithm;
  const authKey = await parseBytes(options.key, "--key", io);
  const iv = await parseBytes(options.iv, "--iv", io);
  checkKey(algorithm, authKey);
  checkIv(name, [row.ivLen], iv);
  const hashResultLen = lengthOf(name, row.maxResultLen, options.length);
  await using device = await openDevice(options, io);
  if (!device.supports(row.id, Service.MAC)) throw new CliError(`Device does not offer ${name}`);
  await using session = await device.macSession({ algorithm: row.id, authKey, hashResultLen });
  const digester = {
    name,
    overhead: hashResultLen + iv.length + 1,
    run: (src: Uint8Array) => session.run({ iv, src }, { signal: io.interrupted }),
  };
  return await digestFiles(digester, device, paths, options, io);
}

/** `ringway hash`. */
export const hash: Command = defineCommand({
  name: "hash",
  summary: "Print digests of files or of standard input",
  arguments: "[FILE...]",
  maxArguments: Infinity,
  options: HASH_OPTIONS,
  schema: hashSchema,
  details: LIMIT_HELP,
  run: runHash,
});

/** `ringway mac`. */
export const mac: Command = defineCommand({
  name: "mac",
  summary: "Print message authentication codes of files or of standard input",
  arguments: "[FILE...]",
  maxArguments: Infinity,
  options: MAC_OPTIONS,
  schema: macSchema,
  details: `${BYTES_HELP}\n\n${LIMIT_HELP}`,
  run: runMac,
});
