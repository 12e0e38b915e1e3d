/**
 * Feature bits, as names and as the two 32-bit words the registers have.
 *
 * @module
 */

import { CryptoFeature, VirtioFeature } from "../../device/wire/constants.ts";
import { FeatureError } from "./errors.ts";

/** A feature of crypto devices: `VIRTIO_CRYPTO_F_*`. */
export type CryptoFeatureName = keyof typeof CryptoFeature;
/** Any feature: `VIRTIO_CRYPTO_F_*` or `VIRTIO_F_*`. */
export type FeatureName = CryptoFeatureName | keyof typeof VirtioFeature;

const BITS: ReadonlyMap<FeatureName, number> = new Map(
  Object.entries({ ...CryptoFeature, ...VirtioFeature }) as [FeatureName, number][],
);

/** Names of the features whose bits are set; bits without a name are left out. */
export function featureNames(low: number, high: number): Set<FeatureName> {
  const names = new Set<FeatureName>();
  for (const [name, bit] of BITS) {
    if (((bit < 32 ? low : high) >>> (bit & 31) & 1) === 1) names.add(name);
  }
  return names;
}

/** The two words of a set of features. */
export function featureWords(names: Iterable<FeatureName>): { low: number; high: number } {
  const words = [0, 0];
  for (const name of names) {
    const bit = BITS.get(name);
    if (bit === undefined) throw new FeatureError(`Unknown feature ${name}`);
    words[bit >>> 5] |= 1 << (bit & 31);
  }
  return { low: words[0] >>> 0, high: words[1] >>> 0 };
}

/**
 * What to accept of what a device offers: everything, or VERSION_1 and those wanted. The features of
 * VIRTIO's rings are not missed: the rings are the gateway's.
 *
 * @throws FeatureError for a wanted one that is not offered, and for a device without VERSION_1
 */
export function chooseFeatures(
  offered: ReadonlySet<FeatureName>,
  wanted: Iterable<CryptoFeatureName> | undefined,
): Set<FeatureName> {
  if (!offered.has("VERSION_1")) throw new FeatureError("Device does not offer VERSION_1");
  if (wanted === undefined) return new Set(offered);
  const chosen = new Set<FeatureName>(["VERSION_1"]);
  for (const name of wanted) {
    if (!offered.has(name)) throw new FeatureError(`Device does not offer ${name}`);
    chosen.add(name);
  }
  return chosen;
}
