/** Gateways that change, break, or lie. */

import { strict as assert } from "node:assert";
import { type AddressInfo, createServer } from "node:net";
import { CryptoFeature, Status } from "../../../device/mod.ts";
import { Config } from "../../../device/wire/structs.ts";
import { ConnectionError } from "../../../gateway/client/mod.ts";
import { Relay } from "../../../gateway/relay/relay.ts";
import { FakeGateway, NEEDS_RESET } from "../../support/fake_gateway.ts";
import { counting } from "../../support/random.ts";
import { type GuestOptions, RelayGuest, UNWRITTEN } from "../../support/relay_guest.ts";
import { until } from "../../support/relay_rig.ts";

/** Runs a test with a guest of a fake gateway. */
async function withGuest(
  test: (gateway: FakeGateway, guest: RelayGuest, events: string[]) => Promise<void>,
  options: GuestOptions & { readonly features?: number } = {},
): Promise<void> {
  const gateway = await FakeGateway.start();
  gateway.featuresLow = options.features ?? 0;
  const events: string[] = [];
  let relay: Relay | undefined;
  let guest: RelayGuest | undefined;
  try {
    relay = await Relay.open({
      target: gateway.url,
      log: (_level, event) => events.push(event),
    });
    guest = new RelayGuest(relay.makeBackend, options);
    await test(gateway, guest, events);
  } finally {
    guest?.close();
    await relay?.close();
    await gateway.close();
  }
}

const R = counting(72);

Deno.test("a change of the gateway's configuration space is the guest's, and told", async () => {
  await withGuest(async (gateway, guest) => {
    await guest.submit(0, R, 1);

    gateway.configView.setUint32(Config.status, 0, true);
    gateway.configView.setUint32(Config.cipherAlgoL, 8, true);
    gateway.interrupt();
    await until(() => !guest.isReady, "HW_READY to go");
    gateway.configView.setUint32(Config.status, 1, true);
    gateway.interrupt();
    await until(() => guest.isReady, "HW_READY to come back");

    assert.equal(guest.u32(Config.cipherAlgoL), 8);
    assert.deepEqual(guest.statusChanges, [0, 1]);
  });
});

Deno.test("a gateway's device that needs a reset is given up for another", async () => {
  await withGuest(async (gateway, guest, events) => {
    await guest.submit(0, R, 1);

    gateway.statusBits = NEEDS_RESET;
    gateway.interrupt();
    await until(() => !guest.isReady, "HW_READY to go");
    gateway.statusBits = 0;
    await until(() => guest.isReady, "HW_READY to come back");

    assert.equal(events[0], "gateway away");
    assert.equal(events.at(-1), "gateway back");
  });
});

Deno.test("a gateway that comes back without what the guest has accepted is none", async () => {
  const mux = 1 << CryptoFeature.MUX_MODE;
  await withGuest(async (gateway, guest, events) => {
    await guest.submit(0, R, 1);

    gateway.featuresLow = 0;
    gateway.statusBits = NEEDS_RESET;
    gateway.interrupt();
    await until(() => events.length >= 2, "the first attempt");
    gateway.statusBits = 0;
    await until(() => events.length >= 3, "another reason");
    assert.ok(!guest.isReady);
    const refused = await guest.submit(0, R, 1);
    gateway.featuresLow = mux;
    await until(() => guest.isReady, "HW_READY to come back");

    assert.equal(refused.writable[0], Status.ERR);
    assert.equal(events.at(-1), "gateway back");
  }, { features: mux, accept: ["MUX_MODE"] });
});

Deno.test("a gateway that comes back with fewer data queues serves all of the guest's", async () => {
  await withGuest(async (gateway, guest) => {
    const queues: number[] = [];
    gateway.answer = (queue) => {
      queues.push(queue);
      return { written: Uint8Array.of(Status.NOTSUPP) };
    };
    await guest.submit(1, R, 1);

    gateway.configView.setUint32(Config.maxDataqueues, 1, true);
    gateway.statusBits = NEEDS_RESET;
    gateway.interrupt();
    await until(() => !guest.isReady, "HW_READY to go");
    gateway.statusBits = 0;
    await until(() => guest.isReady, "HW_READY to come back");
    const { writable } = await guest.submit(1, R, 1);
    await guest.submit(guest.control, R, 1);

    assert.equal(guest.u32(Config.maxDataqueues), 2);
    assert.deepEqual(queues, [1, 0, 1]);
    assert.equal(writable[0], Status.NOTSUPP);
  });
});

const LIES: readonly (readonly [string, Uint8Array, number | undefined])[] = [
  ["nothing was written", new Uint8Array(0), undefined],
  ["more was written than there is room for", new Uint8Array(9), undefined],
  ["another number of bytes was written than it sends", new Uint8Array(4), 8],
  ["the status is one that there is not", Uint8Array.of(1, 2, 3, 200), undefined],
  ["the status is an error, with a result", Uint8Array.of(1, 2, 3, Status.ERR), undefined],
];
for (const [what, written, usedLen] of LIES) {
  Deno.test(`a gateway that says that ${what} yields ERR and no byte of a result`, async () => {
    await withGuest(async (gateway, guest) => {
      gateway.answer = () => ({ written, usedLen });

      const { usedLen: told, writable } = await guest.submit(0, R, 8);

      assert.equal(told, 1);
      assert.equal(writable[7], Status.ERR);
      assert.ok(writable.subarray(0, 7).every((byte) => byte === UNWRITTEN));
    });
  });
}

Deno.test("two sessions that a gateway gives ids beyond 2^53 stay apart", async () => {
  await withGuest(async (gateway, guest) => {
    let numSessions = 0n;
    const seen: bigint[] = [];
    gateway.answer = (queue, readable) => {
      const view = new DataView(readable.buffer);
      if (queue < 2) seen.push(view.getBigUint64(8, true));
      const written = new Uint8Array(queue < 2 ? 1 : 16);
      if (queue === 2) {
        new DataView(written.buffer).setBigUint64(0, 2n ** 60n + numSessions++, true);
      }
      return { written };
    };
    const create = new Uint8Array(88).with(0, 2);
    const ids: number[] = [];
    for (let i = 0; i < 2; i++) {
      const { writable } = await guest.submit(guest.control, create, 16);
      ids.push(writable[0]);
    }

    for (const id of [...ids, 3]) await guest.submit(0, new Uint8Array(72).with(8, id), 1);

    assert.deepEqual(ids, [1, 2]);
    assert.deepEqual(seen, [2n ** 60n, 2n ** 60n + 1n, 2n ** 64n - 1n]);
  });
});

Deno.test("what is no gateway is told so at the start", async () => {
  const gateway = await FakeGateway.start();
  try {
    gateway.configView.setUint32(Config.maxDataqueues, 0, true);
    await assert.rejects(Relay.open({ target: gateway.url }), ConnectionError);
    await assert.rejects(Relay.open({ target: "ws://127.0.0.1:1" }), ConnectionError);
  } finally {
    await gateway.close();
  }
});

Deno.test("a gateway that takes connections and says nothing is given up at the start", async () => {
  const silent = createServer((socket) => socket.on("error", () => {}).resume());
  await new Promise<void>((resolve) => silent.listen(0, "127.0.0.1", resolve));
  const { port } = silent.address() as AddressInfo;
  try {
    const opened = Relay.open({ target: `ws://127.0.0.1:${port}`, limits: { timeout: 200 } });

    await assert.rejects(opened, /Gateway did not answer within 0.2 s/);
  } finally {
    await new Promise<void>((resolve) => silent.close(() => resolve()));
  }
});
