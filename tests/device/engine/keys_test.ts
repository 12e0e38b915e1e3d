/** Keys do not outlive what they are for. */

import { strict as assert } from "node:assert";
import {
  AlgorithmSet,
  ALL_ALGORITHMS,
  maxKeyLen,
  Register,
  Service,
  Status,
} from "../../../device/mod.ts";
import { build, cipherStateless, destroySession } from "../../../device/wire/requests.ts";
import { CREATE, EngineRig } from "../../support/engine_rig.ts";
import { fakeAlgorithms, FakeLog } from "../../support/fakes.ts";
import { contains, counting } from "../../support/random.ts";
import { Rig } from "../../support/rig.ts";
import { AUTH_KEY, IV, KEY, SAMPLES, SESSIONS, SRC } from "../../support/samples.ts";

const MODE = { mux: true, layout: "v19" } as const;

function fakeRig(): { rig: Rig; log: FakeLog; create: () => void } {
  const log = new FakeLog();
  const rig = new Rig({
    algorithms: new AlgorithmSet(fakeAlgorithms(log)),
    accept: ["MUX_MODE", "RING_RESET", "CIPHER_STATELESS_MODE"],
  });
  const create = () => {
    for (
      const { readable } of [
        build(CREATE.cipher, SESSIONS.cipher, MODE),
        build(CREATE.chain, SESSIONS.chain, MODE),
        build(CREATE.hash, SESSIONS.hash, MODE),
        build(CREATE.mac, SESSIONS.mac, MODE),
        build(CREATE.aead, SESSIONS.aead, MODE),
      ]
    ) assert.equal(rig.submit(rig.control, readable, 16).writable[8], Status.OK);
  };
  return { rig, log, create };
}

// cipher 1, chain 2, hash 1, mac 1, aead 1.
const NUM_CONTEXTS = 6;

Deno.test("a destroyed session's contexts are closed, and no other's", () => {
  const { rig, log, create } = fakeRig();
  create();
  const closed = [[0, 1], [0, 2], [1, 3], [2, 4], [3, 5]].map(([service, sessionId]) => {
    const { readable } = build(destroySession, { service, sessionId }, MODE);
    assert.equal(rig.submit(rig.control, readable, 1).writable[0], Status.OK);
    return log.closed;
  });

  assert.deepEqual(closed, [1, 3, 4, 5, 6]);
});

Deno.test("a reset closes all contexts, a queue's reset none", () => {
  const { rig, log, create } = fakeRig();
  create();
  rig.write(Register.QueueSel, 0);
  rig.write(Register.QueueReset, 1);
  assert.deepEqual([log.closed, rig.device.numSessions], [0, 5]);

  rig.write(Register.Status, 0);

  assert.deepEqual([log.opened, log.closed, rig.device.numSessions], [
    NUM_CONTEXTS,
    NUM_CONTEXTS,
    0,
  ]);
});

Deno.test("closing the device closes all contexts", () => {
  const { rig, log, create } = fakeRig();
  create();

  rig.device.close();

  assert.deepEqual([log.closed, rig.device.memory.regions.length], [NUM_CONTEXTS, 0]);
});

Deno.test("a broken ring leaves sessions to the reset, which closes them", () => {
  const { rig, log, create } = fakeRig();
  create();
  rig.queues[0].breakRing();
  rig.write(Register.QueueNotify, 0);
  assert.equal(log.closed, 0);

  rig.startUp([]);

  assert.equal(log.closed, NUM_CONTEXTS);
});

Deno.test("a session that finds no room has its contexts closed at once", () => {
  const log = new FakeLog();
  const rig = new EngineRig({ algorithms: fakeAlgorithms(log), maxSessions: 1 });
  rig.create(CREATE.hash, SESSIONS.hash);
  for (
    const refused of [
      () => rig.tryCreate(CREATE.cipher, SESSIONS.cipher),
      () => rig.tryCreate(CREATE.chain, SESSIONS.chain),
      () => rig.tryCreate(CREATE.aead, SESSIONS.aead),
    ]
  ) assert.equal(refused(), Status.NOSPC);

  assert.equal(log.isOpen, 1);
});

Deno.test("a creation that is refused leaves no context open", () => {
  const log = new FakeLog();
  const rig = new EngineRig({ algorithms: fakeAlgorithms(log) });
  for (let at = 16; at < 72; at += 4) {
    for (const value of [0, 3, 31, 0xffffffff]) {
      const before = [log.isOpen, rig.engine.numSessions];
      const status = rig.tryCreate(
        CREATE.chain,
        SESSIONS.chain,
        (view) => view.setUint32(at, value, true),
      );
      if (status !== Status.OK) assert.deepEqual([log.isOpen, rig.engine.numSessions], before);
    }
  }
  rig.engine.reset();
  assert.equal(log.isOpen, 0);
});

Deno.test("the private copy of a key is overwritten when its request ends", () => {
  const log = new FakeLog();
  const rig = new EngineRig({ algorithms: fakeAlgorithms(log) });
  for (const sample of SAMPLES) {
    const { readable, writableLen } = sample.make(rig);
    rig.data(readable, writableLen);
  }

  const withKeys = log.keys.filter(({ length }) => length > 0);
  assert.ok(withKeys.length >= 8);
  for (const key of withKeys) assert.ok(key.every((byte) => byte === 0));
  const { buffer } = withKeys[0];
  assert.ok(!contains(new Uint8Array(buffer), KEY) && !contains(new Uint8Array(buffer), AUTH_KEY));
});

Deno.test("the private copy of a key is overwritten when its request fails too", () => {
  for (const failAt of ["open", "run", "close"] as const) {
    const log = new FakeLog();
    const rig = new EngineRig({ algorithms: fakeAlgorithms(log) });
    rig.tryCreate(CREATE.cipher, SESSIONS.cipher);
    const [{ buffer }] = log.keys;
    log.failAt = failAt;

    const { readable } = build(cipherStateless, { ...SESSIONS.cipher, iv: IV, src: SRC }, rig.mode);
    assert.equal(rig.data(readable, 49).status, Status.ERR);
    rig.tryCreate(CREATE.chain, SESSIONS.chain);

    assert.ok(!contains(new Uint8Array(buffer), KEY), failAt);
  }
});

Deno.test("a stateless key is in no context once its request is answered", () => {
  const log = new FakeLog();
  const rig = new EngineRig({ algorithms: fakeAlgorithms(log) });
  for (let i = 0; i < 3; i++) {
    for (const sample of SAMPLES.filter(({ stateless }) => stateless)) {
      const { readable, writableLen } = sample.make(rig);
      rig.data(readable, writableLen);
      assert.equal(log.isOpen, 0, sample.name);
    }
  }
});

Deno.test("what a decryption that does not verify left in private memory is overwritten", () => {
  const rig = new EngineRig();
  const log = new FakeLog();
  const spy = new EngineRig({ algorithms: fakeAlgorithms(log) });
  spy.create(CREATE.cipher, SESSIONS.cipher);
  const [{ buffer }] = log.keys;
  const sample = SAMPLES.find(({ name }) => name === "a stateless open request") ?? assert.fail();
  const { readable, writableLen } = sample.make(rig);
  readable[readable.length - 1] ^= 1;

  assert.equal(rig.data(readable, writableLen).status, Status.BADMSG);

  // One staging serves all engines of a thread.
  const staging = new Uint8Array(buffer);
  assert.ok(!contains(staging, SRC.subarray(0, 16)) && !contains(staging, KEY));
});

Deno.test("real contexts forget: what was closed no longer computes as it did", () => {
  const iv = (len: number) => new Uint8Array(len);
  for (const { algorithm } of ALL_ALGORITHMS.list()) {
    if (algorithm.service === Service.HASH) continue;
    const key = counting(maxKeyLen(algorithm.keyLens));
    const [before, after] = [new Uint8Array(64), new Uint8Array(64)];
    if (algorithm.service === Service.CIPHER) {
      const context = algorithm.implementations[0].open(key, false);
      context.process(iv(algorithm.ivLen), SRC, before.subarray(0, 48));
      context.close();
      quietly(() => context.process(iv(algorithm.ivLen), SRC, after.subarray(0, 48)));
    } else if (algorithm.service === Service.MAC) {
      const context = algorithm.implementations[0].open(key);
      const out = algorithm.maxResultLen;
      context.compute(iv(algorithm.ivLen), SRC, iv(0), before.subarray(0, out));
      context.close();
      quietly(() => context.compute(iv(algorithm.ivLen), SRC, iv(0), after.subarray(0, out)));
    } else {
      const context = algorithm.implementations[0].open(key);
      const nonce = iv(algorithm.ivLens[0]);
      context.seal(nonce, iv(0), SRC, before.subarray(0, 48), before.subarray(48));
      context.close();
      quietly(() => context.seal(nonce, iv(0), SRC, after.subarray(0, 48), after.subarray(48)));
    }

    assert.notDeepEqual(after, before, algorithm.name);
  }
});

// A closed context may do anything but compute with its key.
function quietly(run: () => void): void {
  try {
    run();
  } catch {
    // Refusing is fine.
  }
}
