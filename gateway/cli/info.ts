/**
 * `ringway info`: what a device offers.
 *
 * @module
 */

import { z } from "zod";
import {
  type AlgorithmDescription,
  describeDevice,
  type DeviceDescription,
} from "../description.ts";
import { ConnectionError, gatewayUrl } from "../client/mod.ts";
import { checkToken } from "../client/connect.ts";
import { problemText } from "../client/problem.ts";
import { nameOf } from "../../device/wire/names.ts";
import { Service } from "../../device/wire/constants.ts";
import { type Command, defineCommand } from "./command.ts";
import { DEVICE_OPTIONS, deviceSchema, embeddedOptions, readToken } from "./device.ts";
import { type Io, printLine } from "./io.ts";

const schema = deviceSchema.extend({ json: z.literal(true).optional() });
type Options = z.output<typeof schema>;

const lens = z.union([z.array(z.number()), z.object({ min: z.number(), max: z.number() })]);

/** What is shown of a description; a gateway may say more than this. */
const descriptionSchema: z.ZodType<DeviceDescription> = z.object({
  device: z.object({
    id: z.number(),
    queues: z.number(),
    queueNumMax: z.number(),
    layout: z.enum(["v19", "1.1"]),
  }),
  features: z.array(z.string()),
  limits: z.object({
    maxSize: z.number(),
    maxSessions: z.number(),
    maxRecords: z.number(),
    maxUnansweredBytes: z.number(),
  }),
  algorithms: z.array(z.object({
    service: z.enum(["CIPHER", "HASH", "MAC", "AEAD"]),
    id: z.number(),
    name: z.string(),
    standard: z.string(),
    accelerator: z.string(),
    weakness: z.string().optional(),
    keyLens: lens.optional(),
    ivLens: z.array(z.number()).optional(),
    tagLens: z.array(z.number()).optional(),
    blockLen: z.number().optional(),
    maxResultLen: z.number().optional(),
  })),
});

/** Milliseconds a gateway may take for its description. */
const TIMEOUT = 10_000;

async function fetchDescription(url: URL, token: string | undefined, io: Io): Promise<unknown> {
  let response: Response;
  try {
    response = await fetch(new URL("v1/device", url), {
      headers: token === undefined ? {} : { Authorization: `Bearer ${token}` },
      redirect: "error",
      signal: AbortSignal.any([io.interrupted, AbortSignal.timeout(TIMEOUT)]),
    });
  } catch (error) {
    io.interrupted.throwIfAborted();
    const why = error instanceof Error ? error.message : String(error);
    throw new ConnectionError(`Cannot reach the gateway at ${url.origin}: ${why}`, {
      cause: error,
    });
  }
  const body = await response.text();
  if (!response.ok) throw new ConnectionError(problemText(url, response.status, body));
  try {
    return JSON.parse(body);
  } catch {
    throw new ConnectionError(`Other end is not a gateway: ${url.origin}`);
  }
}

async function describeRemote(target: string, options: Options, io: Io): Promise<unknown> {
  const url = gatewayUrl(target);
  url.protocol = url.protocol.replace("ws", "http");
  const token = await readToken(options, io);
  checkToken(url, { token, allowInsecureToken: options["insecure-token"] === true });
  return await fetchDescription(url, token, io);
}

function lensText(lens: AlgorithmDescription["keyLens"]): string {
  if (lens === undefined) return "-";
  if ("min" in lens) return `${lens.min}..${lens.max}`;
  return lens.every((len) => len === 0) ? "-" : lens.join(" ");
}

/** Columns of text, each as wide as its widest cell. */
function table(rows: readonly (readonly string[])[]): string[] {
  const widths = rows[0].map((_, column) => Math.max(...rows.map((row) => row[column].length)));
  return rows.map((row) => row.map((cell, i) => cell.padEnd(widths[i])).join("  ").trimEnd());
}

function algorithmRow(algorithm: AlgorithmDescription): string[] {
  const { service, id, name, keyLens, ivLens, tagLens, maxResultLen, weakness } = algorithm;
  return [
    service,
    nameOf(Service[service], id) ?? name,
    lensText(keyLens),
    lensText(ivLens),
    tagLens === undefined
      ? lensText(maxResultLen === undefined ? undefined : [maxResultLen])
      : tagLens.join(" "),
    algorithm.accelerator,
    weakness === undefined ? algorithm.standard : `${algorithm.standard} (weak: ${weakness})`,
  ];
}

/** A description as a table for people. */
export function describeText({ device, features, limits, algorithms }: DeviceDescription): string {
  const head = ["service", "algorithm", "key B", "iv B", "result B", "by", "standard"];
  return [
    `device      virtio ${device.id}, ${device.queues} data queues of ${device.queueNumMax}, ` +
    `layout ${device.layout}`,
    `features    ${features.join(" ")}`,
    `limits      max_size ${limits.maxSize} B, ${limits.maxSessions} sessions, ` +
    `${limits.maxRecords} records or ${limits.maxUnansweredBytes} B unanswered`,
    "",
    ...table([head, ...algorithms.map(algorithmRow)]),
  ].join("\n");
}

async function run(options: Options, positionals: readonly string[], io: Io): Promise<number> {
  const target = positionals[0] ?? options.url;
  const description = target === undefined
    ? describeDevice(embeddedOptions(options["max-size"], io))
    : await describeRemote(target, options, io);
  if (options.json === true) {
    await printLine(io, JSON.stringify(description, null, 2));
    return 0;
  }
  const checked = descriptionSchema.safeParse(description);
  if (!checked.success) {
    const where = checked.error.issues[0].path.join(".");
    throw new ConnectionError(`Gateway's description is not understood: ${where}`);
  }
  await printLine(io, describeText(checked.data));
  return 0;
}

const { url, ca: _ca, ...others } = DEVICE_OPTIONS;

/** `ringway info`. */
export const info: Command = defineCommand({
  name: "info",
  summary: "Show what a device offers: features, limits, algorithms",
  arguments: "[URL]",
  maxArguments: 1,
  options: { json: { help: "print JSON" }, url, ...others },
  schema,
  details: "Without URL it is the device that the other commands have in their own process.",
  run,
});
