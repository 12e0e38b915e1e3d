import { strict as assert } from "node:assert";
import type { CipherContext, MacContext } from "../../../device/accelerators/contexts.ts";
import { LibcryptoCbcMac } from "../../../device/accelerators/libcrypto/cbc_mac.ts";
import { LibcryptoCipher } from "../../../device/accelerators/libcrypto/cipher.ts";
import type { IvSymbols } from "../../../device/accelerators/libcrypto/iv_place.ts";
import { Libcrypto } from "../../../device/accelerators/libcrypto/library.ts";
import { openLibcrypto } from "../../../device/mod.ts";
import { Random } from "../../support/random.ts";

const result = openLibcrypto();
if (result.library === null) throw new Error(`The tests need libcrypto: ${result.reason}`);
const { library } = result;
const { ivSymbols } = library;
if (ivSymbols === null) throw new Error("The tests need a libcrypto that tells where ivs lie");
const { ivPlace, setAt } = ivSymbols;

/** Name, bytes of key, of iv, and of what sources are multiples of. */
const CIPHERS = [
  ["AES-128-CTR", 16, 16, 1],
  ["AES-256-CTR", 32, 16, 1],
  ["AES-128-CBC", 16, 16, 16],
  ["AES-192-CBC", 24, 16, 16],
  ["AES-128-XTS", 32, 16, 1],
  ["AES-256-XTS", 64, 16, 1],
  ["DES-EDE3-CBC", 24, 8, 8],
  ["DES-CBC", 8, 8, 8],
] as const;

function libraryWith(symbols: IvSymbols | null, others: Partial<Libcrypto["symbols"]> = {}) {
  return new Libcrypto(library.path, library.version, { ...library.symbols, ...others }, {
    iv: symbols,
  });
}

function fetched(of: Libcrypto, name: string) {
  const cipher = of.fetchCipher(name);
  assert.ok(cipher !== null, name);
  return cipher;
}

/** Messages of all lengths, whole blocks in rows and now and then one that ends amid a block. */
function texts(context: CipherContext, ivLen: number, unit: number): string[] {
  const random = new Random(5);
  return Array.from({ length: 60 }, (_, i) => {
    const isWhole = unit > 1 || i % 6 !== 5;
    const len = isWhole ? 16 * (1 + random.below(6)) : 17 + random.below(90);
    const src = random.bytes(len);
    const dst = new Uint8Array(len);
    context.process(random.bytes(ivLen), src, dst);
    return dst.toHex();
  });
}

function tags(context: MacContext): string[] {
  const random = new Random(6);
  return Array.from({ length: 40 }, () => {
    const out = new Uint8Array(8);
    const none = new Uint8Array(0);
    context.compute(none, random.bytes(random.below(50)), random.bytes(random.below(50)), out);
    return out.toHex();
  });
}

for (const [name, keyLen, ivLen, unit] of CIPHERS) {
  for (const decrypt of [false, true]) {
    const open = (of: Libcrypto) =>
      new LibcryptoCipher(of, fetched(of, name), new Random(1).bytes(keyLen), ivLen, unit, decrypt);
    const title = `${name} ${decrypt ? "decrypts" : "encrypts"}`;

    Deno.test(`${title} the same with ivs set in place and by EVP_CipherInit_ex`, () => {
      let numInPlace = 0;
      const counted = libraryWith({
        ivPlace,
        setAt: (place, iv, len) => (numInPlace++, setAt(place, iv, len)),
      });
      const expected = open(libraryWith(null));
      const context = open(counted);

      assert.deepEqual(texts(context, ivLen, unit), texts(expected, ivLen, unit));

      assert.ok(numInPlace > 15, `${numInPlace} in place`);
      context.close();
      expected.close();
    });
  }
}

Deno.test("CMAC, XCBC and CBC-MAC give the same tags with ivs set in place and by EVP_CipherInit_ex", () => {
  const without = libraryWith(null);
  const macs = (of: Libcrypto) => [
    LibcryptoCbcMac.cmac(of, fetched(of, "AES-128-CBC"), new Uint8Array(16).fill(1), 16),
    LibcryptoCbcMac.xcbc(of, fetched(of, "AES-128-CBC"), new Uint8Array(16).fill(2)),
    LibcryptoCbcMac.cmac(of, fetched(of, "DES-EDE3-CBC"), new Random(3).bytes(24), 8),
    new LibcryptoCbcMac(of, fetched(of, "AES-256-CBC"), new Uint8Array(32).fill(4), 16),
  ];
  const expected = macs(without);
  const inPlace = macs(library);

  for (const [i, context] of inPlace.entries()) {
    assert.deepEqual(tags(context), tags(expected[i]));
    context.close();
    expected[i].close();
  }
});

const FALSE_PLACES: Readonly<Record<string, IvSymbols>> = {
  "that tells no place": { ivPlace: () => null, setAt },
  "whose place is a copy": {
    ivPlace: () => library.symbols.CRYPTO_malloc(16, null, 0),
    setAt,
  },
  "that keeps more of an iv than what is at its place": {
    ivPlace,
    setAt: (place, iv, len) => setAt(place, iv, len - 1),
  },
};
for (const [which, symbols] of Object.entries(FALSE_PLACES)) {
  Deno.test(`A library ${which} is not relied on`, () => {
    const of = libraryWith(symbols);
    for (const [name, keyLen, ivLen, unit] of CIPHERS) {
      assert.equal(of.keepsIvInPlace(fetched(of, name), keyLen, ivLen), false);
      const open = (of: Libcrypto) =>
        new LibcryptoCipher(of, fetched(of, name), new Random(1).bytes(keyLen), ivLen, unit, false);
      const context = open(of), expected = open(library);
      assert.deepEqual(texts(context, ivLen, unit), texts(expected, ivLen, unit));
      context.close();
      expected.close();
    }
  });
}

Deno.test("What a failed message leaves in a context does not reach the next one", () => {
  let isFailing = false;
  const update: typeof library.symbols.EVP_CipherUpdate = (context, dst, outLen, src, len) => {
    const done = library.symbols.EVP_CipherUpdate(context, dst, outLen, src, isFailing ? 5 : len);
    return isFailing ? 0 : done;
  };
  const of = libraryWith(ivSymbols, { EVP_CipherUpdate: update });
  const key = new Uint8Array(16).fill(8), iv = new Uint8Array(16).fill(9);
  const src = new Uint8Array(32).fill(7), none = new Uint8Array(0);
  const cipherText = (name: string, unit: number) => {
    const cipher = new LibcryptoCipher(of, fetched(of, name), key, 16, unit, false);
    return { run: (out: Uint8Array) => cipher.process(iv, src, out), close: () => cipher.close() };
  };
  const mac = LibcryptoCbcMac.cmac(of, fetched(of, "AES-128-CBC"), key, 16);
  const contexts = [
    cipherText("AES-128-CTR", 1),
    cipherText("AES-128-CBC", 16),
    {
      run: (out: Uint8Array) => mac.compute(none, src, none, out.subarray(0, 16)),
      close: () => mac.close(),
    },
  ];

  for (const { run, close } of contexts) {
    const expected = new Uint8Array(32), after = new Uint8Array(32);
    for (let i = 0; i < 4; i++) run(expected);
    isFailing = true;
    assert.throws(() => run(new Uint8Array(32)), /with libcrypto/);
    isFailing = false;
    run(after);
    assert.deepEqual(after, expected);
    close();
  }
});
