/** How requests travel together, and how much of them is on its way at one time. */

import { strict as assert } from "node:assert";
import { Status } from "../../../device/mod.ts";
import { counting, Random } from "../../support/random.ts";
import {
  ALL_MODES,
  cbcExpected,
  cbcRequest,
  cbcSession,
  destroy,
  MUX,
  until,
  withRelay,
} from "../../support/relay_rig.ts";
import type { RelayGuest } from "../../support/relay_guest.ts";

const KEY = counting(16, 0xa0);

/** Keeps `depth` requests under way until `num` are answered, and checks every byte. */
async function run(
  vm: RelayGuest,
  sessionId: number,
  num: number,
  depth: number,
  len: number,
): Promise<void> {
  const src = new Random(5).bytes(len);
  const expected = cbcExpected(KEY, src);
  const { readable, writableLen } = cbcRequest(sessionId, src, MUX);
  let left = num;
  const one = async (queue: number) => {
    while (left-- > 0) {
      const { usedLen, writable } = await vm.submit(queue, readable, writableLen);
      assert.equal(usedLen, expected.length);
      assert.deepEqual(writable, expected);
    }
  };
  await Promise.all(Array.from({ length: depth }, (_, i) => one(i % vm.control)));
}

Deno.test("at depth 64 requests share messages", async () => {
  await withRelay({}, async ({ guest, proxy }) => {
    const vm = guest({ accept: ALL_MODES });
    const id = await cbcSession(vm, KEY, MUX);
    const before = proxy.numMessages;

    await run(vm, id, 6400, 64, 64);

    const numMessages = proxy.numMessages - before;
    assert.ok(numMessages < 640, `${numMessages} messages for 6400 requests`);
  });
});

Deno.test("requests that a slow gateway does not answer wait on their rings, by number", async () => {
  await withRelay({ limits: { maxRequests: 10 } }, async ({ guest, proxy }) => {
    const vm = guest({ accept: ALL_MODES });
    const id = await cbcSession(vm, KEY, MUX);
    const src = counting(64, 0x40);
    const { readable, writableLen } = cbcRequest(id, src, MUX);

    proxy.hold();
    const before = proxy.numBytes;
    const answers = Array.from({ length: 50 }, (_, i) => vm.submit(i % 4, readable, writableLen));
    await until(() => proxy.numBytes > before, "requests");
    await new Promise((resolve) => setTimeout(resolve, 100));
    const sent = proxy.numBytes - before;
    proxy.release();

    assert.ok(sent < 11 * (readable.length + 32), `${sent} bytes were sent`);
    for (const { writable } of await Promise.all(answers)) {
      assert.deepEqual(writable, cbcExpected(KEY, src));
    }
  });
});

Deno.test("requests that a slow gateway does not answer wait on their rings, by bytes", async () => {
  const limits = { maxBytes: 1 << 20 };
  await withRelay({ limits }, async ({ guest, proxy }) => {
    const vm = guest({ accept: ALL_MODES, space: 32 << 20 });
    const id = await cbcSession(vm, KEY, MUX);
    const src = new Random(3).bytes(256 << 10);
    const { readable, writableLen } = cbcRequest(id, src, MUX);

    proxy.hold();
    const before = proxy.numBytes;
    const answers = Array.from({ length: 30 }, (_, i) => vm.submit(i % 4, readable, writableLen));
    await until(() => proxy.numBytes - before > 400_000, "requests");
    await new Promise((resolve) => setTimeout(resolve, 200));
    const sent = proxy.numBytes - before;
    proxy.release();

    // The second request is more than fits, the third waits.
    assert.ok(sent <= 2 * (readable.length + 64), `${sent} bytes were sent`);
    const expected = cbcExpected(KEY, src);
    for (const { writable } of await Promise.all(answers)) assert.deepEqual(writable, expected);
  });
});

Deno.test("a queue that fills the bounds keeps no other queue from its turn, nor the control queue", async () => {
  await withRelay({ limits: { maxRequests: 4 } }, async ({ guest }) => {
    const vm = guest({ accept: ALL_MODES });
    const id = await cbcSession(vm, KEY, MUX);
    const src = counting(64, 0x40);
    const { readable, writableLen } = cbcRequest(id, src, MUX);
    let isFlooding = true;
    const flood = Array.from({ length: 16 }, async () => {
      while (isFlooding) await vm.submit(0, readable, writableLen);
    });

    for (let i = 0; i < 20; i++) {
      const { writable } = await vm.submit(1 + i % 3, readable, writableLen);
      assert.deepEqual(writable, cbcExpected(KEY, src));
    }
    const other = await cbcSession(vm, counting(16, 3), MUX);
    assert.equal(await destroy(vm, other, MUX), Status.OK);
    isFlooding = false;
    await Promise.all(flood);
  });
});

Deno.test("a request longer than the gateway takes is ERR, one as long as it takes is served", async () => {
  await withRelay({ gateway: { maxSize: 1 << 16 } }, async ({ guest }) => {
    const vm = guest({ accept: ALL_MODES });
    const id = await cbcSession(vm, KEY, MUX);
    const src = new Random(8).bytes((1 << 15) - 16);
    const fitting = cbcRequest(id, src, MUX);
    const over = cbcRequest(id, new Uint8Array(1 << 17), MUX);

    const good = await vm.submit(0, fitting.readable, fitting.writableLen);
    const roomy = await vm.submit(0, fitting.readable, 1 << 20);
    const bad = await vm.submit(0, over.readable, over.writableLen);
    const silent = await vm.submit(0, fitting.readable, 0);

    assert.deepEqual(good.writable, cbcExpected(KEY, src));
    // The status is the last byte of W, however much room there is.
    assert.equal(roomy.usedLen, src.length + 1);
    assert.deepEqual(roomy.writable.subarray(0, src.length), good.writable.subarray(0, -1));
    assert.equal(roomy.writable.at(-1), Status.OK);
    assert.equal(roomy.writable[src.length], 0xee);
    assert.equal(bad.usedLen, 1);
    assert.equal(bad.writable.at(-1), Status.ERR);
    assert.equal(silent.usedLen, 0);
  });
});
