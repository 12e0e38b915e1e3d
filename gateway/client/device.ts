/**
 * A crypto device at the other end of a connection.
 *
 * @module
 */

import { Service, type Service as ServiceNumber } from "../../device/wire/constants.ts";
import { parseName } from "../../device/wire/names.ts";
import {
  aeadStateless,
  chainStateless,
  cipherStateless,
  createAeadSession,
  createChainSession,
  createCipherSession,
  createHashSession,
  createMacSession,
  hashStateless,
  macStateless,
  type RequestFormat,
} from "../../device/wire/requests.ts";
import type { AlgorithmSpec } from "./algorithms.ts";
import type { CallOptions, ReadResult } from "./answers.ts";
import { type DeviceConfig, offers } from "./config.ts";
import { FeatureError } from "./errors.ts";
import type { CryptoFeatureName, FeatureName } from "./features.ts";
import { type DeviceOptions, Link } from "./link.ts";
import { rawRequest } from "./raw_request.ts";
import {
  type ChainResult,
  readChainResult,
  readResult,
  readWritten,
  type SubmitResult,
} from "./results.ts";
import { AeadSession, ChainSession, CipherSession, HashSession, MacSession } from "./sessions.ts";
import {
  type AeadOptions,
  aeadRequest,
  type AeadSpec,
  aeadSpec,
  type ChainOptions,
  chainRequest,
  type ChainSpec,
  chainSpec,
  type CipherOptions,
  cipherRequest,
  type CipherSpec,
  cipherSpec,
  type HashOptions,
  hashRequest,
  type HashSpec,
  hashSpec,
  type MacOptions,
  macRequest,
  type MacSpec,
  macSpec,
} from "./specs.ts";
import type { Transport } from "./transport.ts";

/** The feature without which a service takes no stateless requests, by service. */
const STATELESS: readonly CryptoFeatureName[] = [
  "CIPHER_STATELESS_MODE",
  "HASH_STATELESS_MODE",
  "MAC_STATELESS_MODE",
  "AEAD_STATELESS_MODE",
];

/**
 * A crypto device: sessions and stateless requests as methods.
 *
 * What is submitted in one job and its microtasks travels in one message. Requests go to the data
 * queues in turn, and nothing is said of the order in which they are done.
 *
 * Promises reject with {@link CryptoError} when the device answers another status than OK, with
 * {@link AlgorithmError} or {@link FeatureError} when nothing was sent, with {@link RefusedError},
 * {@link NeedsResetError} or {@link ConnectionError} when the device did not get to it, and with
 * the signal's reason when aborted.
 *
 * @example
 * ```ts
 * import { connect } from "./mod.ts";
 * async function encrypt(key: Uint8Array, iv: Uint8Array, src: Uint8Array): Promise<Uint8Array> {
 *   await using device = await connect("ws://127.0.0.1:8790");
 *   const spec = { algorithm: "aes-128-cbc", op: "encrypt", key } as const;
 *   await using session = await device.cipherSession(spec);
 *   return await session.run({ iv, src });
 * }
 * ```
 */
export class Device {
  readonly #link: Link;

  private constructor(link: Link) {
    this.#link = link;
  }

  /**
   * Starts the device at the other end of a transport. On failure the transport is closed.
   *
   * @throws FeatureError when wanted features are not offered or refused
   * @throws ConnectionError when the other end is no such device
   */
  static async start(transport: Transport, options: DeviceOptions = {}): Promise<Device> {
    return new Device(await Link.start(transport, options));
  }

  /** The configuration space; read anew when the device says that it changed. */
  get config(): DeviceConfig {
    return this.#link.config;
  }

  /** The features negotiated. */
  get features(): ReadonlySet<FeatureName> {
    return this.#link.features;
  }

  /** Resolves with the seconds left when the gateway announces its end: go on elsewhere. */
  get goingAway(): Promise<number> {
    return this.#link.goingAway;
  }

  /** Resolves when the connection has ended: with an error unless `close` was called. */
  get closed(): Promise<Error | undefined> {
    return this.#link.closed;
  }

  /**
   * Whether the device offers an algorithm.
   *
   * @param algorithm a name, or a number of `service`
   */
  supports(algorithm: AlgorithmSpec, service?: ServiceNumber): boolean {
    if (typeof algorithm === "number") {
      return service !== undefined && offers(this.config, service, algorithm);
    }
    const parsed = parseName(algorithm);
    if (parsed === undefined || parsed.service !== (service ?? parsed.service)) return false;
    return offers(this.config, parsed.service, parsed.algo);
  }

  /** Opens a session of a cipher. */
  async cipherSession(spec: CipherSpec, call?: CallOptions): Promise<CipherSession> {
    const options = cipherSpec(spec);
    const { host } = this.#link;
    const id = await this.#link.create(Service.CIPHER, createCipherSession, options, call);
    return new CipherSession(host, id, options.op);
  }

  /** Opens a session of a cipher chained with a hash or MAC. */
  async chainSession(spec: ChainSpec, call?: CallOptions): Promise<ChainSession> {
    const options = chainSpec(spec);
    const { host } = this.#link;
    const id = await this.#link.create(Service.CIPHER, createChainSession, options, call);
    return new ChainSession(host, id, options.cipher.op, options.hash.hashResultLen);
  }

  /** Opens a session of a hash. */
  async hashSession(spec: HashSpec, call?: CallOptions): Promise<HashSession> {
    const options = hashSpec(spec);
    const { host } = this.#link;
    const id = await this.#link.create(Service.HASH, createHashSession, options, call);
    return new HashSession(host, id, options.hashResultLen);
  }

  /** Opens a session of a MAC. */
  async macSession(spec: MacSpec, call?: CallOptions): Promise<MacSession> {
    const options = macSpec(spec);
    const { host } = this.#link;
    const id = await this.#link.create(Service.MAC, createMacSession, options, call);
    return new MacSession(host, id, options.hashResultLen);
  }

  /** Opens a session of an AEAD algorithm. */
  async aeadSession(spec: AeadSpec, call?: CallOptions): Promise<AeadSession> {
    const options = aeadSpec(spec);
    const { host } = this.#link;
    const id = await this.#link.create(Service.AEAD, createAeadSession, options, call);
    return new AeadSession(host, id, options.op, options.tagLen);
  }

  /** Encrypts or decrypts with a key that travels along; the result is as long as `src`. */
  cipher(options: CipherOptions, call?: CallOptions): Promise<Uint8Array> {
    return this.#run(Service.CIPHER, cipherStateless, cipherRequest, options, readResult, call);
  }

  /** Ciphers and digests with keys that travel along. */
  chain(options: ChainOptions, call?: CallOptions): Promise<ChainResult> {
    return this.#run(Service.CIPHER, chainStateless, chainRequest, options, readChainResult, call);
  }

  /** Digests `src`. */
  hash(options: HashOptions, call?: CallOptions): Promise<Uint8Array> {
    return this.#run(Service.HASH, hashStateless, hashRequest, options, readResult, call);
  }

  /** Authenticates `src` with a key that travels along. */
  mac(options: MacOptions, call?: CallOptions): Promise<Uint8Array> {
    return this.#run(Service.MAC, macStateless, macRequest, options, readResult, call);
  }

  /** Encrypts `src` to ciphertext and tag, or verifies and decrypts those (BADMSG otherwise). */
  aead(options: AeadOptions, call?: CallOptions): Promise<Uint8Array> {
    return this.#run(Service.AEAD, aeadStateless, aeadRequest, options, readResult, call);
  }

  /**
   * Puts raw bytes on a queue: 0 to `config.maxDataqueues` - 1 take data requests, the next one
   * control requests.
   *
   * @param readable `R`, the device-readable bytes
   * @param writableLen bytes of `W`
   * @returns what the device wrote, whatever its status
   */
  submit(
    queue: number,
    readable: Uint8Array,
    writableLen: number,
    call?: Pick<CallOptions, "signal">,
  ): Promise<SubmitResult> {
    return this.#link.submit(queue, rawRequest, { readable, writableLen }, readWritten, call);
  }

  /**
   * Resets the device and starts it again with the same features. All its sessions end; what is
   * unanswered is rejected with {@link NeedsResetError}.
   */
  reset(signal?: AbortSignal): Promise<void> {
    return this.#link.reset(signal);
  }

  /** Ends the connection, and with it the device and its sessions. */
  close(): Promise<void> {
    return this.#link.close();
  }

  /** Closes the connection at the end of an `await using` block. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #run<Named, Options, Result>(
    service: ServiceNumber,
    format: RequestFormat<Options>,
    resolve: (named: Named) => Options,
    named: Named,
    read: ReadResult<Options, Result>,
    call: CallOptions | undefined,
  ): Promise<Result> {
    const feature = STATELESS[service];
    if (!this.features.has(feature)) {
      return Promise.reject(
        new FeatureError(`Stateless requests need ${feature}, which is not negotiated`),
      );
    }
    let options: Options;
    try {
      options = resolve(named);
    } catch (error) {
      return Promise.reject(error);
    }
    return this.#link.request(format, options, read, call);
  }
}
