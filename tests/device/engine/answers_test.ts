/** What is written into W, and how much of it is told: wire.md, section 3, "Results". */

import { strict as assert } from "node:assert";
import { ControlOpcode, Service, Status } from "../../../device/mod.ts";
import { build, destroySession } from "../../../device/wire/requests.ts";
import { CREATE, EngineRig, UNWRITTEN } from "../../support/engine_rig.ts";
import { SAMPLES, SESSIONS } from "../../support/samples.ts";
import { concat, counting } from "../../support/random.ts";

const MODES = [{ mux: true }, { mux: false }];

for (const sample of SAMPLES) {
  const modes = sample.stateless ? [{ mux: true }] : MODES;
  for (const mode of modes) {
    const title = `${sample.name} ${mode.mux ? "under MUX" : "without MUX"}`;

    Deno.test(`${title} gives the result, then the status, however it is cut`, () => {
      const rig = new EngineRig(mode);
      const { readable, writableLen } = sample.make(rig);
      for (let i = 0; i < 8; i++) {
        const answer = rig.data(readable, writableLen);

        assert.equal(answer.status, Status.OK);
        assert.equal(answer.usedLen, writableLen);
        assert.deepEqual(answer.result, sample.result);
      }
    });

    Deno.test(`${title} leaves room behind its result alone, the status in the last byte`, () => {
      const rig = new EngineRig(mode);
      const { readable, writableLen } = sample.make(rig);

      const answer = rig.data(readable, writableLen + 40);

      assert.equal(answer.usedLen, writableLen);
      const rest = new Uint8Array(40).fill(UNWRITTEN);
      assert.deepEqual(answer.writable, concat(sample.result, rest, Uint8Array.of(Status.OK)));
    });

    Deno.test(`${title} with one byte of room too few is ERR, and W = 0 executes nothing`, () => {
      const rig = new EngineRig(mode);
      const { readable, writableLen } = sample.make(rig);

      assert.equal(rig.data(readable, writableLen - 1).status, Status.ERR);
      assert.equal(rig.data(readable, 1).status, Status.ERR);
      assert.equal(rig.data(readable, 0).usedLen, 0);
    });

    Deno.test(`${title} that is cut short anywhere fails and has a status`, () => {
      const rig = new EngineRig(mode);
      const { readable, writableLen } = sample.make(rig);
      for (let len = 0; len < readable.length; len++) {
        const answer = rig.data(readable.subarray(0, len), writableLen);

        assert.ok(answer.status === Status.ERR, `${len} bytes: ${answer.status}`);
      }
      assert.equal(rig.data(readable, writableLen).status, Status.OK);
    });

    Deno.test(`${title}: dst behind a shorter result is zeroed`, () => {
      const rig = new EngineRig(mode);
      const { readable, writableLen } = sample.make(rig);
      const at = sample.lens.dstDataLen;
      if (at === undefined) return;
      const view = new DataView(readable.buffer);
      const dstDataLen = view.getUint32(24 + at, true);
      view.setUint32(24 + at, dstDataLen + 21, true);

      const answer = rig.data(readable, writableLen + 21 + 3);

      assert.equal(answer.usedLen, writableLen + 21);
      assert.deepEqual(
        answer.result,
        concat(
          sample.result.subarray(0, dstDataLen),
          new Uint8Array(21),
          sample.result.subarray(dstDataLen),
        ),
      );
    });
  }
}

for (const mode of MODES) {
  const title = mode.mux ? "under MUX" : "without MUX";
  for (const kind of ["cipher", "chain", "hash", "mac", "aead"] as const) {
    const create = (rig: EngineRig) => {
      switch (kind) {
        case "cipher":
          return build(CREATE.cipher, SESSIONS.cipher, rig.mode).readable;
        case "chain":
          return build(CREATE.chain, SESSIONS.chain, rig.mode).readable;
        case "hash":
          return build(CREATE.hash, SESSIONS.hash, rig.mode).readable;
        case "mac":
          return build(CREATE.mac, SESSIONS.mac, rig.mode).readable;
        case "aead":
          return build(CREATE.aead, SESSIONS.aead, rig.mode).readable;
      }
    };

    Deno.test(`a ${kind} session ${title} comes to be with 16 bytes of room, and not with fewer`, () => {
      const rig = new EngineRig(mode);
      for (let len = 0; len <= 24; len++) {
        const before = rig.engine.numSessions;

        const { usedLen, writable } = rig.control(create(rig), len);

        assert.equal(usedLen, len < 16 ? 0 : 16, `${len}`);
        assert.equal(rig.engine.numSessions, before + (len < 16 ? 0 : 1));
        if (len < 16) continue;
        const expected = concat(Uint8Array.of(before + 1), new Uint8Array(15));
        assert.deepEqual(writable.subarray(0, 16), expected);
      }
    });

    Deno.test(`a ${kind} session's creation ${title} that is cut short anywhere is ERR with id 0`, () => {
      const rig = new EngineRig(mode);
      const readable = create(rig);
      for (let len = 0; len < readable.length; len++) {
        const { usedLen, writable } = rig.control(readable.subarray(0, len), 16);

        assert.equal(usedLen, 16);
        const expected = concat(new Uint8Array(8), Uint8Array.of(Status.ERR), new Uint8Array(7));
        assert.deepEqual(writable, expected, `${len} bytes`);
      }
      assert.equal(rig.engine.numSessions, 0);
    });
  }

  Deno.test(`a destroy ${title} is answered in as many bytes as there is room for`, () => {
    for (let len = 0; len <= 24; len++) {
      const rig = new EngineRig(mode);
      const sessionId = rig.create(CREATE.hash, SESSIONS.hash);
      const request = build(destroySession, { service: Service.HASH, sessionId }, rig.mode);

      const first = rig.control(request.readable, len);
      const second = rig.control(request.readable, len);

      const usedLen = len >= 8 ? 8 : len >= 4 ? 4 : Math.min(len, 1);
      assert.deepEqual([first.usedLen, second.usedLen], [usedLen, usedLen], `${len}`);
      assert.equal(rig.engine.numSessions, len === 0 ? 1 : 0);
      if (len === 0) continue;
      assert.deepEqual(first.writable.subarray(0, usedLen), new Uint8Array(usedLen));
      const err = concat(Uint8Array.of(Status.ERR), new Uint8Array(usedLen - 1));
      assert.deepEqual(second.writable.subarray(0, usedLen), err);
    }
  });

  Deno.test(`a destroy ${title} that is cut short anywhere destroys nothing`, () => {
    const rig = new EngineRig(mode);
    const sessionId = rig.create(CREATE.hash, SESSIONS.hash);
    const { readable } = build(destroySession, { service: Service.HASH, sessionId }, rig.mode);
    for (let len = 4; len < readable.length; len++) {
      const { usedLen, writable } = rig.control(readable.subarray(0, len), 1);

      assert.deepEqual([usedLen, writable[0]], [1, Status.ERR], `${len} bytes`);
    }
    assert.equal(rig.engine.numSessions, 1);
  });
}

Deno.test("an unknown control opcode is answered like a create: id 0, NOTSUPP", () => {
  const rig = new EngineRig();
  const known = new Set<number>(Object.values(ControlOpcode));
  const opcodes = [0, 1, 4, 5, 0x100, 0x101, 0x104, 0x204, 0x304, 0x402, 0x403, 0x502, 0x10002];
  for (const opcode of [...opcodes, 0x80000002, 0xffffffff]) {
    assert.ok(!known.has(opcode));
    const readable = new Uint8Array(200);
    new DataView(readable.buffer).setUint32(0, opcode, true);

    const { usedLen, writable } = rig.control(readable, 20);

    assert.equal(usedLen, 16, `${opcode}`);
    const expected = concat(new Uint8Array(8), Uint8Array.of(Status.NOTSUPP), new Uint8Array(7));
    assert.deepEqual(writable.subarray(0, 16), expected);
    assert.equal(rig.control(readable, 15).usedLen, 0);
  }
});

Deno.test("every opcode of the data queue but the six is NOTSUPP", () => {
  const rig = new EngineRig();
  const known = [0, 1, 0x100, 0x200, 0x300, 0x301];
  const opcodes = [...counting(255, 2), 0x101, 0x201, 0x302, 0x400, 0x401, 0x500, 0x10000];
  for (const opcode of [...opcodes, 0x80000000, 0xffffffff, 0x7fffffff]) {
    if (known.includes(opcode)) continue;
    const readable = new Uint8Array(200);
    new DataView(readable.buffer).setUint32(0, opcode, true);

    assert.equal(rig.data(readable, 5).status, Status.NOTSUPP, `${opcode}`);
  }
});
