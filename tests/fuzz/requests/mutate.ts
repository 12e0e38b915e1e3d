/**
 * Spoils requests: one to three things about them change.
 *
 * @module
 */

import type { Random } from "../random.ts";
import type { Made } from "./maker.ts";

type Bytes = Uint8Array<ArrayBuffer>;

/** What mutations know of the device at hand. */
export interface Surroundings {
  readonly maxSize: number;
  /** Some session number, open, ended or never given out. */
  readonly anyId: (random: Random) => number;
  /** Most bytes that a request may have in the memory at hand. */
  readonly room: number;
}

/** A spoilt copy of a request. */
export function mutate(random: Random, made: Made, around: Surroundings): Made {
  let { readable, writableLen } = made;
  const { fixedLen } = made;
  readable = readable.slice();
  for (let left = random.between(1, random.oneIn(3) ? 3 : 1); left > 0; left--) {
    const kind = random.below(16);
    if (kind < 8) spoilFields(random, readable, fixedLen, around, kind);
    else if (kind < 11) readable = resize(random, readable, fixedLen);
    else if (kind < 14) writableLen = resizeWritable(random, writableLen);
    else flip(random, readable);
  }
  return { readable, writableLen: Math.min(writableLen, around.room), fixedLen };
}

function spoilFields(
  random: Random,
  readable: Bytes,
  fixedLen: number,
  around: Surroundings,
  kind: number,
): void {
  const numFields = Math.floor(Math.min(readable.length, fixedLen) / 4);
  if (numFields === 0) return;
  const view = new DataView(readable.buffer);
  const field = () => 4 * random.below(numFields);
  const at = field();
  switch (kind) {
    case 0: {
      // Two lengths whose sum wraps to something small.
      const big = random.number();
      view.setUint32(at, big, true);
      view.setUint32(field(), (2 ** 32 - big + random.below(64)) >>> 0, true);
      return;
    }
    case 1:
      view.setUint32(at, view.getUint32(at, true) + random.between(-2, 2), true);
      return;
    case 2:
      view.setUint32(at, view.getUint32(field(), true), true);
      return;
    case 3: {
      // The session that a data request or a destruction names.
      const id = random.oneIn(4) ? random.next() : around.anyId(random);
      const idAt = readable[0] === 3 ? 16 : 8;
      if (idAt + 8 > readable.length) return;
      view.setUint32(idAt, random.oneIn(8) ? 0xffffffff : id, true);
      view.setUint32(idAt + 4, random.oneIn(8) ? random.number() : 0, true);
      return;
    }
    case 4:
      view.setUint32(at, Math.max(0, around.maxSize - random.below(200)), true);
      return;
    case 5:
      // Opcodes and flags.
      if (random.oneIn(2)) view.setUint32(0, random.below(6) << 8 | random.below(5), true);
      else if (readable.length >= 20) view.setUint32(16, random.below(3), true);
      return;
    default:
      view.setUint32(at, random.number(), true);
  }
}

function resize(random: Random, readable: Bytes, fixedLen: number): Bytes {
  switch (random.below(4)) {
    case 0:
      return readable.slice(0, random.below(readable.length + 1));
    case 1:
      return readable.slice(0, Math.max(0, readable.length - 1 - random.below(3)));
    case 2:
      return readable.slice(0, Math.min(readable.length, fixedLen + random.below(40)));
    default: {
      const longer = random.bytes(readable.length + random.between(1, 20));
      longer.set(readable);
      return longer;
    }
  }
}

function resizeWritable(random: Random, len: number): number {
  switch (random.below(4)) {
    case 0:
      return random.below(20);
    case 1:
      return Math.max(0, len + random.between(-2, 2));
    case 2:
      return len + random.below(100);
    default:
      return random.below(len + 1);
  }
}

function flip(random: Random, readable: Bytes): void {
  if (readable.length === 0) return;
  for (let left = random.between(1, 3); left > 0; left--) {
    readable[random.below(readable.length)] ^= 1 << random.below(8);
  }
}
