/** AEAD requests: both forms of the iv field, tags of every length, what does not verify. */

import { strict as assert } from "node:assert";
import { AeadAlgo, Direction, Status } from "../../../device/mod.ts";
import { aeadData, aeadStateless, build } from "../../../device/wire/requests.ts";
import { CREATE, EngineRig } from "../../support/engine_rig.ts";
import { ccm, chachaPoly, gcm } from "../../support/oracle.ts";
import { concat, counting } from "../../support/random.ts";
import { AAD, SRC } from "../../support/samples.ts";

const { ENCRYPT, DECRYPT } = Direction;

interface Kind {
  readonly name: string;
  readonly algo: number;
  readonly keyLen: number;
  readonly ivLens: readonly number[];
  readonly tagLens: readonly number[];
  /** Where the nonce stands in an iv field of 16 bytes (wire.md, section 2). */
  readonly ivAt: number;
  readonly seal: (k: Uint8Array, iv: Uint8Array, tagLen: number) => Uint8Array;
}

const KINDS: readonly Kind[] = [
  ...[16, 24, 32].map((keyLen) => ({
    name: `GCM with a key of ${keyLen}`,
    algo: AeadAlgo.GCM,
    keyLen,
    ivLens: [12, 16],
    tagLens: [4, 8, 12, 13, 14, 15, 16],
    ivAt: 0,
    seal: (k: Uint8Array, iv: Uint8Array, tagLen: number) => gcm(k, iv, AAD, SRC, tagLen),
  })),
  ...[16, 24, 32].map((keyLen) => ({
    name: `CCM with a key of ${keyLen}`,
    algo: AeadAlgo.CCM,
    keyLen,
    ivLens: [7, 8, 9, 10, 11, 12, 13],
    tagLens: [4, 6, 8, 10, 12, 14, 16],
    ivAt: 1,
    seal: (k: Uint8Array, iv: Uint8Array, tagLen: number) => ccm(k, iv, AAD, SRC, tagLen),
  })),
  {
    name: "CHACHA20_POLY1305",
    algo: AeadAlgo.CHACHA20_POLY1305,
    keyLen: 32,
    ivLens: [12],
    tagLens: [16],
    ivAt: 0,
    seal: (k, iv) => chachaPoly(k, iv, AAD, SRC),
  },
];

// The request with its iv field stretched to 16 bytes, other bytes around the nonce.
function padded(readable: Uint8Array, ivFrom: number, iv: Uint8Array, ivAt: number): Uint8Array {
  const field = new Uint8Array(16).fill(0x99);
  field.set(iv, ivAt);
  return concat(readable.subarray(0, ivFrom), field, readable.subarray(ivFrom + iv.length));
}

for (const { name, algo, keyLen, ivLens, tagLens, ivAt, seal } of KINDS) {
  const key = counting(keyLen, 3);
  for (const stateless of [false, true]) {
    const title = `${name}, ${stateless ? "stateless" : "session"}`;
    const ivFrom = stateless ? 24 + 32 + keyLen : 24 + 24;
    const make = (rig: EngineRig, op: number, iv: Uint8Array, src: Uint8Array, tagLen: number) => {
      const data = { op, iv, aad: AAD, src, tagLen };
      if (stateless) return build(aeadStateless, { ...data, algo, key }, rig.mode);
      const sessionId = rig.create(CREATE.aead, { algo, op, key, tagLen });
      return build(aeadData, { ...data, sessionId }, rig.mode);
    };

    Deno.test(`${title}: every iv and tag length, exact and padded to 16, both directions`, () => {
      const rig = new EngineRig();
      for (const ivLen of ivLens) {
        for (const tagLen of tagLens) {
          const iv = counting(ivLen, 200);
          const sealed = seal(key, iv, tagLen);
          for (
            const [op, src, expected] of [[ENCRYPT, SRC, sealed], [DECRYPT, sealed, SRC]] as const
          ) {
            const { readable, writableLen } = make(rig, op, iv, src, tagLen);
            const where = `${op}, iv ${ivLen}, tag ${tagLen}`;

            const exact = rig.data(readable, writableLen);
            assert.deepEqual([exact.status, exact.result], [Status.OK, expected], where);
            const long = rig.data(padded(readable, ivFrom, iv, ivAt), writableLen);
            assert.deepEqual([long.status, long.result], [Status.OK, expected], `padded, ${where}`);
          }
        }
      }
    });

    Deno.test(`${title}: R of any other length is ERR`, () => {
      const rig = new EngineRig();
      const [ivLen] = ivLens;
      const { readable, writableLen } = make(rig, ENCRYPT, counting(ivLen), SRC, tagLens[0]);
      for (let more = 1; more <= 20; more++) {
        const bytes = concat(readable, new Uint8Array(more));
        const status = rig.data(bytes, writableLen).status;

        assert.equal(status, more === 16 - ivLen ? Status.OK : Status.ERR, `${more} more`);
      }
    });

    Deno.test(`${title}: iv and tag lengths that are not the algorithm's are ERR`, () => {
      const rig = new EngineRig();
      const tagLen = tagLens[0];
      const { readable, writableLen } = make(rig, ENCRYPT, counting(ivLens[0]), SRC, tagLen);
      const at = stateless ? { iv: 24 + 12, tag: 24 + 16 } : { iv: 24, tag: 24 + 16 };
      for (let len = 0; len <= 40; len++) {
        if (!ivLens.includes(len)) {
          const other = concat(readable.subarray(0, ivFrom), new Uint8Array(len), SRC, AAD);
          new DataView(other.buffer).setUint32(at.iv, len, true);
          assert.equal(rig.data(other, writableLen).status, Status.ERR, `iv ${len}`);
        }
        const isSessions = !stateless && (len === tagLen || len === 0);
        const isOwn = stateless && tagLens.includes(len);
        const other = readable.slice();
        new DataView(other.buffer).setUint32(at.tag, len, true);
        new DataView(other.buffer).setUint32(24 + (stateless ? 28 : 12), 48 + 40, true);
        const { status } = rig.data(other, 48 + 40 + 1);
        assert.equal(status, isSessions || isOwn ? Status.OK : Status.ERR, `tag ${len}`);
      }
    });

    Deno.test(`${title}: one bit wrong in iv, aad, ciphertext or tag is BADMSG, and nothing is written`, () => {
      const rig = new EngineRig();
      const iv = counting(ivLens[0], 9);
      const tagLen = tagLens.at(-1) ?? 16;
      const { readable, writableLen } = make(rig, DECRYPT, iv, seal(key, iv, tagLen), tagLen);
      for (let at = ivFrom; at < readable.length; at++) {
        const bytes = readable.slice();
        bytes[at] ^= 1 << at % 8;

        // That nothing but the status is written is checked on every answer.
        assert.equal(rig.data(bytes, writableLen).status, Status.BADMSG, `byte ${at}`);
      }
      assert.equal(rig.data(readable, writableLen).status, Status.OK);
    });

    Deno.test(`${title}: a source shorter than its tag is ERR, one of the tag alone is verified`, () => {
      const rig = new EngineRig();
      const iv = counting(ivLens[0]);
      const tagLen = tagLens.at(-1) ?? 16;
      for (const [len, status] of [[0, 1], [tagLen - 1, 1], [tagLen, Status.BADMSG]]) {
        const { readable } = make(rig, DECRYPT, iv, new Uint8Array(len), tagLen);

        assert.equal(rig.data(readable, 1).status, status, `${len}`);
      }
    });
  }
}

Deno.test("CCM takes no more than its length field can tell", () => {
  const rig = new EngineRig();
  const key = counting(16);
  const status = (ivLen: number, len: number) =>
    rig.run(aeadStateless, {
      algo: AeadAlgo.CCM,
      op: ENCRYPT,
      key,
      iv: counting(ivLen),
      src: new Uint8Array(len),
      tagLen: 4,
    }).status;

  assert.deepEqual([status(13, 65535), status(13, 65536)], [Status.OK, Status.ERR]);
  assert.equal(status(12, 65536), Status.OK);
});

Deno.test("the tag follows the result at once, zeros behind it", () => {
  const rig = new EngineRig();
  const key = counting(16);
  const iv = counting(12);

  const answer = rig.run(aeadStateless, {
    algo: AeadAlgo.GCM,
    op: ENCRYPT,
    key,
    iv,
    aad: AAD,
    src: SRC,
    tagLen: 8,
    dstDataLen: 48 + 8 + 9,
  });

  assert.deepEqual(answer.result, concat(gcm(key, iv, AAD, SRC, 8), new Uint8Array(9)));
});
