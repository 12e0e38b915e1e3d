/**
 * From what a caller names to what the wire has.
 *
 * @module
 */

import {
  ChainOrder,
  Direction,
  HashMode,
  Service,
  type Service as ServiceNumber,
} from "../../device/wire/constants.ts";
import { nameOf, type ParsedName, parseName, similarNames } from "../../device/wire/names.ts";
import { fullResultLen } from "../../device/wire/result_lens.ts";
import { AlgorithmError } from "./errors.ts";

/**
 * An algorithm: its name (`"aes-128-cbc"`, `"sha-256"`; case and separators do not matter), or its
 * number, such as `CipherAlgo.AES_CBC`.
 */
export type AlgorithmSpec = string | number;
/** Direction of a cipher. */
export type Operation = "encrypt" | "decrypt";
/** Order of a chain's two steps. */
export type ChainOrderName = "cipher-then-hash" | "hash-then-cipher";

const SERVICE_NAMES = ["a cipher", "a hash", "a MAC", "an AEAD algorithm"];

/**
 * Resolves an algorithm of a service.
 *
 * @throws AlgorithmError when there is no such name, it belongs to another service, or it fixes
 * another key length than `keyLen`
 */
export function resolveAlgorithm(
  spec: AlgorithmSpec,
  service: ServiceNumber,
  keyLen?: number,
): number {
  if (typeof spec === "number") return spec;
  const parsed = requireName(spec, service);
  if (parsed.service !== service) {
    throw new AlgorithmError(
      `Algorithm ${spec} is ${SERVICE_NAMES[parsed.service]}, not ${SERVICE_NAMES[service]}`,
    );
  }
  if (keyLen !== undefined && parsed.keyLen !== undefined && parsed.keyLen !== keyLen) {
    throw new AlgorithmError(`Key of ${spec} must be ${parsed.keyLen} bytes, got ${keyLen}`);
  }
  return parsed.algo;
}

/**
 * The algorithm of a name.
 *
 * @param service the service whose names are suggested for a mistyped one; all by default
 * @throws AlgorithmError when there is none, with names that resemble it
 */
export function requireName(name: string, service?: ServiceNumber): ParsedName {
  const parsed = parseName(name);
  if (parsed !== undefined) return parsed;
  const similar = similarNames(name, service);
  const hint = similar.length > 0 ? `, did you mean ${similar.join(" or ")}?` : "";
  throw new AlgorithmError(`Unknown algorithm ${name.slice(0, 64)}${hint}`);
}

/**
 * Bytes a hash or MAC is to yield: what is asked for, or its full length.
 *
 * @throws AlgorithmError when nothing is asked of an algorithm without a full length (SHAKE)
 */
export function resultLen(service: ServiceNumber, algo: number, asked?: number): number {
  const len = asked ?? fullResultLen(service, algo);
  if (len !== undefined) return len;
  throw new AlgorithmError(
    `Result length of ${nameOf(service, algo) ?? `algorithm ${algo}`} must be given: hashResultLen`,
  );
}

/** `VIRTIO_CRYPTO_OP_*` of a direction. */
export function directionOf(op: Operation): number {
  if (op === "encrypt") return Direction.ENCRYPT;
  if (op === "decrypt") return Direction.DECRYPT;
  throw new AlgorithmError(`Operation must be encrypt or decrypt, got ${op}`);
}

/** `VIRTIO_CRYPTO_SYM_ALG_CHAIN_ORDER_*` of a chain. */
export function orderOf(order: ChainOrderName): number {
  if (order === "cipher-then-hash") return ChainOrder.CIPHER_THEN_HASH;
  if (order === "hash-then-cipher") return ChainOrder.HASH_THEN_CIPHER;
  throw new AlgorithmError(`Order must be cipher-then-hash or hash-then-cipher, got ${order}`);
}

/** The hash or MAC of a chain, as a caller names it. */
export interface ChainDigestOptions {
  /** A hash, or with `authKey` a MAC. */
  readonly algorithm: AlgorithmSpec;
  /** The MAC's key; a hash has none. */
  readonly authKey?: Uint8Array;
  /** Hash the digest once more: H(H(input)). Not for a MAC. */
  readonly nested?: boolean;
  /** Bytes of digest or tag; its full length by default. */
  readonly hashResultLen?: number;
}

/** The hash or MAC of a chain, as the wire has it. */
export interface ChainDigest {
  /** {@link HashMode}. */
  readonly hashMode: number;
  readonly algo: number;
  readonly hashResultLen: number;
  readonly authKey?: Uint8Array;
}

/** Resolves the hash or MAC of a chain. Throws as {@link resolveAlgorithm} does. */
export function resolveDigest(options: ChainDigestOptions): ChainDigest {
  const { algorithm, authKey, nested } = options;
  if (authKey === undefined) {
    const algo = resolveAlgorithm(algorithm, Service.HASH);
    return {
      hashMode: nested === true ? HashMode.NESTED : HashMode.PLAIN,
      algo,
      hashResultLen: resultLen(Service.HASH, algo, options.hashResultLen),
    };
  }
  if (nested === true) throw new AlgorithmError("Nested mode is for hashes, got an authKey");
  const algo = resolveAlgorithm(algorithm, Service.MAC, authKey.length);
  const hashResultLen = resultLen(Service.MAC, algo, options.hashResultLen);
  return { hashMode: HashMode.AUTH, algo, hashResultLen, authKey };
}
