/** Sessions: their numbers, who may use them, how many there are, and how they end. */

import { strict as assert } from "node:assert";
import fc from "fast-check";
import { CipherAlgo, Direction, Service, Status } from "../../../device/mod.ts";
import { SessionTable } from "../../../device/engine/session_table.ts";
import type { Session } from "../../../device/services/session.ts";
import {
  aeadData,
  build,
  cipherData,
  destroySession,
  hashData,
} from "../../../device/wire/requests.ts";
import { CREATE, EngineRig } from "../../support/engine_rig.ts";
import { IV, NONCE, SAMPLES, SESSIONS, SRC } from "../../support/samples.ts";

const hashRequest = (sessionId: number) => ({ sessionId, src: SRC, hashResultLen: 32 });

Deno.test("session numbers start at 1 and differ until the reset", () => {
  const rig = new EngineRig({ maxSessions: 3 });
  const seen: number[] = [];
  const open: number[] = [];
  for (let i = 0; i < 50; i++) {
    const id = rig.create(CREATE.hash, SESSIONS.hash);
    assert.ok(id >= 1 && !seen.includes(id));
    seen.push(id);
    open.push(id);
    if (open.length === 3) rig.destroy(Service.HASH, open.splice(i % 3, 1)[0]);
  }

  assert.equal(seen[0], 1);
  rig.engine.reset();
  assert.equal(rig.engine.numSessions, 0);
  rig.engine.negotiate({ mux: true, stateless: [] });
  assert.equal(rig.create(CREATE.hash, SESSIONS.hash), 1);
});

Deno.test("the table holds exactly the sessions added and not removed", () => {
  const op = fc.oneof(fc.constant("add" as const), fc.nat(40));
  fc.assert(fc.property(fc.integer({ min: 1, max: 6 }), fc.array(op), (capacity, ops) => {
    const table = new SessionTable(capacity);
    const open = new Map<number, Session>();
    const used = new Set<number>();
    let closed = 0;
    for (const op of ops) {
      if (op === "add") {
        assert.equal(table.hasRoom, open.size < capacity);
        if (!table.hasRoom) continue;
        const session: Session = { service: 1, run: () => 0, close: () => closed++ };
        const number = table.add(session);
        assert.ok(number >= 1 && !used.has(number));
        used.add(number);
        open.set(number, session);
      } else {
        const before = closed;
        assert.equal(table.remove(op), open.delete(op));
        assert.ok(closed - before <= 1);
      }
      assert.equal(table.size, open.size);
      for (let n = 0; n < 60; n++) assert.equal(table.find(n), open.get(n));
    }
    const { size } = open;
    const before = closed;
    table.clear((fault) => assert.fail(String(fault)));
    assert.equal(closed - before, size);
    assert.equal(table.size, 0);
  }));
});

Deno.test("numbers that were never given out are INVSESS to use and ERR to destroy", () => {
  const rig = new EngineRig();
  const id = rig.create(CREATE.hash, SESSIONS.hash);
  const high = (n: bigint) => (view: DataView) => view.setBigUint64(8, n, true);
  const strange = [0n, 2n, 1025n, 1024n, 2n ** 32n, 2n ** 32n + 1n, 2n ** 53n, 2n ** 53n + 1n];
  for (const number of [...strange, 2n ** 63n, 2n ** 64n - 1n, 2n ** 64n - 1023n]) {
    const answer = rig.run(hashData, hashRequest(id), high(number));
    assert.equal(answer.status, Status.INVSESS, `${number}`);

    const { readable } = build(destroySession, { service: 1, sessionId: id }, rig.mode);
    new DataView(readable.buffer).setBigUint64(16, number, true);
    assert.equal(rig.control(readable, 1).writable[0], Status.ERR, `${number}`);
  }
  assert.equal(rig.run(hashData, hashRequest(id)).status, Status.OK);
});

Deno.test("a destroyed session is INVSESS for every service's request, and ERR to destroy again", () => {
  const rig = new EngineRig({ stateless: [] });
  for (const sample of SAMPLES.filter(({ stateless }) => !stateless)) {
    const { readable, writableLen } = sample.make(rig);
    const id = new DataView(readable.buffer).getUint32(8, true);

    assert.equal(rig.destroy(sample.service, id), Status.OK);

    assert.equal(rig.data(readable, writableLen).status, Status.INVSESS, sample.name);
    assert.equal(rig.destroy(sample.service, id), Status.ERR);
  }
});

Deno.test("a session serves its own service's requests and destroys only", () => {
  const rig = new EngineRig();
  const own = SAMPLES.filter(({ stateless }) => !stateless);
  for (const mine of own) {
    const id = new DataView(mine.make(rig).readable.buffer).getUint32(8, true);
    for (const other of own.filter(({ service }) => service !== mine.service)) {
      const { readable, writableLen } = other.make(rig);
      new DataView(readable.buffer).setUint32(8, id, true);

      assert.equal(rig.data(readable, writableLen).status, Status.INVSESS);
      assert.equal(rig.destroy(other.service, id), Status.ERR);
    }
    assert.equal(rig.destroy(mine.service, id), Status.OK, mine.name);
  }
});

Deno.test("a session's direction binds its requests", () => {
  const rig = new EngineRig();
  for (const [op, other] of [[1, 2], [2, 1]]) {
    const cipher = rig.create(CREATE.cipher, { ...SESSIONS.cipher, op });
    const aead = rig.create(CREATE.aead, { ...SESSIONS.aead, op });

    const wrongCipher = rig.run(cipherData, { sessionId: cipher, op: other, iv: IV, src: SRC });
    const rightCipher = rig.run(cipherData, { sessionId: cipher, op, iv: IV, src: SRC });
    const wrongAead = rig.run(aeadData, {
      sessionId: aead,
      op: other,
      iv: NONCE,
      src: SRC,
      tagLen: 16,
    });

    assert.deepEqual([wrongCipher.status, rightCipher.status], [Status.ERR, Status.OK]);
    assert.equal(wrongAead.status, Status.ERR);
  }
});

for (const mux of [true, false]) {
  const status = mux ? Status.NOSPC : Status.ERR;
  Deno.test(`a full table is told as ${mux ? "NOSPC under" : "ERR without"} MUX, and recovers`, () => {
    const rig = new EngineRig({ mux, maxSessions: 2 });
    rig.create(CREATE.cipher, SESSIONS.cipher);
    const second = rig.create(CREATE.aead, SESSIONS.aead);

    assert.equal(rig.tryCreate(CREATE.hash, SESSIONS.hash), status);
    assert.equal(rig.tryCreate(CREATE.chain, SESSIONS.chain), status);
    rig.destroy(Service.AEAD, second);

    const third = rig.create(CREATE.hash, SESSIONS.hash);
    assert.equal(rig.run(hashData, hashRequest(third)).status, Status.OK);
    assert.equal(rig.engine.numSessions, 2);
  });
}

Deno.test("a session that named a result's length gives no longer one, one that named none does", () => {
  const rig = new EngineRig();
  const named = rig.create(CREATE.hash, { ...SESSIONS.hash, hashResultLen: 20 });
  const unnamed = rig.create(CREATE.hash, { ...SESSIONS.hash, hashResultLen: 0 });
  const status = (sessionId: number, hashResultLen: number) =>
    rig.run(hashData, { sessionId, src: SRC, hashResultLen }).status;

  assert.deepEqual([0, 1, 20, 21, 32].map((len) => status(named, len)), [1, 0, 0, 1, 1]);
  assert.deepEqual([0, 1, 20, 32, 33].map((len) => status(unnamed, len)), [1, 0, 0, 0, 1]);
});

Deno.test("two sessions with different keys do not disturb each other", () => {
  const rig = new EngineRig();
  const keys = [1, 2].map((byte) => new Uint8Array(16).fill(byte));
  const ids = keys.map((key) => rig.create(CREATE.cipher, { ...SESSIONS.cipher, key }));
  const run = (sessionId: number) =>
    rig.run(cipherData, { sessionId, op: Direction.ENCRYPT, iv: IV, src: SRC }).result;
  const first = [run(ids[0]), run(ids[1])];

  assert.notDeepEqual(first[0], first[1]);
  assert.deepEqual([run(ids[0]), run(ids[1])], first);
  assert.deepEqual([run(ids[0]), run(ids[0])], [first[0], first[0]]);
});

Deno.test("an iv of the last request is not carried into the next", () => {
  const rig = new EngineRig();
  for (const algo of [CipherAlgo.AES_CBC, CipherAlgo.AES_CTR]) {
    const sessionId = rig.create(CREATE.cipher, { ...SESSIONS.cipher, algo });
    const run = (iv: Uint8Array) =>
      rig.run(cipherData, { sessionId, op: Direction.ENCRYPT, iv, src: SRC }).result;
    const first = run(IV);
    run(new Uint8Array(16));

    assert.deepEqual(run(IV), first);
  }
});
