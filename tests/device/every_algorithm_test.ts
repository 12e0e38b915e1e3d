/**
 * Every algorithm through the rings: lengths around block edges, descriptors cut anywhere, in place,
 * at odd addresses. What must come out is what the algorithm's own context makes of the same bytes
 * in one aligned piece, and that in turn is held against official vectors and other implementations
 * elsewhere (vectors_test.ts, tests/accelerators).
 */

import { strict as assert } from "node:assert";
import {
  type Algorithm,
  ALL_ALGORITHMS,
  Direction,
  type KeyLens,
  Service,
  Status,
} from "../../device/mod.ts";
import {
  aeadStateless,
  build,
  cipherStateless,
  hashStateless,
  macStateless,
  type Request,
} from "../../device/wire/requests.ts";
import { Random } from "../support/random.ts";
import { Rig } from "../support/rig.ts";

const STATELESS = ["CIPHER", "HASH", "MAC", "AEAD"].map((name) => `${name}_STATELESS_MODE`);
const MODE = { mux: true, layout: "v19" } as const;
const MIB = 1024 * 1024;

const rig = new Rig({
  accept: ["MUX_MODE", ...STATELESS],
  onFault: (fault) => assert.fail(String(fault)),
});

/** A request, and what the device must write in front of the status. */
interface Expectation {
  readonly request: Request;
  readonly expected: Uint8Array;
  /** Where src stands in R and how long it is: in place, dst lies there too. */
  readonly srcAt: number;
  readonly srcLen: number;
}

function keyLenOf(keyLens: KeyLens): number {
  return "min" in keyLens ? Math.min(keyLens.max, 32) : keyLens[keyLens.length - 1];
}

function blockOf(algorithm: Algorithm): number {
  if (algorithm.service === Service.CIPHER && algorithm.blockLen > 1) return algorithm.blockLen;
  // Hashes have blocks of 64 to 168 bytes; 128 and its neighbours lie on edges of most.
  return algorithm.service === Service.HASH || algorithm.name.startsWith("HMAC") ? 128 : 16;
}

// 0, 1, every length around each block edge up to 4 blocks, 1 MiB.
function lensOf(algorithm: Algorithm): number[] {
  const block = blockOf(algorithm);
  const lens = new Set([0, 1]);
  for (let edge = block; edge <= 4 * block; edge += block) {
    for (let len = edge - 2; len <= edge + 2; len++) lens.add(len);
  }
  lens.add(MIB);
  return [...lens].filter((len) =>
    algorithm.service !== Service.CIPHER ||
    (len % algorithm.blockLen === 0 && len >= algorithm.minLen)
  );
}

function cipherCase(
  algorithm: Algorithm & { service: 0 },
  len: number,
  random: Random,
): Expectation[] {
  const offered = ALL_ALGORITHMS.cipher[algorithm.id] ?? assert.fail();
  const key = random.bytes(keyLenOf(algorithm.keyLens));
  const iv = random.bytes(algorithm.ivLen);
  const src = random.bytes(len);
  return [Direction.ENCRYPT, Direction.DECRYPT].map((op) => {
    const expected = new Uint8Array(len);
    offered.open(key, op === Direction.DECRYPT).process(iv, src, expected);
    const request = build(cipherStateless, { algo: algorithm.id, op, key, iv, src }, MODE);
    return { request, expected, srcAt: request.readable.length - len, srcLen: len };
  });
}

function hashCase(algorithm: Algorithm & { service: 1 }, len: number, random: Random) {
  const offered = ALL_ALGORITHMS.hash[algorithm.id] ?? assert.fail();
  const src = random.bytes(len);
  const expected = new Uint8Array(Math.min(algorithm.maxResultLen, 200));
  offered.open().digest(src, new Uint8Array(0), expected);
  const options = { algo: algorithm.id, src, hashResultLen: expected.length };
  const request = build(hashStateless, options, MODE);
  return [{ request, expected, srcAt: request.readable.length - len, srcLen: len }];
}

function macCase(algorithm: Algorithm & { service: 2 }, len: number, random: Random) {
  const offered = ALL_ALGORITHMS.mac[algorithm.id] ?? assert.fail();
  const authKey = random.bytes(keyLenOf(algorithm.keyLens));
  const iv = random.bytes(algorithm.ivLen);
  const src = random.bytes(len);
  const expected = new Uint8Array(algorithm.maxResultLen);
  offered.open(authKey).compute(iv, src, new Uint8Array(0), expected);
  const options = { algo: algorithm.id, authKey, iv, src, hashResultLen: expected.length };
  const request = build(macStateless, options, MODE);
  return [{ request, expected, srcAt: request.readable.length - len, srcLen: len }];
}

function aeadCase(algorithm: Algorithm & { service: 3 }, len: number, random: Random) {
  const offered = ALL_ALGORITHMS.aead[algorithm.id] ?? assert.fail();
  const key = random.bytes(keyLenOf(algorithm.keyLens));
  const iv = random.bytes(algorithm.ivLens[0]);
  const aad = random.bytes(len % 41);
  const tagLen = algorithm.tagLens[algorithm.tagLens.length - 1];
  const src = random.bytes(len);
  const sealed = new Uint8Array(len + tagLen);
  const context = offered.open(key);
  context.seal(iv, aad, src, sealed.subarray(0, len), sealed.subarray(len));
  const common = { algo: algorithm.id, key, iv, aad, tagLen };
  const seal = build(aeadStateless, { ...common, op: Direction.ENCRYPT, src }, MODE);
  const open = build(aeadStateless, { ...common, op: Direction.DECRYPT, src: sealed }, MODE);
  const srcAt = (request: Request, srcLen: number) => request.readable.length - aad.length - srcLen;
  return [
    { request: seal, expected: sealed, srcAt: srcAt(seal, len), srcLen: len },
    { request: open, expected: src, srcAt: srcAt(open, sealed.length), srcLen: sealed.length },
  ];
}

function casesOf(algorithm: Algorithm, len: number, random: Random): Expectation[] {
  switch (algorithm.service) {
    case Service.CIPHER:
      return cipherCase(algorithm, len, random);
    case Service.HASH:
      return hashCase(algorithm, len, random);
    case Service.MAC:
      return macCase(algorithm, len, random);
    case Service.AEAD:
      return aeadCase(algorithm, len, random);
  }
}

// Lengths of some descriptors; what is left goes into one more.
function cutsOf(random: Random, len: number, num: number): number[] {
  return Array.from({ length: num }, () => random.below(Math.floor(len / num) + 2));
}

function check(what: string, expected: Uint8Array, usedLen: number, writable: Uint8Array): void {
  assert.equal(writable[writable.length - 1], Status.OK, `${what}: status`);
  assert.equal(usedLen, expected.length + 1, `${what}: used.len`);
  assert.ok(isSame(writable.subarray(0, usedLen - 1), expected), `${what}: bytes`);
}

// deepEqual takes seconds for 1 MiB.
function isSame(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i]);
}

// dst lies where src lies: one writable buffer over the source, the rest of W elsewhere.
function submitInPlace({ request, srcAt, srcLen }: Expectation): [number, Uint8Array] {
  const [input] = rig.place(request.readable.length);
  rig.region.bytes.set(request.readable, input.address);
  const inPlace = Math.min(srcLen, request.writableLen - 1);
  const output = [
    { address: input.address + srcAt, len: inPlace },
    ...rig.place(request.writableLen - inPlace),
  ];
  const ring = rig.queues[0];
  const head = ring.add([input], output);
  rig.kick(0);
  assert.equal(ring.popUsed(), head);
  return [ring.usedLen, rig.load(output)];
}

for (const { algorithm } of ALL_ALGORITHMS.list()) {
  const service = Object.keys(Service)[algorithm.service];

  Deno.test(`${service} ${algorithm.name} gives the same bytes however its request lies in memory`, () => {
    const random = new Random(algorithm.id * 4 + algorithm.service);
    for (const len of lensOf(algorithm)) {
      for (const expectation of casesOf(algorithm, len, random)) {
        const { request, expected } = expectation;
        const readableCuts = cutsOf(random, request.readable.length, len === MIB ? 20 : 5);
        const writableCuts = cutsOf(random, request.writableLen, 4);

        const whole = rig.submit(0, request.readable, request.writableLen);
        const cut = rig.submit(1, request.readable, request.writableLen, {
          readableCuts,
          writableCuts,
          indirect: len % 2 === 1,
        });
        const [usedLen, inPlace] = submitInPlace(expectation);

        check(`${len} B in one piece`, expected, whole.usedLen, whole.writable);
        check(`${len} B cut at ${readableCuts}`, expected, cut.usedLen, cut.writable);
        check(`${len} B in place`, expected, usedLen, inPlace);
      }
    }
  });
}
