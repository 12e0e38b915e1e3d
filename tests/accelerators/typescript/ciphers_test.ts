import assert from "node:assert/strict";
import type { CipherAlgorithm } from "../../../device/algorithms/algorithm.ts";
import { edgeLens, PLACES, Random } from "./buffers.ts";
import { CIPHER_REFERENCES, CIPHERS, keyLensOf, openCipher } from "./rows.ts";

/** The block of the cipher underneath, whose edges matter to stream modes too. */
const EDGES: Readonly<Record<string, number>> = {
  ARC4: 8,
  "3DES_CTR": 8,
  KASUMI_F8: 8,
  SNOW3G_UEA2: 4,
  ZUC_EEA3: 4,
  AES_F8: 16,
  AES_XTS: 16,
};
/** Longer than any piece of keystream that is made at a time, and not whole. */
const LONG_LEN = 2 * 1024 + 13;

function legalLens(row: CipherAlgorithm): number[] {
  const edge = EDGES[row.name] ?? row.blockLen;
  return [...edgeLens(edge), LONG_LEN - LONG_LEN % row.blockLen]
    .filter((len) => len >= row.minLen && len % row.blockLen === 0);
}

for (const row of CIPHERS) {
  const reference = CIPHER_REFERENCES[row.name];

  for (const place of PLACES) {
    Deno.test(`${row.name} agrees with its reference ${place.name}, both ways`, () => {
      const random = new Random(row.id);
      for (const keyLen of keyLensOf(row.keyLens)) {
        const key = random.bytes(keyLen);
        const encryption = openCipher(row)(place.put(key), false);
        const decryption = openCipher(row)(place.put(key), true);
        for (const len of legalLens(row)) {
          const iv = random.bytes(row.ivLen), plain = random.bytes(len);
          const expected = reference(key, iv, plain, false).toHex();
          const src = place.put(plain), dst = place.put(new Uint8Array(len));

          encryption.process(place.put(iv), src, dst);

          assert.equal(dst.toHex(), expected, `${keyLen} B key, ${len} B`);
          assert.equal(src.toHex(), plain.toHex(), "the source was written to");
          decryption.process(place.put(iv), dst, dst);
          assert.equal(dst.toHex(), plain.toHex(), "decryption in place");
          encryption.process(place.put(iv), src, src);
          assert.equal(src.toHex(), expected, "encryption in place");
        }
      }
    });
  }

  Deno.test(`${row.name} decrypts what its reference does, be it encrypted or not`, () => {
    const random = new Random(100 + row.id);
    for (const keyLen of keyLensOf(row.keyLens)) {
      const key = random.bytes(keyLen), iv = random.bytes(row.ivLen);
      const src = random.bytes(row.blockLen > 1 ? 3 * row.blockLen : 45);
      const dst = new Uint8Array(src.length);

      openCipher(row)(key, true).process(iv, src, dst);

      assert.equal(dst.toHex(), reference(key, iv, src, true).toHex());
    }
  });

  Deno.test(`${row.name} writes no byte outside its destination, and keeps none of its inputs`, () => {
    const random = new Random(200 + row.id);
    const key = random.bytes(keyLensOf(row.keyLens)[0]), iv = random.bytes(row.ivLen);
    const len = row.blockLen > 1 ? 4 * row.blockLen : 61;
    const plain = random.bytes(len);
    const expected = reference(key.slice(), iv, plain, false).toHex();
    const memory = new Uint8Array(len + 32).fill(0xa5);
    const context = openCipher(row)(key, false);
    key.fill(0);

    context.process(iv, plain, memory.subarray(16, 16 + len));

    assert.equal(memory.toHex(), "a5".repeat(16) + expected + "a5".repeat(16));
  });

  Deno.test(`${row.name} forgets its key when closed`, () => {
    const random = new Random(300 + row.id);
    const key = random.bytes(keyLensOf(row.keyLens)[0]), iv = random.bytes(row.ivLen);
    const src = random.bytes(32), before = new Uint8Array(32), after = new Uint8Array(32);
    const context = openCipher(row)(key, false);

    context.process(iv, src, before);
    context.close();
    context.process(iv, src, after);

    assert.notEqual(after.toHex(), before.toHex());
  });
}

Deno.test("3DES_CTR counts on from 2^64 - 1 to 0", () => {
  const row = CIPHERS.find(({ name }) => name === "3DES_CTR");
  assert.ok(row);
  const key = new Random(7).bytes(24), src = new Uint8Array(40), dst = new Uint8Array(40);
  const iv = Uint8Array.fromHex("fffffffffffffffe");

  openCipher(row)(key, false).process(iv, src, dst);

  const [zero] = [CIPHER_REFERENCES["3DES_ECB"](key, new Uint8Array(0), new Uint8Array(8), false)];
  assert.equal(dst.subarray(16, 24).toHex(), zero.toHex());
  assert.equal(dst.toHex(), CIPHER_REFERENCES["3DES_CTR"](key, iv, src, false).toHex());
});

Deno.test("AES_XTS refuses a key whose halves are equal, and no other", () => {
  const row = CIPHERS.find(({ name }) => name === "AES_XTS");
  assert.ok(row?.acceptsKey);
  const half = new Random(8).bytes(32);
  const equal = Uint8Array.from([...half, ...half]);

  assert.equal(row.acceptsKey(equal), false);
  for (const at of [0, 31, 32, 63]) {
    const key = equal.slice();
    key[at] ^= 1;
    assert.equal(row.acceptsKey(key), true, `a difference in byte ${at}`);
  }
});
