import assert from "node:assert/strict";
import { cmac } from "@noble/ciphers/aes.js";
import { edgeLens, PLACES, Random } from "./buffers.ts";
import { keyLensOf, MAC_REFERENCES, MACS, openMac } from "./rows.ts";

const SMALL_BLOCKS: readonly string[] = [
  "KASUMI_F9",
  "CBCMAC_KASUMI_F9",
  "CMAC_3DES",
  "SNOW3G_UIA2",
];
/** Longer than any piece of keystream that is made at a time, and not whole. */
const LONG_LENS = [1020, 1021, 1024, 2061];

for (const row of MACS) {
  const reference = MAC_REFERENCES[row.name];
  const lens = [...edgeLens(SMALL_BLOCKS.includes(row.name) ? 8 : 16), ...LONG_LENS];
  const none = new Uint8Array(0);

  for (const place of PLACES) {
    Deno.test(`${row.name} agrees with its reference for messages ${place.name}`, () => {
      const random = new Random(row.id);
      for (const keyLen of keyLensOf(row.keyLens)) {
        const key = random.bytes(keyLen);
        const context = openMac(row)(place.put(key));
        for (const len of lens) {
          const iv = random.bytes(row.ivLen), message = random.bytes(len);
          const src = place.put(message), out = place.put(new Uint8Array(row.maxResultLen));

          context.compute(place.put(iv), src, none, out);

          assert.equal(out.toHex(), reference(key, iv, message).toHex(), `${keyLen} B, ${len} B`);
          assert.equal(src.toHex(), message.toHex(), "the message was written to");
        }
      }
    });
  }

  Deno.test(`${row.name} does not see where a message is cut in two`, () => {
    const random = new Random(100 + row.id);
    const key = random.bytes(keyLensOf(row.keyLens)[0]), iv = random.bytes(row.ivLen);
    const context = openMac(row)(key);
    for (const len of [0, 1, 15, 16, 17, 40]) {
      const message = random.bytes(len), out = new Uint8Array(row.maxResultLen);
      const expected = reference(key, iv, message).toHex();
      for (let cut = 0; cut <= len; cut++) {
        context.compute(iv, message.subarray(0, cut), message.subarray(cut), out);

        assert.equal(out.toHex(), expected, `${len} B cut at ${cut}`);
      }
    }
  });

  Deno.test(`${row.name} cuts its tag at the right and writes no byte outside`, () => {
    const random = new Random(200 + row.id);
    const key = random.bytes(keyLensOf(row.keyLens)[0]), iv = random.bytes(row.ivLen);
    const message = random.bytes(21);
    const tag = reference(key, iv, message);
    const context = openMac(row)(key);
    for (let len = 1; len <= row.maxResultLen; len++) {
      const memory = new Uint8Array(len + 2).fill(0xa5);

      context.compute(iv, message, none, memory.subarray(1, 1 + len));

      assert.equal(memory.toHex(), "a5" + tag.subarray(0, len).toHex() + "a5");
    }
  });

  Deno.test(`${row.name} forgets its key when closed`, () => {
    const random = new Random(300 + row.id);
    const iv = random.bytes(row.ivLen), message = random.bytes(24);
    const before = new Uint8Array(row.maxResultLen), after = new Uint8Array(row.maxResultLen);
    const context = openMac(row)(random.bytes(keyLensOf(row.keyLens)[0]));

    context.compute(iv, message, none, before);
    context.close();
    context.compute(iv, message, none, after);

    assert.notEqual(after.toHex(), before.toHex());
  });
}

Deno.test("CMAC_AES agrees with the CMAC of @noble/ciphers", () => {
  const row = MACS.find(({ name }) => name === "CMAC_AES");
  assert.ok(row);
  const random = new Random(9);
  for (const len of edgeLens(16)) {
    const key = random.bytes(32), message = random.bytes(len), out = new Uint8Array(16);

    openMac(row)(key).compute(new Uint8Array(0), message, new Uint8Array(0), out);

    assert.equal(out.toHex(), cmac(message, key).toHex());
  }
});

Deno.test("A CBC-MAC of no bytes is all zeros", () => {
  for (const row of MACS.filter(({ name }) => name.startsWith("CBCMAC"))) {
    const none = new Uint8Array(0), out = new Uint8Array(row.maxResultLen).fill(1);

    openMac(row)(new Random(10).bytes(16)).compute(none, none, none, out);

    assert.deepEqual(out, new Uint8Array(row.maxResultLen));
  }
});
