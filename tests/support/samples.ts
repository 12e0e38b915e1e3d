/** One good request of every kind, and where its length fields stand. */

import {
  AeadAlgo,
  ChainOrder,
  CipherAlgo,
  Direction,
  HashAlgo,
  HashMode,
  MacAlgo,
} from "../../device/mod.ts";
import {
  aeadData,
  aeadStateless,
  build,
  chainData,
  chainStateless,
  cipherData,
  cipherStateless,
  hashData,
  hashStateless,
  macData,
  macStateless,
  type Request,
} from "../../device/wire/requests.ts";
import { CREATE, type EngineRig } from "./engine_rig.ts";
import { aesEcb, cbc, gcm, hash, hmac } from "./oracle.ts";
import { concat, counting } from "./random.ts";

const { ENCRYPT, DECRYPT } = Direction;

export const KEY = counting(16, 0xa0);
export const AUTH_KEY = counting(20, 0xc0);
export const IV = counting(16, 0x10);
export const NONCE = counting(12, 0x30);
export const AAD = counting(13, 0x50);
export const SRC = counting(48, 0x60);

const SEALED = gcm(KEY, NONCE, AAD, SRC, 16);
const CIPHERTEXT = cbc(aesEcb, KEY, IV, SRC);

/** What a sample makes its session and request with. */
export type SampleRig = Pick<EngineRig, "create" | "mode">;

/** A good data request. */
export interface Sample {
  readonly name: string;
  readonly service: number;
  readonly stateless: boolean;
  /** Makes the session, where there is one, and the request. */
  readonly make: (rig: SampleRig) => Request;
  /** dst, then hash_result. */
  readonly result: Uint8Array;
  /** Offsets of the body's length fields, by name. */
  readonly lens: Readonly<Record<string, number>>;
  /** Sum that max_size bounds, less the status byte. */
  readonly declared: number;
}

/** Options of the sessions that the samples use. */
export const SESSIONS = {
  cipher: { algo: CipherAlgo.AES_CBC, op: ENCRYPT, key: KEY },
  chain: {
    algChainOrder: ChainOrder.CIPHER_THEN_HASH,
    hashMode: HashMode.AUTH,
    cipher: { algo: CipherAlgo.AES_CBC, op: ENCRYPT, key: KEY },
    hash: { algo: MacAlgo.HMAC_SHA_256, hashResultLen: 32, authKey: AUTH_KEY },
  },
  hash: { algo: HashAlgo.SHA_256, hashResultLen: 32 },
  mac: { algo: MacAlgo.HMAC_SHA_256, hashResultLen: 32, authKey: AUTH_KEY },
  aead: { algo: AeadAlgo.GCM, op: ENCRYPT, key: KEY, tagLen: 16 },
  open: { algo: AeadAlgo.GCM, op: DECRYPT, key: KEY, tagLen: 16 },
} as const;

const cipher = { op: ENCRYPT, iv: IV, src: SRC };
const chain = { op: ENCRYPT, iv: IV, src: SRC, aad: AAD, hashResultLen: 32 };
const digest = { src: SRC, hashResultLen: 32 };
const seal = { op: ENCRYPT, iv: NONCE, aad: AAD, src: SRC, tagLen: 16 };
const open = { op: DECRYPT, iv: NONCE, aad: AAD, src: SEALED, tagLen: 16 };
const CHAIN_RESULT = concat(CIPHERTEXT, hmac("sha256", AUTH_KEY, concat(AAD, CIPHERTEXT)));
const TAG = hmac("sha256", AUTH_KEY, SRC);

const SESSION_SAMPLES: readonly Sample[] = [
  {
    name: "cipher",
    service: 0,
    stateless: false,
    make: (rig) => {
      const sessionId = rig.create(CREATE.cipher, SESSIONS.cipher);
      return build(cipherData, { sessionId, ...cipher }, rig.mode);
    },
    result: CIPHERTEXT,
    lens: { ivLen: 0, srcDataLen: 4, dstDataLen: 8 },
    declared: 16 + 48 + 48,
  },
  {
    name: "chain",
    service: 0,
    stateless: false,
    make: (rig) => {
      const sessionId = rig.create(CREATE.chain, SESSIONS.chain);
      return build(chainData, { sessionId, ...chain }, rig.mode);
    },
    result: CHAIN_RESULT,
    lens: {
      ivLen: 0,
      srcDataLen: 4,
      dstDataLen: 8,
      cipherStart: 12,
      lenToCipher: 16,
      hashStart: 20,
      lenToHash: 24,
      aadLen: 28,
      hashResultLen: 32,
    },
    declared: 16 + 48 + 13 + 48 + 32,
  },
  {
    name: "hash",
    service: 1,
    stateless: false,
    make: (rig) => {
      const sessionId = rig.create(CREATE.hash, SESSIONS.hash);
      return build(hashData, { sessionId, ...digest }, rig.mode);
    },
    result: hash("sha256", SRC),
    lens: { srcDataLen: 0, hashResultLen: 4 },
    declared: 48 + 32,
  },
  {
    name: "mac",
    service: 2,
    stateless: false,
    make: (rig) => {
      const sessionId = rig.create(CREATE.mac, SESSIONS.mac);
      return build(macData, { sessionId, ...digest }, rig.mode);
    },
    result: TAG,
    lens: { srcDataLen: 0, hashResultLen: 4 },
    declared: 48 + 32,
  },
  ...[seal, open].map((options): Sample => ({
    name: options.op === ENCRYPT ? "seal" : "open",
    service: 3,
    stateless: false,
    make: (rig) => {
      const session = options.op === ENCRYPT ? SESSIONS.aead : SESSIONS.open;
      const sessionId = rig.create(CREATE.aead, session);
      return build(aeadData, { sessionId, ...options }, rig.mode);
    },
    result: options.op === ENCRYPT ? SEALED : SRC,
    lens: { ivLen: 0, aadLen: 4, srcDataLen: 8, dstDataLen: 12, tagLen: 16 },
    declared: 12 + 13 + 48 + 64,
  })),
];

const STATELESS_SAMPLES: readonly Sample[] = [
  {
    name: "cipher",
    service: 0,
    stateless: true,
    make: (rig) => build(cipherStateless, { ...cipher, ...SESSIONS.cipher }, rig.mode),
    result: CIPHERTEXT,
    lens: { keylen: 4, ivLen: 12, srcDataLen: 16, dstDataLen: 20 },
    declared: 16 + 16 + 48 + 48,
  },
  {
    name: "chain",
    service: 0,
    stateless: true,
    make: (rig) =>
      build(chainStateless, {
        ...chain,
        algChainOrder: ChainOrder.CIPHER_THEN_HASH,
        hashMode: HashMode.AUTH,
        cipherAlgo: CipherAlgo.AES_CBC,
        key: KEY,
        hashAlgo: MacAlgo.HMAC_SHA_256,
        authKey: AUTH_KEY,
      }, rig.mode),
    result: CHAIN_RESULT,
    lens: {
      keylen: 12,
      authKeyLen: 24,
      ivLen: 32,
      srcDataLen: 36,
      dstDataLen: 40,
      cipherStart: 44,
      lenToCipher: 48,
      hashStart: 52,
      lenToHash: 56,
      aadLen: 60,
      hashResultLen: 64,
    },
    declared: 16 + 20 + 16 + 48 + 13 + 48 + 32,
  },
  {
    name: "hash",
    service: 1,
    stateless: true,
    make: (rig) => build(hashStateless, { ...digest, algo: HashAlgo.SHA_256 }, rig.mode),
    result: hash("sha256", SRC),
    lens: { srcDataLen: 4, hashResultLen: 8 },
    declared: 48 + 32,
  },
  {
    name: "mac",
    service: 2,
    stateless: true,
    make: (rig) => build(macStateless, { ...digest, ...SESSIONS.mac }, rig.mode),
    result: TAG,
    lens: { authKeyLen: 4, srcDataLen: 8, hashResultLen: 12 },
    declared: 20 + 48 + 32,
  },
  ...[seal, open].map((options): Sample => ({
    name: options.op === ENCRYPT ? "seal" : "open",
    service: 3,
    stateless: true,
    make: (rig) => build(aeadStateless, { ...options, algo: AeadAlgo.GCM, key: KEY }, rig.mode),
    result: options.op === ENCRYPT ? SEALED : SRC,
    lens: { keyLen: 4, ivLen: 12, tagLen: 16, aadLen: 20, srcDataLen: 24, dstDataLen: 28 },
    declared: 16 + 12 + 13 + 48 + 64,
  })),
];

/** One good request of every kind. */
export const SAMPLES: readonly Sample[] = [
  ...SESSION_SAMPLES.map((sample) => ({ ...sample, name: `a session's ${sample.name} request` })),
  ...STATELESS_SAMPLES.map((sample) => ({ ...sample, name: `a stateless ${sample.name} request` })),
];

/** Where the body of a data request starts. */
export const BODY = 24;
