/** Algorithm chaining: both orders, three hash modes, offsets, aad (wire.md 5, "Chaining"). */
import { concat, EMPTY, pattern } from "./bytes.ts";
import type { Driver } from "./driver.ts";
import {
  assertFailed,
  assertResult,
  gatewayForFile,
  openSession,
  perform,
  runInSession,
  testInEachMode,
  withMode,
} from "./harness.ts";
import { type ChainJob, chainJob } from "./jobs.ts";
import { expected, HASH_LEN, MAC_LEN } from "./oracle.ts";
import { Cipher, Hash, HashMode, Mac, Op, Order, Status } from "./wire.ts";

const target = gatewayForFile();
const KEY = pattern(32, 1);
const IV = pattern(16, 2);

/** AES-256-CBC with SHA-256 over 64 bytes. */
const PLAIN = chainJob({
  algo: Cipher.AES_CBC,
  key: KEY,
  iv: IV,
  hashAlgo: Hash.SHA_256,
  src: pattern(64, 3),
  resultLen: 32,
});
/** AES-256-CTR with HMAC-SHA-1 over 100 bytes and 13 of aad. */
const AUTH = chainJob({
  algo: Cipher.AES_CTR,
  key: KEY,
  iv: IV,
  hashMode: HashMode.AUTH,
  hashAlgo: Mac.HMAC_SHA1,
  authKey: pattern(20, 4),
  src: pattern(100, 5),
  aad: pattern(13, 6),
  resultLen: 20,
});

async function agree(driver: Driver, job: ChainJob, message: string): Promise<void> {
  assertResult(await perform(driver, job), expected(job) ?? EMPTY, message);
}

for (const [orderName, order] of Object.entries(Order)) {
  for (const [modeName, hashMode] of Object.entries(HashMode)) {
    testInEachMode(target, `${orderName} with ${modeName} works both ways`, async (driver) => {
      const auth = hashMode === HashMode.AUTH;
      for (const op of [Op.ENCRYPT, Op.DECRYPT]) {
        for (const hashAlgo of Object.values(auth ? Mac : Hash)) {
          const resultLen = (auth ? MAC_LEN : HASH_LEN)[hashAlgo];
          const authKey = auth ? pattern(16, 9) : EMPTY;
          const job = { ...PLAIN, order, hashMode, op, hashAlgo, authKey, resultLen };

          await agree(driver, job, `hash ${hashAlgo}, op ${op}`);
        }
      }
    });
  }
}

testInEachMode(target, "every cipher chains, with no iv where it has none", async (driver) => {
  for (const op of [Op.ENCRYPT, Op.DECRYPT]) {
    await agree(driver, { ...PLAIN, op, algo: Cipher.AES_ECB, iv: EMPTY }, "ECB");
    await agree(driver, { ...PLAIN, op, algo: Cipher.AES_CTR }, "CTR");
  }
});

testInEachMode(target, "the digest covers aad, then the region", async (driver) => {
  for (const order of Object.values(Order)) {
    await agree(driver, { ...AUTH, order }, "AUTH with aad");
    await agree(driver, { ...PLAIN, order, aad: pattern(40, 7) }, "PLAIN with aad");
    const nested = { ...PLAIN, order, hashMode: HashMode.NESTED, aad: pattern(5, 8) };
    await agree(driver, nested, "NESTED with aad");
  }
});

const REGIONS: readonly (readonly [string, Partial<ChainJob>])[] = [
  ["an IPsec packet: header hashed, not ciphered", { cipherStart: 16, lenToCipher: 48 }],
  ["disjoint regions", { cipherStart: 48, lenToCipher: 16, hashStart: 3, lenToHash: 29 }],
  ["overlapping regions", { cipherStart: 5, lenToCipher: 32, hashStart: 20, lenToHash: 44 }],
  ["nothing to cipher", { cipherStart: 10, lenToCipher: 0 }],
  ["nothing to hash", { hashStart: 10, lenToHash: 0 }],
  ["nothing at all, at the very end", {
    cipherStart: 64,
    lenToCipher: 0,
    hashStart: 64,
    lenToHash: 0,
  }],
  ["no src", { src: EMPTY, dstLen: 0, lenToCipher: 0, lenToHash: 0 }],
  ["dst longer than src", { dstLen: 100 }],
  ["one digest byte", { resultLen: 1 }],
];

for (const [name, change] of REGIONS) {
  testInEachMode(target, `bytes outside the cipher region are copied: ${name}`, async (driver) => {
    for (const order of Object.values(Order)) {
      for (const op of [Op.ENCRYPT, Op.DECRYPT]) {
        await agree(driver, { ...PLAIN, order, op, ...change }, `order ${order}, op ${op}`);
      }
    }
  });
}

testInEachMode(target, "encrypt-then-MAC is received with HASH_THEN_CIPHER", async (driver) => {
  const sent = { ...AUTH, order: Order.CIPHER_THEN_HASH };
  const wire = expected(sent) ?? EMPTY;
  const received = {
    ...AUTH,
    order: Order.HASH_THEN_CIPHER,
    op: Op.DECRYPT,
    src: wire.slice(0, AUTH.src.length),
  };

  assertResult(await perform(driver, sent), wire);
  assertResult(
    await perform(driver, received),
    concat(AUTH.src, wire.slice(AUTH.src.length)),
    "the same tag, the plaintext back",
  );
});

const FAULTS: readonly (readonly [string, Partial<ChainJob>, number])[] = [
  ["a cipher region over the end", { cipherStart: 16, lenToCipher: 64 }, Status.ERR],
  ["a cipher region that wraps", { cipherStart: 0xfffffff0, lenToCipher: 32 }, Status.ERR],
  ["a cipher length of 2^32 - 16", { cipherStart: 16, lenToCipher: 0xfffffff0 }, Status.ERR],
  ["a cipher offset behind src and no length", { cipherStart: 65, lenToCipher: 0 }, Status.ERR],
  ["a hash region over the end", { hashStart: 1, lenToHash: 64 }, Status.ERR],
  ["a hash region that wraps", { hashStart: 0xffffffff, lenToHash: 2 }, Status.ERR],
  ["a hash length of 2^32 - 1", { hashStart: 1, lenToHash: 0xffffffff }, Status.ERR],
  ["a hash offset behind src and no length", { hashStart: 65, lenToHash: 0 }, Status.ERR],
  ["a cipher region that is no multiple of the block", { lenToCipher: 63 }, Status.ERR],
  ["a dst shorter than src", { dstLen: 63 }, Status.ERR],
  ["an iv of 15 bytes", { iv: pattern(15) }, Status.ERR],
  ["no iv", { iv: EMPTY }, Status.ERR],
  ["a digest of no bytes", { resultLen: 0 }, Status.ERR],
];

for (const [name, change, status] of FAULTS) {
  testInEachMode(target, `${name} is refused and the next good request served`, async (driver) => {
    const job = { ...PLAIN, ...change };
    const answer = driver.stateless
      ? await perform(driver, job)
      : await runInSession(driver, job, await openSession(driver, PLAIN));

    assertFailed(answer, status);
    await agree(driver, PLAIN, "next");
  });
}

testInEachMode(
  target,
  "a digest longer than the full length or than the session named is ERR",
  async (driver) => {
    if (driver.stateless) {
      assertFailed(await perform(driver, { ...PLAIN, resultLen: 33 }), Status.ERR);
      return;
    }
    const named = await openSession(driver, PLAIN, { body: { hashResultLen: 16 } });
    const unnamed = await openSession(driver, PLAIN, { body: { hashResultLen: 0 } });

    assertFailed(await runInSession(driver, { ...PLAIN, resultLen: 17 }, named), Status.ERR);
    assertFailed(await runInSession(driver, { ...PLAIN, resultLen: 33 }, unnamed), Status.ERR);
    assertResult(await runInSession(driver, PLAIN, unnamed), expected(PLAIN) ?? EMPTY);
    const short = { ...PLAIN, resultLen: 16 };
    assertResult(await runInSession(driver, short, named), expected(short) ?? EMPTY);
  },
);

Deno.test("SHAKE in a chain gives the length asked for, nested over its fixed inner digest", async () => {
  await withMode(target.url, "stateless", async (driver) => {
    for (const hashAlgo of [Hash.SHA3_SHAKE128, Hash.SHA3_SHAKE256]) {
      for (const hashMode of [HashMode.PLAIN, HashMode.NESTED]) {
        await agree(driver, { ...PLAIN, hashAlgo, hashMode, resultLen: 500 }, `hash ${hashAlgo}`);
      }
    }
  });
});
