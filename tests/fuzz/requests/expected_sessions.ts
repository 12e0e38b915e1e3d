/**
 * What a session's creation has to come to.
 *
 * @module
 */

import type { Fields } from "./fields.ts";
import {
  AEADS,
  CIPHERS,
  CREATE_AEAD,
  CREATE_CHAIN,
  CREATE_CIPHER,
  CREATE_HASH,
  CREATE_MAC,
  CTRL_BODY,
  CTRL_HEADER,
  HASHES,
  LESS_CHAIN,
  MACS,
  MUX_CREATE_BODY,
  OP_TYPE,
  XTS,
} from "./layouts.ts";
import { AUTH, CIPHER, ERR, HASH, MAC, NESTED, NOTSUPP, PLAIN, Setting } from "./operation.ts";

/** Whether an algorithm of that number is in the table. */
export function has(table: Readonly<Record<number, unknown>>, algo: number): boolean {
  return table[algo] !== undefined;
}

/** The session that a body creates, or the status of its refusal. */
export function created(
  fields: Fields,
  service: number,
  mux: boolean,
): Setting | number {
  const size = mux ? MUX_CREATE_BODY[service] : CTRL_BODY;
  if (!fields.hasBody(CTRL_HEADER, size)) return ERR;
  const setting = new Setting();
  setting.service = service;
  switch (service) {
    case CIPHER:
      return createSym(fields, setting);
    case HASH:
      setting.algo = fields.field(CREATE_HASH.algo);
      if (!has(HASHES, setting.algo)) return NOTSUPP;
      return limit(fields, setting, CREATE_HASH.resultLen, HASHES[setting.algo].len, 0);
    case MAC: {
      setting.algo = fields.field(CREATE_MAC.algo);
      if (!has(MACS, setting.algo)) return NOTSUPP;
      const row = MACS[setting.algo];
      const keyLen = fields.field(CREATE_MAC.authKeyLen);
      if (keyLen > fields.restLen || !row.keys.includes(keyLen)) return ERR;
      setting.key = fields.bytes(0, keyLen);
      return limit(fields, setting, CREATE_MAC.resultLen, row.len, keyLen);
    }
    default:
      return createAead(fields, setting);
  }
}

function createSym(fields: Fields, setting: Setting): Setting | number {
  const opType = fields.field(OP_TYPE.create);
  if (opType !== 1 && opType !== 2) return NOTSUPP;
  setting.isChain = opType === 2;
  const at = setting.isChain ? CREATE_CHAIN : CREATE_CIPHER;
  setting.algo = fields.field(at.algo);
  if (!has(CIPHERS, setting.algo)) return NOTSUPP;
  if (setting.isChain && !readDigest(fields, setting, CREATE_CHAIN)) return NOTSUPP;
  const op = fields.field(at.op);
  if (op !== 1 && op !== 2) return ERR;
  setting.decrypt = op === 2;
  const keyLen = fields.field(at.keyLen);
  const isAuth = setting.isChain && setting.hashMode === AUTH;
  const authKeyLen = isAuth ? fields.field(CREATE_CHAIN.authKeyLen) : 0;
  if (keyLen + authKeyLen > fields.restLen) return ERR;
  if (!readKeys(fields, setting, keyLen, authKeyLen)) return ERR;
  const keysLen = keyLen + authKeyLen;
  if (setting.isChain) {
    return limit(fields, setting, CREATE_CHAIN.resultLen, digestLen(setting), keysLen);
  }
  return keysLen + 16 > fields.maxSize ? ERR : setting;
}

function createAead(fields: Fields, setting: Setting): Setting | number {
  setting.algo = fields.field(CREATE_AEAD.algo);
  if (!has(AEADS, setting.algo)) return NOTSUPP;
  const row = AEADS[setting.algo];
  const op = fields.field(CREATE_AEAD.op);
  const keyLen = fields.field(CREATE_AEAD.keyLen);
  setting.tagLen = fields.field(CREATE_AEAD.tagLen);
  if (op !== 1 && op !== 2) return ERR;
  if (keyLen > fields.restLen || keyLen + 16 > fields.maxSize) return ERR;
  if (!row.keys.includes(keyLen) || !row.tags.includes(setting.tagLen)) return ERR;
  setting.decrypt = op === 2;
  setting.key = fields.bytes(0, keyLen);
  return setting;
}

// The result a session named, or the algorithm's own; and the bound on its creation.
function limit(
  fields: Fields,
  setting: Setting,
  offset: number,
  most: number,
  keysLen: number,
): Setting | number {
  const named = fields.field(offset);
  if (named > most || keysLen + 16 > fields.maxSize) return ERR;
  setting.resultLimit = named === 0 ? most : named;
  return setting;
}

/** Order, mode and algorithm of a chain's digest; false where one of them does not exist. */
export function readDigest(
  fields: Fields,
  setting: Setting,
  at: typeof CREATE_CHAIN | typeof LESS_CHAIN,
): boolean {
  setting.order = fields.field(at.order);
  setting.hashMode = fields.field(at.hashMode);
  setting.hashAlgo = fields.field(at.hashAlgo);
  if (setting.order !== 1 && setting.order !== 2) return false;
  if (setting.hashMode === AUTH) return has(MACS, setting.hashAlgo);
  const isHash = setting.hashMode === PLAIN || setting.hashMode === NESTED;
  return isHash && has(HASHES, setting.hashAlgo);
}

/** Copies the keys; false when one of them is refused. */
export function readKeys(
  fields: Fields,
  setting: Setting,
  keyLen: number,
  authKeyLen: number,
): boolean {
  if (!CIPHERS[setting.algo].keys.includes(keyLen)) return false;
  const isAuth = setting.isChain && setting.hashMode === AUTH;
  if (isAuth ? !MACS[setting.hashAlgo].keys.includes(authKeyLen) : authKeyLen !== 0) return false;
  setting.key = fields.bytes(0, keyLen);
  setting.authKey = fields.bytes(keyLen, authKeyLen);
  if (setting.algo !== XTS) return true;
  const half = keyLen / 2;
  return setting.key.slice(0, half).some((byte, i) => byte !== setting.key[half + i]);
}

/** The longest digest of a chain. */
export function digestLen({ hashMode, hashAlgo }: Setting): number {
  return hashMode === AUTH ? MACS[hashAlgo].len : HASHES[hashAlgo].len;
}
