/**
 * The algorithms one device offers, each with the accelerator that serves it.
 *
 * @module
 */

import { Service } from "../wire/constants.ts";
import { type AcceleratorChoice, FASTEST, suitability } from "./accelerator_choice.ts";
import {
  type AcceleratorName,
  type AeadAlgorithm,
  type Algorithm,
  type CipherAlgorithm,
  type HashAlgorithm,
  type Implementation,
  type MacAlgorithm,
  maxKeyLen,
  type OpenAead,
  type OpenCipher,
  type OpenHash,
  type OpenMac,
} from "./algorithm.ts";

/** An algorithm that is offered, and how to open a context for it. */
export interface Offered<A extends Algorithm, Open> {
  readonly algorithm: A;
  readonly accelerator: AcceleratorName;
  readonly open: Open;
}

/** Offered algorithms by number; holes are algorithms that are not. */
export type ByNumber<A extends Algorithm, Open> = readonly (Offered<A, Open> | undefined)[];

/** 64-bit mask of algorithm numbers, in two 32-bit words. */
export interface Mask {
  readonly low: number;
  readonly high: number;
}

/** What one device offers. Made once, shared by all devices with the same choice. */
export class AlgorithmSet {
  readonly cipher: ByNumber<CipherAlgorithm, OpenCipher>;
  readonly hash: ByNumber<HashAlgorithm, OpenHash>;
  readonly mac: ByNumber<MacAlgorithm, OpenMac>;
  readonly aead: ByNumber<AeadAlgorithm, OpenAead>;
  /** Masks of the configuration space, by service. */
  readonly masks: readonly Mask[];
  /** Bytes; 0 without a cipher. */
  readonly maxCipherKeyLen: number;
  /** Bytes; 0 without a MAC. */
  readonly maxAuthKeyLen: number;

  /**
   * @param algorithms each with at least one implementation
   * @param choice who serves those that several can
   */
  constructor(algorithms: readonly Algorithm[], choice: AcceleratorChoice = FASTEST) {
    const cipher: (Offered<CipherAlgorithm, OpenCipher> | undefined)[] = [];
    const hash: (Offered<HashAlgorithm, OpenHash> | undefined)[] = [];
    const mac: (Offered<MacAlgorithm, OpenMac> | undefined)[] = [];
    const aead: (Offered<AeadAlgorithm, OpenAead> | undefined)[] = [];
    for (const algorithm of algorithms) {
      switch (algorithm.service) {
        case Service.CIPHER:
          cipher[algorithm.id] = offer(algorithm, algorithm.implementations, choice);
          break;
        case Service.HASH:
          hash[algorithm.id] = offer(algorithm, algorithm.implementations, choice);
          break;
        case Service.MAC:
          mac[algorithm.id] = offer(algorithm, algorithm.implementations, choice);
          break;
        case Service.AEAD:
          aead[algorithm.id] = offer(algorithm, algorithm.implementations, choice);
          break;
      }
    }
    this.cipher = Array.from(cipher);
    this.hash = Array.from(hash);
    this.mac = Array.from(mac);
    this.aead = Array.from(aead);
    this.masks = [maskOf(cipher), maskOf(hash), maskOf(mac), maskOf(aead)];
    this.maxCipherKeyLen = longestKey([...this.cipher, ...this.aead]);
    this.maxAuthKeyLen = longestKey(this.mac);
  }

  /** Whether any algorithm of the service is offered. */
  offers(service: number): boolean {
    const { low, high } = this.masks[service];
    return low !== 0 || high !== 0;
  }

  /** Everything offered, by service and number. */
  list(): Offered<Algorithm, unknown>[] {
    const all: (Offered<Algorithm, unknown> | undefined)[] = [
      ...this.cipher,
      ...this.hash,
      ...this.mac,
      ...this.aead,
    ];
    return all.filter((offered) => offered !== undefined);
  }
}

function offer<A extends Algorithm, Open>(
  algorithm: A,
  implementations: readonly Implementation<Open>[],
  choice: AcceleratorChoice,
): Offered<A, Open> {
  const suits = ({ accelerator }: Implementation<Open>) =>
    suitability(accelerator, algorithm, choice);
  const best = implementations.reduce((a, b) => suits(b) > suits(a) ? b : a);
  return { algorithm, accelerator: best.accelerator, open: best.open };
}

function maskOf(offered: readonly (unknown | undefined)[]): Mask {
  let low = 0;
  let high = 0;
  offered.forEach((entry, id) => {
    if (entry === undefined) return;
    if (id < 32) low |= 1 << id;
    else high |= 1 << (id - 32);
  });
  return { low: low >>> 0, high: high >>> 0 };
}

function longestKey(
  offered:
    readonly (Offered<CipherAlgorithm | MacAlgorithm | AeadAlgorithm, unknown> | undefined)[],
): number {
  return offered.reduce(
    (longest, entry) =>
      entry === undefined ? longest : Math.max(longest, maxKeyLen(entry.algorithm.keyLens)),
    0,
  );
}
