/** Length fields that lie: CVE-2017-5931, CVE-2025-14876, CVE-2020-14374 to 14378 and their kin. */

import { strict as assert } from "node:assert";
import { CipherAlgo, Direction, Status } from "../../../device/mod.ts";
import { build, cipherStateless, hashStateless } from "../../../device/wire/requests.ts";
import { CREATE, EngineRig } from "../../support/engine_rig.ts";
import { BODY, KEY, type Sample, SAMPLES, SESSIONS } from "../../support/samples.ts";

const HUGE = [0xffffffff, 0xfffffffe, 0x80000000, 0x7fffffff, 0x40000000];

function withLens(sample: Sample, readable: Uint8Array, lens: Record<string, number>): Uint8Array {
  const bytes = readable.slice();
  const view = new DataView(bytes.buffer);
  for (const [name, len] of Object.entries(lens)) {
    view.setUint32(BODY + sample.lens[name], len, true);
  }
  return bytes;
}

for (const sample of SAMPLES) {
  const fields = Object.keys(sample.lens);

  Deno.test(`${sample.name} with a huge length in any field is ERR, and the next good one is served`, () => {
    const rig = new EngineRig();
    const { readable, writableLen } = sample.make(rig);
    for (const field of fields) {
      for (const len of HUGE) {
        const answer = rig.data(withLens(sample, readable, { [field]: len }), writableLen);

        assert.equal(answer.status, Status.ERR, `${field} ${len}`);
      }
    }
    assert.equal(rig.data(readable, writableLen).status, Status.OK);
  });

  Deno.test(`${sample.name} with two lengths that sum up to 2^32 or next to it is ERR`, () => {
    const rig = new EngineRig();
    const { readable, writableLen } = sample.make(rig);
    const view = new DataView(readable.buffer);
    for (const a of fields) {
      for (const b of fields) {
        if (a === b) continue;
        const good = view.getUint32(BODY + sample.lens[a], true);
        // `a` keeps its value, and the two wrap to what was declared, to nothing, or next to it.
        for (const sum of [2 ** 32, 2 ** 32 - 1, 2 ** 32 + 1, 2 ** 32 + good - 1]) {
          const lens = { [b]: sum - good };
          if (lens[b] > 0xffffffff) continue;
          assert.equal(rig.data(withLens(sample, readable, lens), writableLen).status, Status.ERR);
        }
        const both = { [a]: 0x80000000, [b]: 0x80000000 };
        assert.equal(rig.data(withLens(sample, readable, both), writableLen).status, Status.ERR);
      }
    }
  });

  Deno.test(`${sample.name} with every length at its maximum is ERR`, () => {
    const rig = new EngineRig();
    const { readable, writableLen } = sample.make(rig);
    const all = Object.fromEntries(fields.map((field) => [field, 0xffffffff]));

    assert.equal(rig.data(withLens(sample, readable, all), writableLen).status, Status.ERR);
  });

  Deno.test(`${sample.name} whose lengths sum up to max_size is served, one over is ERR`, () => {
    const declared = sample.declared + 1;
    for (const [maxSize, status] of [[declared, Status.OK], [declared - 1, Status.ERR]]) {
      const rig = new EngineRig({ maxSize });
      const { readable, writableLen } = sample.make(rig);

      assert.equal(rig.data(readable, writableLen).status, status, `${maxSize}`);
    }
  });

  Deno.test(`${sample.name}: max_size bounds what is declared, not how long R and W are`, () => {
    const rig = new EngineRig({ maxSize: sample.declared + 1 });
    const { readable, writableLen } = sample.make(rig);
    const isAead = sample.service === 3;
    const longer = new Uint8Array(readable.length + (isAead ? 0 : 500));
    longer.set(readable);

    assert.equal(rig.data(longer, writableLen + 500).status, Status.OK);
  });

  Deno.test(`${sample.name} with dst one byte too short is ERR`, () => {
    if (sample.lens.dstDataLen === undefined) return;
    const rig = new EngineRig();
    const { readable, writableLen } = sample.make(rig);
    const at = BODY + sample.lens.dstDataLen;
    const dst = new DataView(readable.buffer).getUint32(at, true);
    for (const len of [dst - 1, 1, 0]) {
      const bytes = withLens(sample, readable, { dstDataLen: len });

      assert.equal(rig.data(bytes, writableLen).status, Status.ERR, `${len}`);
    }
  });
}

for (const kind of ["cipher", "mac", "aead"] as const) {
  Deno.test(`a ${kind} session's key counts 16 bytes more against max_size`, () => {
    const len = kind === "mac" ? 20 : 16;
    for (const [maxSize, status] of [[len + 16, Status.OK], [len + 15, Status.ERR]]) {
      const rig = new EngineRig({ maxSize });
      const made = {
        cipher: () => rig.tryCreate(CREATE.cipher, SESSIONS.cipher),
        mac: () => rig.tryCreate(CREATE.mac, SESSIONS.mac),
        aead: () => rig.tryCreate(CREATE.aead, SESSIONS.aead),
      }[kind]();

      assert.equal(made, status, `${maxSize}`);
    }
  });
}

Deno.test("a chain session's keys count together, and wrap no sum", () => {
  const keys = 16 + 20;
  for (const [maxSize, status] of [[keys + 16, Status.OK], [keys + 15, Status.ERR]]) {
    assert.equal(new EngineRig({ maxSize }).tryCreate(CREATE.chain, SESSIONS.chain), status);
  }
  for (const [keylen, authKeyLen] of [[0xfffffff0, 16], [16, 0xfffffff0], [2 ** 31, 2 ** 31]]) {
    const status = new EngineRig().tryCreate(CREATE.chain, SESSIONS.chain, (view) => {
      view.setUint32(16 + 12, keylen, true);
      view.setUint32(16 + 32, authKeyLen, true);
    });
    assert.equal(status, Status.ERR);
  }
});

Deno.test("huge key lengths at creation are ERR, for every service", () => {
  for (const len of HUGE) {
    const rig = new EngineRig();
    const set = (at: number) => (view: DataView) => view.setUint32(16 + at, len, true);

    assert.equal(rig.tryCreate(CREATE.cipher, SESSIONS.cipher, set(4)), Status.ERR);
    assert.equal(rig.tryCreate(CREATE.mac, SESSIONS.mac, set(8)), Status.ERR);
    assert.equal(rig.tryCreate(CREATE.mac, SESSIONS.mac, set(4)), Status.ERR);
    assert.equal(rig.tryCreate(CREATE.hash, SESSIONS.hash, set(4)), Status.ERR);
    assert.equal(rig.tryCreate(CREATE.aead, SESSIONS.aead, set(4)), Status.ERR);
    assert.equal(rig.tryCreate(CREATE.aead, SESSIONS.aead, set(8)), Status.ERR);
  }
});

Deno.test("a request of no data at all is served where its algorithm allows it", () => {
  const rig = new EngineRig();
  const src = new Uint8Array(0);
  const algo = CipherAlgo.AES_ECB;

  const cipher = rig.run(cipherStateless, { algo, op: Direction.ENCRYPT, key: KEY, src });
  const digest = rig.run(hashStateless, { algo: 4, src, hashResultLen: 4 });

  assert.deepEqual([cipher.status, cipher.usedLen], [Status.OK, 1]);
  assert.equal(digest.result.toHex(), "e3b0c442");
});

Deno.test("SHAKE gives from 1 to 65536 bytes, and no more", () => {
  const rig = new EngineRig();
  const sessionId = rig.create(CREATE.hash, { algo: 11, hashResultLen: 0 });
  assert.equal(rig.tryCreate(CREATE.hash, { algo: 12, hashResultLen: 65536 }), Status.OK);
  assert.equal(rig.tryCreate(CREATE.hash, { algo: 12, hashResultLen: 65537 }), Status.ERR);
  for (const [len, status] of [[0, 1], [1, 0], [33, 0], [65536, 0], [65537, 1]]) {
    const stateless = { algo: 11, src: KEY, hashResultLen: len };
    const answer = rig.run(hashStateless, stateless);
    const request = build(hashStateless, stateless, rig.mode);

    assert.equal(answer.status, status, `${len}`);
    assert.equal(answer.usedLen, status === 0 ? request.writableLen : 1);
  }
  assert.equal(sessionId, 1);
});
