/**
 * What a data request has to be answered, from its body on.
 *
 * @module
 */

import { digestLen, has, readDigest, readKeys } from "./expected_sessions.ts";
import type { Fields } from "./fields.ts";
import {
  AEADS,
  CCM,
  CIPHERS,
  DATA_AEAD,
  DATA_CHAIN,
  DATA_CIPHER,
  DATA_DIGEST,
  HASHES,
  LESS_AEAD,
  LESS_CHAIN,
  LESS_CIPHER,
  LESS_HASH,
  LESS_MAC,
  MACS,
  OP_TYPE,
} from "./layouts.ts";
import {
  AEAD,
  AUTH,
  CIPHER,
  ERR,
  HASH,
  MAC,
  NOTSUPP,
  OK,
  Operation,
  Setting,
} from "./operation.ts";

/** The answer that a request has to have. */
export interface Prediction {
  readonly status: number;
  /** Only for control requests; a data request's follows from its status. */
  readonly usedLen: number;
  /** What a data request computes; its outcome decides between OK and BADMSG. */
  readonly operation: Operation | null;
  /** The session that comes to be, without its number. */
  readonly created: Setting | null;
  readonly destroyed: Setting | null;
}

/** A prediction of no consequence. */
export const NOTHING = { usedLen: 0, operation: null, created: null, destroyed: null } as const;

/** A failure. */
export function fails(status: number): Prediction {
  return { ...NOTHING, status };
}

/** The answer to a stateless request. */
export function stateless(fields: Fields, service: number, decrypt: boolean): Prediction {
  const setting = new Setting();
  setting.service = service;
  setting.decrypt = decrypt;
  const operation = new Operation(setting, false);
  if (service === CIPHER) return statelessSym(fields, operation);
  if (service === AEAD) return statelessAead(fields, operation);
  const at = service === MAC ? LESS_MAC : LESS_HASH;
  setting.algo = fields.field(at.algo);
  if (!has(service === MAC ? MACS : HASHES, setting.algo)) return fails(NOTSUPP);
  const keyLen = service === MAC ? fields.field(LESS_MAC.authKeyLen) : 0;
  setting.resultLimit = service === MAC ? MACS[setting.algo].len : HASHES[setting.algo].len;
  const srcLen = fields.field(at.srcLen);
  operation.resultLen = fields.field(at.resultLen);
  if (!fields.fits(keyLen + srcLen, operation.resultLen)) return fails(ERR);
  if (service === MAC && !MACS[setting.algo].keys.includes(keyLen)) return fails(ERR);
  setting.key = fields.bytes(0, keyLen);
  return digest(fields, operation, keyLen, srcLen);
}

function digest(fields: Fields, operation: Operation, at: number, srcLen: number): Prediction {
  const { setting, resultLen } = operation;
  if (setting.service === MAC && srcLen < MACS[setting.algo].iv) return fails(ERR);
  if (resultLen === 0 || resultLen > setting.resultLimit) return fails(ERR);
  operation.src = fields.bytes(at, srcLen);
  return { ...NOTHING, operation, status: OK };
}

function statelessSym(fields: Fields, operation: Operation): Prediction {
  const { setting } = operation;
  const opType = fields.field(OP_TYPE.stateless);
  if (opType !== 1 && opType !== 2) return fails(NOTSUPP);
  setting.isChain = opType === 2;
  const at = setting.isChain ? LESS_CHAIN : LESS_CIPHER;
  setting.algo = fields.field(at.algo);
  if (!has(CIPHERS, setting.algo)) return fails(NOTSUPP);
  if (setting.isChain && !readDigest(fields, setting, LESS_CHAIN)) return fails(NOTSUPP);
  if (fields.field(at.op) !== (setting.decrypt ? 2 : 1)) return fails(ERR);
  const keyLen = fields.field(at.keyLen);
  if (!setting.isChain) {
    const keysFit = keyLen <= fields.restLen;
    if (!keysFit || !readKeys(fields, setting, keyLen, 0)) return fails(ERR);
    return cipher(fields, operation, LESS_CIPHER, keyLen);
  }
  const authKeyLen = fields.field(LESS_CHAIN.authKeyLen);
  if (keyLen + authKeyLen > fields.restLen) return fails(ERR);
  if (!readKeys(fields, setting, keyLen, authKeyLen)) return fails(ERR);
  setting.resultLimit = digestLen(setting);
  return chain(fields, operation, LESS_CHAIN, keyLen + authKeyLen, true);
}

function cipher(
  fields: Fields,
  operation: Operation,
  at: typeof DATA_CIPHER | typeof LESS_CIPHER,
  keyLen: number,
): Prediction {
  const ivLen = fields.field(at.ivLen);
  const srcLen = fields.field(at.srcLen);
  operation.dstLen = fields.field(at.dstLen);
  if (!fields.fits(keyLen + ivLen + srcLen, operation.dstLen)) return fails(ERR);
  if (!isCiphered(operation.setting.algo, ivLen, srcLen)) return fails(ERR);
  if (operation.dstLen < srcLen) return fails(ERR);
  operation.iv = fields.bytes(keyLen, ivLen);
  operation.src = fields.bytes(keyLen + ivLen, srcLen);
  return { ...NOTHING, operation, status: OK };
}

// In a session src comes before aad, in a stateless request behind it.
function chain(
  fields: Fields,
  operation: Operation,
  at: typeof DATA_CHAIN | typeof LESS_CHAIN,
  keysLen: number,
  aadFirst: boolean,
): Prediction {
  const { setting } = operation;
  const ivLen = fields.field(at.ivLen);
  const srcLen = fields.field(at.srcLen);
  const aadLen = fields.field(at.aadLen);
  operation.dstLen = fields.field(at.dstLen);
  operation.resultLen = fields.field(at.resultLen);
  operation.cipherStart = fields.field(at.cipherStart);
  operation.cipherLen = fields.field(at.cipherLen);
  operation.hashStart = fields.field(at.hashStart);
  operation.hashLen = fields.field(at.hashLen);
  const { dstLen, resultLen, cipherStart, cipherLen, hashStart, hashLen } = operation;
  if (!fields.fits(keysLen + ivLen + srcLen + aadLen, dstLen + resultLen)) return fails(ERR);
  if (!isCiphered(setting.algo, ivLen, cipherLen) || dstLen < srcLen) return fails(ERR);
  if (cipherStart + cipherLen > srcLen || hashStart + hashLen > srcLen) return fails(ERR);
  if (setting.hashMode === AUTH && aadLen < MACS[setting.hashAlgo].iv) return fails(ERR);
  if (resultLen === 0 || resultLen > setting.resultLimit) return fails(ERR);
  const behindIv = keysLen + ivLen;
  operation.iv = fields.bytes(keysLen, ivLen);
  operation.src = fields.bytes(aadFirst ? behindIv + aadLen : behindIv, srcLen);
  operation.aad = fields.bytes(aadFirst ? behindIv : behindIv + srcLen, aadLen);
  return { ...NOTHING, operation, status: OK };
}

function statelessAead(fields: Fields, operation: Operation): Prediction {
  const { setting } = operation;
  setting.algo = fields.field(LESS_AEAD.algo);
  if (!has(AEADS, setting.algo)) return fails(NOTSUPP);
  if (fields.field(LESS_AEAD.op) !== (setting.decrypt ? 2 : 1)) return fails(ERR);
  const keyLen = fields.field(LESS_AEAD.keyLen);
  if (!AEADS[setting.algo].keys.includes(keyLen)) return fails(ERR);
  setting.key = fields.bytes(0, keyLen);
  operation.tagLen = fields.field(LESS_AEAD.tagLen);
  return aead(fields, operation, LESS_AEAD, keyLen);
}

function aead(
  fields: Fields,
  operation: Operation,
  at: typeof DATA_AEAD | typeof LESS_AEAD,
  keyLen: number,
): Prediction {
  const { setting, tagLen } = operation;
  const row = AEADS[setting.algo];
  const ivLen = fields.field(at.ivLen);
  const aadLen = fields.field(at.aadLen);
  const srcLen = fields.field(at.srcLen);
  operation.dstLen = fields.field(at.dstLen);
  const declared = keyLen + ivLen + srcLen + aadLen;
  if (!fields.fits(declared, operation.dstLen)) return fails(ERR);
  const isExact = fields.restLen === declared;
  if (!isExact && fields.restLen !== declared + 16 - ivLen) return fails(ERR);
  if (!row.ivs.includes(ivLen) || !row.tags.includes(tagLen)) return fails(ERR);
  const textLen = setting.decrypt ? srcLen - tagLen : srcLen;
  if (textLen < 0 || operation.dstLen < (setting.decrypt ? textLen : srcLen + tagLen)) {
    return fails(ERR);
  }
  if (setting.algo === CCM && textLen > 2 ** (8 * (15 - ivLen)) - 1) return fails(ERR);
  const ivField = isExact ? ivLen : 16;
  operation.iv = fields.bytes(keyLen + (isExact ? 0 : row.nonceAt), ivLen);
  operation.src = fields.bytes(keyLen + ivField, srcLen);
  operation.aad = fields.bytes(keyLen + ivField + srcLen, aadLen);
  return { ...NOTHING, operation, status: OK };
}

/** The answer to a request of a session. */
export function inSession(fields: Fields, setting: Setting, decrypt: boolean): Prediction {
  const operation = new Operation(setting, true);
  if (setting.service === HASH || setting.service === MAC) {
    const srcLen = fields.field(DATA_DIGEST.srcLen);
    operation.resultLen = fields.field(DATA_DIGEST.resultLen);
    if (!fields.fits(srcLen, operation.resultLen)) return fails(ERR);
    return digest(fields, operation, 0, srcLen);
  }
  if (setting.service === AEAD) {
    if (setting.decrypt !== decrypt) return fails(ERR);
    const tagLen = fields.field(DATA_AEAD.tagLen);
    if (tagLen !== 0 && tagLen !== setting.tagLen) return fails(ERR);
    operation.tagLen = setting.tagLen;
    return aead(fields, operation, DATA_AEAD, 0);
  }
  const opType = fields.field(OP_TYPE.data);
  if (opType !== 1 && opType !== 2) return fails(NOTSUPP);
  if (opType !== (setting.isChain ? 2 : 1) || setting.decrypt !== decrypt) return fails(ERR);
  return setting.isChain
    ? chain(fields, operation, DATA_CHAIN, 0, false)
    : cipher(fields, operation, DATA_CIPHER, 0);
}
function isCiphered(algo: number, ivLen: number, len: number): boolean {
  const { iv, block, min } = CIPHERS[algo];
  return ivLen === iv && len >= min && len % block === 0;
}
