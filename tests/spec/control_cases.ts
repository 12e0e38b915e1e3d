/**
 * "Session operation: create session" and "Session operation: destroy session".
 *
 * The control queue knows two modes: a service's stateless mode changes nothing here.
 *
 * @module
 */

import { strict as assert } from "node:assert";
import { ALGORITHMS, AlgorithmSet } from "../../device/mod.ts";
import { type Mode, must } from "./cases.ts";
import { assertRefused, assertResult, Driver } from "./driver.ts";
import { digest, encryptCbc, hmac, sealGcm } from "./oracle.ts";
import {
  aead,
  AES_CBC,
  chain,
  cipher,
  CIPHER_THEN_HASH,
  ENCRYPT,
  ERR,
  GCM,
  hash,
  HMAC_SHA_256,
  INVSESS,
  join,
  type Kind,
  mac,
  NONE,
  NOSPC,
  NOTSUPP,
  OK,
  pattern,
  PLAIN,
  SHA_256,
} from "./requests.ts";

const MODES: readonly Mode[] = ["not-MUX", "MUX"];

const key = pattern(16, 41);
const iv = pattern(16, 42);
const src = pattern(32, 43);
const authKey = pattern(33, 44);

const hashJob = { algo: SHA_256, src, hashResultLen: 32 };
const macJob = { algo: HMAC_SHA_256, authKey, src, hashResultLen: 32 };
const cipherJob = { algo: AES_CBC, op: ENCRYPT, key, iv, src };
const region = { cipherStart: 0, lenToCipher: 32, hashStart: 0, lenToHash: 32, hashResultLen: 32 };
const chainJob = {
  ...cipherJob,
  ...region,
  ...{ order: CIPHER_THEN_HASH, hashMode: PLAIN, hashAlgo: SHA_256, authKey: NONE, aad: NONE },
};
const nonce = iv.subarray(0, 12);
const aeadJob = {
  ...{ algo: GCM, op: ENCRYPT, key, iv: nonce, aad: NONE, src, tagLen: 16, dstDataLen: 48 },
};

must(
  "session-operation-create-session-1",
  MODES,
  "each opcode's session computes with what its own structure says",
  (mode) => {
    const driver = new Driver(mode);
    const encrypted = encryptCbc(key, iv, src);
    const { ciphertext, tag } = sealGcm(key, nonce, NONE, src);

    assertResult(driver.run(cipher, cipherJob), encrypted);
    assertResult(driver.run(chain, chainJob), join(encrypted, digest("sha256", encrypted)));
    assertResult(driver.run(hash, hashJob), digest("sha256", src));
    assertResult(driver.run(mac, macJob), hmac("sha256", authKey, src));
    assertResult(driver.run(aead, aeadJob), join(ciphertext, tag));
  },
);

function statusOf<Job>(driver: Driver, kind: Kind<Job>, job: Job): number {
  const { status, sessionId, usedLen } = driver.create(kind.create(job));
  assert.equal(usedLen, 16);
  assert.equal(sessionId !== 0, status === OK);
  return status;
}

function assertUnsupported(driver: Driver): void {
  const create = (opcode: number) => driver.create({ ...hash.create(hashJob), opcode }).status;
  assert.equal(statusOf(driver, cipher, { ...cipherJob, algo: 15 }), NOTSUPP);
  assert.equal(statusOf(driver, cipher, { ...cipherJob, opType: 0 }), NOTSUPP);
  assert.equal(statusOf(driver, chain, { ...chainJob, hashAlgo: 13 }), NOTSUPP);
  assert.equal(statusOf(driver, chain, { ...chainJob, hashMode: 4 }), NOTSUPP);
  assert.equal(statusOf(driver, chain, { ...chainJob, order: 0 }), NOTSUPP);
  assert.equal(statusOf(driver, hash, { ...hashJob, algo: 13 }), NOTSUPP);
  assert.equal(statusOf(driver, mac, { ...macJob, algo: 7 }), NOTSUPP);
  assert.equal(statusOf(driver, aead, { ...aeadJob, algo: 0 }), NOTSUPP);
  assert.equal(create(0x0107), NOTSUPP);
  assert.equal(create(0x0902), NOTSUPP);
}

must(
  "session-operation-create-session-2",
  MODES,
  "status is OK for a session and says why there is none",
  (mode) => {
    const driver = new Driver(mode);
    const ciphers = ALGORITHMS.filter(({ service }) => service === 0);
    const only = new Driver(mode, { algorithms: new AlgorithmSet(ciphers) });

    assert.equal(statusOf(driver, hash, hashJob), OK);
    assertUnsupported(driver);
    assert.equal(statusOf(only, hash, hashJob), NOTSUPP);
    assert.equal(statusOf(driver, cipher, { ...cipherJob, key: pattern(15, 45) }), ERR);
    assert.equal(statusOf(driver, cipher, { ...cipherJob, op: 3 }), ERR);
    assert.equal(statusOf(driver, hash, { ...hashJob, hashResultLen: 33 }), ERR);
    assert.equal(statusOf(driver, mac, { ...macJob, authKey: NONE }), ERR);
    assert.equal(statusOf(driver, aead, { ...aeadJob, tagLen: 17 }), ERR);
    const lacking = { ...mac.create(macJob), keys: authKey.subarray(1) };
    assert.equal(driver.create(lacking).status, ERR);
  },
);

const FULL = { "not-MUX": ERR, "MUX": NOSPC, "stateless": NOSPC };

for (const mode of MODES) {
  const name = mode === "MUX" ? "NOSPC" : "ERR";
  must("session-operation-create-session-2", [mode], `a full table is ${name}`, () => {
    const driver = new Driver(mode, { maxSessions: 2 });
    const first = driver.open(hash, hashJob);
    driver.open(mac, macJob);

    assert.equal(statusOf(driver, hash, hashJob), FULL[mode]);
    assert.equal(driver.destroy(hash.destroyOpcode, first), OK);
    assert.equal(statusOf(driver, hash, hashJob), OK);
  });
}

must(
  "session-operation-create-session-3",
  MODES,
  "a session's id is its own for ever, and 0 where there is no session",
  (mode) => {
    const driver = new Driver(mode, { maxSessions: 4 });
    const seen = new Set<number>();

    for (let i = 0; i < 12; i++) {
      const sessionId = driver.open(hash, hashJob);
      seen.add(sessionId);
      if (i > 1) assert.equal(driver.destroy(hash.destroyOpcode, sessionId), OK);
    }
    const refused = driver.create(hash.create({ ...hashJob, algo: 0 }));

    assert.equal(seen.size, 12);
    assert.ok(!seen.has(0));
    assert.deepEqual(refused, { status: NOTSUPP, sessionId: 0, usedLen: 16 });
  },
);

must(
  "session-operation-destroy-session-1",
  MODES,
  "status is OK when the session has gone and ERR when there was none of that service",
  (mode) => {
    const driver = new Driver(mode);
    const sessionId = driver.open(hash, hashJob);
    const other = driver.open(hash, hashJob);

    assert.equal(driver.destroy(mac.destroyOpcode, sessionId), ERR, "another service's");
    assert.equal(driver.destroy(hash.destroyOpcode, 999), ERR, "unknown");
    assertResult(driver.run(hash, hashJob, { sessionId }), digest("sha256", src));
    assert.equal(driver.destroy(hash.destroyOpcode, sessionId), OK);
    assert.equal(driver.destroy(hash.destroyOpcode, sessionId), ERR, "already destroyed");
    assertRefused(driver.run(hash, hashJob, { sessionId }), INVSESS);
    assertResult(driver.run(hash, hashJob, { sessionId: other }), digest("sha256", src));
  },
);
