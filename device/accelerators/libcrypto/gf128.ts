/**
 * The field of GCM (NIST SP 800-38D, clause 6.3): polynomials over GF(2) modulo
 * x^128 + x^7 + x^2 + x + 1.
 *
 * An element is four 32-bit words; the coefficient of x^0 is the most significant bit of the first.
 * No branch and no index depends on an element's value.
 *
 * @module
 */

/** An element; its four words. */
export type Element = Int32Array;

/** A new element, zero. */
export function element(): Element {
  return new Int32Array(4);
}

/** Reads an element from 16 bytes. */
export function load(bytes: Uint8Array, into: Element): void {
  for (let i = 0; i < 4; i++) {
    const at = 4 * i;
    into[i] = (bytes[at] << 24) | (bytes[at + 1] << 16) | (bytes[at + 2] << 8) | bytes[at + 3];
  }
}

/** Writes an element as 16 bytes. */
export function store(from: Element, bytes: Uint8Array): void {
  for (let i = 0; i < 16; i++) bytes[i] = from[i >>> 2] >>> (24 - 8 * (i & 3));
}

/** `x = x * y`, by shifts and additions (clause 6.3, algorithm 1). */
export function multiply(x: Element, y: Element): void {
  let a = y[0], b = y[1], c = y[2], d = y[3];
  let p = 0, q = 0, r = 0, s = 0;
  for (let word = 0; word < 4; word++) {
    for (let bits = x[word], i = 0; i < 32; i++, bits <<= 1) {
      const has = bits >> 31;
      p ^= a & has;
      q ^= b & has;
      r ^= c & has;
      s ^= d & has;
      const reduction = -(d & 1) & 0xe1000000;
      d = (d >>> 1) | (c << 31);
      c = (c >>> 1) | (b << 31);
      b = (b >>> 1) | (a << 31);
      a = (a >>> 1) ^ reduction;
    }
  }
  x[0] = p;
  x[1] = q;
  x[2] = r;
  x[3] = s;
}

/** `x = x / X`, X being the polynomial x: the step of {@link multiply}, undone. */
export function divideByX(x: Element): void {
  // Multiplication leaves the top bit set just when it has reduced.
  const reduced = x[0] >>> 31;
  const a = x[0] ^ (-reduced & 0xe1000000);
  x[0] = (a << 1) | (x[1] >>> 31);
  x[1] = (x[1] << 1) | (x[2] >>> 31);
  x[2] = (x[2] << 1) | (x[3] >>> 31);
  x[3] = (x[3] << 1) | reduced;
}

const wide = new Int32Array(8);

/** `x = x * x`: every coefficient moves to twice its place, and what falls out is folded back. */
export function square(x: Element): void {
  for (let i = 0; i < 4; i++) {
    wide[2 * i] = spread(x[i] >>> 16);
    wide[2 * i + 1] = spread(x[i] & 0xffff);
  }
  for (let i = 7; i >= 4; i--) {
    const out = wide[i];
    wide[i - 4] ^= out ^ (out >>> 1) ^ (out >>> 2) ^ (out >>> 7);
    wide[i - 3] ^= (out << 31) ^ (out << 30) ^ (out << 25);
  }
  for (let i = 0; i < 4; i++) x[i] = wide[i];
  wide.fill(0);
}

// 16 bits to the even places, counted from the most significant, of 32.
function spread(bits: number): number {
  let v = bits;
  v = (v | (v << 8)) & 0x00ff00ff;
  v = (v | (v << 4)) & 0x0f0f0f0f;
  v = (v | (v << 2)) & 0x33333333;
  v = (v | (v << 1)) & 0x55555555;
  return v << 1;
}

/** `x = 1 / x`, which is `x^(2^128 - 2)`; zero stays zero. */
export function invert(x: Element): void {
  // power is x^(2^n - 1); 127 is 1111111 in binary, so n goes 1, 2, 3, 6, 7, 14, 15, ... 127.
  const power = x.slice();
  const saved = element();
  for (let n = 1; n < 127; n = 2 * n + 1) {
    saved.set(power);
    for (let i = 0; i < n; i++) square(power);
    multiply(power, saved);
    square(power);
    multiply(power, x);
  }
  square(power);
  x.set(power);
  power.fill(0);
  saved.fill(0);
}
