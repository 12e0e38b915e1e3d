/**
 * What a job's result has to be, by node:crypto. Where node:crypto in Deno has no such algorithm (CCM, CMAC, GCM from a
 * given J0, and some AES key sizes), it is composed here from the AES block, straight from the NIST documents;
 * oracle_test.ts holds these compositions against official vectors.
 */
import { createCipheriv, createDecipheriv, createHash, createHmac } from "node:crypto";
import { type Bytes, concat, EMPTY, fit } from "./bytes.ts";
import type { AeadJob, ChainJob, CipherJob, Job } from "./jobs.ts";
import { Aead, Cipher, Hash, HashMode, Mac, Op, Order } from "./wire.ts";

const HASH_NAMES: Readonly<Record<number, string>> = {
  [Hash.MD5]: "md5",
  [Hash.SHA1]: "sha1",
  [Hash.SHA_224]: "sha224",
  [Hash.SHA_256]: "sha256",
  [Hash.SHA_384]: "sha384",
  [Hash.SHA_512]: "sha512",
  [Hash.SHA3_224]: "sha3-224",
  [Hash.SHA3_256]: "sha3-256",
  [Hash.SHA3_384]: "sha3-384",
  [Hash.SHA3_512]: "sha3-512",
  [Hash.SHA3_SHAKE128]: "shake128",
  [Hash.SHA3_SHAKE256]: "shake256",
};

/** Full digest length in bytes; for the SHAKEs the length of the inner digest of a NESTED chain. */
export const HASH_LEN: Readonly<Record<number, number>> = {
  [Hash.MD5]: 16,
  [Hash.SHA1]: 20,
  [Hash.SHA_224]: 28,
  [Hash.SHA_256]: 32,
  [Hash.SHA_384]: 48,
  [Hash.SHA_512]: 64,
  [Hash.SHA3_224]: 28,
  [Hash.SHA3_256]: 32,
  [Hash.SHA3_384]: 48,
  [Hash.SHA3_512]: 64,
  [Hash.SHA3_SHAKE128]: 32,
  [Hash.SHA3_SHAKE256]: 64,
};

/** Full tag length of a MAC in bytes. */
export const MAC_LEN: Readonly<Record<number, number>> = {
  [Mac.HMAC_MD5]: 16,
  [Mac.HMAC_SHA1]: 20,
  [Mac.HMAC_SHA_224]: 28,
  [Mac.HMAC_SHA_256]: 32,
  [Mac.HMAC_SHA_384]: 48,
  [Mac.HMAC_SHA_512]: 64,
  [Mac.CMAC_AES]: 16,
};

/** The result bytes of a job, zeros behind a short dst included; null when a tag does not verify. */
export function expected(job: Job): Bytes | null {
  switch (job.service) {
    case "cipher":
      return fit(cipher(job), job.dstLen);
    case "hash":
      return hash(job.algo, job.src, job.resultLen);
    case "mac":
      return mac(job.algo, job.key, job.src).slice(0, job.resultLen);
    case "aead": {
      const result = aead(job);
      return result === null ? null : fit(result, job.dstLen);
    }
    case "chain":
      return chain(job);
  }
}

/** AES in a mode; src a multiple of 16 for ECB and CBC. */
export function cipher(job: Pick<CipherJob, "algo" | "op" | "key" | "iv" | "src">): Bytes {
  if (job.algo === Cipher.AES_CTR) return ctr(job.key, job.iv, job.src, 16);
  if (job.algo === Cipher.AES_ECB) return ecb(job.key, job.src, job.op);
  if (job.algo === Cipher.AES_CBC) return cbc(job.key, job.iv, job.src, job.op);
  throw new Error(`No oracle for cipher ${job.algo}`);
}

/** A digest; `len` counts for the SHAKEs, elsewhere it cuts. */
export function hash(algo: number, src: Uint8Array, len: number): Bytes {
  const shake = algo === Hash.SHA3_SHAKE128 || algo === Hash.SHA3_SHAKE256;
  const digest = createHash(HASH_NAMES[algo], shake ? { outputLength: len } : {}).update(src)
    .digest();
  return fit(digest, len);
}

/** A full MAC. */
export function mac(algo: number, key: Bytes, src: Bytes): Bytes {
  if (algo === Mac.CMAC_AES) return cmac(key, src);
  return concat(createHmac(HASH_NAMES[algo], key).update(src).digest());
}

function ecb(key: Bytes, src: Bytes, op: number): Bytes {
  const make = op === Op.DECRYPT ? createDecipheriv : createCipheriv;
  const context = make(`aes-${key.length * 8}-ecb`, key, null).setAutoPadding(false);
  return concat(context.update(src), context.final());
}

function xor(a: Uint8Array, b: Uint8Array): Bytes {
  return concat(a).map((byte, index) => byte ^ (b[index] ?? 0)) as Bytes;
}

function blocks(src: Bytes): Bytes[] {
  return Array.from(
    { length: Math.ceil(src.length / 16) },
    (_, index) => src.slice(index * 16, index * 16 + 16),
  );
}

/** SP 800-38A 6.2. */
function cbc(key: Bytes, iv: Bytes, src: Bytes, op: number): Bytes {
  let previous = iv;
  return concat(
    ...blocks(src).map((block) => {
      const chained = previous;
      if (op === Op.DECRYPT) {
        previous = block;
        return xor(ecb(key, block, op), chained);
      }
      return previous = ecb(key, xor(block, chained), op);
    }),
  );
}

/** SP 800-38A 6.5 with the last `counterLen` bytes of the block counting. */
function ctr(key: Bytes, first: Bytes, src: Bytes, counterLen: number): Bytes {
  const counter = concat(first);
  const counters = new Uint8Array(Math.ceil(src.length / 16) * 16);
  for (let block = 0; block < counters.length; block += 16) {
    counters.set(counter, block);
    for (let at = 15; at >= 16 - counterLen && (counter[at] = (counter[at] + 1) & 255) === 0; at--);
  }
  return xor(src, ecb(key, counters, Op.ENCRYPT));
}

/** SP 800-38B 6.2. */
function cmac(key: Bytes, src: Bytes): Bytes {
  const double = (block: Bytes) => {
    const twice = block.map((byte, at) => (byte << 1) | ((block[at + 1] ?? 0) >> 7)) as Bytes;
    if (block[0] & 0x80) twice[15] ^= 0x87;
    return twice;
  };
  const subkey = double(ecb(key, new Uint8Array(16), Op.ENCRYPT));
  const parts = src.length === 0 ? [EMPTY] : blocks(src);
  const last = parts[parts.length - 1];
  const whole = last.length === 16;
  const padded = whole ? last : fit(concat(last, new Uint8Array([0x80])), 16);
  parts[parts.length - 1] = xor(padded, whole ? subkey : double(subkey));
  return cbc(key, new Uint8Array(16), concat(...parts), Op.ENCRYPT).slice(-16);
}

/** The ciphertext and tag, or the plaintext, or null when the tag does not verify. */
export function aead(job: AeadJob): Bytes | null {
  const cut = job.op === Op.DECRYPT ? job.src.length - job.tagLen : job.src.length;
  const text = job.src.slice(0, cut);
  const seal = { [Aead.GCM]: gcm, [Aead.CCM]: ccm, [Aead.CHACHA20_POLY1305]: chacha }[job.algo];
  if (seal === undefined) throw new Error(`No oracle for AEAD ${job.algo}`);
  const { result, tag } = seal(job, text);
  if (job.op === Op.ENCRYPT) return concat(result, tag);
  return tag.every((byte, at) => byte === job.src[cut + at]) ? result : null;
}

type Sealed = { readonly result: Bytes; readonly tag: Bytes };

/** SP 800-38D 7.1, from J0 on. */
function gcm(job: AeadJob, text: Bytes): Sealed {
  const { key, iv, aad } = job;
  const start = iv.length === 16 ? iv : fit(iv, 16);
  if (iv.length !== 16) start[15] = 1;
  const next = concat(start);
  for (let at = 15; at >= 12 && (next[at] = (next[at] + 1) & 255) === 0; at--);
  const result = ctr(key, next, text, 4);
  const sealed = job.op === Op.ENCRYPT ? result : text;
  const pad = (bytes: Bytes) => fit(bytes, Math.ceil(bytes.length / 16) * 16);
  const lens = new Uint8Array(16);
  new DataView(lens.buffer).setUint32(4, aad.length * 8);
  new DataView(lens.buffer).setUint32(12, sealed.length * 8);
  const digest = ghash(
    ecb(key, new Uint8Array(16), Op.ENCRYPT),
    concat(pad(aad), pad(sealed), lens),
  );
  return { result, tag: xor(digest, ecb(key, start, Op.ENCRYPT)).slice(0, job.tagLen) };
}

/** SP 800-38D 6.3 and 6.4. */
function ghash(subkey: Bytes, src: Bytes): Bytes {
  const h = BigInt("0x" + subkey.toHex());
  let y = 0n;
  for (const block of blocks(src)) {
    y ^= BigInt("0x" + block.toHex());
    let product = 0n;
    let v = h;
    for (let bit = 127n; bit >= 0n; bit--) {
      if ((y >> bit) & 1n) product ^= v;
      v = (v & 1n) ? (v >> 1n) ^ (0xe1n << 120n) : v >> 1n;
    }
    y = product;
  }
  return Uint8Array.fromHex(y.toString(16).padStart(32, "0"));
}

/** SP 800-38C 6, appendix A. */
function ccm(job: AeadJob, text: Bytes): Sealed {
  const { key, iv, aad, tagLen } = job;
  const q = 15 - iv.length;
  const counter = fit(concat(new Uint8Array([q - 1]), iv), 16);
  const result = ctr(key, concat(counter.slice(0, 15), new Uint8Array([1])), text, q);
  const plain = job.op === Op.ENCRYPT ? text : result;
  const first = concat(counter);
  first[0] = (aad.length > 0 ? 64 : 0) | (((tagLen - 2) / 2) << 3) | (q - 1);
  for (let at = 15, len = plain.length; at > 15 - q; at--, len = Math.floor(len / 256)) {
    first[at] = len & 255;
  }
  const pad = (bytes: Bytes) => fit(bytes, Math.ceil(bytes.length / 16) * 16);
  const len = aad.length < 0xff00 ? [aad.length >> 8, aad.length & 255] : [
    0xff,
    0xfe,
    aad.length >>> 24,
    (aad.length >> 16) & 255,
    (aad.length >> 8) & 255,
    aad.length & 255,
  ];
  const header = aad.length === 0 ? EMPTY : pad(concat(new Uint8Array(len), aad));
  const sum = cbc(key, new Uint8Array(16), concat(first, header, pad(plain)), Op.ENCRYPT).slice(
    -16,
  );
  return { result, tag: xor(sum, ecb(key, counter, Op.ENCRYPT)).slice(0, tagLen) };
}

/** RFC 8439 2.8. To decrypt, the keystream comes from encrypting zeros. */
function chacha(job: AeadJob, text: Bytes): Sealed {
  const run = (src: Bytes): Sealed => {
    const context = createCipheriv("chacha20-poly1305", job.key, job.iv, { authTagLength: 16 });
    context.setAAD(job.aad, { plaintextLength: src.length });
    const result = concat(context.update(src), context.final());
    return { result, tag: concat(context.getAuthTag()) };
  };
  if (job.op === Op.ENCRYPT) return run(text);
  const plain = xor(text, run(new Uint8Array(text.length)).result);
  return { result: plain, tag: run(plain).tag };
}

/** wire.md 5, "Chaining". */
function chain(job: ChainJob): Bytes {
  const dst = concat(job.src);
  const region = job.src.slice(job.cipherStart, job.cipherStart + job.lenToCipher);
  dst.set(cipher({ ...job, src: region }), job.cipherStart);
  const hashed = job.order === Order.HASH_THEN_CIPHER ? job.src : dst;
  const input = concat(job.aad, hashed.slice(job.hashStart, job.hashStart + job.lenToHash));
  return concat(fit(dst, job.dstLen), digest(job, input));
}

function digest(job: ChainJob, input: Bytes): Bytes {
  const { hashAlgo, hashMode, resultLen } = job;
  if (hashMode === HashMode.AUTH) return mac(hashAlgo, job.authKey, input).slice(0, resultLen);
  if (hashMode === HashMode.PLAIN) return hash(hashAlgo, input, resultLen);
  return hash(hashAlgo, hash(hashAlgo, input, HASH_LEN[hashAlgo]), resultLen);
}
