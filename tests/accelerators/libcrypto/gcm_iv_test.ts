import { strict as assert } from "node:assert";
import { LibcryptoGcm } from "../../../device/accelerators/libcrypto/aead.ts";
import { Libcrypto } from "../../../device/accelerators/libcrypto/library.ts";
import { openLibcrypto } from "../../../device/mod.ts";
import { Random } from "../../support/random.ts";

const result = openLibcrypto();
if (result.library === null) throw new Error(`The tests need libcrypto: ${result.reason}`);
const { library } = result;

function withSymbols(symbols: Partial<Libcrypto["symbols"]>): Libcrypto {
  const all = { ...library.symbols, ...symbols };
  return new Libcrypto(library.path, library.version, all, { method: null });
}

/** Two sealings and an opening of each, under ivs of 12 bytes and of 16 between them. */
function texts(of: Libcrypto): string[] {
  const random = new Random(7);
  const key = random.bytes(16);
  const cipher = of.fetchCipher("AES-128-GCM");
  assert.ok(cipher !== null);
  const context = new LibcryptoGcm(of, cipher, key);
  const all: string[] = [];
  for (let i = 0; i < 40; i++) {
    const iv = random.bytes(i % 7 === 5 ? 16 : 12);
    const src = random.bytes(random.below(100)), aad = random.bytes(random.below(20));
    const dst = new Uint8Array(src.length),
      tag = new Uint8Array(16),
      back = new Uint8Array(src.length);
    context.seal(iv, aad, src, dst, tag);
    // Sealing and opening turn by turn, and in rows.
    if (i % 3 === 0) assert.ok(context.open(iv, aad, dst, tag, back));
    if (i % 3 === 0) assert.ok(context.open(iv, aad, dst, tag, back));
    if (i % 3 === 0) assert.deepEqual(back, src);
    all.push(dst.toHex() + tag.toHex());
  }
  context.close();
  return all;
}

Deno.test("An iv set by a parameter gives what one set by EVP_CipherInit_ex gives", () => {
  let numSet = 0;
  const set = library.symbols.EVP_CIPHER_CTX_set_params;
  const counted = withSymbols({
    EVP_CIPHER_CTX_set_params: (context, params) => (numSet++, set(context, params)),
  });
  const without = withSymbols({ EVP_CIPHER_CTX_set_params: () => 0 });

  assert.ok(counted.gcmIv !== null);
  assert.equal(without.gcmIv, null);
  const expected = texts(without);
  numSet = 0;
  assert.deepEqual(texts(counted), expected);
  assert.ok(numSet > 10, `${numSet} by parameter`);
});

Deno.test("Tags from which H can be told are not left behind", () => {
  const byParams = withSymbols({});
  const cipher = byParams.fetchCipher("AES-128-GCM");
  assert.ok(cipher !== null);
  const context = new LibcryptoGcm(byParams, cipher, new Uint8Array(16).fill(9));
  const none = new Uint8Array(0);
  byParams.tag.bytes.fill(0xee);

  // H is found for an iv of 16 bytes; opening makes no tag of its own.
  context.open(new Uint8Array(16), none, none, new Uint8Array(16), none);

  assert.deepEqual(byParams.tag.bytes, new Uint8Array(16));
  context.close();
});

Deno.test("A library that takes the parameter and sets no iv, or another, is not relied on", () => {
  const set = library.symbols.EVP_CIPHER_CTX_set_params;
  let param: Uint8Array | undefined;
  const deaf = withSymbols({ EVP_CIPHER_CTX_set_params: () => 1 });
  const wrong = withSymbols({
    EVP_CIPHER_CTX_set_params: (context, params) => {
      if (param !== undefined) param[0] ^= 1;
      return set(context, params);
    },
    OSSL_PARAM_construct_octet_string: (name, bytes, len) => {
      if (bytes instanceof Uint8Array && bytes.length === 12) param = bytes;
      return library.symbols.OSSL_PARAM_construct_octet_string(name, bytes, len);
    },
  });

  assert.ok(param !== undefined);
  assert.equal(deaf.gcmIv, null);
  assert.equal(wrong.gcmIv, null);
  assert.deepEqual(texts(deaf), texts(library));
  assert.deepEqual(texts(wrong), texts(library));
});
