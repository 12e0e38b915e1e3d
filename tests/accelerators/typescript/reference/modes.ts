/** Modes over a block function, as their standards write them, with BigInt for the fields. */

import { createCipheriv, createDecipheriv } from "node:crypto";
import { ghash, lengthBlock, padded } from "./ghash.ts";

/** Encrypts (or decrypts) one block under a key that it holds. */
export type Block = (input: Uint8Array) => Uint8Array;

/** AES of one block, by node:crypto. */
export function aes(key: Uint8Array, decrypt = false): Block {
  const name = `aes-${8 * key.length}-ecb`;
  return (input) => {
    const cipher = decrypt ? createDecipheriv(name, key, null) : createCipheriv(name, key, null);
    return new Uint8Array(cipher.setAutoPadding(false).update(input));
  };
}

function xor(a: Uint8Array, b: Uint8Array): Uint8Array {
  return a.map((byte, i) => byte ^ b[i]);
}

function concat(...parts: Uint8Array[]): Uint8Array {
  return Uint8Array.from(parts.flatMap((part) => [...part]));
}

function pieces(bytes: Uint8Array, len: number): Uint8Array[] {
  const num = Math.ceil(bytes.length / len);
  return Array.from({ length: num }, (_, i) => bytes.slice(i * len, (i + 1) * len));
}

function zeroPadded(bytes: Uint8Array, len: number): Uint8Array {
  return concat(bytes, new Uint8Array(len - bytes.length));
}

function toBytes(value: bigint, len: number): Uint8Array {
  return Uint8Array.fromHex(value.toString(16).padStart(2 * len, "0"));
}

/** CBC-MAC: zero iv, zeros to a whole block (ISO/IEC 9797-1, algorithm 1). */
export function cbcMac(e: Block, blockLen: number, message: Uint8Array): Uint8Array {
  return pieces(message, blockLen).reduce(
    (x, piece) => e(xor(x, zeroPadded(piece, blockLen))),
    new Uint8Array(blockLen),
  );
}

/** All but the last block through CBC, then the last one with its subkey: CMAC and XCBC. */
function finalBlockMac(
  e: Block,
  blockLen: number,
  message: Uint8Array,
  completeKey: Uint8Array,
  incompleteKey: Uint8Array,
): Uint8Array {
  const all = message.length === 0 ? [new Uint8Array(0)] : pieces(message, blockLen);
  const last = all[all.length - 1];
  const x = all.slice(0, -1).reduce((c, piece) => e(xor(c, piece)), new Uint8Array(blockLen));
  const final = last.length === blockLen
    ? xor(last, completeKey)
    : xor(zeroPadded(concat(last, Uint8Array.of(0x80)), blockLen), incompleteKey);
  return e(xor(x, final));
}

/** CMAC (NIST SP 800-38B). */
export function cmac(e: Block, blockLen: number, message: Uint8Array): Uint8Array {
  const bits = 8 * blockLen, r = blockLen === 8 ? 0x1bn : 0x87n;
  const double = (v: bigint) => {
    return v >> BigInt(bits - 1) ? BigInt.asUintN(bits, v << 1n) ^ r : v << 1n;
  };
  const k1 = double(BigInt("0x" + e(new Uint8Array(blockLen)).toHex()));
  const [complete, incomplete] = [k1, double(k1)].map((k) => toBytes(k, blockLen));
  return finalBlockMac(e, blockLen, message, complete, incomplete);
}

/** AES-XCBC-MAC (RFC 3566). */
export function xcbc(key: Uint8Array, message: Uint8Array): Uint8Array {
  const derive = (byte: number) => aes(key)(new Uint8Array(16).fill(byte));
  return finalBlockMac(aes(derive(1)), 16, message, derive(2), derive(3));
}

/** GMAC (NIST SP 800-38D) with an iv of 12 bytes. */
export function gmac(e: Block, iv: Uint8Array, message: Uint8Array): Uint8Array {
  const s = ghash(e(new Uint8Array(16)), concat(padded(message), lengthBlock(message.length, 0)));
  return xor(s, e(concat(iv, Uint8Array.of(0, 0, 0, 1))));
}

/** AES-F8 (RFC 3711, 4.1.2.1); the mask m has the key's length. */
export function aesF8(
  key: Uint8Array,
  mask: Uint8Array,
  iv: Uint8Array,
  src: Uint8Array,
): Uint8Array {
  const start = aes(xor(key, mask))(iv);
  let s: Uint8Array = new Uint8Array(16);
  return concat(
    ...pieces(src, 16).map((piece, j) => {
      s = aes(key)(xor(xor(start, toBytes(BigInt(j), 16)), s));
      return xor(piece, s);
    }),
  );
}

/** XTS-AES (IEEE 1619): the tweak of block j is E(Key2, i) times alpha^j. */
export function aesXts(
  key: Uint8Array,
  tweak: Uint8Array,
  src: Uint8Array,
  decrypt: boolean,
): Uint8Array {
  const half = key.length / 2;
  const data = aes(key.slice(0, half), decrypt);
  const first = BigInt("0x" + aes(key.slice(half))(tweak).reverse().toHex());
  const tweakOf = (j: number) => {
    let t = first;
    for (let i = 0; i < j; i++) t = t >> 127n ? BigInt.asUintN(128, t << 1n) ^ 0x87n : t << 1n;
    return toBytes(t, 16).reverse();
  };
  const transform = (input: Uint8Array, j: number) => xor(data(xor(input, tweakOf(j))), tweakOf(j));

  const all = pieces(src, 16);
  const rest = src.length % 16;
  if (rest === 0) return concat(...all.map(transform));
  const m = all.length - 1;
  const head = all.slice(0, m - 1).map(transform);
  const cc = transform(all[m - 1], decrypt ? m : m - 1);
  const pp = concat(all[m], cc.slice(rest));
  return concat(...head, transform(pp, decrypt ? m - 1 : m), cc.slice(0, rest));
}
