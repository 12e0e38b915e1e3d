import assert from "node:assert/strict";
import { blockLens, edgeLens, Random } from "./buffers.ts";
import { CIPHERS, MACS, openCipher, openMac } from "./rows.ts";

/** Runs the `openssl` command, whose absence is a failure. */
async function openssl(args: readonly string[], input: Uint8Array): Promise<Uint8Array> {
  const command = new Deno.Command("openssl", {
    args: [...args],
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  });
  const child = command.spawn();
  const writer = child.stdin.getWriter();
  await writer.write(input.slice());
  await writer.close();
  const { success, stdout, stderr } = await child.output();
  assert.ok(success, new TextDecoder().decode(stderr));
  return stdout;
}

const LEGACY = ["-provider", "legacy", "-provider", "default"];
/** Our name, the name for `openssl enc`, the key's length. */
const OPENSSL_CIPHERS: readonly (readonly [string, string, number])[] = [
  ["ARC4", "rc4", 16],
  ["ARC4", "rc4-40", 5],
  ["DES_ECB", "des-ecb", 8],
  ["DES_CBC", "des-cbc", 8],
  ["3DES_ECB", "des-ede3", 24],
  ["3DES_CBC", "des-ede3-cbc", 24],
];

for (const [name, opensslName, keyLen] of OPENSSL_CIPHERS) {
  Deno.test(`${name} encrypts and decrypts like openssl's ${opensslName}`, async () => {
    const row = CIPHERS.find((candidate) => candidate.name === name);
    assert.ok(row);
    const random = new Random(row.id);
    const lens = row.blockLen > 1 ? blockLens(row.blockLen) : edgeLens(16);
    for (const len of [...lens, 4096]) {
      for (const decrypt of [false, true]) {
        const key = random.bytes(keyLen), iv = random.bytes(row.ivLen), src = random.bytes(len);
        const dst = new Uint8Array(len);
        const ivArgs = row.ivLen > 0 ? ["-iv", iv.toHex()] : [];
        const direction = decrypt ? "-d" : "-e";
        const expected = await openssl(
          ["enc", `-${opensslName}`, direction, "-nopad", "-K", key.toHex(), ...ivArgs, ...LEGACY],
          src,
        );

        openCipher(row)(key, decrypt).process(iv, src, dst);

        assert.equal(dst.toHex(), expected.toHex(), `${len} B ${direction}`);
      }
    }
  });
}

/** Our name, the MAC and the cipher for `openssl mac`, the key's length. */
const OPENSSL_MACS: readonly (readonly [string, string, string, number])[] = [
  ["CMAC_AES", "CMAC", "AES-128-CBC", 16],
  ["CMAC_AES", "CMAC", "AES-256-CBC", 32],
  ["CMAC_3DES", "CMAC", "DES-EDE3-CBC", 24],
  ["GMAC_AES", "GMAC", "AES-128-GCM", 16],
  ["GMAC_AES", "GMAC", "AES-192-GCM", 24],
];

for (const [name, mac, cipher, keyLen] of OPENSSL_MACS) {
  Deno.test(`${name} gives the tags of openssl's ${mac} with ${cipher}`, async () => {
    const row = MACS.find((candidate) => candidate.name === name);
    assert.ok(row);
    const random = new Random(row.id + keyLen);
    for (const len of [1, 7, 8, 15, 16, 17, 31, 32, 33, 1000]) {
      const key = random.bytes(keyLen), iv = random.bytes(row.ivLen), message = random.bytes(len);
      const out: Uint8Array = new Uint8Array(row.maxResultLen);
      const ivArgs = row.ivLen > 0 ? ["-macopt", `hexiv:${iv.toHex()}`] : [];
      const expected = await openssl(
        ["mac", "-cipher", cipher, "-macopt", `hexkey:${key.toHex()}`, ...ivArgs, "-binary", mac],
        message,
      );

      openMac(row)(key).compute(iv, message, new Uint8Array(0), out);

      assert.equal(out.toHex(), expected.toHex(), `${len} B`);
    }
  });
}

Deno.test("AES_XTS encrypts and decrypts like libcrypto, for the openssl command has no XTS", () => {
  const row = CIPHERS.find(({ name }) => name === "AES_XTS");
  assert.ok(row);
  const crypto = Deno.dlopen("libcrypto.so.3", {
    EVP_CIPHER_fetch: { parameters: ["pointer", "buffer", "pointer"], result: "pointer" },
    EVP_CIPHER_CTX_new: { parameters: [], result: "pointer" },
    EVP_CipherInit_ex2: {
      parameters: ["pointer", "pointer", "buffer", "buffer", "i32", "pointer"],
      result: "i32",
    },
    EVP_CipherUpdate: {
      parameters: ["pointer", "buffer", "buffer", "buffer", "i32"],
      result: "i32",
    },
    EVP_CIPHER_CTX_free: { parameters: ["pointer"], result: "void" },
    EVP_CIPHER_free: { parameters: ["pointer"], result: "void" },
  });
  const { symbols } = crypto;
  const random = new Random(13);
  for (const keyLen of [32, 64]) {
    const name = new TextEncoder().encode(`AES-${4 * keyLen}-XTS\0`);
    const cipher = symbols.EVP_CIPHER_fetch(null, name, null);
    const context = symbols.EVP_CIPHER_CTX_new();
    for (const len of [...edgeLens(16).filter((edge) => edge >= 16), 4099]) {
      for (const decrypt of [false, true]) {
        const key = random.bytes(keyLen), iv = random.bytes(16);
        const src = random.bytes(len), dst = new Uint8Array(len);
        const expected = new Uint8Array(len), outLen = new Int32Array(1);
        const started = symbols.EVP_CipherInit_ex2(
          context,
          cipher,
          key,
          iv,
          decrypt ? 0 : 1,
          null,
        );
        const updated = symbols.EVP_CipherUpdate(context, expected, outLen, src, len);
        assert.deepEqual([started, updated, outLen[0]], [1, 1, len]);

        openCipher(row)(key, decrypt).process(iv, src, dst);

        assert.equal(dst.toHex(), expected.toHex(), `${len} B`);
      }
    }
    symbols.EVP_CIPHER_CTX_free(context);
    symbols.EVP_CIPHER_free(cipher);
  }
  crypto.close();
});
