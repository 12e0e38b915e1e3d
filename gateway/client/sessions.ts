/**
 * Sessions: a key the device keeps, and the requests that use it.
 *
 * @module
 */

import { Service, type Service as ServiceNumber } from "../../device/wire/constants.ts";
import {
  aeadData,
  chainData,
  cipherData,
  destroySession,
  hashData,
  macData,
  type RequestFormat,
} from "../../device/wire/requests.ts";
import { type CallOptions, type ReadResult, Usage } from "./answers.ts";
import { type ChainResult, readChainResult, readDestroyed, readResult } from "./results.ts";

/** What a session needs of its device. */
export interface SessionHost {
  /** Puts a data request on a queue. Rejects once the device has been reset. */
  request<Options, Result>(
    format: RequestFormat<Options>,
    options: Options,
    read: ReadResult<Options, Result>,
    call: CallOptions | undefined,
    usage: Usage,
  ): Promise<Result>;
  /** Puts a request on the control queue. Rejects once the device has been reset. */
  control<Options, Result>(
    format: RequestFormat<Options>,
    options: Options,
    read: ReadResult<Options, Result>,
  ): Promise<Result>;
}

/** What all sessions have. */
abstract class Session {
  /** `session_id` on the wire. */
  readonly id: number;
  readonly #service: ServiceNumber;
  readonly #usage = new Usage();
  #closed: Promise<void> | undefined;
  protected readonly host: SessionHost;

  constructor(host: SessionHost, service: ServiceNumber, id: number) {
    this.host = host;
    this.#service = service;
    this.id = id;
  }

  /**
   * Destroys the session when its unanswered requests are answered; the device overwrites the key.
   * Calling it again gives the same promise.
   *
   * @throws CryptoError when the device does not know the session any more
   */
  close(): Promise<void> {
    return this.#closed ??= this.#destroy();
  }

  /** Closes the session at the end of an `await using` block. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  protected request<Options, Result>(
    format: RequestFormat<Options>,
    options: Options,
    read: ReadResult<Options, Result>,
    call: CallOptions | undefined,
  ): Promise<Result> {
    if (this.#closed !== undefined) return Promise.reject(new Error("Session is closed"));
    return this.host.request(format, options, read, call, this.#usage);
  }

  async #destroy(): Promise<void> {
    await this.#usage.idle();
    const options = { service: this.#service, sessionId: this.id };
    await this.host.control(destroySession, options, readDestroyed);
  }
}

/** One request of a cipher session. Lengths are the algorithm's (wire.md, "Algorithms"). */
export interface CipherRunOptions {
  /** Initialization vector or counter; absent for an algorithm that takes none. */
  readonly iv?: Uint8Array;
  readonly src: Uint8Array;
}

/** A cipher with its key, in one direction. */
export class CipherSession extends Session {
  readonly #op: number;

  constructor(host: SessionHost, id: number, op: number) {
    super(host, Service.CIPHER, id);
    this.#op = op;
  }

  /** Encrypts or decrypts `src`; the result is as long. */
  run(options: CipherRunOptions, call?: CallOptions): Promise<Uint8Array> {
    const { iv, src } = options;
    const request = { sessionId: this.id, op: this.#op, iv, src };
    return this.request(cipherData, request, readResult, call);
  }
}

/** One request of a chain session. Offsets and lengths are bytes of `src`. */
export interface ChainRunOptions extends CipherRunOptions {
  /** Goes into the digest in front of the region; starts with the iv of a MAC that takes one. */
  readonly aad?: Uint8Array;
  /** First byte ciphered; 0 by default. */
  readonly cipherStartSrcOffset?: number;
  /** Bytes ciphered; all from the offset by default. */
  readonly lenToCipher?: number;
  /** First byte hashed; 0 by default. */
  readonly hashStartSrcOffset?: number;
  /** Bytes hashed; all from the offset by default. */
  readonly lenToHash?: number;
  /** Bytes of digest; the session's by default. */
  readonly hashResultLen?: number;
}

/** A cipher chained with a hash or MAC. */
export class ChainSession extends Session {
  readonly #op: number;
  readonly #hashResultLen: number;

  constructor(host: SessionHost, id: number, op: number, hashResultLen: number) {
    super(host, Service.CIPHER, id);
    this.#op = op;
    this.#hashResultLen = hashResultLen;
  }

  /** Ciphers a region of `src`, digests a region, and yields both. */
  run(options: ChainRunOptions, call?: CallOptions): Promise<ChainResult> {
    const hashResultLen = options.hashResultLen ?? this.#hashResultLen;
    const request = { ...options, sessionId: this.id, op: this.#op, hashResultLen };
    return this.request(chainData, request, readChainResult, call);
  }
}

/** One request of a hash session. */
export interface HashRunOptions {
  readonly src: Uint8Array;
  /** Bytes of digest, the leftmost ones; the session's by default. */
  readonly hashResultLen?: number;
}

/** A hash function. */
export class HashSession extends Session {
  readonly #hashResultLen: number;

  constructor(host: SessionHost, id: number, hashResultLen: number) {
    super(host, Service.HASH, id);
    this.#hashResultLen = hashResultLen;
  }

  /** Digests `src`. */
  run(options: HashRunOptions, call?: CallOptions): Promise<Uint8Array> {
    const hashResultLen = options.hashResultLen ?? this.#hashResultLen;
    const request = { sessionId: this.id, src: options.src, hashResultLen };
    return this.request(hashData, request, readResult, call);
  }
}

/** One request of a MAC session. */
export interface MacRunOptions extends HashRunOptions {
  /** For a MAC that takes an iv. */
  readonly iv?: Uint8Array;
}

/** A message authentication code with its key. */
export class MacSession extends Session {
  readonly #hashResultLen: number;

  constructor(host: SessionHost, id: number, hashResultLen: number) {
    super(host, Service.MAC, id);
    this.#hashResultLen = hashResultLen;
  }

  /** Authenticates `src`. */
  run(options: MacRunOptions, call?: CallOptions): Promise<Uint8Array> {
    const { iv, src } = options;
    const hashResultLen = options.hashResultLen ?? this.#hashResultLen;
    const request = { sessionId: this.id, iv, src, hashResultLen };
    return this.request(macData, request, readResult, call);
  }
}

/** One request of an AEAD session. */
export interface AeadRunOptions {
  readonly iv: Uint8Array;
  readonly aad?: Uint8Array;
  /** Plaintext to encrypt, or ciphertext and tag to decrypt. */
  readonly src: Uint8Array;
}

/** An authenticated cipher with its key, in one direction. */
export class AeadSession extends Session {
  readonly #op: number;
  readonly #tagLen: number;

  constructor(host: SessionHost, id: number, op: number, tagLen: number) {
    super(host, Service.AEAD, id);
    this.#op = op;
    this.#tagLen = tagLen;
  }

  /**
   * Encrypts `src` to ciphertext and tag, or verifies and decrypts those.
   *
   * @throws CryptoError with status BADMSG when the tag does not verify
   */
  run(options: AeadRunOptions, call?: CallOptions): Promise<Uint8Array> {
    const { iv, aad, src } = options;
    const request = { sessionId: this.id, op: this.#op, iv, aad, src, tagLen: this.#tagLen };
    return this.request(aeadData, request, readResult, call);
  }
}
