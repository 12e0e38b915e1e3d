/**
 * Requests as rows of little-endian words, in the order of the specification's structures.
 *
 * Written from the specification and wire.md alone: a mistake in the device's own offsets cannot
 * hide behind the same mistake here.
 *
 * @module
 */

/** Numbers of the specification that the cases need. */
export const OK = 0, ERR = 1, BADMSG = 2, NOTSUPP = 3, INVSESS = 4, NOSPC = 5;
/** `VIRTIO_CRYPTO_OP_*`. */
export const ENCRYPT = 1, DECRYPT = 2;
/** `VIRTIO_CRYPTO_CIPHER_*`. */
export const AES_CBC = 3, AES_CTR = 4;
/** `VIRTIO_CRYPTO_HASH_*`. */
export const SHA_256 = 4, SHA_512 = 6;
/** `VIRTIO_CRYPTO_MAC_*`. */
export const HMAC_SHA_256 = 4, HMAC_SHA_512 = 6;
/** `VIRTIO_CRYPTO_AEAD_*`. */
export const GCM = 1, CHACHA20_POLY1305 = 3;
/** `VIRTIO_CRYPTO_SYM_ALG_CHAIN_ORDER_*`. */
export const HASH_THEN_CIPHER = 1, CIPHER_THEN_HASH = 2;
/** `VIRTIO_CRYPTO_SYM_HASH_MODE_*`. */
export const PLAIN = 1, AUTH = 2;

/** An empty row of bytes. */
export const NONE: Uint8Array = new Uint8Array(0);

/** 32-bit little-endian words. */
export function words(...values: readonly number[]): Uint8Array {
  const bytes = new Uint8Array(4 * values.length);
  const view = new DataView(bytes.buffer);
  values.forEach((value, i) => view.setUint32(4 * i, value, true));
  return bytes;
}

/** The parts in a row. */
export function join(...parts: readonly Uint8Array[]): Uint8Array {
  return new Uint8Array(parts.flatMap((part) => [...part]));
}

/** Bytes that repeat at no short distance, other ones for another `seed`. */
export function pattern(len: number, seed: number): Uint8Array {
  return Uint8Array.from({ length: len }, (_, i) => (i * i * 7 + i * 31 + seed * 97 + 5) & 0xff);
}

/** A create request: what follows its header. */
export interface CreateForm {
  readonly opcode: number;
  readonly structure: Uint8Array;
  readonly keys: Uint8Array;
}

/** A data request: what follows its header. */
export interface DataForm {
  readonly opcode: number;
  readonly structure: Uint8Array;
  /** Keys, iv, src, aad in the order of the structure. */
  readonly variable: Uint8Array;
  /** Bytes of W without the status. */
  readonly resultLen: number;
}

/** A kind of request in its three forms, built from one description of the job. */
export interface Kind<Job> {
  /** Opcode of a session's destruction. */
  readonly destroyOpcode: number;
  readonly create: (job: Job) => CreateForm;
  readonly data: (job: Job) => DataForm;
  readonly stateless: (job: Job) => DataForm;
}

/** What a hash request says. */
export interface HashJob {
  readonly algo: number;
  readonly src: Uint8Array;
  readonly hashResultLen: number;
}

/** HASH service. */
export const hash: Kind<HashJob> = {
  destroyOpcode: 0x0103,
  create: (job) => ({ opcode: 0x0102, structure: words(job.algo, job.hashResultLen), keys: NONE }),
  data: ({ src, hashResultLen }) => ({
    opcode: 0x0100,
    structure: words(src.length, hashResultLen),
    variable: src,
    resultLen: hashResultLen,
  }),
  stateless: ({ algo, src, hashResultLen }) => ({
    opcode: 0x0100,
    structure: words(algo, src.length, hashResultLen, 0),
    variable: src,
    resultLen: hashResultLen,
  }),
};

/** What a MAC request says. */
export interface MacJob extends HashJob {
  readonly authKey: Uint8Array;
}

/** MAC service. */
export const mac: Kind<MacJob> = {
  destroyOpcode: 0x0203,
  create: ({ algo, hashResultLen, authKey }) => ({
    opcode: 0x0202,
    structure: words(algo, hashResultLen, authKey.length, 0),
    keys: authKey,
  }),
  data: (job) => ({ ...hash.data(job), opcode: 0x0200 }),
  stateless: ({ algo, src, hashResultLen, authKey }) => ({
    opcode: 0x0200,
    structure: words(algo, authKey.length, src.length, hashResultLen),
    variable: join(authKey, src),
    resultLen: hashResultLen,
  }),
};

/** What a cipher request says. `dstDataLen` is `src`'s by default. */
export interface CipherJob {
  readonly algo: number;
  readonly op: number;
  readonly key: Uint8Array;
  readonly iv: Uint8Array;
  readonly src: Uint8Array;
  readonly dstDataLen?: number;
  /** `VIRTIO_CRYPTO_SYM_OP_CIPHER`, 1, by default. */
  readonly opType?: number;
}

const zeros = (num: number): number[] => new Array(num).fill(0);

/** CIPHER service, plain. */
export const cipher: Kind<CipherJob> = {
  destroyOpcode: 0x0003,
  create: ({ algo, op, key, opType = 1 }) => ({
    opcode: 0x0002,
    structure: words(algo, key.length, op, 0, ...zeros(8), opType, 0),
    keys: key,
  }),
  data: ({ op, iv, src, dstDataLen = src.length, opType = 1 }) => ({
    opcode: op - 1,
    structure: words(iv.length, src.length, dstDataLen, 0, ...zeros(6), opType, 0),
    variable: join(iv, src),
    resultLen: dstDataLen,
  }),
  stateless: ({ algo, op, key, iv, src, dstDataLen = src.length, opType = 1 }) => ({
    opcode: op - 1,
    structure: words(
      ...[algo, key.length, op, iv.length, src.length, dstDataLen],
      ...[...zeros(12), opType, 0],
    ),
    variable: join(key, iv, src),
    resultLen: dstDataLen,
  }),
};

/** What a chain request says; `algo`, `key` and `iv` are the cipher's. */
export interface ChainJob extends CipherJob {
  readonly order: number;
  readonly hashMode: number;
  readonly hashAlgo: number;
  readonly authKey: Uint8Array;
  readonly aad: Uint8Array;
  readonly cipherStart: number;
  readonly lenToCipher: number;
  readonly hashStart: number;
  readonly lenToHash: number;
  readonly hashResultLen: number;
}

const dstLenOf = (job: ChainJob): number => job.dstDataLen ?? job.src.length;
const regions = (job: ChainJob): number[] => [
  ...[job.iv.length, job.src.length, dstLenOf(job), job.cipherStart, job.lenToCipher],
  ...[job.hashStart, job.lenToHash, job.aad.length, job.hashResultLen, 0],
];

/** CIPHER service, algorithm chaining. */
export const chain: Kind<ChainJob> = {
  destroyOpcode: 0x0003,
  create: ({ order, hashMode, algo, key, op, hashAlgo, hashResultLen, authKey, aad }) => ({
    opcode: 0x0002,
    structure: words(
      ...[order, hashMode, algo, key.length, op, 0],
      ...[hashAlgo, hashResultLen, authKey.length, 0, aad.length, 0, 2, 0],
    ),
    keys: join(key, authKey),
  }),
  data: (job) => ({
    opcode: job.op - 1,
    structure: words(...regions(job), 2, 0),
    variable: join(job.iv, job.src, job.aad),
    resultLen: dstLenOf(job) + job.hashResultLen,
  }),
  stateless: (job) => ({
    opcode: job.op - 1,
    structure: words(
      ...[job.order, job.aad.length, job.algo, job.key.length, job.op],
      ...[job.hashAlgo, job.authKey.length, job.hashMode, ...regions(job), 2, 0],
    ),
    variable: join(job.key, job.authKey, job.iv, job.aad, job.src),
    resultLen: dstLenOf(job) + job.hashResultLen,
  }),
};

/** What an AEAD request says. To decrypt, `src` ends with the tag. */
export interface AeadJob {
  readonly algo: number;
  readonly op: number;
  readonly key: Uint8Array;
  readonly iv: Uint8Array;
  readonly src: Uint8Array;
  readonly aad: Uint8Array;
  readonly tagLen: number;
  readonly dstDataLen: number;
}

/** AEAD service. */
export const aead: Kind<AeadJob> = {
  destroyOpcode: 0x0303,
  create: ({ algo, op, key, aad, tagLen }) => ({
    opcode: 0x0302,
    structure: words(algo, key.length, tagLen, aad.length, op, 0),
    keys: key,
  }),
  data: ({ op, iv, src, aad, tagLen, dstDataLen }) => ({
    opcode: 0x0300 + op - 1,
    structure: words(iv.length, aad.length, src.length, dstDataLen, tagLen, 0),
    variable: join(iv, src, aad),
    resultLen: dstDataLen,
  }),
  stateless: ({ algo, op, key, iv, src, aad, tagLen, dstDataLen }) => ({
    opcode: 0x0300 + op - 1,
    structure: words(
      ...[algo, key.length, op, iv.length, tagLen, aad.length, src.length, dstDataLen],
    ),
    variable: join(key, iv, src, aad),
    resultLen: dstDataLen,
  }),
};
