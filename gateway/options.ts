/**
 * What a gateway can be started with, and the limits it keeps.
 *
 * Every limit has a name, a default and a reason; nothing that a client can ask for is without one.
 *
 * @module
 */

import { availableParallelism, platform } from "node:os";
import { z } from "zod";
import {
  ALGORITHMS,
  chooseAlgorithms,
  LOCAL_WORK,
  MAX_THREADS,
  parseAcceleratorChoice,
} from "../device/mod.ts";
import { errorMessage } from "./log.ts";

/** 1 KiB in bytes. */
const KIB = 1024;
/** 1 MiB in bytes. */
const MIB = 1024 * KIB;

/**
 * What a records message carries besides a request of `maxSize`: the fixed parts of the request and
 * a margin, as the protocol has it (PROTOCOL.md, "SUBMIT"), then the record's header.
 */
export const MESSAGE_OVERHEAD = 4096 + 16;

/** One fewer than cores: the sockets have one. A lone core is shared. */
function defaultThreads(): number {
  return Math.max(1, Math.min(MAX_THREADS, availableParallelism() - 1));
}

/** Most listeners of a gateway. */
const MAX_LISTENERS = 64;

const DEFAULT_MAX_MESSAGE = 16 * MIB;

const count = (min: number, max: number) => z.number().int().min(min).max(max);

/**
 * Schema of {@link ServeOptions}. Unknown names are refused, so that a misspelt limit is not
 * silently the default.
 */
export const serveOptionsSchema = z.strictObject({
  /** Address or name to listen on. Anything but loopback needs TLS and tokens. */
  host: z.string().min(1).default("127.0.0.1"),
  /** TCP port; 0 for any free one. */
  port: count(0, 65535).default(8790),
  /**
   * Threads that read sockets, each with a listener of its own on the same port; more than 1 on Linux only.
   * With 1, 2 and 3, on two cores that the clients had a part of: 64 connections of lone 64 B requests
   * 22,400, 30,400 and 30,900 requests/s (p99 15, 10 and 8 ms), 16 of 64 KiB requests 7,300, 7,900 and
   * 8,200, 16 of 16 KiB requests computed by noble 3,600, 5,400 and 5,100; one request alone 42, 38 and 41
   * us (median); CPU time per request is the same. Each but the first takes 39 MB, and a call for an HTTP
   * device of another listener takes 0.4 ms more. So further ones pay where one core does not keep up with
   * its sockets, and others are idle.
   */
  listeners: count(1, MAX_LISTENERS).superRefine((num, context) => {
    checkBy(() => checkListeners(num, platform()), context);
  }).default(1),
  /** Data queues of every device. More let a client keep streams of requests apart. */
  queues: count(1, 64).default(4),
  /** `max_size` of every device in bytes: bounds one request, and so the memory one can ask for. */
  maxSize: count(1, 256 * MIB).default(4 * MIB),
  /** Sessions of one device. Each holds a key schedule of some KiB. */
  maxSessions: count(1, 1_000_000).default(1024),
  /** Algorithms offered: `all`, `modern` (those without a known weakness), or a list of names. */
  algorithms: z.string().superRefine(checkChoice).default("all"),
  /**
   * Accelerators preferred, such as `noble` or `aes-gcm=noble,libcrypto`. Without it the fastest that
   * is there serves each algorithm.
   */
  accelerator: z.string().superRefine(checkAccelerator).optional(),
  /** Path of OpenSSL 3's libcrypto, where it is not in one of the usual places. */
  libcrypto: z.string().min(1).optional(),
  /** Form of the stateless CIPHER body: v19's 80 bytes or virtio 1.1's 76. */
  layout: z.enum(["v19", "1.1"]).default("v19"),
  /**
   * Bytes of one WebSocket message and of one HTTP body. Bounds what one peer can make the gateway
   * hold before anything is executed; room for a few of the largest requests in one batch. Grows with
   * `maxSize` unless it is given.
   */
  maxMessage: count(KIB, 1024 * MIB).default(DEFAULT_MAX_MESSAGE),
  /** WebSocket connections, and with them devices, at a time. Bounds file descriptors and memory. */
  maxConnections: count(1, 1_000_000).default(1024),
  /** Devices made over HTTP at a time. They outlive their calls, so there are fewer. */
  maxDevices: count(1, 1_000_000).default(256),
  /** Records of one device unanswered, or answered and not yet sent, before reading stops. */
  maxRecords: count(1, 1_000_000).default(4096),
  /** The same in bytes. Bounds what a client that submits and never reads can make grow. */
  maxUnansweredBytes: count(64 * KIB, 4096 * MIB).default(64 * MIB),
  /**
   * Seconds a WebSocket peer may stay silent. A ping is sent before that; a peer that answers lives
   * on, one that is gone is closed. 300 s is within the patience of most middleboxes.
   */
  idleTimeout: count(1, 86_400).default(300),
  /** Seconds after its last call until an HTTP device is reset and gone with its keys. */
  deviceIdle: count(1, 86_400).default(60),
  /**
   * Threads for requests too slow to be run where they arrive; 0: all are run there. One client at
   * the slowest requests of 4 MiB: `GET /healthz` takes 14 ms (p99) with 1, 5.8 s with 0, of 60 MiB
   * 18 ms with 1 and 16 ms with 2, on two cores that the clients had a part of. Two threads serve two
   * queues 1.8 times as fast as one (1 MiB of KASUMI).
   */
  threads: count(0, MAX_THREADS).default(defaultThreads),
  /** Microseconds of work that run where they arrive, without a thread; 0: all goes to threads. */
  localWork: count(0, 1_000_000).default(LOCAL_WORK),
  /** Origins of web pages, such as `https://app.example`, that may use this gateway. */
  origins: z.array(z.string().transform(parseOrigin)).default([]),
  /** Path of the tokens file; without one every client that gets through may use the gateway. */
  tokens: z.string().min(1).optional(),
  /** Path of the certificate chain, PEM. */
  tlsCert: z.string().min(1).optional(),
  /** Path of the certificate's private key, PEM. */
  tlsKey: z.string().min(1).optional(),
  /** Listen beyond loopback without TLS or tokens. For closed networks only. */
  insecure: z.boolean().default(false),
  /** Paths of Unix sockets for virtual machines whose memory can never be truncated. */
  vhostUser: z.array(z.string().min(1)).default([]),
  /** The same for any memory: each machine is served by a process of its own, which may die with it. */
  vhostUserUnsealed: z.array(z.string().min(1)).default([]),
  /**
   * Connect to ourselves over 127.0.0.1, at any port: pauses of a busy thread then take 30 us instead of 1 to 2 ms.
   * For a process that has the permission: in one that asks for permissions or refuses them it is fatal.
   */
  selfConnection: z.boolean().default(false),
  /** For conformance tests: a device breaks its own ring at this many requests. */
  testBreakRing: count(1, 2 ** 31).optional(),
}).refine((options) => options.maxMessage >= options.maxSize + MESSAGE_OVERHEAD, {
  path: ["maxMessage"],
  error: `Must be at least maxSize + ${MESSAGE_OVERHEAD}, or the largest request cannot be sent`,
}).refine((options) => (options.tlsCert === undefined) === (options.tlsKey === undefined), {
  path: ["tlsKey"],
  error: "Certificate and key are given together or not at all",
});

/** Options of a gateway with all defaults filled in. */
export type ServeOptions = z.output<typeof serveOptionsSchema>;
/** Options of a gateway as a caller gives them: everything may be left out. */
export type ServeOptionsInput = z.input<typeof serveOptionsSchema>;

/** An option has a value that cannot be. The message names it. */
export class OptionError extends Error {
  /** Name of the option in {@link ServeOptions}. */
  readonly option: string;

  constructor(option: string, message: string) {
    super(message);
    this.name = "OptionError";
    this.option = option;
  }
}

/**
 * Checks options and fills in the defaults.
 *
 * @throws OptionError for the first value that cannot be
 *
 * @example
 * ```ts
 * import { parseServeOptions } from "./options.ts";
 * parseServeOptions({ port: 0 }).host; // "127.0.0.1"
 * ```
 */
export function parseServeOptions(input: ServeOptionsInput): ServeOptions {
  const { maxSize, maxMessage } = input;
  // A larger maxSize alone is enough: room for its messages comes with it.
  const needed = typeof maxSize === "number" ? maxSize + MESSAGE_OVERHEAD : 0;
  const isRaised = maxMessage === undefined && needed > DEFAULT_MAX_MESSAGE;
  const result = serveOptionsSchema.safeParse(isRaised ? { ...input, maxMessage: needed } : input);
  if (result.success) return result.data;
  const issue = result.error.issues[0];
  const option = issue.code === "unrecognized_keys" ? issue.keys[0] : issue.path.join(".");
  throw new OptionError(option, `Invalid option ${option}: ${issue.message}`);
}

const SIZE = /^(\d{1,15})([KMG]?)$/i;
const FACTORS: Record<string, number> = { "": 1, K: KIB, M: MIB, G: 1024 * MIB };

/**
 * Reads a size such as `65536`, `64K`, `4M` or `1G`, in powers of 1,024.
 *
 * @throws OptionError when the text is not a size
 *
 * @example
 * ```ts
 * import { parseSize } from "./options.ts";
 * parseSize("4M"); // 4194304
 * ```
 */
export function parseSize(text: string): number {
  const match = SIZE.exec(text);
  const size = match === null ? NaN : Number(match[1]) * FACTORS[match[2].toUpperCase()];
  if (!Number.isSafeInteger(size)) {
    throw new OptionError("size", `Invalid size, want bytes or a number with K, M or G: ${text}`);
  }
  return size;
}

/**
 * Whether a system can have so many listeners on one port and divide connections among them.
 *
 * @param system as `os.platform()` has it
 * @throws Error when it cannot
 */
export function checkListeners(num: number, system: string): void {
  if (num === 1 || system === "linux") return;
  throw new Error(`Only Linux divides connections among listeners, want 1 on ${system}: ${num}`);
}

/** Whether names of algorithms are names of algorithms. */
function checkChoice(choice: string, context: z.RefinementCtx): void {
  checkBy(() => chooseAlgorithms(ALGORITHMS, choice), context);
}

/** Whether accelerators are accelerators, of the algorithms they are named for. */
function checkAccelerator(choice: string, context: z.RefinementCtx): void {
  checkBy(() => parseAcceleratorChoice(ALGORITHMS, choice), context);
}

function checkBy(parse: () => unknown, context: z.RefinementCtx): void {
  try {
    parse();
  } catch (error) {
    context.addIssue({ code: "custom", message: errorMessage(error) });
  }
}

/** An origin in the form in which browsers send it. */
function parseOrigin(text: string, context: z.RefinementCtx): string {
  const url = URL.canParse(text) ? new URL(text) : null;
  const isOrigin = url !== null && (url.protocol === "http:" || url.protocol === "https:") &&
    url.pathname === "/" && url.search === "" && url.hash === "" && url.username === "";
  if (isOrigin) return url.origin;
  context.addIssue({
    code: "custom",
    message: `Not an origin such as https://app.example: ${text}`,
  });
  return z.NEVER;
}
