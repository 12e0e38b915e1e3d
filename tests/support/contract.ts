/** Where a contract puts its bytes, and what it checks around them. */

import { strict as assert } from "node:assert";
import type { KeyLens } from "../../device/mod.ts";
import { counting, Random } from "./random.ts";

const CANARY = 0xc5;
const GUARD = 40;

/** Bytes at an offset modulo 16 of an ArrayBuffer or SharedArrayBuffer, canaries around them. */
export class Guarded {
  readonly bytes: Uint8Array;
  readonly #all: Uint8Array;
  readonly #start: number;

  constructor(len: number, offset = 0, shared = false) {
    const size = GUARD + offset + len + GUARD;
    this.#all = new Uint8Array(shared ? new SharedArrayBuffer(size) : new ArrayBuffer(size));
    this.#all.fill(CANARY);
    // 48 is the first multiple of 16 behind the guard.
    this.#start = 32 + offset;
    this.bytes = this.#all.subarray(this.#start, this.#start + len);
    this.bytes.fill(0x11);
  }

  static of(bytes: Uint8Array, offset = 0, shared = false): Guarded {
    const guarded = new Guarded(bytes.length, offset, shared);
    guarded.bytes.set(bytes);
    return guarded;
  }

  check(what: string): void {
    const end = this.#start + this.bytes.length;
    const isWhole = this.#all.subarray(0, this.#start).every((byte) => byte === CANARY) &&
      this.#all.subarray(end).every((byte) => byte === CANARY);
    assert.ok(isWhole, `Bytes around ${what} were written`);
  }
}

/** A legal key of each length worth trying. */
export function keysOf(
  keyLens: KeyLens,
  accepts: (key: Uint8Array) => boolean = () => true,
): Uint8Array[] {
  const lens = "min" in keyLens
    ? [...new Set([keyLens.min, 5, 16, 63, 64, 65, 127, 128, 129, 200, keyLens.max])]
      .filter((len) => len >= keyLens.min && len <= keyLens.max)
    : [...keyLens];
  return lens.map((len) => counting(len, 17)).filter(accepts);
}

/** Lengths on both sides of the edges of `block`, none shorter than `min`. */
export function edgeLens(block: number, min: number): number[] {
  const lens = block > 1
    ? [0, 1, 2, 3, 4, 5, 8, 17].map((num) => num * block)
    : [0, 1, 2, 3, 4, 7, 8, 15, 16, 17, 31, 32, 33, 47, 48, 63, 64, 65, 127, 128, 129, 255, 257];
  return lens.filter((len) => len >= min);
}

/** Deterministic bytes of a length. */
export function dataOf(len: number, seed = 1): Uint8Array<ArrayBuffer> {
  return new Random(seed * 7919 + len).bytes(len);
}

/** Runs `run` and checks that it left its inputs as they were. */
export function leavesAlone(inputs: Readonly<Record<string, Guarded>>, run: () => void): void {
  const before = Object.values(inputs).map(({ bytes }) => bytes.slice());
  run();
  Object.entries(inputs).forEach(([name, input], i) => {
    assert.deepEqual(input.bytes.slice(), before[i], `The input ${name} was changed`);
    input.check(name);
  });
}
