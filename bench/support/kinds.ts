/**
 * The kinds of request that are compared: how a session of each is made, one of its requests, its input.
 */

import { Buffer } from "node:buffer";
import { createCipheriv } from "node:crypto";
import { AeadAlgo, CipherAlgo, Direction, HashAlgo, MacAlgo } from "../../device/mod.ts";
import {
  aeadData,
  build,
  cipherData,
  createAeadSession,
  createCipherSession,
  createHashSession,
  createMacSession,
  hashData,
  macData,
  type Request,
} from "../../device/wire/requests.ts";

const MODE = { mux: true, layout: "v19" } as const;
const { ENCRYPT, DECRYPT } = Direction;

/** Key of every session: 16 bytes. */
export const KEY: Uint8Array<ArrayBuffer> = new Uint8Array(16).fill(0x2b);
/** Iv of every cipher request: 16 bytes. */
export const IV: Uint8Array<ArrayBuffer> = new Uint8Array(16).fill(0xf0);
/** Iv of every AEAD request: 12 bytes. */
export const NONCE: Uint8Array<ArrayBuffer> = IV.slice(0, 12);

/** A kind of request. */
export interface Kind {
  /** Creates the session. */
  readonly create: Request;
  /** One request of the session. */
  readonly dataOf: (sessionId: number, src: Uint8Array) => Request;
  /** Where src starts in R. */
  readonly srcAt: number;
}

function cipherKind(name: keyof typeof CipherAlgo): Kind {
  return {
    create: build(createCipherSession, { algo: CipherAlgo[name], op: ENCRYPT, key: KEY }, MODE),
    dataOf: (sessionId, src) => build(cipherData, { sessionId, op: ENCRYPT, iv: IV, src }, MODE),
    srcAt: 88,
  };
}

function gcmKind(op: number): Kind {
  return {
    create: build(createAeadSession, { algo: AeadAlgo.GCM, op, key: KEY, tagLen: 16 }, MODE),
    dataOf: (sessionId, src) =>
      build(aeadData, { sessionId, op, iv: NONCE, src, tagLen: 16 }, MODE),
    srcAt: 60,
  };
}

const digest = { hashResultLen: 32 };

/** All kinds, by the names that OpenSSL gives their algorithms. */
export const KINDS = {
  "aes-128-ctr": cipherKind("AES_CTR"),
  "aes-128-cbc": cipherKind("AES_CBC"),
  "aes-128-gcm": gcmKind(ENCRYPT),
  "aes-128-gcm-decrypt": gcmKind(DECRYPT),
  "sha-256": {
    create: build(createHashSession, { algo: HashAlgo.SHA_256, ...digest }, MODE),
    dataOf: (sessionId, src) => build(hashData, { sessionId, src, ...digest }, MODE),
    srcAt: 32,
  },
  "hmac-sha-256": {
    create: build(
      createMacSession,
      { algo: MacAlgo.HMAC_SHA_256, authKey: KEY, ...digest },
      MODE,
    ),
    dataOf: (sessionId, src) => build(macData, { sessionId, src, ...digest }, MODE),
    srcAt: 32,
  },
} as const satisfies Record<string, Kind>;

/** Name of one of {@link KINDS}. */
export type KindName = keyof typeof KINDS;

/** `len` bytes of plaintext. */
export function plaintext(len: number): Uint8Array<ArrayBuffer> {
  return new Uint8Array(len).map((_, i) => i * 31);
}

/** Input of a request of `len` bytes; what is to be decrypted is `len` bytes and a tag. */
export function inputOf(kind: KindName, len: number): Uint8Array<ArrayBuffer> {
  if (kind !== "aes-128-gcm-decrypt") return plaintext(len);
  const cipher = createCipheriv("aes-128-gcm", KEY, NONCE);
  const sealed = Buffer.concat([
    cipher.update(plaintext(len)),
    cipher.final(),
    cipher.getAuthTag(),
  ]);
  return new Uint8Array(sealed);
}
