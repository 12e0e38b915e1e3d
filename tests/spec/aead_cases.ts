/**
 * "AEAD Service Operation".
 *
 * @module
 */

import { ALL_MODES, must } from "./cases.ts";
import { assertRefused, assertResult, Driver } from "./driver.ts";
import { sealGcm } from "./oracle.ts";
import {
  aead,
  type AeadJob,
  BADMSG,
  DECRYPT,
  ENCRYPT,
  ERR,
  GCM,
  join,
  pattern,
} from "./requests.ts";
import { fixedBodyCase, flagCase, muxBodyCase, type Sample, statusCase } from "./service_cases.ts";

const key = pattern(16, 31);
const iv = pattern(12, 32);
const aad = pattern(3, 33);
const src = pattern(5, 34);
const { ciphertext, tag } = sealGcm(key, iv, aad, src);
const sealed = join(ciphertext, tag);

const sealing: AeadJob = {
  ...{ algo: GCM, op: ENCRYPT, key, iv, aad, src, tagLen: 16, dstDataLen: sealed.length },
};
const opening: AeadJob = { ...sealing, op: DECRYPT, src: sealed, dstDataLen: src.length };
const sample: Sample<AeadJob> = {
  what: "an AEAD request",
  service: 3,
  stateless: "AEAD_STATELESS_MODE",
  kind: aead,
  job: sealing,
  expected: sealed,
};

muxBodyCase("aead-service-operation-1", sample);
fixedBodyCase("aead-service-operation-2", sample);

flagCase("aead-service-operation-3", sample);
must(
  "aead-service-operation-3",
  ALL_MODES,
  "the opcode says encrypt or decrypt, and op agrees with it",
  (mode) => {
    const driver = new Driver(mode);

    assertResult(driver.run(aead, sealing), sealed);
    assertResult(driver.run(aead, opening), src);
    // With room for either direction: nothing but the opcode can be wrong.
    const room = { src: pattern(40, 37), dstDataLen: 60 };
    const asDecrypt = driver.run(aead, { ...sealing, ...room }, { opcode: 0x0301 });
    const asEncrypt = driver.run(aead, { ...opening, ...room }, { opcode: 0x0300 });
    assertRefused(asDecrypt, ERR, "of op 1 with DECRYPT");
    assertRefused(asEncrypt, ERR, "of op 2 with ENCRYPT");
  },
);

must(
  "aead-service-operation-4",
  ALL_MODES,
  "dst_data starts with ciphertext or plaintext, in one piece or scattered",
  (mode) => {
    const long = pattern(100, 35);
    const result = sealGcm(key, iv, aad, long);
    const driver = new Driver(mode);
    const encrypt = { ...sealing, src: long, dstDataLen: 116 };
    const decrypt = { ...opening, src: join(result.ciphertext, result.tag), dstDataLen: 100 };

    for (const cuts of [[], [17, 40, 3]]) {
      const encrypted = driver.run(aead, encrypt, { cuts });
      const decrypted = driver.run(aead, decrypt, { cuts });

      assertResult(encrypted, join(result.ciphertext, result.tag));
      assertResult(decrypted, long);
    }
  },
);

must(
  "aead-service-operation-5",
  ALL_MODES,
  "the tag follows the ciphertext at once, short ones its leftmost bytes",
  (mode) => {
    const driver = new Driver(mode);

    const wide = driver.run(aead, { ...sealing, dstDataLen: 30 });
    const short = driver.run(aead, { ...sealing, tagLen: 12, dstDataLen: 17 });

    assertResult(wide, join(ciphertext, tag, new Uint8Array(9)));
    assertResult(short, join(ciphertext, tag.subarray(0, 12)));
  },
);

statusCase(
  "aead-service-operation-6",
  sample,
  [
    { ...sealing, iv: pattern(11, 36) },
    { ...sealing, dstDataLen: 20 },
    { ...sealing, tagLen: 11 },
  ],
  [{ ...sealing, algo: 0 }, { ...sealing, algo: 4 }],
);
must("aead-service-operation-6", ALL_MODES, "a tag that does not verify is BADMSG", (mode) => {
  const driver = new Driver(mode);

  const answer = driver.run(aead, { ...opening, src: flipped(sealed, sealed.length - 1) });

  assertRefused(answer, BADMSG);
});

function flipped(bytes: Uint8Array, at: number): Uint8Array {
  return bytes.map((byte, i) => i === at ? byte ^ 0x10 : byte);
}

must(
  "aead-service-operation-7",
  ALL_MODES,
  "decryption gives the plaintext of what verifies and nothing of what does not",
  (mode) => {
    const driver = new Driver(mode);

    const right = driver.run(aead, opening);
    const wrongTag = driver.run(aead, { ...opening, src: flipped(sealed, src.length) });
    const wrongText = driver.run(aead, { ...opening, src: flipped(sealed, 0) });
    const wrongAad = driver.run(aead, { ...opening, aad: flipped(aad, 2) });
    const wrongIv = driver.run(aead, { ...opening, iv: flipped(iv, 11) });

    assertResult(right, src);
    assertRefused(wrongTag, BADMSG, "of another tag");
    assertRefused(wrongText, BADMSG, "of another ciphertext");
    assertRefused(wrongAad, BADMSG, "of other aad");
    assertRefused(wrongIv, BADMSG, "of another iv");
  },
);
