/** What every implementation of a cipher or hash keeps to, whoever computes. */

import { strict as assert } from "node:assert";
import { type CipherAlgorithm, type HashAlgorithm, Service } from "../../device/mod.ts";
import { dataOf, edgeLens, Guarded, keysOf, leavesAlone } from "../support/contract.ts";
import { implementedRows } from "../support/implementations.ts";
import { aesEcb, cbc, ctr, desEcb, type Ecb, hash } from "../support/oracle.ts";

type Bytes = Uint8Array;

function ecbMode(ecb: Ecb) {
  return (key: Bytes, _iv: Bytes, src: Bytes, decrypt: boolean) => ecb(key, src, decrypt);
}

function cbcMode(ecb: Ecb) {
  return (key: Bytes, iv: Bytes, src: Bytes, decrypt: boolean) => cbc(ecb, key, iv, src, decrypt);
}

function ctrMode(ecb: Ecb) {
  return (key: Bytes, iv: Bytes, src: Bytes) => ctr(ecb, key, iv, src);
}

const CIPHER_ORACLES: Readonly<
  Record<string, (key: Bytes, iv: Bytes, src: Bytes, decrypt: boolean) => Bytes>
> = {
  AES_ECB: ecbMode(aesEcb),
  AES_CBC: cbcMode(aesEcb),
  AES_CTR: ctrMode(aesEcb),
  DES_ECB: ecbMode(desEcb),
  DES_CBC: cbcMode(desEcb),
  "3DES_ECB": ecbMode(desEcb),
  "3DES_CBC": cbcMode(desEcb),
  "3DES_CTR": ctrMode(desEcb),
};

// Legal ivs of every look: those of zeros, ones (a counter about to wrap), and any.
function ivsOf(len: number): Bytes[] {
  const ones = new Uint8Array(len).fill(0xff);
  const nearlyOnes = ones.slice();
  if (len > 0) nearlyOnes[len - 1] = 0xfe;
  return len === 0 ? [ones] : [dataOf(len, 3), ones, nearlyOnes, new Uint8Array(len)];
}

for (const row of implementedRows<CipherAlgorithm>(Service.CIPHER)) {
  const { name, ivLen, blockLen, minLen } = row;
  const lens = edgeLens(blockLen, minLen);
  const keys = keysOf(row.keyLens, row.acceptsKey);
  const iv = dataOf(ivLen, 3);
  const oracle = CIPHER_ORACLES[name];

  for (const { accelerator, open } of row.implementations) {
    const title = `${name} by ${accelerator}`;
    const once = (key: Bytes, iv: Bytes, src: Bytes, decrypt = false) => {
      const dst = new Uint8Array(src.length);
      const context = open(key, decrypt);
      context.process(iv, src, dst);
      context.close();
      return dst;
    };

    Deno.test(`${title} decrypts what it encrypted, at every length round a block's edge`, () => {
      for (const key of keys) {
        for (const len of lens) {
          const src = dataOf(len);
          const there = once(key, iv, src);

          assert.deepEqual(once(key, iv, there, true), src, `key ${key.length}, ${len} bytes`);
          if (len >= 8) assert.notDeepEqual(there, src);
        }
      }
    });

    if (oracle !== undefined) {
      Deno.test(`${title} gives what node:crypto gives, in both directions`, () => {
        for (const key of keys) {
          for (const someIv of ivsOf(ivLen)) {
            for (const len of lens) {
              for (const decrypt of [false, true]) {
                const src = dataOf(len);
                const expected = oracle(key, someIv, src, decrypt);
                assert.deepEqual(once(key, someIv, src, decrypt), Uint8Array.from(expected));
              }
            }
          }
        }
      });
    }

    Deno.test(`${title} takes memory at every offset, shared or not, and writes dst alone`, () => {
      const [key] = keys;
      for (const decrypt of [false, true]) {
        const context = open(key, decrypt);
        for (const len of [minLen, Math.max(64, minLen), 5 * 4096 + (blockLen > 1 ? 0 : 7)]) {
          const input = dataOf(len);
          const expected = once(key, iv, input, decrypt);
          for (let offset = 0; offset < 16; offset++) {
            if (len > 4096 && offset % 5 !== 1) continue;
            for (const shared of [false, true]) {
              const src = Guarded.of(input, offset, shared);
              const dst = new Guarded(len, (offset * 7 + 3) % 16, shared);
              const ivIn = Guarded.of(iv, 15 - offset, shared);

              leavesAlone(
                { src, iv: ivIn },
                () => context.process(ivIn.bytes, src.bytes, dst.bytes),
              );

              assert.deepEqual(dst.bytes.slice(), expected, `${len} at ${offset}, ${shared}`);
              dst.check("dst");
            }
          }
        }
        context.close();
      }
    });

    Deno.test(`${title} works in place, at every offset`, () => {
      const [key] = keys;
      for (const decrypt of [false, true]) {
        for (const len of [...lens, 2 * 4096 + (blockLen > 1 ? 0 : 5)]) {
          const expected = once(key, iv, dataOf(len), decrypt);
          for (
            const [offset, shared] of [[0, false], [1, true], [4, true], [7, false], [
              8,
              true,
            ]] as const
          ) {
            const both = Guarded.of(dataOf(len), offset, shared);
            const context = open(key, decrypt);

            context.process(iv, both.bytes, both.bytes);

            assert.deepEqual(both.bytes.slice(), expected, `${len} at ${offset}`);
            both.check("dst");
          }
        }
      }
    });

    Deno.test(`${title} gives the same again, whatever it did in between, and keeps no reference to its key`, () => {
      const key = keys[0].slice();
      const src = dataOf(Math.max(48, minLen));
      const expected = once(keys[0], iv, src);
      const context = open(key, false);
      key.fill(0);
      const run = (someIv: Bytes, from: Bytes) => {
        const dst = new Uint8Array(from.length);
        context.process(someIv, from, dst);
        return dst;
      };

      for (const other of [minLen, Math.max(16, minLen), Math.max(240, minLen)]) {
        assert.deepEqual(run(iv, src), expected);
        run(new Uint8Array(ivLen).fill(0xff), dataOf(other));
      }
      assert.deepEqual(run(iv, src), expected);
    });

    Deno.test(`${title} keeps two keys apart`, () => {
      const src = dataOf(Math.max(64, minLen));
      const other = keys[0].map((byte) => byte ^ 0xa5);
      const a = open(keys[0], false);
      const b = open(other, false);
      const [first, second, third] = [0, 1, 2].map(() => new Uint8Array(src.length));
      a.process(iv, src, first);
      b.process(iv, src, second);
      b.close();
      a.process(iv, src, third);

      assert.notDeepEqual(first, second);
      assert.deepEqual(third, first);
    });
  }
}

const HASH_ORACLES: Readonly<Record<string, string>> = {
  MD5: "md5",
  SHA1: "sha1",
  SHA_224: "sha224",
  SHA_256: "sha256",
  SHA_384: "sha384",
  SHA_512: "sha512",
  SHA3_224: "sha3-224",
  SHA3_256: "sha3-256",
  SHA3_384: "sha3-384",
  SHA3_512: "sha3-512",
  SHA3_SHAKE128: "shake128",
  SHA3_SHAKE256: "shake256",
};

// Block lengths of the hashes are 64, 128, and the rates of SHA-3: 72, 104, 136, 144, 168.
const HASH_LENS = [0, 1, 55, 56, 57, 63, 64, 65, 71, 72, 73, 104, 111, 112, 113, 127, 128, 129]
  .concat([135, 136, 137, 143, 144, 145, 167, 168, 169, 255, 256, 272, 1000]);

for (const row of implementedRows<HashAlgorithm>(Service.HASH)) {
  for (const { accelerator, open } of row.implementations) {
    const title = `${row.name} by ${accelerator}`;
    const isXof = row.maxResultLen > 64;
    const full = isXof ? 200 : row.maxResultLen;
    const oracle = (data: Bytes, len = full) =>
      Uint8Array.from(hash(HASH_ORACLES[row.name], data, len));

    Deno.test(`${title} gives what node:crypto gives, however its input is cut in two`, () => {
      const context = open();
      for (const len of HASH_LENS) {
        const data = dataOf(len);
        const expected = oracle(data);
        for (const cut of [0, 1, len >> 1, Math.max(0, len - 1), len]) {
          const out = new Uint8Array(full);
          if (cut > len) continue;
          context.digest(data.subarray(0, cut), data.subarray(cut), out);

          assert.deepEqual(out, expected, `${len} cut at ${cut}`);
        }
      }
    });

    Deno.test(`${title} gives the leftmost bytes of its result for every shorter length`, () => {
      const context = open();
      const data = dataOf(100);
      for (let len = 1; len <= full; len++) {
        const out = new Guarded(len, len % 16);
        context.digest(data, new Uint8Array(0), out.bytes);

        assert.deepEqual(out.bytes.slice(), oracle(data, isXof ? len : full).subarray(0, len));
        out.check("out");
      }
    });

    Deno.test(`${title} takes memory at every offset, shared or not`, () => {
      const context = open();
      const data = dataOf(300);
      const expected = oracle(data);
      for (let offset = 0; offset < 16; offset++) {
        for (const shared of [false, true]) {
          const first = Guarded.of(data.subarray(0, 130), offset, shared);
          const second = Guarded.of(data.subarray(130), (offset * 3 + 1) % 16, shared);
          const out = new Guarded(full, (offset + 5) % 16, shared);

          leavesAlone(
            { first, second },
            () => context.digest(first.bytes, second.bytes, out.bytes),
          );

          assert.deepEqual(out.bytes.slice(), expected);
          out.check("out");
        }
      }
      context.close();
    });
  }
}
