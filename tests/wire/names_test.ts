import assert from "node:assert/strict";
import {
  AeadAlgo,
  CipherAlgo,
  HashAlgo,
  MacAlgo,
  Service,
  SERVICES,
} from "../../device/wire/constants.ts";
import { algorithmNames, nameOf, parseName, similarNames } from "../../device/wire/names.ts";
import { fullResultLen } from "../../device/wire/result_lens.ts";
import { ALGORITHMS } from "../../device/mod.ts";
import { acceptsKeyLen } from "../../device/algorithms/algorithm.ts";

const CONSTANTS = [CipherAlgo, HashAlgo, MacAlgo, AeadAlgo];

Deno.test("the names of the protocol's page are understood", () => {
  const { CIPHER, HASH, MAC, AEAD } = Service;
  const expected = {
    "aes-128-cbc": { service: CIPHER, algo: 3, keyLen: 16 },
    "aes-192-ecb": { service: CIPHER, algo: 2, keyLen: 24 },
    "aes-256-ctr": { service: CIPHER, algo: 4, keyLen: 32 },
    "aes-128-f8": { service: CIPHER, algo: 12, keyLen: 32 },
    "aes-256-f8": { service: CIPHER, algo: 12, keyLen: 64 },
    "aes-128-xts": { service: CIPHER, algo: 13, keyLen: 32 },
    "aes-256-xts": { service: CIPHER, algo: 13, keyLen: 64 },
    "3des-cbc": { service: CIPHER, algo: 8 },
    "arc4": { service: CIPHER, algo: 1 },
    "snow3g-uea2": { service: CIPHER, algo: 11 },
    "zuc-eea3": { service: CIPHER, algo: 14 },
    "kasumi-f8": { service: CIPHER, algo: 10 },
    "aes-cbc": { service: CIPHER, algo: 3 },
    "md5": { service: HASH, algo: 1 },
    "sha1": { service: HASH, algo: 2 },
    "sha-256": { service: HASH, algo: 4 },
    "sha3-256": { service: HASH, algo: 8 },
    "shake128": { service: HASH, algo: 11 },
    "sha3-shake256": { service: HASH, algo: 12 },
    "hmac-sha-256": { service: MAC, algo: 4 },
    "cmac-aes": { service: MAC, algo: 26 },
    "cmac-aes-128": { service: MAC, algo: 26, keyLen: 16 },
    "xcbc-aes": { service: MAC, algo: 53 },
    "gmac-aes": { service: MAC, algo: 41 },
    "gmac-twofish": { service: MAC, algo: 42 },
    "zuc-eia3": { service: MAC, algo: 54 },
    "aes-128-gcm": { service: AEAD, algo: 1, keyLen: 16 },
    "aes-gcm": { service: AEAD, algo: 1 },
    "gcm": { service: AEAD, algo: 1 },
    "aes-256-ccm": { service: AEAD, algo: 2, keyLen: 32 },
    "chacha20-poly1305": { service: AEAD, algo: 3 },
  };
  const actual = Object.fromEntries(Object.keys(expected).map((name) => [name, parseName(name)]));
  assert.deepEqual(actual, expected);
});

Deno.test("case and separators do not matter", () => {
  assert.deepEqual(parseName("SHA_256"), parseName("sha-256"));
  assert.deepEqual(parseName("sha256"), parseName("sha-256"));
  assert.deepEqual(parseName("AES-128-CBC"), parseName("aes128cbc"));
});

Deno.test("what is no algorithm has no name", () => {
  for (
    const name of ["", "aes", "aes-512-cbc", "aes-192-xts", "sha-257", "__proto__", "toString"]
  ) {
    assert.equal(parseName(name), undefined, name);
  }
  assert.equal(nameOf(Service.CIPHER, 99), undefined);
});

Deno.test("every constant has a name that leads back to it", () => {
  for (const service of SERVICES) {
    for (const [constant, algo] of Object.entries(CONSTANTS[service])) {
      assert.deepEqual(parseName(constant), { service, algo }, constant);
      const name = nameOf(service, algo);
      assert.ok(name !== undefined, constant);
      assert.deepEqual(parseName(name), { service, algo }, name);
    }
  }
});

Deno.test("every name leads to an algorithm and back", () => {
  const names = algorithmNames();
  assert.equal(new Set(names).size, names.length);
  for (const name of names) {
    const parsed = parseName(name);
    assert.ok(parsed !== undefined, name);
    assert.equal(nameOf(parsed.service, parsed.algo, parsed.keyLen), name);
  }
});

Deno.test("a key length the name cannot carry leaves the plain name", () => {
  assert.equal(nameOf(Service.CIPHER, CipherAlgo.AES_CBC, 17), "aes-cbc");
  assert.equal(nameOf(Service.MAC, MacAlgo.HMAC_SHA_256, 16), "hmac-sha-256");
});

Deno.test("the key lengths in names are the device's", () => {
  for (const row of ALGORITHMS) {
    const keyed = algorithmNames(row.service).map((name) => ({ name, ...parseName(name) }))
      .filter(({ algo, keyLen }) => algo === row.id && keyLen !== undefined);
    for (const { name, keyLen } of keyed) {
      assert.ok("keyLens" in row, name);
      assert.ok(acceptsKeyLen(row.keyLens, keyLen ?? 0), name);
    }
  }
});

Deno.test("the full lengths of digests and tags are the device's", () => {
  for (const row of ALGORITHMS) {
    const len = fullResultLen(row.service, row.id);
    if (row.name.includes("SHAKE") || !("maxResultLen" in row)) assert.equal(len, undefined);
    else assert.equal(len, row.maxResultLen, row.name);
  }
});

Deno.test("a mistyped name finds its neighbours, a stranger none", () => {
  assert.equal(similarNames("aes-128-cbx")[0], "aes-128-cbc");
  assert.equal(similarNames("sha-2566")[0], "sha-256");
  assert.deepEqual(similarNames("blowfish"), []);
  assert.deepEqual(similarNames("a".repeat(1_000_000)), []);
});

Deno.test("neighbours are those of the service asked for", () => {
  for (const name of similarNames("sha-256", Service.MAC)) {
    assert.equal(parseName(name)?.service, Service.MAC);
  }
});
