/**
 * What a request comes down to once its bytes have been taken apart.
 *
 * @module
 */

/** Number of the services. */
export const CIPHER = 0;
export const HASH = 1;
export const MAC = 2;
export const AEAD = 3;

/** The modes of a chain's digest and the orders of a chain. */
export const PLAIN = 1;
export const AUTH = 2;
export const NESTED = 3;
export const HASH_THEN_CIPHER = 1;

/** Status numbers. */
export const OK = 0;
export const ERR = 1;
export const BADMSG = 2;
export const NOTSUPP = 3;
export const INVSESS = 4;
export const NOSPC = 5;

const NONE = new Uint8Array(0);

/** Algorithm, keys and direction: what a session holds, or a stateless request carries. */
export class Setting {
  /** The number the device gave the session; 0 for none yet, or a stateless request. */
  id = 0;
  service = 0;
  isChain = false;
  decrypt = false;
  algo = 0;
  key: Uint8Array<ArrayBuffer> = NONE;
  hashMode = 0;
  hashAlgo = 0;
  authKey: Uint8Array<ArrayBuffer> = NONE;
  order = 0;
  /** Of an AEAD session. */
  tagLen = 0;
  /** Longest result that may be asked for. */
  resultLimit = 0;
}

/** One data request. */
export class Operation {
  setting: Setting;
  /** Whether contexts are to be kept for the next request. */
  isSession: boolean;
  iv: Uint8Array<ArrayBuffer> = NONE;
  src: Uint8Array<ArrayBuffer> = NONE;
  aad: Uint8Array<ArrayBuffer> = NONE;
  dstLen = 0;
  resultLen = 0;
  tagLen = 0;
  cipherStart = 0;
  cipherLen = 0;
  hashStart = 0;
  hashLen = 0;

  constructor(setting: Setting, isSession: boolean) {
    this.setting = setting;
    this.isSession = isSession;
  }
}
