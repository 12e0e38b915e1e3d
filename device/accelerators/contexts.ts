/**
 * What an accelerator computes with: one context per session, holding one key schedule.
 *
 * Common to every method below:
 * - arrays may be views on shared memory and may start at any address;
 * - inputs are left as they are, and nothing is kept of them after the call;
 * - lengths have been checked by the caller against the algorithm's table;
 * - a throw is a fault of ours, never the outcome of a request.
 *
 * @module
 */

/** A cipher with its key, in one direction. */
export interface CipherContext {
  /** Whether short calls are faster when many are made in a row: those out of JavaScript are. */
  readonly inRow?: boolean;
  /**
   * Transforms `src` into `dst`.
   *
   * @param iv initialization vector or counter, as long as the algorithm wants it
   * @param src bytes to transform, a multiple of the algorithm's block
   * @param dst as long as `src`; the very same memory, or memory that does not overlap it
   */
  process(iv: Uint8Array, src: Uint8Array, dst: Uint8Array): void;
  /** Overwrites the key schedule. The context must not be used afterwards. */
  close(): void;
}

/** A hash function. */
export interface HashContext {
  /**
   * Digests `first || second` and writes the leftmost `out.length` bytes; an extendable-output
   * function produces exactly `out.length` bytes. `out` overlaps no input.
   */
  digest(first: Uint8Array, second: Uint8Array, out: Uint8Array): void;
  /** Releases what the context holds. */
  close(): void;
}

/** A message authentication code with its key. */
export interface MacContext {
  /**
   * Authenticates `first || second` and writes the leftmost `out.length` bytes of the tag. `iv` is
   * empty for an algorithm that takes none. `out` overlaps no input.
   */
  compute(iv: Uint8Array, first: Uint8Array, second: Uint8Array, out: Uint8Array): void;
  /** Overwrites the key schedule. The context must not be used afterwards. */
  close(): void;
}

/** An authenticated cipher with its key. */
export interface AeadContext {
  /** As a cipher's; of seal(). */
  readonly inRow?: boolean;
  /**
   * Encrypts `src` into `dst` and writes the leftmost `tag.length` bytes of the tag.
   * `dst` is as long as `src` and is the very same memory or does not overlap it.
   */
  seal(iv: Uint8Array, aad: Uint8Array, src: Uint8Array, dst: Uint8Array, tag: Uint8Array): void;
  /**
   * Verifies `tag` in constant time and decrypts `src` into `dst`.
   *
   * The caller passes private memory: nobody else changes `src` or `tag` meanwhile.
   *
   * @returns false when the tag does not verify; `dst` then holds nothing of the plaintext
   */
  open(iv: Uint8Array, aad: Uint8Array, src: Uint8Array, tag: Uint8Array, dst: Uint8Array): boolean;
  /** Overwrites the key schedule. The context must not be used afterwards. */
  close(): void;
}
