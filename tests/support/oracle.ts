/** What results ought to be: node:crypto, and textbook compositions of it, slow and plain. */

import { createCipheriv, createDecipheriv, createHash, createHmac } from "node:crypto";
import { concat } from "./random.ts";

type Bytes = Uint8Array;

function block(name: string, key: Bytes, iv: Bytes | null, data: Bytes, decrypt: boolean): Bytes {
  const cipher = decrypt ? createDecipheriv(name, key, iv) : createCipheriv(name, key, iv);
  cipher.setAutoPadding(false);
  return concat(cipher.update(data), cipher.final());
}

/** A block cipher in ECB mode without padding. */
export type Ecb = (key: Bytes, data: Bytes, decrypt?: boolean) => Bytes;

/** AES-ECB. */
export function aesEcb(key: Bytes, data: Bytes, decrypt = false): Bytes {
  return block(`aes-${key.length * 8}-ecb`, key, null, data, decrypt);
}

/** Triple DES in ECB mode; a DES key of 8 bytes counts thrice. */
export function desEcb(key: Bytes, data: Bytes, decrypt = false): Bytes {
  const full = key.length === 8 ? concat(key, key, key) : key;
  const blocks: Bytes[] = [];
  for (let at = 0; at < data.length; at += 8) {
    const one = data.subarray(at, at + 8);
    blocks.push(block("des-ede3-cbc", full, new Uint8Array(8), one, decrypt));
  }
  return concat(...blocks);
}

/** Bitwise exclusive or, as long as the shorter. */
export function xor(a: Bytes, b: Bytes): Uint8Array<ArrayBuffer> {
  return Uint8Array.from({ length: Math.min(a.length, b.length) }, (_, i) => a[i] ^ b[i]);
}

/** CBC over a block cipher. */
export function cbc(ecb: Ecb, key: Bytes, iv: Bytes, data: Bytes, decrypt = false): Bytes {
  const out: Bytes[] = [];
  let chain = iv;
  for (let at = 0; at < data.length; at += iv.length) {
    const one = data.subarray(at, at + iv.length);
    const result = decrypt ? xor(ecb(key, one, true), chain) : ecb(key, xor(one, chain));
    chain = decrypt ? one : result;
    out.push(result);
  }
  return concat(...out);
}

// The big-endian counter's last `len` bytes plus 1.
function increment(counter: Bytes, len: number): void {
  for (let i = counter.length - 1; i >= counter.length - len; i--) {
    counter[i]++;
    if (counter[i] !== 0) return;
  }
}

/** CTR over a block cipher; `counterLen` bytes of the block count. */
export function ctr(ecb: Ecb, key: Bytes, iv: Bytes, data: Bytes, counterLen = iv.length): Bytes {
  const counter = Uint8Array.from(iv);
  const counters: Bytes[] = [];
  for (let at = 0; at < data.length; at += iv.length) {
    counters.push(counter.slice());
    increment(counter, counterLen);
  }
  return counters.length === 0 ? new Uint8Array(0) : xor(data, ecb(key, concat(...counters)));
}

/** A hash by node's name; `len` for the extendable ones. */
export function hash(name: string, data: Bytes, len?: number): Bytes {
  const options = name.startsWith("shake") ? { outputLength: len } : {};
  return new Uint8Array(createHash(name, options).update(data).digest()).subarray(0, len);
}

export function hmac(name: string, key: Bytes, data: Bytes): Bytes {
  return new Uint8Array(createHmac(name, key).update(data).digest());
}

function toBig(bytes: Bytes): bigint {
  return bytes.length === 0 ? 0n : BigInt(`0x${bytes.toHex()}`);
}

function fromBig(value: bigint): Uint8Array<ArrayBuffer> {
  return Uint8Array.fromHex(value.toString(16).padStart(32, "0"));
}

function pad16(bytes: Bytes): Bytes {
  return concat(bytes, new Uint8Array((16 - bytes.length % 16) % 16));
}

// SP 800-38D, algorithm 1, bit by bit.
function ghash(subkey: bigint, data: Bytes): bigint {
  let y = 0n;
  for (let at = 0; at < data.length; at += 16) {
    const x = y ^ toBig(data.subarray(at, at + 16));
    let z = 0n;
    let v = subkey;
    for (let i = 127n; i >= 0n; i--) {
      if (((x >> i) & 1n) === 1n) z ^= v;
      v = (v & 1n) === 1n ? (v >> 1n) ^ (0xe1n << 120n) : v >> 1n;
    }
    y = z;
  }
  return y;
}

/** GCM: ciphertext, then tag. An iv of 16 bytes is J0. */
export function gcm(key: Bytes, iv: Bytes, aad: Bytes, src: Bytes, tagLen = 16): Bytes {
  const j0 = iv.length === 16 ? iv : concat(iv, Uint8Array.of(0, 0, 0, 1));
  const first = Uint8Array.from(j0);
  increment(first, 4);
  const ciphertext = ctr(aesEcb, key, first, src, 4);
  const lens = new Uint8Array(16);
  new DataView(lens.buffer).setUint32(4, aad.length * 8);
  new DataView(lens.buffer).setUint32(12, src.length * 8);
  const subkey = toBig(aesEcb(key, new Uint8Array(16)));
  const s = ghash(subkey, concat(pad16(aad), pad16(ciphertext), lens));
  return concat(ciphertext, xor(fromBig(s), aesEcb(key, j0)).subarray(0, tagLen));
}

/** CCM (RFC 3610) for aad under 65,280 bytes: ciphertext, then tag. */
export function ccm(key: Bytes, iv: Bytes, aad: Bytes, src: Bytes, tagLen: number): Bytes {
  const lenLen = 15 - iv.length;
  const len = fromBig(BigInt(src.length)).subarray(16 - lenLen);
  const flags = (aad.length > 0 ? 0x40 : 0) + 8 * ((tagLen - 2) / 2) + lenLen - 1;
  const prefix = aad.length > 0 ? Uint8Array.of(aad.length >> 8, aad.length) : new Uint8Array(0);
  const blocks = concat(
    Uint8Array.of(flags),
    iv,
    len,
    pad16(concat(prefix, aad)),
    pad16(src),
  );
  const mac = cbc(aesEcb, key, new Uint8Array(16), blocks).slice(-16);
  const counter0 = concat(Uint8Array.of(lenLen - 1), iv, new Uint8Array(lenLen));
  const stream = ctr(aesEcb, key, counter0, concat(mac, src));
  return concat(stream.subarray(16), stream.subarray(0, tagLen));
}

/** ChaCha20-Poly1305: ciphertext, then tag. */
export function chachaPoly(key: Bytes, iv: Bytes, aad: Bytes, src: Bytes): Bytes {
  const cipher = createCipheriv("chacha20-poly1305", key, iv, { authTagLength: 16 });
  cipher.setAAD(aad, { plaintextLength: src.length });
  return concat(cipher.update(src), cipher.final(), cipher.getAuthTag());
}

/** CMAC (SP 800-38B) over a block cipher of `blockLen` bytes. */
export function cmac(ecb: Ecb, blockLen: number, key: Bytes, data: Bytes): Bytes {
  const bits = BigInt(blockLen * 8);
  const double = (x: bigint) => {
    const shifted = (x << 1n) & ((1n << bits) - 1n);
    return (x >> (bits - 1n)) === 1n ? shifted ^ (blockLen === 16 ? 0x87n : 0x1bn) : shifted;
  };
  const k1 = double(toBig(ecb(key, new Uint8Array(blockLen))));
  const isWhole = data.length > 0 && data.length % blockLen === 0;
  const missing = isWhole ? 0 : blockLen - data.length % blockLen;
  const padded = concat(data, new Uint8Array(missing));
  if (missing > 0) padded[data.length] = 0x80;
  const mask = fromBig(isWhole ? k1 : double(k1)).subarray(16 - blockLen);
  const last = padded.subarray(-blockLen);
  last.set(xor(last, mask));
  return cbc(ecb, key, new Uint8Array(blockLen), padded).slice(-blockLen);
}
