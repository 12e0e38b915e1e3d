/** Algorithm chaining against node:crypto put together by hand. */

import { strict as assert } from "node:assert";
import fc from "fast-check";
import {
  ChainOrder,
  CipherAlgo,
  Direction,
  HashAlgo,
  HashMode,
  MacAlgo,
  Status,
} from "../../../device/mod.ts";
import { chainData, chainStateless } from "../../../device/wire/requests.ts";
import { CREATE, EngineRig } from "../../support/engine_rig.ts";
import { fakeAlgorithms, FakeLog } from "../../support/fakes.ts";
import { aesEcb, cbc, ctr, hash, hmac } from "../../support/oracle.ts";
import { concat, counting, Random } from "../../support/random.ts";
import { IV, KEY, SRC } from "../../support/samples.ts";

const { HASH_THEN_CIPHER, CIPHER_THEN_HASH } = ChainOrder;
const { PLAIN, AUTH, NESTED } = HashMode;
const HASHES: readonly (readonly [number, string, number])[] = [
  [HashAlgo.SHA1, "sha1", 20],
  [HashAlgo.SHA_256, "sha256", 32],
  [HashAlgo.SHA3_384, "sha3-384", 48],
];
const MACS: readonly (readonly [number, string, number])[] = [
  [MacAlgo.HMAC_SHA1, "sha1", 20],
  [MacAlgo.HMAC_SHA_512, "sha512", 64],
];

function digest(mode: number, name: string, authKey: Uint8Array, input: Uint8Array): Uint8Array {
  if (mode === AUTH) return hmac(name, authKey, input);
  return mode === PLAIN ? hash(name, input) : hash(name, hash(name, input));
}

const region = fc.tuple(fc.nat(), fc.nat());
const request = fc.record({
  seed: fc.nat(),
  order: fc.constantFrom(HASH_THEN_CIPHER, CIPHER_THEN_HASH),
  hashMode: fc.constantFrom(PLAIN, AUTH, NESTED),
  which: fc.nat(5),
  algo: fc.constantFrom(CipherAlgo.AES_CBC, CipherAlgo.AES_CTR, CipherAlgo.AES_ECB),
  op: fc.constantFrom(Direction.ENCRYPT, Direction.DECRYPT),
  keyLen: fc.constantFrom(16, 24, 32),
  srcLen: fc.nat(120),
  aadLen: fc.nat(40),
  cipherRegion: region,
  hashRegion: region,
  extraDst: fc.constantFrom(0, 0, 1, 30),
  cutResult: fc.nat(70),
  stateless: fc.boolean(),
});

// A random part of `len` bytes, its length a multiple of `block`.
function part([a, b]: readonly [number, number], len: number, block: number) {
  const offset = a % (len + 1);
  const most = len - offset;
  const partLen = b % (most + 1);
  return { offset, len: partLen - partLen % block };
}

Deno.test("any chain of any order, mode and regions gives what node:crypto gives", () => {
  const rig = new EngineRig({ maxSessions: 100_000 });
  fc.assert(
    fc.property(request, (r) => {
      const random = new Random(r.seed);
      const table = r.hashMode === AUTH ? MACS : HASHES;
      const [hashAlgo, name, fullLen] = table[r.which % table.length];
      const hashResultLen = 1 + r.cutResult % fullLen;
      const key = random.bytes(r.keyLen);
      const authKey = r.hashMode === AUTH ? random.bytes(1 + random.below(90)) : undefined;
      const iv = r.algo === CipherAlgo.AES_ECB ? new Uint8Array(0) : random.bytes(16);
      const src = random.bytes(r.srcLen);
      const aad = random.bytes(r.aadLen);
      const ciphered = part(r.cipherRegion, r.srcLen, r.algo === CipherAlgo.AES_CTR ? 1 : 16);
      const hashed = part(r.hashRegion, r.srcLen, 1);
      const data = {
        op: r.op,
        iv,
        src,
        aad,
        dstDataLen: r.srcLen + r.extraDst,
        cipherStartSrcOffset: ciphered.offset,
        lenToCipher: ciphered.len,
        hashStartSrcOffset: hashed.offset,
        lenToHash: hashed.len,
        hashResultLen,
      };

      const answer = r.stateless
        ? rig.run(chainStateless, {
          ...data,
          algChainOrder: r.order,
          hashMode: r.hashMode,
          cipherAlgo: r.algo,
          key,
          hashAlgo,
          authKey,
        })
        : rig.run(chainData, {
          ...data,
          sessionId: rig.create(CREATE.chain, {
            algChainOrder: r.order,
            hashMode: r.hashMode,
            cipher: { algo: r.algo, op: r.op, key },
            hash: { algo: hashAlgo, hashResultLen: 0, authKey },
          }),
        });

      const from = src.subarray(ciphered.offset, ciphered.offset + ciphered.len);
      const decrypt = r.op === Direction.DECRYPT;
      const to = r.algo === CipherAlgo.AES_CTR
        ? ctr(aesEcb, key, iv, from)
        : r.algo === CipherAlgo.AES_ECB
        ? aesEcb(key, from, decrypt)
        : cbc(aesEcb, key, iv, from, decrypt);
      const dst = src.slice();
      dst.set(to, ciphered.offset);
      const input = (r.order === HASH_THEN_CIPHER ? src : dst)
        .subarray(hashed.offset, hashed.offset + hashed.len);
      const result = digest(r.hashMode, name, authKey ?? KEY, concat(aad, input));
      assert.equal(answer.status, Status.OK);
      assert.deepEqual(
        answer.result,
        concat(dst, new Uint8Array(r.extraDst), result.subarray(0, hashResultLen)),
      );
    }),
    { numRuns: 400 },
  );
});

Deno.test("NESTED hashes the inner digest of SHAKE in full: 32 and 64 bytes", () => {
  const rig = new EngineRig();
  for (const [algo, name, innerLen] of [[11, "shake128", 32], [12, "shake256", 64]] as const) {
    const answer = rig.run(chainStateless, {
      op: 1,
      algChainOrder: HASH_THEN_CIPHER,
      hashMode: NESTED,
      cipherAlgo: CipherAlgo.AES_CBC,
      key: KEY,
      iv: IV,
      hashAlgo: algo,
      src: SRC,
      hashResultLen: 100,
    });

    assert.deepEqual(answer.result.subarray(48), hash(name, hash(name, SRC, innerLen), 100));
  }
});

const STATELESS = {
  op: Direction.ENCRYPT,
  algChainOrder: HASH_THEN_CIPHER,
  hashMode: PLAIN,
  cipherAlgo: CipherAlgo.AES_CBC,
  key: KEY,
  iv: IV,
  hashAlgo: HashAlgo.SHA_256,
  src: SRC,
  hashResultLen: 32,
};

Deno.test("regions that wrap or leave src are ERR, those that end with it are not", () => {
  const rig = new EngineRig();
  for (
    const [start, len, ok] of [
      [0, 48, true],
      [48, 0, true],
      [32, 16, true],
      [33, 16, false],
      [49, 0, false],
      [16, 48, false],
      [0xffffffff, 16, false],
      [0xfffffff0, 32, false],
      [0x80000000, 0x80000000, false],
      [16, 0xfffffff0, false],
    ] as const
  ) {
    const status = ok ? Status.OK : Status.ERR;
    const cipher = { ...STATELESS, cipherStartSrcOffset: start, lenToCipher: len };
    const hash = { ...STATELESS, hashStartSrcOffset: start, lenToHash: len };

    assert.equal(rig.run(chainStateless, cipher).status, status, `cipher ${start} ${len}`);
    assert.equal(rig.run(chainStateless, hash).status, status, `hash ${start} ${len}`);
  }
});

Deno.test("a stateless auth_key_len other than 0 is ERR in PLAIN and NESTED, a session's is padding", () => {
  for (const hashMode of [PLAIN, NESTED]) {
    const rig = new EngineRig();
    const options = { ...STATELESS, hashMode };
    const setAuthKeyLen = (len: number) => (view: DataView) => view.setUint32(24 + 24, len, true);

    assert.equal(rig.run(chainStateless, options, setAuthKeyLen(1)).status, Status.ERR);
    assert.equal(rig.run(chainStateless, options, setAuthKeyLen(0)).status, Status.OK);
    const session = {
      algChainOrder: 1,
      hashMode,
      cipher: { algo: CipherAlgo.AES_CBC, op: 1, key: KEY },
      hash: { algo: HashAlgo.SHA_256, hashResultLen: 32 },
    };
    const padding = (view: DataView) => view.setUint32(16 + 32, 0xffffffff, true);
    assert.equal(rig.tryCreate(CREATE.chain, session, padding), Status.OK);
  }
});

Deno.test("of the stateless chain's two aad_len the second counts", () => {
  const rig = new EngineRig();
  const options = { ...STATELESS, aad: counting(7) };
  const expected = rig.run(chainStateless, options).result;

  const answer = rig.run(chainStateless, options, (view) => view.setUint32(24 + 4, 12345, true));

  assert.deepEqual(answer.result, expected);
});

Deno.test("a MAC's iv is the first bytes of a chain's aad and is no part of what is covered", () => {
  const rig = new EngineRig({ algorithms: fakeAlgorithms(new FakeLog(), 16) });
  const authKey = counting(20);
  const sessionId = rig.create(CREATE.chain, {
    algChainOrder: HASH_THEN_CIPHER,
    hashMode: AUTH,
    cipher: { algo: CipherAlgo.AES_CBC, op: 1, key: KEY },
    hash: { algo: MacAlgo.HMAC_SHA_256, hashResultLen: 4, authKey },
  });
  const run = (aad: Uint8Array) =>
    rig.run(chainData, { sessionId, op: 1, iv: IV, src: SRC, aad, hashResultLen: 4 });
  const aad = counting(20, 77);

  const answer = run(aad);

  // The fake's sum over key length, iv, first and second.
  const all = [20, ...aad, ...SRC];
  const sum = all.reduce((sum, byte, i) => (sum + byte * (i + 1)) % 65521, 1);
  assert.deepEqual([...answer.result.subarray(48)], [sum & 255, sum >>> 8, sum & 255, sum >>> 8]);
  assert.equal(run(aad.subarray(0, 16)).status, Status.OK);
  assert.equal(run(aad.subarray(0, 15)).status, Status.ERR);
});

Deno.test("a chain session refuses what it did not name: a longer result, another op_type", () => {
  const rig = new EngineRig();
  const sessionId = rig.create(CREATE.chain, {
    algChainOrder: 1,
    hashMode: PLAIN,
    cipher: { algo: CipherAlgo.AES_CBC, op: 1, key: KEY },
    hash: { algo: HashAlgo.SHA_256, hashResultLen: 20 },
  });
  const status = (hashResultLen: number) =>
    rig.run(chainData, { sessionId, op: 1, iv: IV, src: SRC, hashResultLen }).status;

  assert.deepEqual([0, 1, 20, 21].map(status), [1, 0, 0, 1]);
});
