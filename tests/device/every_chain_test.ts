/**
 * Every cipher chained with every hash and MAC, in both orders and directions, session and stateless:
 * a chain gives what its two steps give when they are asked for one after the other.
 */

import { strict as assert } from "node:assert";
import {
  ALL_ALGORITHMS,
  ChainOrder,
  type CipherAlgorithm,
  Direction,
  type HashAlgorithm,
  HashMode,
  type KeyLens,
  type MacAlgorithm,
  Service,
  Status,
} from "../../device/mod.ts";
import {
  build,
  chainData,
  chainStateless,
  cipherStateless,
  createChainSession,
  destroySession,
  hashStateless,
  macStateless,
  parseSessionInput,
  type Request,
} from "../../device/wire/requests.ts";
import { concat, Random } from "../support/random.ts";
import { Rig } from "../support/rig.ts";

const STATELESS = ["CIPHER", "HASH", "MAC"].map((name) => `${name}_STATELESS_MODE`);
const MODE = { mux: true, layout: "v19" } as const;
const CIPHERS = present(ALL_ALGORITHMS.cipher);
const HASHES = present(ALL_ALGORITHMS.hash);
const MACS = present(ALL_ALGORITHMS.mac);

// Regions that overlap, start off any block and leave bytes of src on both sides.
const SRC_LEN = 120;
const REGIONS = {
  cipherStartSrcOffset: 7,
  lenToCipher: 64,
  hashStartSrcOffset: 3,
  lenToHash: 101,
} as const;

const rig = new Rig({
  accept: ["MUX_MODE", ...STATELESS],
  onFault: (fault) => assert.fail(String(fault)),
});

function present<T>(table: readonly ({ readonly algorithm: T } | undefined)[]): T[] {
  return table.filter((entry) => entry !== undefined).map((entry) => entry.algorithm);
}

function keyLenOf(keyLens: KeyLens): number {
  return "min" in keyLens ? 24 : keyLens[0];
}

function run({ readable, writableLen }: Request, queue = 0): Uint8Array {
  const { usedLen, writable } = rig.submit(queue, readable, writableLen);
  if (queue === rig.control) return writable;
  assert.equal(writable[writableLen - 1], Status.OK);
  assert.equal(usedLen, writableLen);
  return writable.subarray(0, writableLen - 1);
}

interface Digest {
  readonly hashMode: number;
  readonly algo: number;
  readonly authKey: Uint8Array;
  readonly macIv: Uint8Array;
  readonly resultLen: number;
  /** The digest of `input`, asked for by itself. */
  readonly alone: (input: Uint8Array) => Uint8Array;
}

function hashDigest(hash: HashAlgorithm, hashMode: number): Digest {
  const resultLen = Math.min(hash.maxResultLen, 64);
  const one = (src: Uint8Array, hashResultLen: number) =>
    run(build(hashStateless, { algo: hash.id, src, hashResultLen }, MODE));
  const nothing = new Uint8Array(0);
  const alone = (input: Uint8Array) =>
    hashMode === HashMode.NESTED
      ? one(one(input, hash.innerLen), resultLen)
      : one(input, resultLen);
  return { hashMode, algo: hash.id, authKey: nothing, macIv: nothing, resultLen, alone };
}

function macDigest(mac: MacAlgorithm, random: Random): Digest {
  const authKey = random.bytes(keyLenOf(mac.keyLens));
  const macIv = random.bytes(mac.ivLen);
  const resultLen = mac.maxResultLen;
  const alone = (src: Uint8Array) =>
    run(build(macStateless, {
      algo: mac.id,
      authKey,
      iv: macIv,
      src,
      hashResultLen: resultLen,
    }, MODE));
  return { hashMode: HashMode.AUTH, algo: mac.id, authKey, macIv, resultLen, alone };
}

interface Chain {
  readonly cipher: { readonly algo: number; readonly op: number; readonly key: Uint8Array };
  readonly algChainOrder: number;
  readonly digest: Digest;
  readonly iv: Uint8Array;
  readonly src: Uint8Array;
  readonly aad: Uint8Array;
}

function apart({ cipher, algChainOrder, digest, iv, src, aad }: Chain): Uint8Array {
  const { cipherStartSrcOffset: from, lenToCipher, hashStartSrcOffset, lenToHash } = REGIONS;
  const region = src.subarray(from, from + lenToCipher);
  const dst = src.slice();
  dst.set(run(build(cipherStateless, { ...cipher, iv, src: region }, MODE)), from);
  const hashed = algChainOrder === ChainOrder.HASH_THEN_CIPHER ? src : dst;
  const input = hashed.subarray(hashStartSrcOffset, hashStartSrcOffset + lenToHash);
  return concat(dst, digest.alone(concat(aad, input)));
}

function asSession(chain: Chain): Uint8Array {
  const { cipher, algChainOrder, digest, iv, src } = chain;
  const { hashMode, algo, authKey, resultLen } = digest;
  const hash = { algo, hashResultLen: resultLen, authKey };
  const create = build(createChainSession, { algChainOrder, hashMode, cipher, hash }, MODE);
  const { status, sessionId } = parseSessionInput(run(create, rig.control));
  assert.equal(status, Status.OK);
  const aad = concat(digest.macIv, chain.aad);
  const request = { sessionId, op: cipher.op, iv, src, aad, hashResultLen: resultLen, ...REGIONS };
  const result = run(build(chainData, request, MODE));
  run(build(destroySession, { service: Service.CIPHER, sessionId }, MODE), rig.control);
  return result;
}

function asStateless(chain: Chain): Uint8Array {
  const { cipher, algChainOrder, digest, iv, src } = chain;
  const { hashMode, algo, authKey, resultLen } = digest;
  return run(build(chainStateless, {
    algChainOrder,
    hashMode,
    cipherAlgo: cipher.algo,
    key: cipher.key,
    op: cipher.op,
    hashAlgo: algo,
    authKey,
    iv,
    src,
    aad: concat(digest.macIv, chain.aad),
    hashResultLen: resultLen,
    ...REGIONS,
  }, MODE));
}

function assertChains(cipher: CipherAlgorithm, digests: readonly Digest[], random: Random): void {
  for (const digest of digests) {
    for (const algChainOrder of Object.values(ChainOrder)) {
      for (const op of Object.values(Direction)) {
        const key = random.bytes(keyLenOf(cipher.keyLens));
        const chain = {
          cipher: { algo: cipher.id, op, key },
          algChainOrder,
          digest,
          iv: random.bytes(cipher.ivLen),
          src: random.bytes(SRC_LEN),
          aad: random.bytes(random.below(20)),
        };

        const expected = apart(chain);

        const what = `hash mode ${digest.hashMode}, digest ${digest.algo}, order ${algChainOrder}`;
        assert.deepEqual(asSession(chain), expected, `${what}, session`);
        assert.deepEqual(asStateless(chain), expected, `${what}, stateless`);
      }
    }
  }
}

for (const cipher of CIPHERS) {
  Deno.test(`${cipher.name} chained with each of 12 hashes gives what the two steps give apart`, () => {
    const random = new Random(cipher.id);
    const modes = [HashMode.PLAIN, HashMode.NESTED];
    const digests = HASHES.flatMap((hash) => modes.map((mode) => hashDigest(hash, mode)));

    assertChains(cipher, digests, random);
  });

  Deno.test(`${cipher.name} chained with each of 16 MACs gives what the two steps give apart`, () => {
    const random = new Random(cipher.id + 100);
    const digests = MACS.map((mac) => macDigest(mac, random));

    assertChains(cipher, digests, random);
  });
}

Deno.test("14 ciphers, 12 hashes and 16 MACs are there to be chained", () => {
  assert.deepEqual([CIPHERS.length, HASHES.length, MACS.length], [14, 12, 16]);
});
