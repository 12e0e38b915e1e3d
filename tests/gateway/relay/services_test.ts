/** Requests of all services through a relay and a gateway on real sockets. */

import { strict as assert } from "node:assert";
import { ALL_ALGORITHMS, type Service, Status } from "../../../device/mod.ts";
import { build, type Request } from "../../../device/wire/requests.ts";
import { connect } from "../../../gateway/client/mod.ts";
import { Random } from "../../support/random.ts";
import { UNWRITTEN } from "../../support/relay_guest.ts";
import { ALL_MODES, makeSample, MUX, PLAIN, withRelay } from "../../support/relay_rig.ts";
import { SAMPLES } from "../../support/samples.ts";
import { runJobs } from "../../support/vector_runner.ts";
import { loadJobs } from "../../support/vectors.ts";

const BY_SERVICE = [
  ALL_ALGORITHMS.cipher,
  ALL_ALGORITHMS.hash,
  ALL_ALGORITHMS.mac,
  ALL_ALGORITHMS.aead,
];

Deno.test("every kind of request yields through a relay what it has to, with and without MUX_MODE", async () => {
  await withRelay({}, async ({ guest }) => {
    for (const mode of [PLAIN, MUX]) {
      const vm = guest({ accept: mode.mux ? ALL_MODES : [] });
      const samples = SAMPLES.filter(({ stateless }) => mode.mux || !stateless);
      for (const sample of samples) {
        const { readable, writableLen } = await makeSample(vm, sample, mode);

        const { usedLen, writable } = await vm.submit(0, readable, writableLen);

        assert.equal(usedLen, sample.result.length + 1, sample.name);
        assert.deepEqual(writable.subarray(0, usedLen - 1), sample.result, sample.name);
        assert.equal(writable.at(-1), Status.OK, sample.name);
      }
      vm.close();
    }
  });
});

for (const stateless of [false, true]) {
  const how = stateless ? "stateless" : "in sessions";
  Deno.test(`official vectors of all services pass through a relay, ${how}`, async () => {
    const isOffered = (service: Service, algo: number) => BY_SERVICE[service][algo] !== undefined;
    const { jobs } = loadJobs(isOffered);
    // Every tenth: the gateway's own tests run them all.
    const some = jobs.filter(({ src }, i) => i % 10 === 0 && src.length < 1 << 20);

    await withRelay({}, async ({ guest }) => {
      const vm = guest({ accept: ALL_MODES, space: 64 << 20, queueSize: 1024 });
      await runJobs(some, {
        exchange: (queue, readable, writableLen) => vm.exchange(queue, readable, writableLen),
        controlQueue: vm.control,
        mode: MUX,
        stateless,
      });
      assert.ok(some.length > 1000);
    });
  });
}

Deno.test("data requests of any bytes are answered as a device in this process answers them", async () => {
  await withRelay({}, async ({ guest, server }) => {
    const vm = guest({ accept: ALL_MODES });
    await using device = await connect(server.url);
    const samples: Request[] = [];
    for (const sample of SAMPLES) {
      samples.push(await makeSample(vm, sample, MUX));
      // The same sessions there, whose ids are then the same.
      sample.make({
        mode: MUX,
        create: (format, options) => {
          const { readable, writableLen } = build(format, options, MUX);
          void device.submit(device.config.maxDataqueues, readable, writableLen);
          return 0;
        },
      });
    }
    const random = new Random(33);
    for (let i = 0; i < 600; i++) {
      const { readable, writableLen } = samples[random.below(samples.length)];
      const bytes = readable.slice(
        0,
        readable.length - (random.below(3) === 0 ? random.below(40) : 0),
      );
      for (let n = random.below(3); n > 0; n--) {
        bytes[random.below(Math.min(110, bytes.length))] = random.below(random.below(2) * 250 + 5);
      }
      const len = random.below(4) === 0 ? random.below(100) : writableLen + random.below(2) * 9;

      const { usedLen, writable } = await vm.submit(i % 4, bytes, len);

      const expected = await device.submit(i % 4, bytes, len);
      assert.equal(usedLen, expected.usedLen);
      if (usedLen === 0) continue;
      assert.deepEqual(writable.subarray(0, usedLen - 1), expected.bytes.subarray(0, -1));
      assert.equal(writable[len - 1], expected.bytes.at(-1));
      const rest = writable.subarray(usedLen - 1, -1);
      assert.ok(rest.every((byte) => byte === UNWRITTEN));
    }
  });
});
