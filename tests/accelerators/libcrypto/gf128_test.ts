import { strict as assert } from "node:assert";
import {
  divideByX,
  type Element,
  element,
  invert,
  load,
  multiply,
  square,
  store,
} from "../../../device/accelerators/libcrypto/gf128.ts";
import { Random } from "../../support/random.ts";

const R = 0xe1n << 120n;

// SP 800-38D, algorithm 1, on numbers whose most significant bit is the coefficient of x^0.
function times(x: bigint, y: bigint): bigint {
  let z = 0n;
  let v = y;
  for (let i = 127n; i >= 0n; i--) {
    if (((x >> i) & 1n) === 1n) z ^= v;
    v = (v & 1n) === 1n ? (v >> 1n) ^ R : v >> 1n;
  }
  return z;
}

function toBig(x: Element): bigint {
  const bytes = new Uint8Array(16);
  store(x, bytes);
  return BigInt(`0x${bytes.toHex()}`);
}

function elements(): Element[] {
  const random = new Random(3);
  const all = [new Uint8Array(16), new Uint8Array(16).fill(0xff)];
  for (let bit = 0; bit < 128; bit += 9) {
    all.push(new Uint8Array(16).map((_, i) => i === bit >> 3 ? 0x80 >> (bit & 7) : 0));
  }
  for (let i = 0; i < 40; i++) all.push(random.bytes(16));
  return all.map((bytes) => {
    const x = element();
    load(bytes, x);
    return x;
  });
}

Deno.test("Products in GF(2^128) are those of the standard's algorithm", () => {
  const all = elements();
  all.forEach((x, i) => {
    const y = all[(i * 7 + 3) % all.length];
    const product = x.slice();

    multiply(product, y);

    assert.equal(toBig(product), times(toBig(x), toBig(y)));
  });
});

Deno.test("Squares are products of an element with itself", () => {
  for (const x of elements()) {
    const squared = x.slice();

    square(squared);

    assert.equal(toBig(squared), times(toBig(x), toBig(x)));
  }
});

Deno.test("An element times its inverse is one, and zero has none", () => {
  for (const x of elements()) {
    const inverse = x.slice();
    const isZero = toBig(x) === 0n;

    invert(inverse);
    multiply(inverse, x);

    assert.equal(toBig(inverse), isZero ? 0n : 1n << 127n);
  }
});

Deno.test("Dividing by x undoes a product with x", () => {
  const byX = element();
  byX[0] = 0x40000000;
  for (const x of elements()) {
    const moved = x.slice();
    multiply(moved, byX);

    divideByX(moved);

    assert.deepEqual(moved, x);
  }
});
