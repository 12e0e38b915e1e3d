import assert from "node:assert/strict";
import { Ghash } from "../../../device/accelerators/typescript/ghash.ts";
import { edgeLens, PLACES, Random } from "./buffers.ts";
import { ghash, lengthBlock, padded } from "./reference/ghash.ts";

for (const place of PLACES) {
  Deno.test(`GHASH agrees with the definition for messages ${place.name}`, () => {
    const random = new Random(1);
    for (const aadLen of edgeLens(16)) {
      const key = random.bytes(16);
      const hash = new Ghash(place.put(key));
      for (const dataLen of [0, 1, 16, 17, 47]) {
        const aad = random.bytes(aadLen), data = random.bytes(dataLen);
        const out = place.put(new Uint8Array(16));
        const blocks = [...padded(aad), ...padded(data), ...lengthBlock(aadLen, dataLen)];

        hash.reset();
        hash.update(place.put(aad));
        hash.update(place.put(data));
        hash.updateLengths(aadLen, dataLen);
        hash.digestInto(out);

        assert.equal(out.toHex(), ghash(key, new Uint8Array(blocks)).toHex());
      }
    }
  });
}

Deno.test("GHASH counts more than 2^32 bits without losing the upper word", () => {
  const key = new Random(2).bytes(16);
  const hash = new Ghash(key);
  const out = new Uint8Array(16);
  const aadLen = 0x2345_6789_abcd, dataLen = 0x2000_0001;

  hash.updateLengths(aadLen, dataLen);
  hash.digestInto(out);

  assert.equal(out.toHex(), ghash(key, lengthBlock(aadLen, dataLen)).toHex());
});

Deno.test("GHASH of any key agrees with the definition", () => {
  const random = new Random(3);
  for (let i = 0; i < 64; i++) {
    const key = random.bytes(16), block = random.bytes(48), out = new Uint8Array(16);
    const hash = new Ghash(key);

    hash.update(block);
    hash.digestInto(out);

    assert.equal(out.toHex(), ghash(key, block).toHex());
  }
});

Deno.test("GHASH forgets its key when closed", () => {
  const hash = new Ghash(new Random(4).bytes(16));
  const out = new Uint8Array(16);

  hash.close();
  hash.update(new Uint8Array(16).fill(1));
  hash.digestInto(out);

  assert.deepEqual(out, new Uint8Array(16));
});
