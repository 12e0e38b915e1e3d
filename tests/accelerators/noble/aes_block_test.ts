import assert from "node:assert/strict";
import { createCipheriv } from "node:crypto";
import { AesBlock, loadLe } from "../../../device/accelerators/noble/aes_block.ts";
import { PLACES, Random } from "../typescript/buffers.ts";

function encryptWithNode(key: Uint8Array, block: Uint8Array): string {
  const cipher = createCipheriv(`aes-${key.length * 8}-ecb`, key, null).setAutoPadding(false);
  return new Uint8Array(cipher.update(block)).toHex();
}

for (const place of PLACES) {
  Deno.test(`AES blocks ${place.name} are what node:crypto makes of them, and decrypt again`, () => {
    const random = new Random(5);
    for (const keyLen of [16, 24, 32]) {
      const key = random.bytes(keyLen), block = random.bytes(16);
      const aes = new AesBlock(place.put(key), true);
      const memory = place.put(block);

      aes.encryptBlock(memory, 0, memory, 0);
      const encrypted = memory.toHex();
      aes.decryptBlock(memory, 0, memory, 0);

      assert.equal(encrypted, encryptWithNode(key, block));
      assert.equal(memory.toHex(), block.toHex());
    }
  });
}

Deno.test("AES on words agrees with AES on bytes in both directions", () => {
  const random = new Random(6);
  const aes = new AesBlock(random.bytes(32), true);
  const bytes = random.bytes(16), words = new Int32Array(4);
  for (let i = 0; i < 4; i++) words[i] = loadLe(bytes, 4 * i);
  const plain = words.slice();

  aes.encryptBlock(bytes, 0, bytes, 0);
  aes.encryptWords(words);

  assert.deepEqual([...words], [0, 4, 8, 12].map((at) => loadLe(bytes, at)));
  aes.decryptWords(words);
  assert.deepEqual(words, plain);
});

Deno.test("AES forgets its key when closed", () => {
  const key = new Random(7).bytes(16), block = new Uint8Array(16);
  const aes = new AesBlock(key);

  aes.close();
  aes.encryptBlock(block, 0, block, 0);

  assert.notEqual(block.toHex(), encryptWithNode(key, new Uint8Array(16)));
});
