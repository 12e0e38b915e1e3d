/** Faults of an accelerator: ERR, nothing of a half-done result, and the device lives. */

import { strict as assert } from "node:assert";
import { CryptoDevice, Service, Status } from "../../../device/mod.ts";
import { CREATE, EngineRig, UNWRITTEN } from "../../support/engine_rig.ts";
import { fakeAlgorithms, FakeLog } from "../../support/fakes.ts";
import { SAMPLES, SESSIONS } from "../../support/samples.ts";
import { Rig } from "../../support/rig.ts";
import { build } from "../../../device/wire/requests.ts";
import { AlgorithmSet } from "../../../device/mod.ts";

function fakeRig(options: { maxSessions?: number } = {}): { rig: EngineRig; log: FakeLog } {
  const log = new FakeLog();
  return { rig: new EngineRig({ algorithms: fakeAlgorithms(log), ...options }), log };
}

// The fake AEAD's tag is a row of 0x5a: what it opens has to end so.
function makeFor(sample: (typeof SAMPLES)[number], rig: EngineRig) {
  const request = sample.make(rig);
  if (sample.name.includes("open")) request.readable.fill(0x5a, -13 - 16, -13);
  return request;
}

for (const sample of SAMPLES) {
  Deno.test(`${sample.name} whose accelerator fails half-way is ERR and shows nothing of the half`, () => {
    const { rig, log } = fakeRig();
    const { readable, writableLen } = makeFor(sample, rig);
    const good = rig.data(readable, writableLen + 9);
    assert.equal(good.status, Status.OK);

    log.failAt = "run";
    const bad = rig.data(readable, writableLen + 9);
    log.failAt = null;
    const again = rig.data(readable, writableLen + 9);

    assert.deepEqual([bad.status, bad.usedLen], [Status.ERR, 1]);
    assert.ok(bad.writable.subarray(0, -1).every((byte) => byte === UNWRITTEN || byte === 0));
    assert.equal(rig.faults.length, 1);
    assert.deepEqual(again.result, good.result);
  });

  Deno.test(`${sample.name}: a digest that fails behind its cipher shows no ciphertext`, () => {
    const { rig, log } = fakeRig();
    const { readable, writableLen } = makeFor(sample, rig);
    log.failDigestAt = "run";

    const answer = rig.data(readable, writableLen);

    const isDigest = !["cipher", "seal", "open"].some((kind) => sample.name.includes(kind));
    assert.equal(answer.status, isDigest ? Status.ERR : Status.OK);
    if (!isDigest) return;
    assert.ok(answer.writable.subarray(0, -1).every((byte) => byte === UNWRITTEN || byte === 0));
  });

  if (!sample.stateless) continue;
  Deno.test(`${sample.name} whose accelerator does not open is ERR with nothing written`, () => {
    const { rig, log } = fakeRig();
    const { readable, writableLen } = makeFor(sample, rig);
    log.failAt = "open";

    const answer = rig.data(readable, writableLen);

    assert.deepEqual([answer.status, answer.usedLen, rig.faults.length], [Status.ERR, 1, 1]);
    const rest = answer.writable.subarray(0, -1);
    assert.ok(rest.every((byte) => byte === UNWRITTEN), "W was written to");
  });

  Deno.test(`${sample.name} closes every context it opened, whatever fails`, () => {
    for (const failAt of ["run", null] as const) {
      const { rig, log } = fakeRig();
      const { readable, writableLen } = makeFor(sample, rig);
      log.failAt = failAt;

      rig.data(readable, writableLen);

      assert.equal(log.isOpen, 0, `failAt ${failAt}`);
    }
  });
}

Deno.test("a stateless chain whose digest does not open closes its cipher all the same", () => {
  const { rig, log } = fakeRig();
  const sample = SAMPLES.find(({ name }) => name === "a stateless chain request") ?? assert.fail();
  const { readable, writableLen } = makeFor(sample, rig);
  log.failDigestAt = "open";

  assert.equal(rig.data(readable, writableLen).status, Status.ERR);

  assert.equal(log.isOpen, 0, "The cipher's key schedule was not overwritten");
});

Deno.test("a chain session whose digest does not open closes its cipher all the same", () => {
  const { rig, log } = fakeRig();
  log.failDigestAt = "open";

  assert.equal(rig.tryCreate(CREATE.chain, SESSIONS.chain), Status.ERR);

  assert.equal(log.isOpen, 0, "The cipher's key schedule was not overwritten");
});

Deno.test("a chain session whose cipher does not close closes its digest all the same", () => {
  const { rig, log } = fakeRig();
  const id = rig.create(CREATE.chain, SESSIONS.chain);
  log.failAt = "close";

  assert.equal(rig.destroy(Service.CIPHER, id), Status.ERR);

  assert.equal(log.isOpen, 0, "The digest's key schedule was not overwritten");
});

Deno.test("a session that cannot be opened is ERR, and takes no room", () => {
  const { rig, log } = fakeRig({ maxSessions: 1 });
  log.failAt = "open";
  for (let i = 0; i < 3; i++) {
    assert.equal(rig.tryCreate(CREATE.cipher, SESSIONS.cipher), Status.ERR);
    assert.equal(rig.tryCreate(CREATE.aead, SESSIONS.aead), Status.ERR);
  }
  log.failAt = null;

  assert.equal(rig.create(CREATE.cipher, SESSIONS.cipher), 1);
  assert.equal(rig.faults.length, 6);
});

Deno.test("a session whose context does not close is gone all the same", () => {
  const { rig, log } = fakeRig({ maxSessions: 1 });
  const id = rig.create(CREATE.cipher, SESSIONS.cipher);
  log.failAt = "close";

  assert.equal(rig.destroy(Service.CIPHER, id), Status.ERR);
  log.failAt = null;

  assert.equal(rig.faults.length, 1);
  assert.equal(rig.engine.numSessions, 0);
  assert.equal(rig.create(CREATE.cipher, SESSIONS.cipher), 2);
});

Deno.test("a reset ends every session though one of them does not close", () => {
  const { rig, log } = fakeRig();
  for (let i = 0; i < 3; i++) rig.create(CREATE.cipher, SESSIONS.cipher);
  log.failAt = "close";

  rig.engine.reset();

  assert.equal(log.closed, 3, "Key schedules were not overwritten");
  assert.equal(rig.engine.numSessions, 0);
});

Deno.test("a device with a failing accelerator answers ERR, tells the fault, and goes on", () => {
  const log = new FakeLog();
  const faults: unknown[] = [];
  const rig = new Rig({
    algorithms: new AlgorithmSet(fakeAlgorithms(log)),
    onFault: (fault) => faults.push(fault),
    accept: ["MUX_MODE", "CIPHER_STATELESS_MODE"],
  });
  const sample = SAMPLES.find(({ name }) => name === "a stateless cipher request") ?? assert.fail();
  const { readable, writableLen } = sample.make(new EngineRig());
  log.failAt = "run";

  const statuses = Array.from(
    { length: 3 },
    () => rig.submit(0, readable, writableLen).writable.at(-1),
  );
  log.failAt = null;
  const good = rig.submit(1, readable, writableLen);

  assert.deepEqual(statuses, [Status.ERR, Status.ERR, Status.ERR]);
  assert.equal(good.usedLen, writableLen);
  assert.deepEqual([faults.length, rig.device.counters.faults], [3, 3]);
  assert.equal(rig.device.counters.brokenRings, 0);
});

Deno.test("closing a device lets its memory go though a session does not close", () => {
  const log = new FakeLog();
  const rig = new Rig({ algorithms: new AlgorithmSet(fakeAlgorithms(log)) });
  const { readable } = build(CREATE.cipher, SESSIONS.cipher, { mux: false, layout: "v19" });
  rig.submit(rig.control, readable, 16);
  const device: CryptoDevice = rig.device;
  assert.equal(device.numSessions, 1);
  log.failAt = "close";

  device.close();

  assert.deepEqual([device.numSessions, device.memory.regions.length], [0, 0]);
});
