/**
 * `ringway crypt`: encrypts and decrypts files.
 *
 * @module
 */

import { z } from "zod";
import { type AeadAlgorithm, type CipherAlgorithm, Service } from "../../device/mod.ts";
import type { CipherSession, Device } from "../client/mod.ts";
import { type IvCarrier, ivCarrier } from "./cipher_stream.ts";
import { type Command, defineCommand, type OptionTable, UsageError } from "./command.ts";
import {
  type CliDeviceOptions,
  DEVICE_OPTIONS,
  deviceSchema,
  openDevice,
  tooLarge,
} from "./device.ts";
import { CliError, type Io } from "./io.ts";
import { Progress } from "./progress.ts";
import { openSink, type Sink } from "./sink.ts";
import { openSource, readAll, type Source } from "./source.ts";
import {
  BYTES_HELP,
  checkIv,
  checkKey,
  chooseAlgorithm,
  type ChosenAlgorithm,
  parseBytes,
} from "./values.ts";

const OPTIONS: OptionTable = {
  algorithm: { value: "NAME", short: "a", help: "such as aes-128-cbc or aes-256-gcm; see info" },
  key: { value: "HEX", short: "k", help: "key" },
  iv: { value: "HEX", help: "initialization vector, counter or nonce" },
  decrypt: { short: "d", help: "decrypt instead of encrypting" },
  in: { value: "FILE", short: "i", help: "input", default: "standard input" },
  out: { value: "FILE", short: "o", help: "output", default: "standard output" },
  aad: { value: "HEX", help: "additional authenticated data of an AEAD algorithm" },
  "tag-len": { value: "BYTES", help: "length of an AEAD algorithm's tag", default: "16" },
  ...DEVICE_OPTIONS,
};

const schema = deviceSchema.extend({
  algorithm: z.string(),
  key: z.string(),
  iv: z.string().default(""),
  decrypt: z.literal(true).optional(),
  in: z.string().optional(),
  out: z.string().optional(),
  aad: z.string().optional(),
  "tag-len": z.string().regex(/^\d{1,2}$/, "Want a number of bytes").optional(),
});

const DETAILS = [
  BYTES_HELP,
  "",
  "Data of any size go through in many requests with ECB, CBC and CTR. Everything else takes all",
  "data in one request, which the device's max_size bounds. No padding is added or removed: CBC and",
  "ECB take whole blocks. AEAD algorithms put the tag behind the ciphertext and expect it there.",
  "An output file appears when all has gone well, or not at all.",
].join("\n");

/** What is to be done, checked as far as it can be without a device. */
interface Job {
  readonly algorithm: ChosenAlgorithm<CipherAlgorithm | AeadAlgorithm>;
  readonly key: Uint8Array;
  readonly iv: Uint8Array;
  readonly aad: Uint8Array | undefined;
  readonly tagLen: number;
  readonly op: "encrypt" | "decrypt";
}

async function readJob(options: z.output<typeof schema>, io: Io): Promise<Job> {
  const services = [Service.CIPHER, Service.AEAD] as const;
  const algorithm = chooseAlgorithm(
    options.algorithm,
    services,
    "encrypt: see info for those that do",
  );
  const key = await parseBytes(options.key, "--key", io);
  const iv = await parseBytes(options.iv, "--iv", io);
  const aad = options.aad === undefined ? undefined : await parseBytes(options.aad, "--aad", io);
  const tagLen = Number(options["tag-len"] ?? 16);
  const { row, name } = algorithm;
  checkKey(algorithm, key);
  if (row.service === Service.CIPHER) {
    checkIv(name, [row.ivLen], iv);
    if (aad !== undefined || options["tag-len"] !== undefined) {
      throw new CliError(`Algorithm ${name} takes neither --aad nor --tag-len`);
    }
  } else {
    checkIv(name, [...row.ivLens, 16], iv);
    if (!row.tagLens.includes(tagLen)) {
      throw new CliError(`Tag of ${name} must be ${row.tagLens.join(", ")} bytes, got ${tagLen}`);
    }
  }
  return { algorithm, key, iv, aad, tagLen, op: options.decrypt === true ? "decrypt" : "encrypt" };
}

/** Bytes of source that fit into one request: the device's `max_size` bounds all its lengths. */
function maxSourceLen(device: Device, job: Job): number {
  const room = device.config.maxSize - job.iv.length - (job.aad?.length ?? 0) - 1;
  const isAead = job.algorithm.row.service === Service.AEAD;
  const tag = isAead ? job.op === "encrypt" ? -job.tagLen : job.tagLen : 0;
  return Math.max(0, Math.floor((room + tag) / 2));
}

/** Sends requests ahead of their answers and writes results in order. */
async function stream(
  source: Source,
  carrier: IvCarrier,
  chunkLen: number,
  run: (iv: Uint8Array, src: Uint8Array) => Promise<Uint8Array>,
  write: (dst: Uint8Array) => Promise<void>,
): Promise<void> {
  const running: Promise<Uint8Array>[] = [];
  const finish = async (promise: Promise<Uint8Array>) => {
    const dst = await promise;
    carrier.done(dst);
    await write(dst);
  };
  for (;;) {
    const src = await source.read(chunkLen);
    if (src.length === 0) break;
    const result = run(carrier.next(src), src);
    // One that fails after another has is not waited for any more.
    result.catch(() => {});
    running.push(result);
    const oldest = running.length >= carrier.window ? running.shift() : undefined;
    if (oldest !== undefined) await finish(oldest);
  }
  for (const result of running) await finish(result);
}

function checkBlocks({ algorithm: { name } }: Job, row: CipherAlgorithm, len: number): void {
  if (len % row.blockLen === 0) return;
  throw new CliError(
    `Length of the data must be a multiple of ${row.blockLen} bytes for ${name}, got ${len}`,
  );
}

/** A job and what it works with. */
interface Work {
  readonly job: Job;
  readonly device: Device;
  readonly source: Source;
  readonly sink: Sink;
  readonly progress: Progress;
  readonly options: CliDeviceOptions;
  readonly signal: AbortSignal;
}

/** Reads data that go into one request. */
async function readWhole({ job, device, source, options }: Work): Promise<Uint8Array> {
  const maxLen = maxSourceLen(device, job);
  const src = await readAll(source, maxLen);
  if (src !== undefined) return src;
  throw tooLarge(source.name, job.algorithm.name, maxLen, device, options);
}

async function runCipher(work: Work, row: CipherAlgorithm): Promise<void> {
  const { job: { algorithm: { name }, key, iv, op }, device, sink, signal } = work;
  await using session = await device.cipherSession({ algorithm: row.id, op, key });
  const carrier = ivCarrier(row, iv, op === "decrypt");
  if (carrier !== undefined) return await runLong(work, row, session, carrier);
  const src = await readWhole(work);
  if (src.length < row.minLen) {
    throw new CliError(`Algorithm ${name} takes at least ${row.minLen} bytes, got ${src.length}`);
  }
  await sink.write(await session.run({ iv, src }, { signal }));
}

async function runLong(
  { job, device, source, sink, progress, signal }: Work,
  row: CipherAlgorithm,
  session: CipherSession,
  carrier: IvCarrier,
): Promise<void> {
  if (source.size !== undefined) checkBlocks(job, row, source.size);
  const fitting = Math.min(carrier.maxChunkLen, maxSourceLen(device, job));
  // A counter advances by whole blocks, which are as long as the counter itself.
  const chunkLen = fitting - fitting % Math.max(row.blockLen, job.iv.length);
  if (chunkLen === 0) throw new CliError(`Device takes no block of ${job.algorithm.name}`);
  let len = 0;
  const run = (iv: Uint8Array, src: Uint8Array) => {
    len += src.length;
    checkBlocks(job, row, len);
    return session.run({ iv, src }, { signal });
  };
  await stream(source, carrier, chunkLen, run, async (dst) => {
    await sink.write(dst);
    progress.add(dst.length);
  });
}

async function runAead(work: Work, row: AeadAlgorithm): Promise<void> {
  const { job: { key, iv, aad, tagLen, op }, device, sink, signal } = work;
  const src = await readWhole(work);
  if (op === "decrypt" && src.length < tagLen) {
    throw new CliError(`Data of ${src.length} bytes are shorter than the tag of ${tagLen}`);
  }
  await using session = await device.aeadSession({ algorithm: row.id, op, key, tagLen });
  await sink.write(await session.run({ iv, aad, src }, { signal }));
}

async function run(
  options: z.output<typeof schema>,
  positionals: readonly string[],
  io: Io,
): Promise<number> {
  if (options.in !== undefined && positionals.length > 0) {
    throw new UsageError("crypt", `Input is given twice: --in ${options.in} and ${positionals[0]}`);
  }
  const job = await readJob(options, io);
  const source = await openSource(options.in ?? positionals[0], io);
  try {
    await using device = await openDevice(options, io);
    const { name, row } = job.algorithm;
    if (!device.supports(row.id, row.service)) throw new CliError(`Device does not offer ${name}`);
    const sink = await openSink(options.out, io);
    const progress = new Progress(io, source.size);
    const work = { job, device, source, sink, progress, options, signal: io.interrupted };
    try {
      if (row.service === Service.CIPHER) await runCipher(work, row);
      else await runAead(work, row);
      await sink.commit();
    } finally {
      progress.clear();
      await sink.abort();
    }
  } finally {
    await source.close();
  }
  return 0;
}

/** `ringway crypt`. */
export const crypt: Command = defineCommand({
  name: "crypt",
  summary: "Encrypt or decrypt a file or standard input",
  arguments: "[FILE]",
  maxArguments: 1,
  options: OPTIONS,
  schema,
  details: DETAILS,
  run,
});
