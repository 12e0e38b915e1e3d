/** A gateway that goes away, and comes back. */

import { strict as assert } from "node:assert";
import { Status } from "../../../device/mod.ts";
import { startServer } from "../../../gateway/server.ts";
import { counting } from "../../support/random.ts";
import {
  ALL_MODES,
  cbcExpected,
  cbcRequest,
  cbcSession,
  destroy,
  makeSample,
  MUX,
  PLAIN,
  until,
  withRelay,
} from "../../support/relay_rig.ts";
import { SAMPLES } from "../../support/samples.ts";
import { type GuestAnswer, UNWRITTEN } from "../../support/relay_guest.ts";

const KEY = counting(16, 0xa0);
const OTHER_KEY = counting(16, 0xb0);
const SRC = counting(64, 0x40);

function assertErr({ usedLen, writable }: GuestAnswer): void {
  assert.equal(usedLen, 1);
  assert.equal(writable.at(-1), Status.ERR);
  assert.ok(writable.subarray(0, -1).every((byte) => byte === UNWRITTEN), "Result bytes");
}

Deno.test("a gateway lost in mid-flight answers ERR, clears HW_READY and says so; its return sets it", async () => {
  await withRelay({}, async ({ guest, proxy, server, events }) => {
    const vm = guest();
    const id = await cbcSession(vm, KEY, PLAIN);
    const { readable, writableLen } = cbcRequest(id, SRC, PLAIN);
    proxy.hold();
    const inFlight = Array.from({ length: 40 }, (_, i) => vm.submit(i % 4, readable, writableLen));
    await until(() => proxy.numMessages >= 4, "the requests");

    proxy.cut();
    const answers = await Promise.all(inFlight);
    await until(() => !vm.isReady, "HW_READY to go");
    const whileAway = await vm.submit(0, readable, writableLen);
    proxy.release();
    proxy.restore(server.url);
    await until(() => vm.isReady, "HW_READY to come back");
    const after = await vm.submit(0, readable, writableLen);

    answers.forEach(assertErr);
    assertErr(whileAway);
    assert.deepEqual(vm.statusChanges, [0, 1]);
    assert.deepEqual(after.writable, cbcExpected(KEY, SRC));
    assert.deepEqual(events, ["gateway away", "gateway back"]);
  });
});

Deno.test("sessions are the same ones at another gateway, and destroyed ones stay destroyed", async () => {
  const second = await startServer({ port: 0 });
  try {
    await withRelay({}, async ({ guest, proxy, server }) => {
      const vm = guest({ accept: ALL_MODES });
      const gone = await cbcSession(vm, counting(16, 1), MUX);
      const first = await cbcSession(vm, KEY, MUX);
      const other = await cbcSession(vm, OTHER_KEY, MUX);
      assert.equal(await destroy(vm, gone, MUX), Status.OK);

      await server.close();
      await until(() => !vm.isReady, "the gateway to go");
      proxy.restore(second.url);
      await until(() => vm.isReady, "the gateway to come back");

      for (const [id, key] of [[first, KEY], [other, OTHER_KEY]] as const) {
        const { readable, writableLen } = cbcRequest(id, SRC, MUX);
        const { writable } = await vm.submit(1, readable, writableLen);
        assert.deepEqual(writable, cbcExpected(key, SRC));
      }
      const { readable, writableLen } = cbcRequest(gone, SRC, MUX);
      const { writable } = await vm.submit(1, readable, writableLen);
      assert.equal(writable.at(-1), Status.INVSESS);
    });
  } finally {
    await second.close();
  }
});

Deno.test("sessions of every service go on as they were when the gateway has come back", async () => {
  await withRelay({}, async ({ guest, proxy, server }) => {
    const vm = guest({ accept: ALL_MODES });
    const samples = SAMPLES.filter(({ stateless }) => !stateless);
    const requests = [];
    for (const sample of samples) requests.push(await makeSample(vm, sample, MUX));

    proxy.cut();
    await until(() => !vm.isReady, "the gateway to go");
    proxy.restore(server.url);
    await until(() => vm.isReady, "the gateway to come back");

    for (const [i, { readable, writableLen }] of requests.entries()) {
      const { writable } = await vm.submit(i % 4, readable, writableLen);
      const { name, result } = samples[i];
      assert.deepEqual(writable.subarray(0, result.length), result, name);
      assert.equal(writable.at(-1), Status.OK, name);
    }
  });
});

Deno.test("a session that the returned gateway does not take is INVSESS, and no other session's id", async () => {
  const small = await startServer({ port: 0, maxSessions: 1 });
  try {
    await withRelay({}, async ({ guest, proxy, events }) => {
      const vm = guest({ accept: ALL_MODES });
      const first = await cbcSession(vm, KEY, MUX);
      const lost = await cbcSession(vm, OTHER_KEY, MUX);

      proxy.cut();
      await until(() => !vm.isReady, "the gateway to go");
      proxy.restore(small.url);
      await until(() => vm.isReady, "the gateway to come back");

      const request = cbcRequest(first, SRC, MUX);
      const { writable } = await vm.submit(0, request.readable, request.writableLen);
      assert.deepEqual(writable, cbcExpected(KEY, SRC));
      const refused = cbcRequest(lost, SRC, MUX);
      const answer = await vm.submit(0, refused.readable, refused.writableLen);
      assert.equal(answer.writable.at(-1), Status.INVSESS);
      assert.ok(events.includes("sessions lost"));
      assert.equal(await destroy(vm, lost, MUX), Status.OK);
      assert.equal(await destroy(vm, lost, MUX), Status.ERR);
      assert.equal(await destroy(vm, first, MUX), Status.OK);
      assert.notEqual(await cbcSession(vm, counting(16, 9), MUX), lost);
    });
  } finally {
    await small.close();
  }
});

Deno.test("while the gateway is away sessions can be destroyed, not created, and stay destroyed", async () => {
  await withRelay({}, async ({ guest, proxy, server }) => {
    const vm = guest({ accept: ALL_MODES });
    const id = await cbcSession(vm, KEY, MUX);
    proxy.cut();
    await until(() => !vm.isReady, "the gateway to go");

    const create = await vm.submit(vm.control, new Uint8Array(88).with(0, 2), 16);
    const wrongService = await destroy(vm, id, MUX, 3);
    const destroyed = await destroy(vm, id, MUX);
    const again = await destroy(vm, id, MUX);
    proxy.restore(server.url);
    await until(() => vm.isReady, "the gateway to come back");
    const { readable, writableLen } = cbcRequest(id, SRC, MUX);
    const { writable } = await vm.submit(0, readable, writableLen);

    assert.equal(create.usedLen, 16);
    assert.deepEqual([...create.writable.subarray(0, 12)], [0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0]);
    assert.deepEqual([wrongService, destroyed, again], [Status.ERR, Status.OK, Status.ERR]);
    assert.equal(writable.at(-1), Status.INVSESS);
  });
});

Deno.test("a gateway that says nothing any more counts as gone", async () => {
  await withRelay({ limits: { timeout: 300 } }, async ({ guest, proxy }) => {
    const vm = guest();
    const id = await cbcSession(vm, KEY, PLAIN);
    const { readable, writableLen } = cbcRequest(id, SRC, PLAIN);

    proxy.hold();
    const answer = await vm.submit(0, readable, writableLen);
    await until(() => !vm.isReady, "HW_READY to go");
    proxy.release();
    await until(() => vm.isReady, "HW_READY to come back");

    assertErr(answer);
    const after = await vm.submit(0, readable, writableLen);
    assert.deepEqual(after.writable, cbcExpected(KEY, SRC));
  });
});

Deno.test("an idle gateway that answers is not given up", async () => {
  await withRelay({ limits: { timeout: 900 } }, async ({ guest, proxy }) => {
    const vm = guest();
    await cbcSession(vm, KEY, PLAIN);
    const { numConnections } = proxy;

    await new Promise((resolve) => setTimeout(resolve, 2000));

    assert.equal(proxy.numConnections, numConnections);
    assert.ok(vm.isReady);
    assert.deepEqual(vm.statusChanges, []);
  });
});

Deno.test("a gateway that announces its end is left when all is answered, for its successor, and no request fails", async () => {
  const second = await startServer({ port: 0 });
  try {
    await withRelay({}, async ({ guest, proxy, server }) => {
      const vm = guest({ accept: ALL_MODES });
      const id = await cbcSession(vm, KEY, MUX);
      const { readable, writableLen } = cbcRequest(id, SRC, MUX);
      const answers: Promise<GuestAnswer>[] = [];
      for (let i = 0; i < 20; i++) answers.push(vm.submit(i % 4, readable, writableLen));

      proxy.restore(second.url);
      const drained = server.drain(20);
      for (let i = 0; i < 60; i++) {
        answers.push(vm.submit(i % 4, readable, writableLen));
        await new Promise((resolve) => setTimeout(resolve, 1));
      }
      await drained;

      for (const { writable } of await Promise.all(answers)) {
        assert.deepEqual(writable, cbcExpected(KEY, SRC));
      }
      assert.deepEqual(vm.statusChanges, []);
      assert.ok(vm.isReady);
    });
  } finally {
    await second.close();
  }
});
