/** KASUMI, f8 and f9 as 3GPP TS 35.202 and TS 35.201 write them, with the S-boxes as gates. */

/** S7, gate logic: y0 to y6. */
// deno-fmt-ignore
const S7_GATES = [
  "x1x3^x4^x0x1x4^x5^x2x5^x3x4x5^x6^x0x6^x1x6^x3x6^x2x4x6^x1x5x6^x4x5x6",
  "x0x1^x0x4^x2x4^x5^x1x2x5^x0x3x5^x6^x0x2x6^x3x6^x4x5x6^1",
  "x0^x0x3^x2x3^x1x2x4^x0x3x4^x1x5^x0x2x5^x0x6^x0x1x6^x2x6^x4x6^1",
  "x1^x0x1x2^x1x4^x3x4^x0x5^x0x1x5^x2x3x5^x1x4x5^x2x6^x1x3x6",
  "x0x2^x3^x1x3^x1x4^x0x1x4^x2x3x4^x0x5^x1x3x5^x0x4x5^x1x6^x3x6^x0x3x6^x5x6^1",
  "x2^x0x2^x0x3^x1x2x3^x0x2x4^x0x5^x2x5^x4x5^x1x6^x1x2x6^x0x3x6^x3x4x6^x2x5x6^1",
  "x1x2^x0x1x3^x0x4^x1x5^x3x5^x6^x0x1x6^x2x3x6^x1x4x6^x0x5x6",
];

/** S9, gate logic: y0 to y8. */
// deno-fmt-ignore
const S9_GATES = [
  "x0x2^x3^x2x5^x5x6^x0x7^x1x7^x2x7^x4x8^x5x8^x7x8^1",
  "x1^x0x1^x2x3^x0x4^x1x4^x0x5^x3x5^x6^x1x7^x2x7^x5x8^1",
  "x1^x0x3^x3x4^x0x5^x2x6^x3x6^x5x6^x4x7^x5x7^x6x7^x8^x0x8^1",
  "x0^x1x2^x0x3^x2x4^x5^x0x6^x1x6^x4x7^x0x8^x1x8^x7x8",
  "x0x1^x1x3^x4^x0x5^x3x6^x0x7^x6x7^x1x8^x2x8^x3x8",
  "x2^x1x4^x4x5^x0x6^x1x6^x3x7^x4x7^x6x7^x5x8^x6x8^x7x8^1",
  "x0^x2x3^x1x5^x2x5^x4x5^x3x6^x4x6^x5x6^x7^x1x8^x3x8^x5x8^x7x8",
  "x0x1^x0x2^x1x2^x3^x0x3^x2x3^x4x5^x2x6^x3x6^x2x7^x5x7^x8^1",
  "x0x1^x2^x1x2^x3x4^x1x5^x2x5^x1x6^x4x6^x7^x2x8^x3x8",
];

function evaluate(gates: readonly string[], x: number): number {
  return gates.reduce((y, equation, bit) => {
    const sum = equation.split("^").reduce((acc, term) => {
      const inputs = [...term.matchAll(/x(\d)/g)].map((match) => Number(match[1]));
      return acc ^ Number(inputs.every((input) => (x >> input) & 1));
    }, 0);
    return y | (sum << bit);
  }, 0);
}

const S7 = Array.from({ length: 128 }, (_, x) => evaluate(S7_GATES, x));
const S9 = Array.from({ length: 512 }, (_, x) => evaluate(S9_GATES, x));
const C = [0x0123, 0x4567, 0x89ab, 0xcdef, 0xfedc, 0xba98, 0x7654, 0x3210];

function rol(v: number, n: number): number {
  return ((v << n) | (v >>> (16 - n))) & 0xffff;
}

/** FI: four rounds on unequal halves. */
function fi(input: number, ki: number): number {
  const l0 = input >>> 7, r0 = input & 127;
  const ki1 = ki >>> 9, ki2 = ki & 511;
  const l1 = r0, r1 = S9[l0] ^ r0;
  const l2 = r1 ^ ki2, r2 = S7[l1] ^ (r1 & 127) ^ ki1;
  const l3 = r2, r3 = S9[l2] ^ r2;
  const l4 = S7[l3] ^ (r3 & 127), r4 = r3;
  return (l4 << 9) | r4;
}

interface RoundKeys {
  readonly kl: readonly number[];
  readonly ko: readonly number[];
  readonly ki: readonly number[];
}

function fo(input: number, { ko, ki }: RoundKeys): number {
  let l = input >>> 16, r = input & 0xffff;
  for (let j = 0; j < 3; j++) [l, r] = [r, fi(l ^ ko[j], ki[j]) ^ r];
  return (l << 16) | r;
}

function fl(input: number, { kl }: RoundKeys): number {
  const l = input >>> 16, r = input & 0xffff;
  const r1 = r ^ rol(l & kl[0], 1);
  const l1 = l ^ rol(r1 | kl[1], 1);
  return (l1 << 16) | r1;
}

function schedule(key: Uint8Array): RoundKeys[] {
  const k = Array.from({ length: 8 }, (_, j) => (key[2 * j] << 8) | key[2 * j + 1]);
  const at = (i: number) => k[i % 8], prime = (i: number) => k[i % 8] ^ C[i % 8];
  return k.map((_, i) => ({
    kl: [rol(at(i), 1), prime(i + 2)],
    ko: [rol(at(i + 1), 5), rol(at(i + 5), 8), rol(at(i + 6), 13)],
    ki: [prime(i + 4), prime(i + 3), prime(i + 7)],
  }));
}

/** One block. */
export function block(key: Uint8Array, input: Uint8Array): Uint8Array {
  const view = new DataView(input.slice().buffer);
  let l = view.getUint32(0), r = view.getUint32(4);
  schedule(key).forEach((keys, i) => {
    // Rounds count from 1: the odd ones are FO(FL), the even ones FL(FO).
    const f = i % 2 === 0 ? fo(fl(l, keys), keys) : fl(fo(l, keys), keys);
    [l, r] = [(r ^ f) >>> 0, l];
  });
  view.setUint32(0, l);
  view.setUint32(4, r);
  return new Uint8Array(view.buffer);
}

function xor(a: Uint8Array, b: Uint8Array): Uint8Array {
  return a.map((byte, i) => byte ^ b[i]);
}

/** f8 over whole bytes, for an iv COUNT || BEARER || DIRECTION || 0..0. */
export function f8(key: Uint8Array, iv: Uint8Array, src: Uint8Array): Uint8Array {
  const a = block(key.map((byte) => byte ^ 0x55), iv);
  const out = new Uint8Array(src.length);
  let ksb: Uint8Array = new Uint8Array(8);
  for (let n = 0; 8 * n < src.length; n++) {
    const blkcnt = new Uint8Array(8);
    new DataView(blkcnt.buffer).setBigUint64(0, BigInt(n));
    ksb = block(key, xor(xor(a, blkcnt), ksb));
    const piece = src.subarray(8 * n, 8 * n + 8);
    out.set(xor(piece, ksb), 8 * n);
  }
  return out;
}

/** f9 over the padded string PS, to which zeros are added up to a whole block. */
export function f9(key: Uint8Array, ps: Uint8Array): Uint8Array {
  let a: Uint8Array = new Uint8Array(8), b: Uint8Array = new Uint8Array(8);
  for (let i = 0; i < ps.length; i += 8) {
    const piece = new Uint8Array(8);
    piece.set(ps.subarray(i, i + 8));
    a = block(key, xor(a, piece));
    b = xor(b, a);
  }
  return block(key.map((byte) => byte ^ 0xaa), b).subarray(0, 4);
}
