/** Guests that come and go, stop and start over, and front-ends that keep the control queue. */

import { strict as assert } from "node:assert";
import { SERVICES, Status } from "../../../device/mod.ts";
import {
  build,
  createCipherSession,
  destroySession,
  parseDestroyStatus,
  parseSessionInput,
} from "../../../device/wire/requests.ts";
import { connect } from "../../../gateway/client/mod.ts";
import { counting, Random } from "../../support/random.ts";
import {
  ALL_MODES,
  cbcExpected,
  cbcRequest,
  cbcSession,
  MUX,
  PLAIN,
  until,
  withRelay,
} from "../../support/relay_rig.ts";

const KEY = counting(16, 0xa0);
const SRC = counting(64, 0x40);

Deno.test("a guest sees the gateway's device: features, queues, configuration space", async () => {
  await withRelay({ gateway: { queues: 3 } }, async ({ guest, server }) => {
    const vm = guest({ accept: ALL_MODES });
    await using device = await connect(server.url);

    const { config } = device;
    assert.equal(vm.backend.numQueues, 4);
    assert.deepEqual(vm.backend.features.names(), [
      ...ALL_MODES,
      "RING_INDIRECT_DESC",
      "RING_EVENT_IDX",
      "VERSION_1",
    ]);
    const fields = [0, 4, 8, 12, 16, 20, 24, 28, 32, 36, 40, 44, 48].map((at) => vm.u32(at));
    assert.deepEqual(fields, [
      1,
      3,
      (1 << SERVICES.length) - 1,
      config.cipherAlgoL,
      config.cipherAlgoH,
      config.hashAlgo,
      config.macAlgoL,
      config.macAlgoH,
      config.aeadAlgo,
      config.maxCipherKeyLen,
      config.maxAuthKeyLen,
      0,
      config.maxSize,
    ]);
    assert.equal(vm.backend.readConfig(50, 7), undefined);
    assert.equal(vm.backend.readConfig(0, 56)?.length, 56);
  });
});

Deno.test("a guest that vanishes in mid-request leaves nothing: no write to its memory, no device", async () => {
  await withRelay({}, async ({ guest, proxy }) => {
    const vm = guest({ accept: ALL_MODES });
    const id = await cbcSession(vm, KEY, MUX);
    const { readable, writableLen } = cbcRequest(id, SRC, MUX);
    const before = proxy.numMessages;
    proxy.hold();
    for (let i = 0; i < 100; i++) vm.submit(i % 4, readable, writableLen);
    vm.submit(
      vm.control,
      build(createCipherSession, { algo: 3, op: 1, key: KEY }, MUX).readable,
      16,
    );
    await until(() => proxy.numMessages > before, "requests");

    vm.close();
    proxy.release();
    await until(() => proxy.numOpen === 0, "the connection to end");

    assert.ok(vm.isUntouched);
  });
});

Deno.test("the next guest has a device of its own: no session of the last one's", async () => {
  await withRelay({}, async ({ guest, proxy }) => {
    const first = guest({ accept: ALL_MODES });
    const id = await cbcSession(first, KEY, MUX);
    first.close();
    const second = guest({ accept: ALL_MODES });
    const { readable, writableLen } = cbcRequest(id, SRC, MUX);

    const before = await second.submit(0, readable, writableLen);
    const own = await cbcSession(second, counting(16, 7), MUX);
    const request = cbcRequest(own, SRC, MUX);
    const after = await second.submit(0, request.readable, request.writableLen);

    assert.equal(before.writable.at(-1), Status.INVSESS);
    assert.deepEqual(after.writable, cbcExpected(counting(16, 7), SRC));
    await until(() => proxy.numOpen === 1, "the first connection to end");
  });
});

Deno.test("two guests at one time do not see each other", async () => {
  await withRelay({}, async ({ guest }) => {
    const keys = [KEY, counting(16, 5)];
    const vms = [guest({ accept: ALL_MODES }), guest()];
    const modes = [MUX, PLAIN];
    const ids = await Promise.all(vms.map((vm, i) => cbcSession(vm, keys[i], modes[i])));

    const answers = await Promise.all(vms.map((vm, i) => {
      const { readable, writableLen } = cbcRequest(ids[i], SRC, modes[i]);
      return vm.submit(0, readable, writableLen);
    }));

    assert.deepEqual(ids, [1, 1]);
    answers.forEach(({ writable }, i) => assert.deepEqual(writable, cbcExpected(keys[i], SRC)));
  });
});

Deno.test("a queue that stops has its requests answered first, and goes on where it was", async () => {
  await withRelay({}, async ({ guest }) => {
    const vm = guest({ accept: ALL_MODES });
    const id = await cbcSession(vm, KEY, MUX);
    const { readable, writableLen } = cbcRequest(id, SRC, MUX);
    const answers = Array.from({ length: 30 }, () => vm.submit(0, readable, writableLen));

    await vm.stopQueue(0);

    for (const { writable } of await Promise.all(answers)) {
      assert.deepEqual(writable, cbcExpected(KEY, SRC));
    }
    vm.startQueue(0);
    const after = await vm.submit(0, readable, writableLen);
    assert.deepEqual(after.writable, cbcExpected(KEY, SRC));
  });
});

Deno.test("a queue that stops does not wait for ever: requests without an answer are ERR", async () => {
  await withRelay({ limits: { grace: 100 } }, async ({ guest, proxy }) => {
    const vm = guest({ accept: ALL_MODES });
    const id = await cbcSession(vm, KEY, MUX);
    const { readable, writableLen } = cbcRequest(id, SRC, MUX);
    const create = build(createCipherSession, { algo: 3, op: 1, key: KEY }, MUX);
    proxy.hold();
    const data = Array.from({ length: 30 }, () => vm.submit(0, readable, writableLen));
    const created = vm.submit(vm.control, create.readable, create.writableLen);

    await Promise.all([vm.stopQueue(0), vm.stopQueue(vm.control)]);

    for (const { usedLen, writable } of await Promise.all(data)) {
      assert.equal(usedLen, 1);
      assert.equal(writable.at(-1), Status.ERR);
    }
    assert.equal(parseSessionInput((await created).writable).status, Status.ERR);
    vm.startQueue(0);
    vm.startQueue(vm.control);
    proxy.release();
    const after = await vm.submit(0, readable, writableLen);
    assert.deepEqual(after.writable, cbcExpected(KEY, SRC));
    assert.equal(await cbcSession(vm, counting(16, 1), MUX), id + 1);
  });
});

Deno.test("a session whose creation nobody waited for does not stay at the gateway", async () => {
  const options = { gateway: { maxSessions: 2 }, limits: { grace: 50 } };
  await withRelay(options, async ({ guest, proxy }) => {
    const vm = guest({ accept: ALL_MODES });
    const id = await cbcSession(vm, KEY, MUX);
    const create = build(createCipherSession, { algo: 3, op: 1, key: KEY }, MUX);
    const { readable, writableLen } = cbcRequest(id, SRC, MUX);
    proxy.hold();
    const created = vm.submit(vm.control, create.readable, create.writableLen);
    await vm.stopQueue(vm.control);
    await created;
    vm.startQueue(vm.control);
    proxy.release();
    await vm.submit(0, readable, writableLen);

    assert.equal(await cbcSession(vm, counting(16, 1), MUX), 2);
  });
});

Deno.test("a guest's reset ends its sessions; it starts over with other features on the same rings", async () => {
  await withRelay({}, async ({ guest, proxy }) => {
    const vm = guest({ accept: ALL_MODES });
    const id = await cbcSession(vm, KEY, MUX);
    for (let i = 0; i < vm.queues.length; i++) await vm.stopQueue(i);

    vm.backend.reset();
    vm.negotiate();
    for (let i = 0; i < vm.queues.length; i++) vm.startQueue(i);
    const { readable, writableLen } = cbcRequest(id, SRC, MUX);
    const gone = await vm.submit(0, readable, writableLen);
    const own = await cbcSession(vm, counting(16, 9), MUX);
    const request = cbcRequest(own, SRC, MUX);
    const after = await vm.submit(0, request.readable, request.writableLen);

    assert.equal(gone.writable.at(-1), Status.INVSESS);
    assert.deepEqual(after.writable, cbcExpected(counting(16, 9), SRC));
    assert.deepEqual(vm.statusChanges, []);
    await until(() => proxy.numOpen === 1, "the old device to end");
  });
});

Deno.test("features negotiated again change nothing, for sessions either", async () => {
  await withRelay({}, async ({ guest, proxy }) => {
    const vm = guest({ accept: ALL_MODES });
    const id = await cbcSession(vm, KEY, MUX);
    const { numConnections } = proxy;

    vm.negotiate();
    const { readable, writableLen } = cbcRequest(id, SRC, MUX);
    const { writable } = await vm.submit(0, readable, writableLen);

    assert.deepEqual(writable, cbcExpected(KEY, SRC));
    assert.equal(proxy.numConnections, numConnections);
  });
});

Deno.test("sessions survive other features negotiated without a reset, but for those of another form", async () => {
  await withRelay({}, async ({ guest, proxy }) => {
    const vm = guest({ accept: ["MUX_MODE"] });
    const id = await cbcSession(vm, KEY, MUX);
    const { readable, writableLen } = cbcRequest(id, SRC, MUX);
    const { numConnections } = proxy;

    vm.negotiate(ALL_MODES);
    const kept = await vm.submit(0, readable, writableLen);
    vm.negotiate([]);
    const { readable: plain } = cbcRequest(id, SRC, PLAIN);
    const lost = await vm.submit(0, plain, writableLen);

    assert.deepEqual(kept.writable, cbcExpected(KEY, SRC));
    assert.equal(lost.writable.at(-1), Status.INVSESS);
    assert.equal(proxy.numConnections, numConnections + 2);
    assert.deepEqual(vm.statusChanges, []);
  });
});

Deno.test("sessions are created and destroyed by messages, where the front-end has the control queue", async () => {
  await withRelay({}, async ({ guest, proxy, server }) => {
    const vm = guest();
    const create = build(createCipherSession, { algo: 3, op: 1, key: KEY }, PLAIN);
    const { status, sessionId } = parseSessionInput(
      await vm.message(create.readable, create.writableLen),
    );
    assert.equal(status, Status.OK);
    create.readable.fill(0);
    const { readable, writableLen } = cbcRequest(sessionId, SRC, PLAIN);

    const before = await vm.submit(0, readable, writableLen);
    proxy.cut();
    await until(() => !vm.isReady, "the gateway to go");
    const refused = parseSessionInput(await vm.message(create.readable, create.writableLen));
    proxy.restore(server.url);
    await until(() => vm.isReady, "the gateway to come back");
    const after = await vm.submit(0, readable, writableLen);
    const destroy = build(destroySession, { service: 0, sessionId }, PLAIN);
    const destroyed = await vm.message(destroy.readable, destroy.writableLen);
    const gone = await vm.submit(0, readable, writableLen);

    assert.deepEqual(before.writable, cbcExpected(KEY, SRC));
    assert.equal(refused.status, Status.ERR);
    assert.deepEqual(after.writable, cbcExpected(KEY, SRC));
    assert.equal(parseDestroyStatus(destroyed), Status.OK);
    assert.equal(gone.writable.at(-1), Status.INVSESS);
  });
});

Deno.test("a front-end does not stand still for a gateway: its message is ERR, and its session ends", async () => {
  const options = { gateway: { maxSessions: 1 }, limits: { grace: 60 } };
  await withRelay(options, async ({ guest, proxy }) => {
    const vm = guest();
    const create = build(createCipherSession, { algo: 3, op: 1, key: KEY }, PLAIN);
    const send = async () =>
      parseSessionInput(await vm.message(create.readable, create.writableLen)).status;
    proxy.hold();
    // The first waits for a gateway that has not answered yet, the second at one that does not.
    const whileHeld = await send();
    proxy.release();
    await vm.submit(0, new Uint8Array(72), 1);
    proxy.hold();
    const late = await send();
    proxy.release();
    await vm.submit(0, new Uint8Array(72), 1);

    assert.deepEqual([whileHeld, late], [Status.ERR, Status.ERR]);
    // There is room for one session, and it is this one.
    assert.equal(await send(), Status.OK);
  });
});

Deno.test("a guest's sessions are bounded, whatever the gateway would take", async () => {
  await withRelay({ limits: { maxSessions: 2 } }, async ({ guest }) => {
    const vm = guest({ accept: ALL_MODES });
    const create = build(createCipherSession, { algo: 3, op: 1, key: KEY }, MUX);

    const answers = await Promise.all(Array.from({ length: 5 }, async () => {
      const { writable } = await vm.submit(vm.control, create.readable, create.writableLen);
      return parseSessionInput(writable).status;
    }));

    assert.deepEqual(answers, [0, 0, Status.NOSPC, Status.NOSPC, Status.NOSPC]);
  });
});

Deno.test("control requests of any bytes are answered as a device in this process answers them", async () => {
  await withRelay({}, async ({ guest, server }) => {
    const vm = guest({ accept: ALL_MODES });
    await using device = await connect(server.url);
    const random = new Random(21);
    for (let i = 0; i < 150; i++) {
      const readable = random.bytes(1 + random.below(120));
      if (random.below(2) === 0) readable.fill(0, 1, 4);
      readable[0] = 2 + random.below(3);
      readable[1] &= 3;
      const writableLen = random.below(24);

      const { usedLen, writable } = await vm.submit(vm.control, readable, writableLen);

      const expected = await device.submit(device.config.maxDataqueues, readable, writableLen);
      assert.equal(usedLen, expected.usedLen);
      // Ids are the affair of each.
      const isCreated = usedLen === 16 && writable[8] === 0 && readable[0] === 2;
      const from = isCreated ? 8 : 0;
      assert.deepEqual(writable.subarray(from, usedLen), expected.bytes.subarray(from));
    }
  });
});
