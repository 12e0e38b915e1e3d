/**
 * The tables of SNOW 3G, made from their definitions in ETSI/SAGE "UEA2 & UIA2", Document 2.
 *
 * @module
 */

/** Clause 3.1.1, MULx: times x in GF(2^8) with the field polynomial x^8 + `c`. */
function mulX(v: number, c: number): number {
  return v & 0x80 ? ((v << 1) & 255) ^ c : v << 1;
}

/** Clause 3.1.2, MULxPOW: times x^i. */
function mulXPow(v: number, i: number, c: number): number {
  for (let n = 0; n < i; n++) v = mulX(v, c);
  return v;
}

function multiply(a: number, b: number, c: number): number {
  let product = 0;
  for (let bit = 0; bit < 8; bit++) if ((b >> bit) & 1) product ^= mulXPow(a, bit, c);
  return product;
}

/** Rijndael's S-box S_R (clause 3.3.1): the inverse, then an affine map. */
function rijndaelBox(): Uint8Array {
  const box = new Uint8Array(256).fill(0x63);
  // 3 generates the field's group and 0xf6 is its inverse.
  for (let i = 0, v = 1, inverse = 1; i < 255; i++) {
    const doubled = inverse | (inverse << 8);
    box[v] = inverse ^ (doubled >> 4) ^ (doubled >> 5) ^ (doubled >> 6) ^ (doubled >> 7) ^ 0x63;
    v = multiply(v, 3, 0x1b);
    inverse = multiply(inverse, 0xf6, 0x1b);
  }
  return box;
}

/** S_Q (clause 3.3.2): a Dickson polynomial of degree 49 plus 0x25, in the field of x^8 + 0x69. */
function dicksonBox(): Uint8Array {
  const box = new Uint8Array(256);
  for (let v = 0; v < 256; v++) {
    let power = 1, sum = 0x25;
    for (let exponent = 1; exponent <= 49; exponent++) {
      power = multiply(power, v, 0x69);
      if ([1, 9, 13, 15, 33, 41, 45, 47, 49].includes(exponent)) sum ^= power;
    }
    box[v] = sum;
  }
  return box;
}

/**
 * S1 and S2 (clauses 3.3.1, 3.3.2) as four tables of 256 words: what each byte of the input, the
 * most significant first, adds to the output. The matrix is MixColumn's.
 */
function mixedBox(box: Uint8Array, c: number): Int32Array {
  const table = new Int32Array(1024);
  for (let v = 0; v < 256; v++) {
    const once = box[v], twice = mulX(once, c), thrice = once ^ twice;
    table[v] = (twice << 24) | (thrice << 16) | (once << 8) | once;
    table[256 + v] = (once << 24) | (twice << 16) | (thrice << 8) | once;
    table[512 + v] = (once << 24) | (once << 16) | (twice << 8) | thrice;
    table[768 + v] = (thrice << 24) | (once << 16) | (once << 8) | twice;
  }
  return table;
}

function powers(exponents: readonly number[]): Int32Array {
  return Int32Array.from({ length: 256 }, (_, v) => {
    return exponents.reduce((word, exponent) => (word << 8) | mulXPow(v, exponent, 0xa9), 0);
  });
}

/** S1: four tables of 256 words, to be added. */
export const S1: Int32Array = mixedBox(rijndaelBox(), 0x1b);
/** S2: four tables of 256 words, to be added. */
export const S2: Int32Array = mixedBox(dicksonBox(), 0x69);
/** MUL_alpha (clause 3.4.2). */
export const MUL_ALPHA: Int32Array = powers([23, 245, 48, 239]);
/** DIV_alpha (clause 3.4.3). */
export const DIV_ALPHA: Int32Array = powers([16, 39, 6, 64]);
