/**
 * What an algorithm is: a row of facts, and who can compute it.
 *
 * Everything that can be derived from these rows is derived: the configuration space's masks and
 * maxima, the checks of key, iv and tag lengths, the device's description, the README's table.
 *
 * @module
 */

import type {
  AeadContext,
  CipherContext,
  HashContext,
  MacContext,
} from "../accelerators/contexts.ts";
import type { Service } from "../wire/constants.ts";

/** Who computes: `libcrypto` (OpenSSL), `noble` (JavaScript libraries), `typescript` (our own code). */
export type AcceleratorName = "libcrypto" | "noble" | "typescript";

/** Legal key lengths in bytes: a list, or an inclusive range. */
export type KeyLens = readonly number[] | { readonly min: number; readonly max: number };

/** One accelerator's way to open a context. */
export interface Implementation<Open> {
  readonly accelerator: AcceleratorName;
  readonly open: Open;
}

/** One request whose answer is known, in hex: the self-test at start runs it. */
export interface KnownAnswer {
  readonly key?: string;
  readonly iv?: string;
  readonly aad?: string;
  readonly src: string;
  /** Ciphertext, digest, tag, or ciphertext and tag. */
  readonly result: string;
}

interface AlgorithmBase<Id extends Service> {
  readonly service: Id;
  /** Number of the algorithm: its value on the wire and its bit in the configuration's mask. */
  readonly id: number;
  /** The specification's constant without its prefix, such as `AES_CBC`. */
  readonly name: string;
  /** The document that defines the algorithm. */
  readonly standard: string;
  /** Why new designs avoid it; absent for algorithms in good standing. */
  readonly weakness?: string;
  /** From the standard's own examples where it has some. */
  readonly knownAnswer: KnownAnswer;
}

/** Opens a cipher context; `decrypt` fixes its direction. The key is not kept. */
export type OpenCipher = (key: Uint8Array, decrypt: boolean) => CipherContext;

/** A row of the CIPHER service. */
export interface CipherAlgorithm extends AlgorithmBase<typeof Service.CIPHER> {
  readonly keyLens: KeyLens;
  /** Bytes of the iv or counter; 0 for none. */
  readonly ivLen: number;
  /** Source lengths are multiples of this many bytes. */
  readonly blockLen: number;
  /** Shortest source in bytes. */
  readonly minLen: number;
  /** Refuses keys of legal length that the standard forbids. */
  readonly acceptsKey?: (key: Uint8Array) => boolean;
  readonly implementations: readonly Implementation<OpenCipher>[];
}

/** Opens a hash context. */
export type OpenHash = () => HashContext;

/** A row of the HASH service. */
export interface HashAlgorithm extends AlgorithmBase<typeof Service.HASH> {
  /** Longest result in bytes: the digest, or what an extendable-output function may be asked for. */
  readonly maxResultLen: number;
  /** Bytes of the digest that NESTED mode hashes again. */
  readonly innerLen: number;
  readonly implementations: readonly Implementation<OpenHash>[];
}

/** Opens a MAC context. The key is not kept. */
export type OpenMac = (key: Uint8Array) => MacContext;

/** A row of the MAC service. */
export interface MacAlgorithm extends AlgorithmBase<typeof Service.MAC> {
  readonly keyLens: KeyLens;
  /** Bytes of the full tag; shorter results are its leftmost bytes. */
  readonly maxResultLen: number;
  /** Bytes of iv in front of the data; 0 for none. */
  readonly ivLen: number;
  readonly implementations: readonly Implementation<OpenMac>[];
}

/** Opens an AEAD context. The key is not kept. */
export type OpenAead = (key: Uint8Array) => AeadContext;

/** A row of the AEAD service. */
export interface AeadAlgorithm extends AlgorithmBase<typeof Service.AEAD> {
  readonly keyLens: KeyLens;
  readonly ivLens: readonly number[];
  readonly tagLens: readonly number[];
  /** Where the nonce starts in a 16-byte iv field (CCM keeps its first byte for flags). */
  readonly paddedIvOffset: number;
  /** Longest plaintext in bytes for an iv of this length. */
  readonly maxPlaintextLen: (ivLen: number) => number;
  readonly implementations: readonly Implementation<OpenAead>[];
}

/** A row of any service. */
export type Algorithm = CipherAlgorithm | HashAlgorithm | MacAlgorithm | AeadAlgorithm;

/**
 * Whether a key of `len` bytes is legal.
 *
 * @example
 * ```ts
 * import { acceptsKeyLen } from "./algorithm.ts";
 * acceptsKeyLen([16, 24, 32], 24); // true
 * acceptsKeyLen({ min: 1, max: 256 }, 0); // false
 * ```
 */
export function acceptsKeyLen(keyLens: KeyLens, len: number): boolean {
  return "min" in keyLens ? len >= keyLens.min && len <= keyLens.max : keyLens.includes(len);
}

/** The longest legal key in bytes. */
export function maxKeyLen(keyLens: KeyLens): number {
  return "min" in keyLens ? keyLens.max : Math.max(...keyLens);
}
