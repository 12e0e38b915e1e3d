/**
 * Fast seeded randomness: hours of fuzzing repeat from one number.
 *
 * @module
 */

// Lengths and counts at which code tends to change its mind, or to wrap.
const INTERESTING: readonly number[] = [
  0,
  1,
  2,
  3,
  4,
  7,
  8,
  9,
  11,
  12,
  13,
  14,
  15,
  16,
  17,
  20,
  23,
  24,
  25,
  31,
  32,
  33,
  48,
  63,
  64,
  65,
  127,
  128,
  255,
  256,
  257,
  511,
  512,
  513,
  1023,
  1024,
  4095,
  4096,
  4097,
  65535,
  65536,
  65537,
  0x00ffffff,
  0x7ffffff0,
  0x7fffffff,
  0x80000000,
  0x80000001,
  0xfffffff0,
  0xfffffffe,
  0xffffffff,
];

/**
 * A generator of 32-bit numbers (Chris Doty-Humphrey's sfc32).
 *
 * @example
 * ```ts
 * import { Random } from "./random.ts";
 * const random = new Random(1, 2);
 * random.below(6) + 1; // a die
 * new Random(1, 2).next() === new Random(1, 2).next(); // true
 * ```
 */
export class Random {
  #a: number;
  #b: number;
  #c: number;
  #d: number = 1;

  /** Numbers that together are the seed. */
  constructor(first: number, second = 0, third = 0) {
    this.#a = first | 0;
    this.#b = second | 0;
    this.#c = third | 0;
    for (let i = 0; i < 12; i++) this.next();
  }

  /** 32 random bits. */
  next(): number {
    const t = (((this.#a + this.#b) | 0) + this.#d) | 0;
    this.#d = (this.#d + 1) | 0;
    this.#a = this.#b ^ (this.#b >>> 9);
    this.#b = (this.#c + (this.#c << 3)) | 0;
    this.#c = (this.#c << 21) | (this.#c >>> 11);
    this.#c = (this.#c + t) | 0;
    return t >>> 0;
  }

  /** An integer in `[0, limit)`. */
  below(limit: number): number {
    return Math.floor(this.next() * limit / 2 ** 32);
  }

  /** An integer in `[min, max]`. */
  between(min: number, max: number): number {
    return min + this.below(max - min + 1);
  }

  /** True once in so many times. */
  oneIn(times: number): boolean {
    return this.next() < 2 ** 32 / times;
  }

  /** One of the list. */
  pick<T>(list: readonly T[]): T {
    return list[this.below(list.length)];
  }

  /** A number of 32 bits at which something may break. */
  number(): number {
    switch (this.below(8)) {
      case 0:
        return this.next();
      case 1:
        return this.below(300);
      case 2:
        return 2 ** this.below(32);
      default:
        return this.pick(INTERESTING);
    }
  }

  /** A length: mostly short, at times around a block's edge, rarely long. */
  len(max: number): number {
    const kind = this.below(16);
    if (kind === 0) return 0;
    if (kind < 8) return Math.min(max, this.below(40));
    if (kind < 12) return Math.min(max, Math.max(0, 16 * this.below(8) + this.between(-1, 1)));
    return this.below(Math.min(max, kind === 15 ? max : 300) + 1);
  }

  /** Overwrites `bytes` with random ones. */
  fill(bytes: Uint8Array): void {
    let i = 0;
    for (; i + 4 <= bytes.length; i += 4) {
      const word = this.next();
      bytes[i] = word;
      bytes[i + 1] = word >>> 8;
      bytes[i + 2] = word >>> 16;
      bytes[i + 3] = word >>> 24;
    }
    for (; i < bytes.length; i++) bytes[i] = this.next();
  }

  /** So many random bytes. */
  bytes(len: number): Uint8Array<ArrayBuffer> {
    const bytes = new Uint8Array(len);
    this.fill(bytes);
    return bytes;
  }
}
