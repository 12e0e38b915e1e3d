/**
 * Offsets and algorithms as wire.md lists them (sections 1 and 5), written down a second time: the
 * device's own tables are what is tested.
 *
 * @module
 */

/** Bytes of the headers, and of every body without MUX. */
export const CTRL_HEADER = 16;
export const DATA_HEADER = 24;
export const CTRL_BODY = 56;
export const DATA_BODY = 48;

/** Bytes of a body under MUX, by service. */
export const MUX_CREATE_BODY = [56, 8, 16, 24] as const;
export const MUX_DATA_BODY = [48, 8, 8, 24] as const;
export const STATELESS_BODY = [80, 16, 16, 32] as const;
export const STATELESS_CIPHER_BODY_11 = 76;

/** Where `op_type` stands in the three CIPHER bodies. */
export const OP_TYPE = { create: 48, data: 40, stateless: 72 } as const;

export const CREATE_CIPHER = { algo: 0, keyLen: 4, op: 8 } as const;
export const CREATE_CHAIN = {
  order: 0,
  hashMode: 4,
  algo: 8,
  keyLen: 12,
  op: 16,
  hashAlgo: 24,
  resultLen: 28,
  authKeyLen: 32,
  aadLen: 40,
} as const;
export const CREATE_HASH = { algo: 0, resultLen: 4 } as const;
export const CREATE_MAC = { algo: 0, resultLen: 4, authKeyLen: 8 } as const;
export const CREATE_AEAD = { algo: 0, keyLen: 4, tagLen: 8, aadLen: 12, op: 16 } as const;

export const DATA_CIPHER = { ivLen: 0, srcLen: 4, dstLen: 8 } as const;
export const DATA_CHAIN = {
  ivLen: 0,
  srcLen: 4,
  dstLen: 8,
  cipherStart: 12,
  cipherLen: 16,
  hashStart: 20,
  hashLen: 24,
  aadLen: 28,
  resultLen: 32,
} as const;
export const DATA_DIGEST = { srcLen: 0, resultLen: 4 } as const;
export const DATA_AEAD = { ivLen: 0, aadLen: 4, srcLen: 8, dstLen: 12, tagLen: 16 } as const;

export const LESS_CIPHER = {
  algo: 0,
  keyLen: 4,
  op: 8,
  ivLen: 12,
  srcLen: 16,
  dstLen: 20,
} as const;
export const LESS_CHAIN = {
  order: 0,
  sessionAadLen: 4,
  algo: 8,
  keyLen: 12,
  op: 16,
  hashAlgo: 20,
  authKeyLen: 24,
  hashMode: 28,
  ivLen: 32,
  srcLen: 36,
  dstLen: 40,
  cipherStart: 44,
  cipherLen: 48,
  hashStart: 52,
  hashLen: 56,
  aadLen: 60,
  resultLen: 64,
} as const;
export const LESS_HASH = { algo: 0, srcLen: 4, resultLen: 8 } as const;
export const LESS_MAC = { algo: 0, authKeyLen: 4, srcLen: 8, resultLen: 12 } as const;
export const LESS_AEAD = {
  algo: 0,
  keyLen: 4,
  op: 8,
  ivLen: 12,
  tagLen: 16,
  aadLen: 20,
  srcLen: 24,
  dstLen: 28,
} as const;

/** A cipher's row. */
export interface CipherRow {
  readonly keys: readonly number[];
  readonly iv: number;
  readonly block: number;
  readonly min: number;
}

function range(min: number, max: number): number[] {
  return Array.from({ length: max - min + 1 }, (_, i) => min + i);
}

const AES = [16, 24, 32];

/** Ciphers by number. */
export const CIPHERS: Readonly<Record<number, CipherRow>> = {
  1: { keys: range(1, 256), iv: 0, block: 1, min: 0 },
  2: { keys: AES, iv: 0, block: 16, min: 0 },
  3: { keys: AES, iv: 16, block: 16, min: 0 },
  4: { keys: AES, iv: 16, block: 1, min: 0 },
  5: { keys: [8], iv: 0, block: 8, min: 0 },
  6: { keys: [8], iv: 8, block: 8, min: 0 },
  7: { keys: [24], iv: 0, block: 8, min: 0 },
  8: { keys: [24], iv: 8, block: 8, min: 0 },
  9: { keys: [24], iv: 8, block: 1, min: 0 },
  10: { keys: [16], iv: 8, block: 1, min: 0 },
  11: { keys: [16], iv: 16, block: 1, min: 0 },
  12: { keys: [32, 48, 64], iv: 16, block: 1, min: 0 },
  13: { keys: [32, 64], iv: 16, block: 1, min: 16 },
  14: { keys: [16], iv: 16, block: 1, min: 0 },
};
/** AES_XTS, the one cipher that refuses keys by what they are. */
export const XTS = 13;

/** Hashes by number: the longest result, and what NESTED hashes again. */
export const HASHES: Readonly<Record<number, { readonly len: number; readonly inner: number }>> = {
  1: { len: 16, inner: 16 },
  2: { len: 20, inner: 20 },
  3: { len: 28, inner: 28 },
  4: { len: 32, inner: 32 },
  5: { len: 48, inner: 48 },
  6: { len: 64, inner: 64 },
  7: { len: 28, inner: 28 },
  8: { len: 32, inner: 32 },
  9: { len: 48, inner: 48 },
  10: { len: 64, inner: 64 },
  11: { len: 65536, inner: 32 },
  12: { len: 65536, inner: 64 },
};

/** A MAC's row. */
export interface MacRow {
  readonly keys: readonly number[];
  readonly len: number;
  readonly iv: number;
}

const HMAC_KEYS = range(1, 512);

/** MACs by number. */
export const MACS: Readonly<Record<number, MacRow>> = {
  1: { keys: HMAC_KEYS, len: 16, iv: 0 },
  2: { keys: HMAC_KEYS, len: 20, iv: 0 },
  3: { keys: HMAC_KEYS, len: 28, iv: 0 },
  4: { keys: HMAC_KEYS, len: 32, iv: 0 },
  5: { keys: HMAC_KEYS, len: 48, iv: 0 },
  6: { keys: HMAC_KEYS, len: 64, iv: 0 },
  25: { keys: [24], len: 8, iv: 0 },
  26: { keys: AES, len: 16, iv: 0 },
  27: { keys: [16], len: 4, iv: 0 },
  28: { keys: [16], len: 4, iv: 16 },
  41: { keys: AES, len: 16, iv: 12 },
  42: { keys: AES, len: 16, iv: 12 },
  49: { keys: AES, len: 16, iv: 0 },
  50: { keys: [16], len: 8, iv: 0 },
  53: { keys: [16], len: 16, iv: 0 },
  54: { keys: [16], len: 4, iv: 16 },
};

/** An AEAD's row. */
export interface AeadRow {
  readonly keys: readonly number[];
  readonly ivs: readonly number[];
  readonly tags: readonly number[];
  /** Where the nonce starts in an iv field of 16 bytes. */
  readonly nonceAt: number;
}

/** AEADs by number. */
export const AEADS: Readonly<Record<number, AeadRow>> = {
  1: { keys: AES, ivs: [12, 16], tags: [4, 8, 12, 13, 14, 15, 16], nonceAt: 0 },
  2: { keys: AES, ivs: range(7, 13), tags: [4, 6, 8, 10, 12, 14, 16], nonceAt: 1 },
  3: { keys: [32], ivs: [12], tags: [16], nonceAt: 0 },
};
/** CCM, whose iv leaves its rest to a count of the source's bytes. */
export const CCM = 2;

/** Numbers of a table. */
export function numbersOf(table: Readonly<Record<number, unknown>>): number[] {
  return Object.keys(table).map(Number);
}
