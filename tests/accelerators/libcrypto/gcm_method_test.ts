import { strict as assert } from "node:assert";
import { LibcryptoGcm, LibcryptoGmac } from "../../../device/accelerators/libcrypto/aead.ts";
import type { MethodSymbols } from "../../../device/accelerators/libcrypto/gcm_method.ts";
import { Libcrypto } from "../../../device/accelerators/libcrypto/library.ts";
import { Ctrl, METHOD_SYMBOLS } from "../../../device/accelerators/libcrypto/symbols.ts";
import { openLibcrypto } from "../../../device/mod.ts";
import { Random } from "../../support/random.ts";

const result = openLibcrypto();
if (result.library === null) throw new Error(`The tests need libcrypto: ${result.reason}`);
const { library } = result;
const method: MethodSymbols = Deno.dlopen(library.path, METHOD_SYMBOLS).symbols;
// Methods are there in any before 4.0, whichever the machine's is.
const VERSION = "3.0.0";

function libraryWith(
  method: MethodSymbols | null,
  symbols: Partial<Libcrypto["symbols"]> = {},
  version = VERSION,
): Libcrypto {
  return new Libcrypto(library.path, version, { ...library.symbols, ...symbols }, { method });
}

function fetched(of: Libcrypto, keyLen: number) {
  const cipher = of.fetchCipher(`AES-${8 * keyLen}-GCM`);
  assert.ok(cipher !== null);
  return cipher;
}

/** What is sealed, opened and refused, in rows and turn by turn, with both lengths of ivs and all of tags. */
function texts(of: Libcrypto, keyLen: number): string[] {
  const random = new Random(keyLen);
  const context = new LibcryptoGcm(of, fetched(of, keyLen), random.bytes(keyLen));
  const all: string[] = [];
  for (let i = 0; i < 120; i++) {
    const iv = random.bytes(i % 7 === 5 ? 16 : 12);
    const src = random.bytes(random.below(i % 10 === 0 ? 3000 : 100));
    const aad = random.bytes(random.below(40));
    const dst = new Uint8Array(src.length);
    const back = new Uint8Array(src.length);
    const tag = new Uint8Array(1 + random.below(16));
    context.seal(iv, aad, src, dst, tag);
    all.push(dst.toHex() + tag.toHex());
    if (i % 3 > 0) continue;
    assert.ok(context.open(iv, aad, dst, tag, back));
    assert.deepEqual(back, src);
    tag[0] ^= 1;
    assert.ok(!context.open(iv, aad, dst, tag, back));
    assert.deepEqual(back, new Uint8Array(src.length));
  }
  context.close();
  return all;
}

function macs(of: Libcrypto): string[] {
  const random = new Random(3);
  const context = new LibcryptoGmac(of, fetched(of, 16), random.bytes(16));
  const all = Array.from({ length: 40 }, () => {
    const out = new Uint8Array(16);
    const first = random.bytes(random.below(50));
    context.compute(random.bytes(12), first, random.bytes(random.below(50)), out);
    return out.toHex();
  });
  context.close();
  return all;
}

for (const keyLen of [16, 24, 32]) {
  Deno.test(`AES-GCM by its method gives what the provider's gives, with keys of ${keyLen} bytes`, () => {
    let numByParam = 0;
    const { EVP_CIPHER_CTX_get_params, EVP_CIPHER_CTX_set_params } = library.symbols;
    const byMethod = libraryWith(method, {
      EVP_CIPHER_CTX_get_params: (
        ...values
      ) => (numByParam++, EVP_CIPHER_CTX_get_params(...values)),
      EVP_CIPHER_CTX_set_params: (
        ...values
      ) => (numByParam++, EVP_CIPHER_CTX_set_params(...values)),
    });
    assert.equal(byMethod.gcmMethods?.size, 3);
    const expected = texts(libraryWith(null), keyLen);
    numByParam = 0;

    assert.deepEqual(texts(byMethod, keyLen), expected);

    assert.equal(numByParam, 0);
  });
}

Deno.test("GMAC by AES-GCM's method gives what the provider's gives", () => {
  assert.deepEqual(macs(libraryWith(method)), macs(libraryWith(null)));
});

Deno.test("Methods are used of OpenSSL 3.0 only", () => {
  for (const version of ["3.0.0", "3.0.19"]) {
    assert.ok(libraryWith(method, {}, version).gcmMethods !== null, version);
  }
  for (const version of ["3.1.0", "3.5.4", "4.0.0"]) {
    assert.equal(libraryWith(method, {}, version).gcmMethods, null, version);
  }
});

Deno.test("Methods that are missing, or of another cipher, are not relied on", () => {
  let numDups = 0;
  const none = libraryWith({ ...method, EVP_CIPHER_meth_dup: () => null });
  const other = libraryWith({ ...method, EVP_aes_256_gcm: () => method.EVP_aes_128_gcm() });
  const second = libraryWith({
    ...method,
    EVP_CIPHER_meth_dup: (cipher) => numDups++ === 1 ? null : method.EVP_CIPHER_meth_dup(cipher),
  });

  for (const without of [none, other, second]) {
    assert.equal(without.gcmMethods, null);
    assert.deepEqual(texts(without, 32), texts(libraryWith(null), 32));
  }
});

Deno.test("A library whose method gives another tag, or verifies a wrong one, is not relied on", () => {
  const { EVP_CIPHER_CTX_ctrl, EVP_CipherFinal_ex } = library.symbols;
  let numTags = 0;
  const wrong = libraryWith(method, {
    EVP_CIPHER_CTX_ctrl: (context, command, len, bytes) => {
      const isDone = EVP_CIPHER_CTX_ctrl(context, command, len, bytes);
      if (command === Ctrl.GET_TAG && bytes instanceof Uint8Array) bytes[0] ^= ++numTags;
      return isDone;
    },
  });
  const lenient = libraryWith(method, {
    EVP_CipherFinal_ex: (...values) => EVP_CipherFinal_ex(...values) | 1,
  });

  assert.equal(wrong.gcmMethods, null);
  assert.equal(lenient.gcmMethods, null);
  assert.deepEqual(texts(wrong, 16), texts(libraryWith(null), 16));
});
