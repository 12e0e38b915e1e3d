/** What every implementation of a MAC or AEAD keeps to, whoever computes. */

import { strict as assert } from "node:assert";
import { type AeadAlgorithm, type MacAlgorithm, Service } from "../../device/mod.ts";
import { dataOf, edgeLens, Guarded, keysOf, leavesAlone } from "../support/contract.ts";
import { aesEcb, cbc, ccm, chachaPoly, cmac, desEcb, gcm, hmac } from "../support/oracle.ts";
import { implementedRows } from "../support/implementations.ts";
import { concat, contains } from "../support/random.ts";

type Bytes = Uint8Array;
const NOTHING = new Uint8Array(0);

// SP 800-38B over a zero IV with zero padding: wire.md, section 5.
function cbcMacAes(key: Bytes, _iv: Bytes, data: Bytes): Bytes {
  const padded = concat(data, new Uint8Array((16 - data.length % 16) % 16));
  return data.length === 0
    ? new Uint8Array(16)
    : cbc(aesEcb, key, new Uint8Array(16), padded).slice(-16);
}

const MAC_ORACLES: Readonly<Record<string, (key: Bytes, iv: Bytes, data: Bytes) => Bytes>> = {
  HMAC_MD5: (key, _iv, data) => hmac("md5", key, data),
  HMAC_SHA1: (key, _iv, data) => hmac("sha1", key, data),
  HMAC_SHA_224: (key, _iv, data) => hmac("sha224", key, data),
  HMAC_SHA_256: (key, _iv, data) => hmac("sha256", key, data),
  HMAC_SHA_384: (key, _iv, data) => hmac("sha384", key, data),
  HMAC_SHA_512: (key, _iv, data) => hmac("sha512", key, data),
  CMAC_AES: (key, _iv, data) => cmac(aesEcb, 16, key, data),
  CMAC_3DES: (key, _iv, data) => cmac(desEcb, 8, key, data),
  CBCMAC_AES: cbcMacAes,
  GMAC_AES: (key, iv, data) => gcm(key, iv, data, NOTHING),
};

for (const row of implementedRows<MacAlgorithm>(Service.MAC)) {
  const { name, ivLen, maxResultLen } = row;
  const keys = keysOf(row.keyLens);
  const iv = dataOf(ivLen, 3);
  const oracle = MAC_ORACLES[name];

  for (const { accelerator, open } of row.implementations) {
    const title = `${name} by ${accelerator}`;
    const once = (key: Bytes, data: Bytes, someIv = iv) => {
      const out = new Uint8Array(maxResultLen);
      const context = open(key);
      context.compute(someIv, data, NOTHING, out);
      context.close();
      return out;
    };

    if (oracle !== undefined) {
      Deno.test(`${title} gives what node:crypto gives, at every length round a block's edge`, () => {
        for (const key of keys) {
          for (const len of edgeLens(1, 0)) {
            const data = dataOf(len);
            const expected = Uint8Array.from(oracle(key, iv, data));
            assert.deepEqual(once(key, data), expected, `key ${key.length}, ${len} bytes`);
          }
        }
      });
    }

    Deno.test(`${title} gives the same however its input is cut in two`, () => {
      const context = open(keys[0]);
      for (const len of edgeLens(1, 1)) {
        const data = dataOf(len);
        const expected = once(keys[0], data);
        for (const cut of new Set([0, 1, 3, 8, 15, 16, 17, len >> 1, len - 1, len])) {
          if (cut > len) continue;
          const out = new Uint8Array(maxResultLen);
          context.compute(iv, data.subarray(0, cut), data.subarray(cut), out);

          assert.deepEqual(out, expected, `${len} cut at ${cut}`);
        }
      }
    });

    Deno.test(`${title} depends on key, data, length${ivLen > 0 ? " and iv" : ""}`, () => {
      const data = dataOf(40);
      const base = once(keys[0], data);
      const flipped = data.slice();
      flipped[39] ^= 1;

      assert.notDeepEqual(once(keys[0].map((byte) => byte ^ 0x5a), data), base);
      assert.notDeepEqual(once(keys[0], flipped), base);
      if (ivLen > 0) assert.notDeepEqual(once(keys[0], data, dataOf(ivLen, 4)), base);
    });

    Deno.test(`${title} gives the leftmost bytes of its tag for every shorter length`, () => {
      const context = open(keys[0]);
      const data = dataOf(50);
      const expected = once(keys[0], data);
      for (let len = 1; len <= maxResultLen; len++) {
        const out = new Guarded(len, len % 16);
        context.compute(iv, data, NOTHING, out.bytes);

        assert.deepEqual(out.bytes.slice(), expected.subarray(0, len));
        out.check("out");
      }
    });

    Deno.test(`${title} takes memory at every offset, shared or not, and its key's copy is its own`, () => {
      const key = keys[0].slice();
      const data = dataOf(151);
      const expected = once(key, data);
      const context = open(key);
      key.fill(0);
      for (let offset = 0; offset < 16; offset++) {
        for (const shared of [false, true]) {
          const first = Guarded.of(data.subarray(0, 70), offset, shared);
          const second = Guarded.of(data.subarray(70), (offset * 3 + 1) % 16, shared);
          const ivIn = Guarded.of(iv, 15 - offset, shared);
          const out = new Guarded(maxResultLen, (offset + 5) % 16, shared);

          leavesAlone(
            { first, second, iv: ivIn },
            () => context.compute(ivIn.bytes, first.bytes, second.bytes, out.bytes),
          );

          assert.deepEqual(out.bytes.slice(), expected, `at ${offset}, ${shared}`);
          out.check("out");
        }
      }
    });
  }
}

const AEAD_ORACLES: Readonly<
  Record<string, (key: Bytes, iv: Bytes, aad: Bytes, src: Bytes, tagLen: number) => Bytes>
> = { GCM: gcm, CCM: ccm, CHACHA20_POLY1305: chachaPoly };

const AEAD_LENS = [0, 1, 15, 16, 17, 32, 63, 64, 65, 127, 129, 200];

for (const row of implementedRows<AeadAlgorithm>(Service.AEAD)) {
  const { name, ivLens, tagLens } = row;
  const keys = keysOf(row.keyLens);
  const [key] = keys;
  const iv = dataOf(ivLens[0], 3);
  const longTag = tagLens.at(-1) ?? 16;
  const aad = dataOf(21, 5);

  for (const { accelerator, open } of row.implementations) {
    const title = `${name} by ${accelerator}`;
    const seal = (key: Bytes, iv: Bytes, aad: Bytes, src: Bytes, tagLen: number) => {
      const [dst, tag] = [new Uint8Array(src.length), new Uint8Array(tagLen)];
      const context = open(key);
      context.seal(iv, aad, src, dst, tag);
      context.close();
      return concat(dst, tag);
    };

    Deno.test(`${title} gives what node:crypto gives, and opens it again`, () => {
      for (const key of keys) {
        const context = open(key);
        for (const len of AEAD_LENS) {
          for (const aadLen of [0, 1, 13, 14, 16, 30, 64]) {
            const someIv = dataOf(ivLens[(len + aadLen) % ivLens.length], len);
            const tagLen = tagLens[(len * 3 + aadLen) % tagLens.length];
            const [src, aad] = [dataOf(len), dataOf(aadLen, 9)];
            const expected = AEAD_ORACLES[name](key, someIv, aad, src, tagLen);
            const [dst, tag] = [new Uint8Array(len), new Uint8Array(tagLen)];

            context.seal(someIv, aad, src, dst, tag);
            assert.deepEqual(concat(dst, tag), Uint8Array.from(expected), `${len}, aad ${aadLen}`);
            assert.ok(context.open(someIv, aad, dst, tag, dst));
            assert.deepEqual(dst, src);
          }
        }
      }
    });

    Deno.test(`${title} announces long aad as its standard has it`, () => {
      if (name === "CCM") return;
      const long = dataOf(0x10001);
      const expected = AEAD_ORACLES[name](key, iv, long.subarray(0, 3000), NOTHING, longTag);

      assert.deepEqual(
        seal(key, iv, long.subarray(0, 3000), NOTHING, longTag),
        Uint8Array.from(expected),
      );
    });

    Deno.test(`${title} refuses a wrong tag, aad, iv, key or source, and then holds no plaintext`, () => {
      for (const len of [1, 16, 100]) {
        const src = dataOf(len).fill(0x42);
        const sealed = seal(key, iv, aad, src, longTag);
        const flip = (bytes: Bytes, at: number) =>
          bytes.map((byte, i) => i === at ? byte ^ 0x10 : byte);
        const [text, tag] = [sealed.subarray(0, len), sealed.subarray(len)];
        const wrong: [string, Bytes, Bytes, Bytes, Bytes, Bytes][] = [
          ["aad", key, iv, flip(aad, 20), text, tag],
          ["less aad", key, iv, aad.subarray(1), text, tag],
          ["iv", key, flip(iv, 0), aad, text, tag],
          ["key", flip(key, 3), iv, aad, text, tag],
          ["source", key, iv, aad, flip(text, len - 1), tag],
          ...[...tag.keys()].map((
            at,
          ): [string, Bytes, Bytes, Bytes, Bytes, Bytes] => [
            `tag byte ${at}`,
            key,
            iv,
            aad,
            text,
            flip(tag, at),
          ]),
        ];
        for (const [what, key, iv, aad, text, tag] of wrong) {
          for (const inPlace of [false, true]) {
            const from = Guarded.of(text);
            const dst = inPlace ? from : new Guarded(len);
            const context = open(key);

            assert.equal(context.open(iv, aad, from.bytes, tag, dst.bytes), false, what);

            assert.notDeepEqual(dst.bytes.slice(), src);
            const piece = new Uint8Array(Math.min(len, 4)).fill(0x42);
            if (len > 3) assert.ok(!contains(dst.bytes, piece), `${what}: plaintext`);
            dst.check("dst");
            context.close();
          }
        }
      }
    });

    Deno.test(`${title} takes memory at every offset, shared or not, and writes dst and tag alone`, () => {
      const context = open(key);
      for (const len of [0, 61, 3 * 4096 + 5]) {
        const input = dataOf(len);
        const sealed = seal(key, iv, aad, input, longTag);
        for (let offset = 0; offset < 16; offset++) {
          if (len > 4096 && offset % 5 !== 2) continue;
          for (const shared of [false, true]) {
            const src = Guarded.of(input, offset, shared);
            const dst = new Guarded(len, (offset * 7 + 3) % 16, shared);
            const tag = new Guarded(longTag, (offset * 5 + 1) % 16, shared);
            const [ivIn, aadIn] = [
              Guarded.of(iv, 15 - offset, shared),
              Guarded.of(aad, offset, shared),
            ];

            leavesAlone(
              { src, iv: ivIn, aad: aadIn },
              () => context.seal(ivIn.bytes, aadIn.bytes, src.bytes, dst.bytes, tag.bytes),
            );

            assert.deepEqual(concat(dst.bytes, tag.bytes), sealed, `${len} at ${offset}`);
            const back = new Guarded(len, offset, shared);
            leavesAlone(
              { dst, tag, iv: ivIn, aad: aadIn },
              () =>
                assert.ok(context.open(ivIn.bytes, aadIn.bytes, dst.bytes, tag.bytes, back.bytes)),
            );
            assert.deepEqual(back.bytes.slice(), input);
            back.check("dst");
          }
        }
      }
      context.close();
    });

    Deno.test(`${title} seals and opens in place, at odd offsets, and again with the same context`, () => {
      const context = open(key);
      for (const len of AEAD_LENS) {
        const sealed = seal(key, iv, aad, dataOf(len), longTag);
        for (const [offset, shared] of [[0, false], [1, true], [6, true], [12, false]] as const) {
          const both = Guarded.of(dataOf(len), offset, shared);
          const tag = new Guarded(longTag, 3, shared);

          context.seal(iv, aad, both.bytes, both.bytes, tag.bytes);
          assert.deepEqual(concat(both.bytes, tag.bytes), sealed);
          assert.ok(context.open(iv, aad, both.bytes, tag.bytes, both.bytes));

          assert.deepEqual(both.bytes.slice(), dataOf(len));
          both.check("dst");
        }
      }
    });
  }
}
