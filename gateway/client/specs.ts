/**
 * Sessions and stateless requests as callers name them, and as the wire has them.
 *
 * @module
 */

import { Service } from "../../device/wire/constants.ts";
import type {
  AeadSessionOptions,
  AeadStatelessOptions,
  ChainSessionOptions,
  ChainStatelessOptions,
  CipherSessionOptions,
  CipherStatelessOptions,
  HashSessionOptions,
  HashStatelessOptions,
  MacSessionOptions,
  MacStatelessOptions,
} from "../../device/wire/requests.ts";
import {
  type AlgorithmSpec,
  type ChainDigestOptions,
  type ChainOrderName,
  directionOf,
  type Operation,
  orderOf,
  resolveAlgorithm,
  resolveDigest,
  resultLen,
} from "./algorithms.ts";
import type {
  AeadRunOptions,
  ChainRunOptions,
  CipherRunOptions,
  HashRunOptions,
  MacRunOptions,
} from "./sessions.ts";

/** A cipher with its key, in one direction. */
export interface CipherSpec {
  readonly algorithm: AlgorithmSpec;
  readonly op: Operation;
  readonly key: Uint8Array;
}

/** A cipher and a hash or MAC, one after the other. */
export interface ChainSpec {
  /** Which step comes first; the digest covers `src` in the one order, the result in the other. */
  readonly order: ChainOrderName;
  readonly cipher: CipherSpec;
  readonly hash: ChainDigestOptions;
}

/** A hash, and how much of it. */
export interface HashSpec {
  readonly algorithm: AlgorithmSpec;
  /** Bytes of digest; its full length by default, which SHAKE has not. */
  readonly hashResultLen?: number;
}

/** A MAC with its key, and how much of its tag. */
export interface MacSpec extends HashSpec {
  readonly authKey: Uint8Array;
}

/** An AEAD algorithm with its key, in one direction. */
export interface AeadSpec extends CipherSpec {
  /** Bytes of tag, 16 by default. */
  readonly tagLen?: number;
}

/** A stateless cipher request. */
export interface CipherOptions extends CipherSpec, CipherRunOptions {}
/** A stateless chain request. */
export interface ChainOptions extends ChainSpec, Omit<ChainRunOptions, "hashResultLen"> {}
/** A stateless hash request. */
export interface HashOptions extends HashSpec, HashRunOptions {}
/** A stateless MAC request. */
export interface MacOptions extends MacSpec, MacRunOptions {}
/** A stateless AEAD request. */
export interface AeadOptions extends AeadSpec, AeadRunOptions {}

/** Bytes of tag where none are asked for. */
const FULL_TAG_LEN = 16;

/** The wire's form of a cipher. Throws AlgorithmError, as all of these do. */
export function cipherSpec(spec: CipherSpec): CipherSessionOptions {
  const { algorithm, key } = spec;
  const algo = resolveAlgorithm(algorithm, Service.CIPHER, key.length);
  return { algo, op: directionOf(spec.op), key };
}

/** The wire's form of a chain. */
export function chainSpec(spec: ChainSpec): ChainSessionOptions {
  const hash = resolveDigest(spec.hash);
  const algChainOrder = orderOf(spec.order);
  return { algChainOrder, hashMode: hash.hashMode, cipher: cipherSpec(spec.cipher), hash };
}

/** The wire's form of a hash. */
export function hashSpec(spec: HashSpec): HashSessionOptions {
  const algo = resolveAlgorithm(spec.algorithm, Service.HASH);
  return { algo, hashResultLen: resultLen(Service.HASH, algo, spec.hashResultLen) };
}

/** The wire's form of a MAC. */
export function macSpec(spec: MacSpec): MacSessionOptions {
  const { algorithm, authKey } = spec;
  const algo = resolveAlgorithm(algorithm, Service.MAC, authKey.length);
  return { algo, hashResultLen: resultLen(Service.MAC, algo, spec.hashResultLen), authKey };
}

/** The wire's form of an AEAD algorithm. */
export function aeadSpec(spec: AeadSpec): AeadSessionOptions {
  const { algorithm, key, tagLen = FULL_TAG_LEN } = spec;
  const algo = resolveAlgorithm(algorithm, Service.AEAD, key.length);
  return { algo, op: directionOf(spec.op), key, tagLen };
}

/** The wire's form of a stateless cipher request. */
export function cipherRequest(options: CipherOptions): CipherStatelessOptions {
  const { algorithm, key, iv, src } = options;
  const algo = resolveAlgorithm(algorithm, Service.CIPHER, key.length);
  return { algo, op: directionOf(options.op), key, iv, src };
}

/** The wire's form of a stateless chain request. */
export function chainRequest(options: ChainOptions): ChainStatelessOptions {
  const { order: _order, cipher: _cipher, hash: _hash, ...data } = options;
  const { algChainOrder, hashMode, cipher, hash } = chainSpec(options);
  return {
    ...data,
    algChainOrder,
    hashMode,
    cipherAlgo: cipher.algo,
    op: cipher.op,
    key: cipher.key,
    hashAlgo: hash.algo,
    authKey: hash.authKey,
    hashResultLen: hash.hashResultLen,
  };
}

/** The wire's form of a stateless hash request. */
export function hashRequest(options: HashOptions): HashStatelessOptions {
  const { algo, hashResultLen } = hashSpec(options);
  return { algo, src: options.src, hashResultLen };
}

/** The wire's form of a stateless MAC request. */
export function macRequest(options: MacOptions): MacStatelessOptions {
  const { algo, hashResultLen } = macSpec(options);
  return { algo, authKey: options.authKey, iv: options.iv, src: options.src, hashResultLen };
}

/** The wire's form of a stateless AEAD request. */
export function aeadRequest(options: AeadOptions): AeadStatelessOptions {
  const { algorithm, key, iv, aad, src, tagLen = FULL_TAG_LEN } = options;
  const algo = resolveAlgorithm(algorithm, Service.AEAD, key.length);
  return { algo, op: directionOf(options.op), key, iv, aad, src, tagLen };
}
