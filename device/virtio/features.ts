/**
 * Feature bits and what they require (VIRTIO, "Feature Bits"; "Crypto Device", "Feature bits").
 *
 * @module
 */

import { CryptoFeature, VirtioFeature } from "../wire/constants.ts";

/** One feature the device knows. */
export interface Feature {
  /** The specification's name without `VIRTIO_F_` or `VIRTIO_CRYPTO_F_`. */
  readonly name: string;
  readonly bit: number;
  /** Bits without which a driver may not accept this one. */
  readonly requires: readonly number[];
}

/** Every feature this device can offer, in the order of their bits. */
export const FEATURES: readonly Feature[] = [
  { name: "MUX_MODE", bit: CryptoFeature.MUX_MODE, requires: [] },
  {
    name: "CIPHER_STATELESS_MODE",
    bit: CryptoFeature.CIPHER_STATELESS_MODE,
    requires: [CryptoFeature.MUX_MODE],
  },
  {
    name: "HASH_STATELESS_MODE",
    bit: CryptoFeature.HASH_STATELESS_MODE,
    requires: [CryptoFeature.MUX_MODE],
  },
  {
    name: "MAC_STATELESS_MODE",
    bit: CryptoFeature.MAC_STATELESS_MODE,
    requires: [CryptoFeature.MUX_MODE],
  },
  {
    name: "AEAD_STATELESS_MODE",
    bit: CryptoFeature.AEAD_STATELESS_MODE,
    requires: [CryptoFeature.MUX_MODE],
  },
  { name: "RING_INDIRECT_DESC", bit: VirtioFeature.RING_INDIRECT_DESC, requires: [] },
  { name: "RING_EVENT_IDX", bit: VirtioFeature.RING_EVENT_IDX, requires: [] },
  { name: "VERSION_1", bit: VirtioFeature.VERSION_1, requires: [] },
  { name: "RING_RESET", bit: VirtioFeature.RING_RESET, requires: [] },
];

/** Bits a driver must accept: without VERSION_1 it is a legacy driver, and refused. */
const MANDATORY: readonly number[] = [VirtioFeature.VERSION_1];

/** A set of feature bits, as the registers carry it: 64 bits in two 32-bit words. */
export class FeatureSet {
  /** Bits 0..31. */
  readonly low: number;
  /** Bits 32..63. */
  readonly high: number;

  constructor(low: number, high: number) {
    this.low = low >>> 0;
    this.high = high >>> 0;
  }

  /** The set of the given bit numbers. */
  static of(bits: Iterable<number>): FeatureSet {
    let low = 0;
    let high = 0;
    for (const bit of bits) {
      if (bit < 32) low |= 1 << bit;
      else high |= 1 << (bit - 32);
    }
    return new FeatureSet(low, high);
  }

  /** Whether the bit is in the set. */
  has(bit: number): boolean {
    const word = bit < 32 ? this.low : this.high;
    return ((word >>> (bit & 31)) & 1) === 1;
  }

  /** Whether every bit of `other` is in this set. */
  includes(other: FeatureSet): boolean {
    return (other.low & ~this.low) === 0 && (other.high & ~this.high) === 0;
  }

  /** 32 bits of the set as the selector of DeviceFeaturesSel asks for them. */
  word(selector: number): number {
    return selector === 0 ? this.low : selector === 1 ? this.high : 0;
  }

  /** Names of the known features in the set. */
  names(): string[] {
    return FEATURES.filter((feature) => this.has(feature.bit)).map((feature) => feature.name);
  }
}

/** All features this device can offer. */
export const ALL_FEATURES: FeatureSet = FeatureSet.of(FEATURES.map((feature) => feature.bit));

/** The feature of that name, or undefined. */
export function featureByName(name: string): Feature | undefined {
  return FEATURES.find((feature) => feature.name === name);
}

/**
 * Whether a driver may go on with what it accepted: a subset of what was offered that holds the
 * mandatory bits and, for each bit, those it requires.
 */
export function isLegalSelection(offered: FeatureSet, accepted: FeatureSet): boolean {
  if (!offered.includes(accepted)) return false;
  if (!MANDATORY.every((bit) => accepted.has(bit))) return false;
  return FEATURES.every((feature) =>
    !accepted.has(feature.bit) || feature.requires.every((bit) => accepted.has(bit))
  );
}
