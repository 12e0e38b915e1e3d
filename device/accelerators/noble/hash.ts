/**
 * Hash functions and HMAC of @noble/hashes.
 *
 * @module
 */

import { hmac } from "@noble/hashes/hmac.js";
import type { HashContext, MacContext } from "../contexts.ts";

// The part of noble's hash objects that is used here.
interface Hasher {
  update(data: Uint8Array): unknown;
  digest(): Uint8Array;
}

/** A hash function of noble; its full digest is computed and cut to what is asked for. */
export class NobleHash implements HashContext {
  readonly #create: () => Hasher;

  constructor(create: () => Hasher) {
    this.#create = create;
  }

  digest(first: Uint8Array, second: Uint8Array, out: Uint8Array): void {
    const hasher = this.#create();
    hasher.update(first);
    if (second.length > 0) hasher.update(second);
    const digest = hasher.digest();
    out.set(digest.length === out.length ? digest : digest.subarray(0, out.length));
  }

  close(): void {}
}

/** An extendable-output function of noble: as many bytes as are asked for. */
export class NobleXof implements HashContext {
  readonly #create: (dkLen: number) => Hasher;

  constructor(create: (dkLen: number) => Hasher) {
    this.#create = create;
  }

  digest(first: Uint8Array, second: Uint8Array, out: Uint8Array): void {
    const hasher = this.#create(out.length);
    hasher.update(first);
    if (second.length > 0) hasher.update(second);
    out.set(hasher.digest());
  }

  close(): void {}
}

// The part of noble's HMAC that is used here; its own type wraps every argument in helper types that
// do not fit each other.
interface KeyedHasher extends Hasher {
  _cloneInto(to?: KeyedHasher): KeyedHasher;
  destroy(): void;
}

/** HMAC (RFC 2104) with a key whose two padded blocks have been absorbed once. */
export class NobleHmac implements MacContext {
  readonly #keyed: KeyedHasher;
  // Takes the state of #keyed for each request: no key block is hashed again.
  #running: KeyedHasher;

  constructor(hash: Parameters<typeof hmac.create>[0], key: Uint8Array) {
    this.#keyed = hmac.create(hash, key) as unknown as KeyedHasher;
    this.#running = this.#keyed._cloneInto();
  }

  compute(_iv: Uint8Array, first: Uint8Array, second: Uint8Array, out: Uint8Array): void {
    const running = this.#keyed._cloneInto(this.#running);
    this.#running = running;
    running.update(first);
    if (second.length > 0) running.update(second);
    const tag = running.digest();
    out.set(tag.length === out.length ? tag : tag.subarray(0, out.length));
    tag.fill(0);
  }

  close(): void {
    this.#keyed.destroy();
    this.#running.destroy();
  }
}
