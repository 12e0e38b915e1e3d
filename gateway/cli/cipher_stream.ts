/**
 * Long data through a cipher in many requests: what one request hands to the next.
 *
 * @module
 */

import type { CipherAlgorithm } from "../../device/mod.ts";

/** The iv of each request of a stream, and whether requests may overtake their answers. */
export interface IvCarrier {
  /** Most requests unanswered at a time. */
  readonly window: number;
  /** Most bytes of one request. */
  readonly maxChunkLen: number;
  /** The iv of the request for `src`, called in the order of the data. */
  next(src: Uint8Array): Uint8Array;
  /** The request's result, called before `next` where the window is 1. */
  done(dst: Uint8Array): void;
}

/** Requests in flight where they do not depend on each other's results. */
const WINDOW = 16;
/** Bytes of one request where many are in flight. */
const CHUNK_LEN = 256 * 1024;
/** Bytes of one request where each waits for the one before: longer, so that fewer waits add up. */
const SERIAL_CHUNK_LEN = 1024 * 1024;

/** Adds to a big-endian counter that wraps at its width. */
export function addToCounter(counter: Uint8Array, numBlocks: number): Uint8Array {
  const sum = counter.slice();
  let carry = numBlocks;
  for (let i = sum.length - 1; i >= 0 && carry > 0; i--) {
    const digit = sum[i] + carry;
    sum[i] = digit % 256;
    carry = Math.floor(digit / 256);
  }
  return sum;
}

/** ECB: every block stands for itself. */
class Independent implements IvCarrier {
  readonly window = WINDOW;
  readonly maxChunkLen = CHUNK_LEN;
  readonly #iv: Uint8Array;

  constructor(iv: Uint8Array) {
    this.#iv = iv;
  }

  next(): Uint8Array {
    return this.#iv;
  }

  done(): void {}
}

/** CTR: the counter is known before the data are. */
class Counter implements IvCarrier {
  readonly window = WINDOW;
  readonly maxChunkLen = CHUNK_LEN;
  #counter: Uint8Array;

  constructor(counter: Uint8Array) {
    this.#counter = counter;
  }

  next(src: Uint8Array): Uint8Array {
    const iv = this.#counter;
    this.#counter = addToCounter(iv, Math.ceil(src.length / iv.length));
    return iv;
  }

  done(): void {}
}

/** CBC decryption: the next iv is the last block of ciphertext, which is there already. */
class CbcDecryption implements IvCarrier {
  readonly window = WINDOW;
  readonly maxChunkLen = CHUNK_LEN;
  #iv: Uint8Array;

  constructor(iv: Uint8Array) {
    this.#iv = iv;
  }

  next(src: Uint8Array): Uint8Array {
    const iv = this.#iv;
    this.#iv = src.slice(-iv.length);
    return iv;
  }

  done(): void {}
}

/** CBC encryption: the next iv is the last block of the result. */
class CbcEncryption implements IvCarrier {
  readonly window = 1;
  readonly maxChunkLen = SERIAL_CHUNK_LEN;
  #iv: Uint8Array;

  constructor(iv: Uint8Array) {
    this.#iv = iv;
  }

  next(): Uint8Array {
    return this.#iv;
  }

  done(dst: Uint8Array): void {
    if (dst.length > 0) this.#iv = dst.slice(-this.#iv.length);
  }
}

/**
 * How long data go through a cipher; undefined for one whose state cannot be carried from request
 * to request (stream ciphers, XTS, F8): all its data have to go into one.
 */
export function ivCarrier(
  algorithm: CipherAlgorithm,
  iv: Uint8Array,
  decrypt: boolean,
): IvCarrier | undefined {
  if (algorithm.name.endsWith("_ECB")) return new Independent(iv);
  if (algorithm.name.endsWith("_CTR")) return new Counter(iv);
  if (!algorithm.name.endsWith("_CBC")) return undefined;
  return decrypt ? new CbcDecryption(iv) : new CbcEncryption(iv);
}
