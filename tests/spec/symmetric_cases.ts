/**
 * "Symmetric algorithms Operation": the CIPHER service, plain and with algorithm chaining.
 *
 * @module
 */

import { ALL_MODES, must } from "./cases.ts";
import { assertRefused, assertResult, Driver } from "./driver.ts";
import { decryptCbc, digest, encryptCbc, hmac } from "./oracle.ts";
import {
  AES_CBC,
  AUTH,
  chain,
  type ChainJob,
  cipher,
  CIPHER_THEN_HASH,
  type CipherJob,
  DECRYPT,
  ENCRYPT,
  ERR,
  HASH_THEN_CIPHER,
  HMAC_SHA_256,
  join,
  NONE,
  NOTSUPP,
  pattern,
  PLAIN,
  SHA_256,
} from "./requests.ts";
import { fixedBodyCase, flagCase, muxBodyCase, type Sample, statusCase } from "./service_cases.ts";

const key = pattern(16, 21);
const iv = pattern(16, 22);
const src = pattern(64, 23);
const aad = pattern(13, 24);
const authKey = pattern(20, 25);

const job: CipherJob = { algo: AES_CBC, op: ENCRYPT, key, iv, src };
const ciphered: Sample<CipherJob> = {
  what: "a cipher",
  service: 0,
  stateless: "CIPHER_STATELESS_MODE",
  kind: cipher,
  job,
  expected: encryptCbc(key, iv, src),
};

// Every number differs from its neighbours: none can stand in for another.
const chainJob: ChainJob = {
  ...job,
  order: CIPHER_THEN_HASH,
  hashMode: AUTH,
  hashAlgo: HMAC_SHA_256,
  authKey,
  aad,
  cipherStart: 9,
  lenToCipher: 32,
  hashStart: 4,
  lenToHash: 50,
  hashResultLen: 24,
};
const plainJob: ChainJob = { ...chainJob, hashMode: PLAIN, hashAlgo: SHA_256, authKey: NONE };

// dst of the chain above: src with the cipher's region replaced.
const chainDst = join(
  src.subarray(0, 9),
  encryptCbc(key, iv, src.subarray(9, 41)),
  src.subarray(41),
);
const chainTag = hmac("sha256", authKey, aad, chainDst.subarray(4, 54)).subarray(0, 24);
const chained: Sample<ChainJob> = {
  ...ciphered,
  what: "a chain",
  kind: chain,
  job: chainJob,
  expected: join(chainDst, chainTag),
};

muxBodyCase("symmetric-algorithms-operation-1", ciphered);
muxBodyCase("symmetric-algorithms-operation-1", chained);
fixedBodyCase("symmetric-algorithms-operation-2", ciphered);
fixedBodyCase("symmetric-algorithms-operation-2", chained);
flagCase("symmetric-algorithms-operation-3", ciphered);
flagCase("symmetric-algorithms-operation-3", chained);

must(
  "symmetric-algorithms-operation-4",
  ALL_MODES,
  "the opcode says encrypt or decrypt, and op agrees with it",
  (mode) => {
    const driver = new Driver(mode);
    const decrypting = { ...job, op: DECRYPT };

    assertResult(driver.run(cipher, job), encryptCbc(key, iv, src));
    assertResult(driver.run(cipher, decrypting), decryptCbc(key, iv, src));
    assertRefused(driver.run(cipher, job, { opcode: 0x0001 }), ERR, "of op 1 with DECRYPT");
    assertRefused(driver.run(cipher, decrypting, { opcode: 0x0000 }), ERR, "of op 2 with ENCRYPT");
    assertRefused(driver.run(chain, chainJob, { opcode: 0x0001 }), ERR, "of a chain's op 1");
  },
);

must(
  "symmetric-algorithms-operation-5",
  ALL_MODES,
  "a chain in mode AUTH ciphers and authenticates the region named for each",
  (mode) => {
    const driver = new Driver(mode);

    const cipherFirst = driver.run(chain, chainJob);
    const hashFirst = driver.run(chain, { ...chainJob, order: HASH_THEN_CIPHER });

    assertResult(cipherFirst, chained.expected);
    const tag = hmac("sha256", authKey, aad, src.subarray(4, 54)).subarray(0, 24);
    assertResult(hashFirst, join(chainDst, tag));
  },
);

must(
  "symmetric-algorithms-operation-6",
  ALL_MODES,
  "dst_data holds the cipher's result, in one piece or scattered, the rest of it zeros",
  (mode) => {
    const driver = new Driver(mode);
    const expected = join(ciphered.expected, new Uint8Array(5));
    const wide = { ...job, dstDataLen: 69 };

    assertResult(driver.run(cipher, wide), expected);
    assertResult(driver.run(cipher, wide, { cuts: [11, 30, 3] }), expected);
    assertResult(driver.run(chain, chainJob), chained.expected);
    assertResult(driver.run(chain, chainJob, { cuts: [11, 30, 3] }), chained.expected);
  },
);

must(
  "symmetric-algorithms-operation-7",
  ALL_MODES,
  "a chain in mode PLAIN digests aad only where aad_len is not 0",
  (mode) => {
    const driver = new Driver(mode);
    const region = chainDst.subarray(4, 54);

    const without = driver.run(chain, { ...plainJob, aad: NONE }, { more: pattern(40, 26) });
    const withAad = driver.run(chain, plainJob);

    assertResult(without, join(chainDst, digest("sha256", region).subarray(0, 24)));
    assertResult(withAad, join(chainDst, digest("sha256", aad, region).subarray(0, 24)));
  },
);

must(
  "symmetric-algorithms-operation-8",
  ALL_MODES,
  "hash_result follows the whole of dst_data in a chain",
  (mode) => {
    const driver = new Driver(mode);
    const tail = new Uint8Array(7);
    const plainTag = digest("sha256", aad, chainDst.subarray(4, 54)).subarray(0, 24);

    const auth = driver.run(chain, { ...chainJob, dstDataLen: 71 });
    const plain = driver.run(chain, { ...plainJob, dstDataLen: 71 }, { cuts: [75, 2] });

    assertResult(auth, join(chainDst, tail, chainTag));
    assertResult(plain, join(chainDst, tail, plainTag));
  },
);

statusCase(
  "symmetric-algorithms-operation-9",
  ciphered,
  [
    { ...job, src: pattern(63, 27), dstDataLen: 64 },
    { ...job, iv: pattern(12, 28) },
    { ...job, dstDataLen: 63 },
  ],
  [{ ...job, algo: 0 }, { ...job, algo: 15 }],
);
statusCase(
  "symmetric-algorithms-operation-9",
  chained,
  [
    { ...chainJob, lenToCipher: 31 },
    { ...chainJob, cipherStart: 33 },
    { ...chainJob, hashStart: 15 },
    { ...chainJob, hashResultLen: 0 },
    { ...chainJob, hashResultLen: 33 },
  ],
  [
    { ...chainJob, order: 3 },
    { ...chainJob, hashMode: 4 },
    { ...chainJob, algo: 15 },
    { ...chainJob, hashAlgo: 55 },
  ],
);

must(
  "symmetric-algorithms-operation-9",
  ALL_MODES,
  "an op_type that is none is NOTSUPP, another than the session's is ERR",
  (mode) => {
    const driver = new Driver(mode);
    const sessionId = mode === "stateless" ? 0 : driver.open(cipher, job);

    for (const opType of [0, 3]) {
      assertRefused(driver.run(cipher, { ...job, opType }, { sessionId }), NOTSUPP);
    }
    if (mode === "stateless") return;
    assertRefused(driver.run(cipher, { ...job, opType: 2 }, { sessionId }), ERR);
    const chainSession = driver.open(chain, chainJob);
    assertRefused(driver.run(cipher, job, { sessionId: chainSession }), ERR);
  },
);
