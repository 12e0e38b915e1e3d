/** Seeded randomness for tests: a failure repeats with its seed. */

/** A small generator (mulberry32). */
export class Random {
  #state: number;

  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  /** 32 random bits. */
  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let t = this.#state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return (t ^ (t >>> 14)) >>> 0;
  }

  /** An integer in `[0, limit)`. */
  below(limit: number): number {
    return this.next() % limit;
  }

  bytes(len: number): Uint8Array<ArrayBuffer> {
    const bytes = new Uint8Array(len);
    for (let i = 0; i < len; i++) bytes[i] = this.next() >>> 11;
    return bytes;
  }

  /** Random lengths that sum up to `len`, some of them 0. */
  cuts(len: number): number[] {
    const cuts: number[] = [];
    for (let left = len; left > 0;) {
      const cut = Math.min(left, this.below(4) === 0 ? this.below(3) : this.below(40));
      cuts.push(cut);
      left -= cut;
    }
    return cuts;
  }
}

/** `len` bytes that count up from `first`. */
export function counting(len: number, first = 1): Uint8Array<ArrayBuffer> {
  return Uint8Array.from({ length: len }, (_, i) => first + i);
}

/** The parts, one after the other. */
export function concat(...parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

/** Whether `needle` stands anywhere in `haystack`. */
export function contains(haystack: Uint8Array, needle: Uint8Array): boolean {
  const bytes = Uint8Array.from(haystack);
  for (let at = bytes.indexOf(needle[0]); at >= 0; at = bytes.indexOf(needle[0], at + 1)) {
    let i = 1;
    while (i < needle.length && bytes[at + i] === needle[i]) i++;
    if (i === needle.length) return true;
  }
  return false;
}
