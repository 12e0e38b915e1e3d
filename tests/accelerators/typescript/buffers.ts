/** Random bytes and awkward places to put them. */

/** A small seeded generator (xorshift32): failures repeat. */
export class Random {
  #state: number;

  constructor(seed: number) {
    this.#state = seed | 1;
  }

  /** An integer in `[0, limit)`. */
  below(limit: number): number {
    let x = this.#state;
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    this.#state = x;
    return (x >>> 0) % limit;
  }

  bytes(len: number): Uint8Array<ArrayBuffer> {
    const bytes = new Uint8Array(len);
    for (let i = 0; i < len; i++) bytes[i] = this.below(65536) >>> 5;
    return bytes;
  }
}

/** Where a test puts its bytes. */
export interface Place {
  readonly name: string;
  readonly put: (bytes: Uint8Array) => Uint8Array;
}

function inside(buffer: ArrayBufferLike, offset: number, bytes: Uint8Array): Uint8Array {
  new Uint8Array(buffer).fill(0xa5);
  const view = new Uint8Array(buffer, offset, bytes.length);
  view.set(bytes);
  return view;
}

/** An allocation of its own, odd addresses, shared memory at an odd address. */
export const PLACES: readonly Place[] = [
  { name: "in an array of their own", put: (bytes) => bytes.slice() },
  {
    name: "at an odd address",
    put: (bytes) => inside(new ArrayBuffer(bytes.length + 16), 3, bytes),
  },
  {
    name: "in shared memory at an odd address",
    put: (bytes) => inside(new SharedArrayBuffer(bytes.length + 16), 5, bytes),
  },
];

/** 0 and 1, and every length around each block edge up to four blocks. */
export function edgeLens(blockLen: number): number[] {
  const lens = new Set([0, 1]);
  for (let edge = blockLen; edge <= 4 * blockLen; edge += blockLen) {
    lens.add(edge - 1).add(edge).add(edge + 1);
  }
  return [...lens].sort((a, b) => a - b);
}

/** Whole numbers of blocks, 0 to 5. */
export function blockLens(blockLen: number): number[] {
  return [0, 1, 2, 3, 4, 5].map((num) => num * blockLen);
}
