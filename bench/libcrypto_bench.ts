/**
 * The device in this process on libcrypto and on noble, beside the bare calls of libcrypto that a
 * request comes down to.
 *
 * Run with `deno bench -A bench/libcrypto_bench.ts`; one iteration is one batch of requests.
 */

import { strict as assert } from "node:assert";
import {
  AeadAlgo,
  ALGORITHMS,
  AlgorithmSet,
  CipherAlgo,
  Direction,
  HashAlgo,
  MacAlgo,
  openLibcrypto,
  withLibcrypto,
} from "../device/mod.ts";
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
} from "../device/wire/requests.ts";
import { iterations, label } from "./support/layers.ts";
import { SessionLane } from "./support/session_lane.ts";

const MODE = { mux: true, layout: "v19" } as const;
const { ENCRYPT, DECRYPT } = Direction;
const key = new Uint8Array(16).fill(0x2b);
const iv = new Uint8Array(16).fill(0xf0);
const nonce = iv.subarray(0, 12);

const opened = openLibcrypto();
assert.ok(opened.library !== null, "reason" in opened ? opened.reason : "");
const { library } = opened;
const libcrypto = new AlgorithmSet(withLibcrypto(ALGORITHMS, library));
const noble = new AlgorithmSet(ALGORITHMS);

/** A kind of request: how its session is made, one of its requests, and where src starts in R. */
interface Kind {
  readonly name: string;
  readonly create: Request;
  readonly dataOf: (sessionId: number, src: Uint8Array) => Request;
  readonly srcAt: number;
}

function cipherKind(name: keyof typeof CipherAlgo): Kind {
  return {
    name,
    create: build(createCipherSession, { algo: CipherAlgo[name], op: ENCRYPT, key }, MODE),
    dataOf: (sessionId, src) => build(cipherData, { sessionId, op: ENCRYPT, iv, src }, MODE),
    srcAt: 88,
  };
}

function gcmKind(name: string, op: number): Kind {
  return {
    name,
    create: build(createAeadSession, { algo: AeadAlgo.GCM, op, key, tagLen: 16 }, MODE),
    dataOf: (sessionId, src) =>
      build(aeadData, { sessionId, op, iv: nonce, src, tagLen: 16 }, MODE),
    srcAt: 60,
  };
}

const digest = { hashResultLen: 32 };
const seal = gcmKind("GCM, encrypting", ENCRYPT);
const open = gcmKind("GCM, decrypting", DECRYPT);
const KINDS: readonly Kind[] = [
  cipherKind("AES_CTR"),
  cipherKind("AES_CBC"),
  {
    name: "SHA_256",
    create: build(createHashSession, { algo: HashAlgo.SHA_256, ...digest }, MODE),
    dataOf: (sessionId, src) => build(hashData, { sessionId, src, ...digest }, MODE),
    srcAt: 32,
  },
  {
    name: "HMAC_SHA_256",
    create: build(
      createMacSession,
      { algo: MacAlgo.HMAC_SHA_256, authKey: key, ...digest },
      MODE,
    ),
    dataOf: (sessionId, src) => build(macData, { sessionId, src, ...digest }, MODE),
    srcAt: 32,
  },
  seal,
  open,
];

function laneOf({ create, dataOf, srcAt }: Kind, on: AlgorithmSet, src: Uint8Array, num: number) {
  const lane = new SessionLane(on, create, (sessionId) => dataOf(sessionId, src), num, srcAt);
  lane.run();
  return lane;
}

for (const [len, num] of [[64, 256], [16384, 8]]) {
  const plain = new Uint8Array(len).map((_, i) => i * 31);
  const sealed = laneOf(seal, noble, plain, 1).result();
  for (const kind of KINDS) {
    const src = kind === open ? sealed : plain;
    const group = `${kind.name}, ${num} x ${label(len)}`;
    const lanes = {
      libcrypto: laneOf(kind, libcrypto, src, num),
      noble: laneOf(kind, noble, src, num),
    };
    // All contenders give the same bytes.
    assert.deepEqual(lanes.libcrypto.result(), lanes.noble.result());
    for (const [name, lane] of Object.entries(lanes)) {
      const baseline = name === "libcrypto";
      Deno.bench({ name: `${group}, device on ${name}`, group, baseline, ...iterations() }, () => {
        lane.run();
      });
    }
    if (kind.name === "AES_CTR") benchBareCalls(group, src, num);
  }
}

// The iv, then the data: what the device's request comes down to.
function benchBareCalls(group: string, src: Uint8Array, num: number): void {
  const { symbols, outLenAt } = library;
  const memory = new Uint8Array(new SharedArrayBuffer(2 * src.length));
  const from = memory.subarray(0, src.length);
  const to = memory.subarray(src.length);
  from.set(src);
  const cipher = library.fetchCipher("AES-128-CTR");
  const context = symbols.EVP_CIPHER_CTX_new();
  assert.equal(symbols.EVP_CipherInit_ex(context, cipher, null, key, null, 1), 1);
  Deno.bench({ name: `${group}, the two calls of libcrypto`, group, ...iterations() }, () => {
    for (let i = 0; i < num; i++) {
      symbols.setIv(context, null, null, null, iv, -1);
      symbols.EVP_CipherUpdate(context, to, outLenAt, from, from.length);
    }
  });
}
