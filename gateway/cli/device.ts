/**
 * The device a command works with: behind a gateway, or in this process.
 *
 * @module
 */

import { readFile } from "node:fs/promises";
import { z } from "zod";
import { offeredAlgorithms } from "../algorithms.ts";
import { connect, type Device } from "../client/mod.ts";
import { deviceOptions } from "../gateway.ts";
import { createLog, type Log } from "../log.ts";
import { parseSize, serveOptionsSchema } from "../options.ts";
import { RemoteDevice, type RemoteDeviceOptions } from "../remote_device.ts";
import type { OptionTable } from "./command.ts";
import { CliError, type Io, systemText } from "./io.ts";
import { sizeText } from "./progress.ts";

const DEFAULTS = serveOptionsSchema.parse({});

/** Options of every command that works with a device. */
export const DEVICE_OPTIONS: OptionTable = {
  url: {
    value: "URL",
    help: "gateway to work with, ws, wss, http or https; a device in this process without it",
  },
  "token-file": { value: "FILE", help: "file with the gateway's token (or RINGWAY_TOKEN)" },
  "insecure-token": { help: "send the token without TLS to another host" },
  ca: { value: "FILE", help: "certificates to trust, PEM, for wss" },
  "max-size": {
    value: "SIZE",
    help: "max_size of the device in this process",
    default: sizeText(DEFAULTS.maxSize),
  },
};

/** Their schema. */
export const deviceSchema = z.object({
  url: z.string().optional(),
  "token-file": z.string().optional(),
  "insecure-token": z.literal(true).optional(),
  ca: z.string().optional(),
  "max-size": z.string().optional(),
});

/** What {@link deviceSchema} yields. */
export type CliDeviceOptions = z.output<typeof deviceSchema>;

/**
 * Options of a device in this process: those of a gateway that was given none.
 *
 * @param io is told when an algorithm fails its self-test
 */
export function embeddedOptions(
  maxSizeText: string | undefined,
  io: Pick<Io, "writeErr">,
): RemoteDeviceOptions {
  const maxSize = maxSizeText === undefined ? DEFAULTS.maxSize : parseSize(maxSizeText);
  const checked = serveOptionsSchema.shape.maxSize.safeParse(maxSize);
  if (!checked.success) {
    throw new CliError(`Invalid --max-size: ${checked.error.issues[0].message}`);
  }
  const write = createLog((line) => io.writeErr(`${line}\n`), "plain");
  // Which accelerator serves is not worth a line on a user's terminal; a failed self-test is.
  const log: Log = (level, event, fields) => {
    if (level === "error") write(level, event, fields);
  };
  const algorithms = offeredAlgorithms(DEFAULTS, log);
  return deviceOptions({ ...DEFAULTS, maxSize }, algorithms, log);
}

async function readText(path: string, what: string): Promise<string> {
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    throw new CliError(`Cannot read ${what} ${path}: ${systemText(error)}`, { cause: error });
  }
}

/** The token to show, from its file or the environment. */
export async function readToken(
  options: Pick<CliDeviceOptions, "token-file">,
  io: Pick<Io, "env">,
): Promise<string | undefined> {
  const path = options["token-file"];
  if (path === undefined) return io.env("RINGWAY_TOKEN");
  const token = (await readText(path, "token file")).trim();
  if (token === "" || /\s/.test(token)) throw new CliError(`No token in ${path}`);
  return token;
}

/** The certificates to trust, PEM. */
export async function readCertificates(
  { ca }: Pick<CliDeviceOptions, "ca">,
): Promise<string | undefined> {
  return ca === undefined ? undefined : await readText(ca, "certificates");
}

/** Connects to the gateway, or makes a device here. */
export async function openDevice(options: CliDeviceOptions, io: Io): Promise<Device> {
  const { url } = options;
  const signal = io.interrupted;
  if (url === undefined) {
    const device = new RemoteDevice(embeddedOptions(options["max-size"], io));
    return await connect(device, { signal });
  }
  if (options["max-size"] !== undefined) {
    throw new CliError("Option --max-size is for a device in this process, not for --url");
  }
  return await connect(url, {
    signal,
    token: await readToken(options, io),
    allowInsecureToken: options["insecure-token"] === true,
    ca: await readCertificates(options),
  });
}

/** What to tell of data that do not fit into one request. */
export function tooLarge(
  name: string,
  what: string,
  maxLen: number,
  device: Device,
  options: CliDeviceOptions,
): CliError {
  const hint = options.url === undefined ? ", which --max-size raises" : "";
  const file = name === "-" ? "Standard input" : name;
  return new CliError(
    `${file} is too large: ${what} takes all data in one request, here at most ${maxLen} bytes ` +
      `(the device's max_size is ${device.config.maxSize}${hint})`,
  );
}
