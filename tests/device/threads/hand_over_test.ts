/** When a device runs requests itself though it has threads. */

import { strict as assert } from "node:assert";
import { ALL_ALGORITHMS, CryptoDevice, GuestMemory, Register } from "../../../device/mod.ts";
import { fakeRequest, fakeThreads, RESULT_LEN } from "../../support/thread_fakes.ts";
import { ALL_MODES } from "../../support/remote_rig.ts";
import { Rig } from "../../support/rig.ts";

const threads = fakeThreads(1);
const { algorithms } = threads;

Deno.test("threads of other algorithms than the device's are refused", () => {
  assert.throws(
    () => new CryptoDevice({ threads, algorithms: ALL_ALGORITHMS }),
    /other algorithms/,
  );
});

Deno.test("requests on memory that is not shared are run where they arrived", () => {
  const memory = new GuestMemory();
  memory.add(2 ** 40, new Uint8Array(64));
  const rig = new Rig({ threads, algorithms, memory, accept: ALL_MODES });
  const finish = rig.begin(0, fakeRequest(0), RESULT_LEN + 1);
  rig.queues[0].publish();

  assert.equal(rig.device.serve(0, Infinity, Infinity, Infinity), false);

  assert.equal(finish().usedLen, RESULT_LEN + 1);
  assert.equal(rig.device.isAway(0), false);
  rig.device.close();
});

Deno.test("a ring outside memory breaks the device where it arrived", () => {
  const broken: Error[] = [];
  const rig = new Rig({ threads, algorithms, onBrokenRing: (error) => broken.push(error) });
  rig.write(Register.QueueSel, 0);
  rig.write(Register.QueueReady, 0);
  rig.write(Register.QueueDescHigh, 1);
  rig.write(Register.QueueReady, 1);

  assert.equal(rig.device.serve(0, Infinity, Infinity, Infinity), false);

  assert.equal(broken.length, 1);
  assert.equal(rig.read(Register.Status) & 64, 64);
  rig.device.close();
});

Deno.test("a queue that is empty, or not ready, is handed to no thread", () => {
  const rig = new Rig({ threads, algorithms });

  assert.equal(rig.device.serve(0, Infinity, Infinity, Infinity), false);
  rig.write(Register.QueueSel, 1);
  rig.write(Register.QueueReady, 0);
  assert.equal(rig.device.serve(1, Infinity, Infinity, Infinity), false);

  assert.equal(rig.device.isAway(0) || rig.device.isAway(1), false);
  rig.device.close();
});
