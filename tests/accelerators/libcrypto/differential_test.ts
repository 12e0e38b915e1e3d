/** Whoever computes, a driver sees the same: status, used.len, bytes, for good requests and bad ones. */

import { strict as assert } from "node:assert";
import {
  type AeadAlgorithm,
  type Algorithm,
  ALGORITHMS,
  type CipherAlgorithm,
  Direction,
  type HashAlgorithm,
  type KeyLens,
  type MacAlgorithm,
  Service,
} from "../../../device/mod.ts";
import {
  aeadData,
  aeadStateless,
  build,
  cipherData,
  cipherStateless,
  createAeadSession,
  createCipherSession,
  createHashSession,
  createMacSession,
  hashData,
  hashStateless,
  macData,
  macStateless,
  parseSessionInput,
  type Request,
} from "../../../device/wire/requests.ts";
import { IMPLEMENTED } from "../../support/implementations.ts";
import { EngineRig } from "../../support/engine_rig.ts";
import { Random } from "../../support/random.ts";

const MODE = { mux: true, layout: "v19" } as const;
const NUM_REQUESTS = 120;
const { ENCRYPT, DECRYPT } = Direction;

// Lengths round the edges of blocks, and of the pieces that contexts work in.
const LENS = [0, 1, 7, 8, 15, 16, 17, 24, 31, 32, 33, 48, 63, 64, 65, 127, 128, 1000, 4096, 16384];
const LONG_LENS = [16385, 16400, 33000, 65552];

/** What a row's requests are made of. */
interface Maker {
  readonly create: (random: Random) => Request;
  readonly data: (random: Random, sessionId: number) => Request;
  readonly stateless: (random: Random) => Request;
}

function pick<T>(random: Random, from: readonly T[]): T {
  return from[random.below(from.length)];
}

function srcLen(random: Random): number {
  if (random.below(12) === 0) return pick(random, LONG_LENS);
  return random.below(2) === 0 ? pick(random, LENS) : 16 * random.below(40);
}

// Mostly legal; else a length that is legal nowhere, or for another algorithm.
function keyOf(random: Random, keyLens: KeyLens): Uint8Array {
  const legal = "min" in keyLens ? 1 + random.below(keyLens.max) : pick(random, keyLens);
  return random.bytes(random.below(10) === 0 ? random.below(70) : legal);
}

function lenOf(random: Random, legal: readonly number[]): number {
  return random.below(10) === 0 ? random.below(20) : pick(random, legal);
}

function cipherMaker({ id: algo, keyLens, ivLen }: CipherAlgorithm): Maker {
  const op = (random: Random) => pick(random, [ENCRYPT, DECRYPT]);
  const part = (random: Random) => ({
    op: op(random),
    iv: random.below(4) === 0
      ? new Uint8Array(ivLen).fill(0xff)
      : random.bytes(lenOf(random, [ivLen])),
    src: random.bytes(srcLen(random)),
  });
  return {
    create: (random) =>
      build(createCipherSession, { algo, op: op(random), key: keyOf(random, keyLens) }, MODE),
    data: (random, sessionId) => build(cipherData, { sessionId, ...part(random) }, MODE),
    stateless: (random) =>
      build(cipherStateless, { algo, key: keyOf(random, keyLens), ...part(random) }, MODE),
  };
}

function hashMaker({ id: algo, maxResultLen }: HashAlgorithm): Maker {
  const hashResultLen = (random: Random) =>
    pick(random, [maxResultLen, random.below(70), 0, maxResultLen + 1]);
  const part = (random: Random) => ({
    src: random.bytes(srcLen(random)),
    hashResultLen: hashResultLen(random),
  });
  return {
    create: (random) =>
      build(createHashSession, { algo, hashResultLen: hashResultLen(random) }, MODE),
    data: (random, sessionId) => build(hashData, { sessionId, ...part(random) }, MODE),
    stateless: (random) => build(hashStateless, { algo, ...part(random) }, MODE),
  };
}

function macMaker({ id: algo, keyLens, maxResultLen }: MacAlgorithm): Maker {
  const part = (random: Random) => ({
    src: random.bytes(srcLen(random)),
    hashResultLen: pick(random, [maxResultLen, random.below(maxResultLen + 2)]),
  });
  const session = (random: Random) => ({
    algo,
    hashResultLen: pick(random, [0, maxResultLen]),
    authKey: keyOf(random, keyLens),
  });
  return {
    create: (random) => build(createMacSession, session(random), MODE),
    data: (random, sessionId) => build(macData, { sessionId, ...part(random) }, MODE),
    stateless: (random) =>
      build(macStateless, { algo, authKey: keyOf(random, keyLens), ...part(random) }, MODE),
  };
}

// J0s whose 32-bit counter wraps within a few blocks are among the ivs.
function aeadIv(random: Random, ivLens: readonly number[]): Uint8Array {
  const iv = random.bytes(lenOf(random, ivLens));
  if (iv.length === 16 && random.below(2) === 0) {
    iv.fill(0xff, 12).fill(0xf0 | random.below(16), 15);
  }
  return iv;
}

function aeadMaker({ id: algo, keyLens, ivLens, tagLens }: AeadAlgorithm): Maker {
  const part = (random: Random) => {
    const tagLen = lenOf(random, tagLens);
    const len = srcLen(random);
    const op = pick(random, [ENCRYPT, ENCRYPT, DECRYPT]);
    return {
      op,
      iv: aeadIv(random, ivLens),
      aad: random.bytes(pick(random, [0, 0, 1, 13, 16, 20, 32, 300])),
      src: random.bytes(len),
      tagLen,
      dstDataLen: op === DECRYPT ? Math.max(0, len - tagLen) : len + tagLen,
    };
  };
  const session = (random: Random) => ({
    algo,
    op: pick(random, [ENCRYPT, DECRYPT]),
    key: keyOf(random, keyLens),
    tagLen: lenOf(random, tagLens),
  });
  return {
    create: (random) => build(createAeadSession, session(random), MODE),
    data: (random, sessionId) => build(aeadData, { sessionId, ...part(random) }, MODE),
    stateless: (random) =>
      build(aeadStateless, { algo, key: keyOf(random, keyLens), ...part(random) }, MODE),
  };
}

function makerOf(algorithm: Algorithm): Maker {
  switch (algorithm.service) {
    case Service.CIPHER:
      return cipherMaker(algorithm);
    case Service.HASH:
      return hashMaker(algorithm);
    case Service.MAC:
      return macMaker(algorithm);
    case Service.AEAD:
      return aeadMaker(algorithm);
  }
}

/** Two engines that get the same requests and must give the same answers. */
class Pair {
  readonly #rigs: readonly EngineRig[];

  constructor() {
    this.#rigs = [IMPLEMENTED, ALGORITHMS].map((algorithms) => new EngineRig({ algorithms }));
  }

  control({ readable, writableLen }: Request): Uint8Array {
    const [ours, theirs] = this.#rigs.map((rig) => rig.control(readable, writableLen));
    assert.deepEqual(ours, theirs);
    return ours.writable;
  }

  data({ readable, writableLen }: Request): void {
    const [ours, theirs] = this.#rigs.map((rig) => rig.data(readable, writableLen));
    assert.equal(ours.status, theirs.status);
    assert.equal(ours.usedLen, theirs.usedLen);
    assert.equal(ours.writable.toHex(), theirs.writable.toHex());
  }

  assertNoFaults(): void {
    assert.deepEqual(this.#rigs.map(({ faults }) => faults), [[], []]);
  }
}

// A length field of the body, or R itself, is not what it was.
function spoil(random: Random, request: Request): Request {
  const { readable, writableLen } = request;
  switch (random.below(12)) {
    case 0: {
      const spoilt = readable.slice();
      const at = 24 + 4 * random.below(Math.min(8, (readable.length - 24) >> 2));
      const view = new DataView(spoilt.buffer);
      const len = view.getUint32(at, true);
      view.setUint32(at, Math.max(0, len + pick(random, [-16, -8, -1, 1, 8, 16])), true);
      return { readable: spoilt, writableLen };
    }
    case 1:
      return { readable: readable.slice(0, random.below(readable.length)), writableLen };
    case 2:
      return { readable, writableLen: random.below(writableLen + 1) };
    default:
      return request;
  }
}

for (const algorithm of IMPLEMENTED) {
  if (!algorithm.implementations.some(({ accelerator }) => accelerator === "libcrypto")) continue;
  const maker = makerOf(algorithm);

  Deno.test(`${algorithm.name}: a driver cannot tell libcrypto from others, stateless`, () => {
    const random = new Random(algorithm.service << 8 | algorithm.id);
    const pair = new Pair();

    for (let i = 0; i < NUM_REQUESTS; i++) pair.data(spoil(random, maker.stateless(random)));

    pair.assertNoFaults();
  });

  Deno.test(`${algorithm.name}: a driver cannot tell libcrypto from others, in sessions`, () => {
    const random = new Random(algorithm.service << 16 | algorithm.id);
    const pair = new Pair();

    for (let session = 0; session < 12; session++) {
      const { sessionId } = parseSessionInput(pair.control(maker.create(random)));
      if (sessionId === 0) continue;
      for (let i = 0; i < NUM_REQUESTS / 10; i++) {
        pair.data(spoil(random, maker.data(random, sessionId)));
      }
    }

    pair.assertNoFaults();
  });
}
