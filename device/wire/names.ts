/**
 * Names of algorithms for people: `aes-128-cbc`, `sha-256`, `hmac-sha-256`, `snow3g-uea2`.
 *
 * A name is the specification's constant in lower case with `-`, and the key's bits behind `aes`
 * (or at the end). It is derived from the constants by rule, so a new constant has a name at once.
 *
 * @module
 */

import { AeadAlgo, CipherAlgo, HashAlgo, MacAlgo, Service } from "./constants.ts";

/** An algorithm as the wire has it. */
export interface AlgorithmId {
  readonly service: Service;
  /** {@link CipherAlgo}, {@link HashAlgo}, {@link MacAlgo} or {@link AeadAlgo}. */
  readonly algo: number;
}

/** What a name says. */
export interface ParsedName extends AlgorithmId {
  /** Key length in bytes, where the name fixes it. */
  readonly keyLen?: number;
}

const CONSTANTS: readonly (readonly [Service, Readonly<Record<string, number>>])[] = [
  [Service.CIPHER, CipherAlgo],
  [Service.HASH, HashAlgo],
  [Service.MAC, MacAlgo],
  [Service.AEAD, AeadAlgo],
];

/** One algorithm's names: `prefix`, then the bits where it has them, then `suffix`. */
interface Entry extends AlgorithmId {
  readonly constant: string;
  /** The name without bits, such as `aes-cbc`. */
  readonly plain: string;
  /** Key length in bytes by name with bits, such as `aes-128-cbc`. */
  readonly keyed: ReadonlyMap<string, number>;
}

const AES_BITS = [128, 192, 256];

/** Bits of key a name can carry: those of the block cipher, which the constant does not fix. */
function bitsOf(constant: string): readonly number[] {
  // IEEE 1619 has no XTS-AES-192; RFC 3566 has AES-128 alone.
  if (constant === "AES_XTS") return [128, 256];
  if (constant === "XCBC_AES") return [];
  return /AES|^GCM$|^CCM$|TWOFISH/.test(constant) ? AES_BITS : [];
}

/** XTS has two keys; F8 has a mask as long as its key (RFC 3711, 4.1.2.1). */
function keysOf(constant: string): number {
  return constant === "AES_XTS" || constant === "AES_F8" ? 2 : 1;
}

function describe(service: Service, constant: string, algo: number): Entry {
  // GCM and CCM name the mode alone: their block cipher is AES. SHAKE is known without its family.
  const full = /^(GCM|CCM)$/.test(constant) ? `AES_${constant}` : constant;
  const plain = full.replace(/^SHA3_SHAKE/, "SHAKE").toLowerCase().replaceAll("_", "-");
  const keyed = new Map<string, number>();
  for (const bits of bitsOf(constant)) {
    const name = plain.startsWith("aes-")
      ? plain.replace("aes", `aes-${bits}`)
      : `${plain}-${bits}`;
    keyed.set(name, bits / 8 * keysOf(constant));
  }
  return { service, algo, constant, plain, keyed };
}

const ENTRIES: readonly Entry[] = CONSTANTS.flatMap(([service, constants]) =>
  Object.entries(constants).map(([constant, algo]) => describe(service, constant, algo))
);

/** Case and separators do not matter: `SHA_256`, `sha256` and `sha-256` are one name. */
function normal(name: string): string {
  return name.toLowerCase().replaceAll(/[-_ ]/g, "");
}

const BY_NAME: ReadonlyMap<string, ParsedName> = new Map(ENTRIES.flatMap((entry) => {
  const { service, algo, constant, plain, keyed } = entry;
  const names: [string, ParsedName][] = [
    [normal(constant), { service, algo }],
    [normal(plain), { service, algo }],
  ];
  for (const [name, keyLen] of keyed) names.push([normal(name), { service, algo, keyLen }]);
  return names;
}));

const BY_ID: ReadonlyMap<number, Entry> = new Map(
  ENTRIES.map((entry) => [entry.service << 8 | entry.algo, entry]),
);

/**
 * The algorithm of a name; undefined when there is none.
 *
 * Case and separators do not matter. Without the key's bits any legal key length goes.
 *
 * @example
 * ```ts
 * import { parseName } from "./names.ts";
 * parseName("aes-128-cbc"); // { service: 0, algo: 3, keyLen: 16 }
 * parseName("aes-cbc"); // { service: 0, algo: 3 }
 * parseName("sha256"); // { service: 1, algo: 4 }
 * parseName("rot13"); // undefined
 * ```
 */
export function parseName(name: string): ParsedName | undefined {
  return BY_NAME.get(name) ?? BY_NAME.get(normal(name));
}

/**
 * The name of an algorithm, with the key's bits when `keyLen` (bytes) is given and the name can
 * carry it; undefined for an algorithm that is not in the specification.
 *
 * @example
 * ```ts
 * import { Service, CipherAlgo } from "./constants.ts";
 * import { nameOf } from "./names.ts";
 * nameOf(Service.CIPHER, CipherAlgo.AES_CBC, 32); // "aes-256-cbc"
 * nameOf(Service.CIPHER, CipherAlgo.AES_CBC); // "aes-cbc"
 * ```
 */
export function nameOf(service: Service, algo: number, keyLen?: number): string | undefined {
  const entry = BY_ID.get(service << 8 | algo);
  if (entry === undefined || keyLen === undefined) return entry?.plain;
  for (const [name, len] of entry.keyed) {
    if (len === keyLen) return name;
  }
  return entry.plain;
}

/**
 * Every name of a service, or of all: those with the key's bits where an algorithm has them, the
 * plain one where it has not.
 */
export function algorithmNames(service?: Service): string[] {
  return ENTRIES.filter((entry) => service === undefined || entry.service === service)
    .flatMap(({ plain, keyed }) => keyed.size > 0 ? [...keyed.keys()] : [plain]);
}

/** Steps of inserting, removing or replacing one character that lead from `a` to `b`. */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1] ? 0 : 1;
      next[j] = Math.min(row[j] + 1, next[j - 1] + 1, row[j - 1] + same);
    }
    row = next;
  }
  return row[b.length];
}

/** Longest name worth comparing: the work grows with its length, and it is a stranger's word. */
const MAX_NAME_LEN = 64;

/**
 * Up to three of `candidates` that resemble a mistyped word, nearest first.
 *
 * @example
 * ```ts
 * import { similarTo } from "./names.ts";
 * similarTo("servr", ["serve", "info"]); // ["serve"]
 * ```
 */
export function similarTo(word: string, candidates: Iterable<string>): string[] {
  if (word.length > MAX_NAME_LEN) return [];
  const wanted = normal(word);
  return [...candidates]
    .map((candidate) => ({ candidate, steps: distance(wanted, normal(candidate)) }))
    .filter(({ candidate, steps }) => steps <= Math.max(2, normal(candidate).length / 3))
    .sort((a, b) => a.steps - b.steps)
    .slice(0, 3)
    .map(({ candidate }) => candidate);
}

/**
 * Up to three names of algorithms that resemble a mistyped one, nearest first.
 *
 * @example
 * ```ts
 * import { similarNames } from "./names.ts";
 * similarNames("aes-128-cbx")[0]; // "aes-128-cbc"
 * ```
 */
export function similarNames(name: string, service?: Service): string[] {
  const plain = ENTRIES.filter((entry) => service === undefined || entry.service === service)
    .map((entry) => entry.plain);
  return similarTo(name, new Set([...plain, ...algorithmNames(service)]));
}
