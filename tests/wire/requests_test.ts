import assert from "node:assert/strict";
import {
  AeadAlgo,
  ChainOrder,
  CipherAlgo,
  Direction,
  HashAlgo,
  HashMode,
  MacAlgo,
  Service,
} from "../../device/wire/constants.ts";
import {
  aeadData,
  aeadStateless,
  build,
  chainData,
  chainStateless,
  cipherData,
  cipherStateless,
  createAeadSession,
  createChainSession,
  createCipherSession,
  createHashSession,
  createMacSession,
  destroySession,
  hashData,
  hashStateless,
  macData,
  macStateless,
  parseDataStatus,
  parseDestroyStatus,
  parseSessionInput,
  type Request,
} from "../../device/wire/requests.ts";

const MUX = { mux: true, layout: "v19" } as const;
const NOT_MUX = { mux: false, layout: "v19" } as const;
const MUX_11 = { mux: true, layout: "1.1" } as const;

const key = Uint8Array.fromHex("a0a1a2a3a4a5a6a7a8a9aaabacadaeaf");
const authKey = Uint8Array.fromHex("b0b1b2");
const iv = Uint8Array.fromHex("c0c1c2c3c4c5c6c7c8c9cacbcccdcecf");
const src = Uint8Array.fromHex("d0d1d2d3d4");
const aad = Uint8Array.fromHex("e0e1");

/** Little-endian 32-bit words. */
function words(...values: number[]): Uint8Array {
  const bytes = new Uint8Array(values.length * 4);
  const view = new DataView(bytes.buffer);
  values.forEach((value, i) => view.setUint32(i * 4, value, true));
  return bytes;
}

function zeros(len: number): Uint8Array {
  return new Uint8Array(len);
}

/** Compares a request with the parts its readable bytes are made of, in order. */
function assertRequest(request: Request, parts: readonly Uint8Array[], writableLen: number): void {
  const expected = parts.map((part) => part.toHex()).join("");
  assert.equal(request.readable.toHex(), expected);
  assert.equal(request.writableLen, writableLen);
}

for (const mode of [MUX, NOT_MUX]) {
  const name = mode.mux ? "MUX" : "not MUX";
  // What follows a control structure of `size` bytes: nothing under MUX, else up to 56.
  const ctrlPad = (size: number) => zeros(mode.mux ? 0 : 56 - size);
  const dataPad = (size: number) => zeros(mode.mux ? 0 : 48 - size);
  const flag = mode.mux ? 1 : 0;

  Deno.test(`${name}: creating a cipher session is header, 56 B body, key`, () => {
    const options = { algo: CipherAlgo.AES_CBC, op: Direction.DECRYPT, key };
    const request = build(createCipherSession, options, mode);
    assertRequest(request, [
      words(0x0002, 3, 0, 0),
      words(3, 16, 2, 0),
      zeros(32),
      words(1, 0),
      key,
    ], 16);
  });

  Deno.test(`${name}: creating a chain session with a MAC is header, body, both keys`, () => {
    const request = build(createChainSession, {
      algChainOrder: ChainOrder.CIPHER_THEN_HASH,
      hashMode: HashMode.AUTH,
      cipher: { algo: CipherAlgo.AES_CTR, op: Direction.ENCRYPT, key },
      hash: { algo: MacAlgo.HMAC_SHA_256, hashResultLen: 20, authKey },
      aadLen: 7,
    }, mode);
    assertRequest(request, [
      words(0x0002, 4, 0, 0),
      words(2, 2),
      words(4, 16, 1, 0),
      words(4, 20, 3, 0),
      words(7, 0),
      words(2, 0),
      key,
      authKey,
    ], 16);
  });

  Deno.test(`${name}: a chain session of a hash carries no auth key, even when one is given`, () => {
    const request = build(createChainSession, {
      algChainOrder: ChainOrder.HASH_THEN_CIPHER,
      hashMode: HashMode.NESTED,
      cipher: { algo: CipherAlgo.AES_CTR, op: Direction.ENCRYPT, key },
      hash: { algo: HashAlgo.SHA_256, hashResultLen: 32, authKey },
    }, mode);
    assertRequest(request, [
      words(0x0002, 4, 0, 0),
      words(1, 3),
      words(4, 16, 1, 0),
      words(4, 32, 0, 0),
      words(0, 0),
      words(2, 0),
      key,
    ], 16);
  });

  Deno.test(`${name}: creating a hash session is header and 8 B`, () => {
    const options = { algo: HashAlgo.SHA3_SHAKE128, hashResultLen: 300 };
    const request = build(createHashSession, options, mode);
    assertRequest(request, [words(0x0102, 11, 0, 0), words(11, 300), ctrlPad(8)], 16);
  });

  Deno.test(`${name}: creating a MAC session is header, 16 B, key`, () => {
    const options = { algo: MacAlgo.CMAC_AES, hashResultLen: 16, authKey: key };
    const request = build(createMacSession, options, mode);
    assertRequest(request, [
      words(0x0202, 26, 0, 0),
      words(26, 16, 16, 0),
      ctrlPad(16),
      key,
    ], 16);
  });

  Deno.test(`${name}: creating an AEAD session is header, 24 B, key`, () => {
    const options = { algo: AeadAlgo.CCM, op: Direction.ENCRYPT, key, tagLen: 8, aadLen: 2 };
    const request = build(createAeadSession, options, mode);
    assertRequest(request, [
      words(0x0302, 2, 0, 0),
      words(2, 16, 8, 2, 1, 0),
      ctrlPad(24),
      key,
    ], 16);
  });

  Deno.test(`${name}: destroying a session is header and a 64-bit id`, () => {
    const options = { service: Service.AEAD, sessionId: 0x12_3456789a };
    const request = build(destroySession, options, mode);
    assertRequest(request, [words(0x0303, 0, 0, 0), words(0x3456789a, 0x12), ctrlPad(8)], 8);
  });

  Deno.test(`${name}: cipher data are header, 48 B body, iv, src`, () => {
    const options = { sessionId: 9, op: Direction.DECRYPT, iv, src, dstDataLen: 6 };
    const request = build(cipherData, options, mode);
    assertRequest(request, [
      words(0x0001, 0, 9, 0, flag, 0),
      words(16, 5, 6, 0),
      zeros(24),
      words(1, 0),
      iv,
      src,
    ], 7);
  });

  Deno.test(`${name}: cipher data without iv ask for as many bytes as they bring`, () => {
    const options = { sessionId: 2 ** 53 - 1, op: Direction.ENCRYPT, src };
    const request = build(cipherData, options, mode);
    assertRequest(request, [
      words(0x0000, 0, 0xffffffff, 0x1fffff, flag, 0),
      words(0, 5, 5, 0),
      zeros(24),
      words(1, 0),
      src,
    ], 6);
  });

  Deno.test(`${name}: chain data are header, 48 B body, iv, src, aad`, () => {
    const request = build(chainData, {
      sessionId: 9,
      op: Direction.ENCRYPT,
      iv,
      src,
      aad,
      cipherStartSrcOffset: 1,
      lenToCipher: 2,
      hashStartSrcOffset: 3,
      lenToHash: 1,
      hashResultLen: 20,
    }, mode);
    assertRequest(request, [
      words(0x0000, 0, 9, 0, flag, 0),
      words(16, 5, 5, 1, 2, 3, 1, 2, 20, 0),
      words(2, 0),
      iv,
      src,
      aad,
    ], 5 + 20 + 1);
  });

  Deno.test(`${name}: chain data cover all behind the offsets unless told otherwise`, () => {
    const options = { sessionId: 9, op: Direction.DECRYPT, src, hashStartSrcOffset: 2 };
    const request = build(chainData, { ...options, hashResultLen: 4 }, mode);
    assertRequest(request, [
      words(0x0001, 0, 9, 0, flag, 0),
      words(0, 5, 5, 0, 5, 2, 3, 0, 4, 0),
      words(2, 0),
      src,
    ], 5 + 4 + 1);
  });

  Deno.test(`${name}: hash data are header, 8 B, src`, () => {
    const request = build(hashData, { sessionId: 3, src, hashResultLen: 32 }, mode);
    assertRequest(request, [
      words(0x0100, 0, 3, 0, flag, 0),
      words(5, 32),
      dataPad(8),
      src,
    ], 33);
  });

  Deno.test(`${name}: MAC data count the iv as part of src`, () => {
    const request = build(macData, { sessionId: 3, iv, src, hashResultLen: 16 }, mode);
    assertRequest(request, [
      words(0x0200, 0, 3, 0, flag, 0),
      words(21, 16),
      dataPad(8),
      iv,
      src,
    ], 17);
  });

  Deno.test(`${name}: AEAD encryption makes room for ciphertext and tag`, () => {
    const options = { sessionId: 3, op: Direction.ENCRYPT, iv, aad, src, tagLen: 12 };
    const request = build(aeadData, options, mode);
    assertRequest(request, [
      words(0x0300, 0, 3, 0, flag, 0),
      words(16, 2, 5, 17, 12, 0),
      dataPad(24),
      iv,
      src,
      aad,
    ], 18);
  });

  Deno.test(`${name}: AEAD decryption makes room for the plaintext alone`, () => {
    const options = { sessionId: 3, op: Direction.DECRYPT, iv, src, tagLen: 4 };
    const request = build(aeadData, options, mode);
    assertRequest(request, [
      words(0x0301, 0, 3, 0, flag, 0),
      words(16, 0, 5, 1, 4, 0),
      dataPad(24),
      iv,
      src,
    ], 2);
  });
}

for (const mode of [MUX, MUX_11]) {
  const queueId = mode.layout === "1.1" ? [] : [0];

  Deno.test(`layout ${mode.layout}: stateless cipher is header, body, key, iv, src`, () => {
    const options = { algo: CipherAlgo.AES_CBC, op: Direction.DECRYPT, key, iv, src };
    const request = build(cipherStateless, options, mode);
    assertRequest(request, [
      words(0x0001, 0, 0, 0, 0, 0),
      words(3, 16, 2, 16, 5, 5),
      zeros(48),
      words(1, ...queueId),
      key,
      iv,
      src,
    ], 6);
  });

  Deno.test(`layout ${mode.layout}: stateless chain is body, both keys, iv, aad, src`, () => {
    const request = build(chainStateless, {
      algChainOrder: ChainOrder.HASH_THEN_CIPHER,
      hashMode: HashMode.AUTH,
      cipherAlgo: CipherAlgo.AES_CTR,
      op: Direction.ENCRYPT,
      key,
      hashAlgo: MacAlgo.HMAC_SHA1,
      authKey,
      iv,
      aad,
      src,
      cipherStartSrcOffset: 1,
      lenToCipher: 2,
      hashStartSrcOffset: 3,
      lenToHash: 1,
      hashResultLen: 20,
    }, mode);
    assertRequest(request, [
      words(0x0000, 0, 0, 0, 0, 0),
      words(1, 2, 4, 16, 1, 2, 3, 2, 16, 5, 5, 1, 2, 3, 1, 2, 20, 0),
      words(2, ...queueId),
      key,
      authKey,
      iv,
      aad,
      src,
    ], 5 + 20 + 1);
  });
}

Deno.test("a stateless chain of a hash carries no auth key, even when one is given", () => {
  const request = build(chainStateless, {
    algChainOrder: ChainOrder.CIPHER_THEN_HASH,
    hashMode: HashMode.PLAIN,
    cipherAlgo: CipherAlgo.AES_ECB,
    op: Direction.DECRYPT,
    key,
    hashAlgo: HashAlgo.MD5,
    authKey,
    src,
    hashResultLen: 16,
  }, MUX);
  assertRequest(request, [
    words(0x0001, 0, 0, 0, 0, 0),
    words(2, 0, 2, 16, 2, 1, 0, 1, 0, 5, 5, 0, 5, 0, 5, 0, 16, 0),
    words(2, 0),
    key,
    src,
  ], 5 + 16 + 1);
});

Deno.test("stateless hash is header, 16 B, src", () => {
  const options = { algo: HashAlgo.SHA_512, src, hashResultLen: 64 };
  const request = build(hashStateless, options, MUX);
  assertRequest(request, [words(0x0100, 0, 0, 0, 0, 0), words(6, 5, 64, 0), src], 65);
});

Deno.test("stateless MAC is header, 16 B, key, iv and src", () => {
  const options = { algo: MacAlgo.GMAC_AES, authKey: key, iv, src, hashResultLen: 16 };
  const request = build(macStateless, options, MUX);
  assertRequest(request, [
    words(0x0200, 0, 0, 0, 0, 0),
    words(41, 16, 21, 16),
    key,
    iv,
    src,
  ], 17);
});

Deno.test("stateless AEAD is header, 32 B, key, iv, src, aad", () => {
  const options = { algo: AeadAlgo.GCM, op: Direction.ENCRYPT, key, iv, aad, src, tagLen: 16 };
  const request = build(aeadStateless, options, MUX);
  assertRequest(request, [
    words(0x0300, 0, 0, 0, 0, 0),
    words(1, 16, 1, 16, 16, 2, 5, 21),
    key,
    iv,
    src,
    aad,
  ], 22);
});

Deno.test("a request can be written anywhere in a longer message", () => {
  const bytes = new Uint8Array(200);
  const view = new DataView(bytes.buffer);
  const options = { sessionId: 3, src, hashResultLen: 32 };
  hashData.write({ bytes, view }, 77, options, MUX);
  const alone = build(hashData, options, MUX).readable;
  assert.equal(bytes.subarray(77, 77 + alone.length).toHex(), alone.toHex());
  assert.ok(bytes.subarray(0, 77).every((byte) => byte === 0));
  assert.ok(bytes.subarray(77 + alone.length).every((byte) => byte === 0));
});

Deno.test("the answer to a create is read at any place in memory", () => {
  const bytes = new Uint8Array(19);
  bytes.set(words(0x3456789a, 0x12, 0, 0), 3);
  const answer = parseSessionInput(bytes.subarray(3));
  assert.deepEqual(answer, { status: 0, sessionId: 0x12_3456789a });
});

Deno.test("a create answered with fewer than 16 bytes counts as ERR", () => {
  assert.deepEqual(parseSessionInput(new Uint8Array(15)), { status: 1, sessionId: 0 });
});

Deno.test("a destroy's status is 32 bits wide where four bytes were written, else 8", () => {
  assert.equal(parseDestroyStatus(words(4, 0)), 4);
  assert.equal(parseDestroyStatus(words(0x104)), 0x104);
  assert.equal(parseDestroyStatus(Uint8Array.of(4)), 4);
  assert.equal(parseDestroyStatus(new Uint8Array(0)), 1);
});

Deno.test("a data request's status is the last byte written", () => {
  assert.equal(parseDataStatus(Uint8Array.of(9, 9, 2)), 2);
  assert.equal(parseDataStatus(new Uint8Array(0)), 1);
});
