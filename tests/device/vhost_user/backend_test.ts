/** The engine behind a vhost-user connection: what a kick leaves behind. */

import { strict as assert } from "node:assert";
import {
  type AeadAlgorithm,
  AlgorithmSet,
  FeatureSet,
  GuestMemory,
  placeQueue,
  SplitDeviceQueue,
  SplitDriverQueue,
  Status,
  VirtioFeature,
} from "../../../device/mod.ts";
import type { AeadContext } from "../../../device/accelerators/contexts.ts";
import { EngineBackend } from "../../../device/vhost_user/engine_backend.ts";
import { aeadData, build, parseSessionInput } from "../../../device/wire/requests.ts";
import { CREATE } from "../../support/engine_rig.ts";
import { algorithmNamed } from "../../support/fakes.ts";
import { gcm } from "../../support/oracle.ts";
import { counting } from "../../support/random.ts";
import { NONCE, SESSIONS } from "../../support/samples.ts";

const MODE = { mux: false, layout: "v19" } as const;
const BUFFERS = 1 << 16;

Deno.test("private copies of what a kick has had opened are overwritten when it has been dealt with", () => {
  const seen: Uint8Array[] = [];
  const row = algorithmNamed("GCM") as AeadAlgorithm;
  const [{ accelerator, open }] = row.implementations;
  const watched = (key: Uint8Array): AeadContext => {
    const context = open(key);
    return {
      seal: (iv, aad, src, dst, tag) => context.seal(iv, aad, src, dst, tag),
      open: (iv, aad, src, tag, dst) => {
        seen.push(src);
        return context.open(iv, aad, src, tag, dst);
      },
      close: () => context.close(),
    };
  };
  const backend = new EngineBackend({
    queues: 1,
    algorithms: new AlgorithmSet([{ ...row, implementations: [{ accelerator, open: watched }] }]),
    maxSize: 1 << 20,
    maxSessions: 1,
    layout: "v19",
    onFault: (fault) => assert.fail(String(fault)),
  });
  backend.negotiated(FeatureSet.of([VirtioFeature.VERSION_1]));
  const memory = new GuestMemory();
  const region = memory.add(0, new Uint8Array(new SharedArrayBuffer(4 * BUFFERS)));
  const { addresses } = placeQueue(0, 16);
  const driver = new SplitDriverQueue(region, addresses, 16, false);
  const ring = new SplitDeviceQueue(memory, { size: 16, eventIdx: false, ...addresses });
  let sessionId = 0;
  const create = build(CREATE.aead, SESSIONS.open, MODE);
  backend.control(create.readable, 16, (answer) => sessionId = parseSessionInput(answer).sessionId);
  const plaintext = counting(8192, 7);
  const aad = counting(8, 1);
  const src = gcm(SESSIONS.open.key, NONCE, aad, plaintext, 16);
  const options = { sessionId, op: SESSIONS.open.op, iv: NONCE, src, aad, tagLen: 16 };
  const { readable, writableLen } = build(aeadData, options, MODE);
  region.bytes.set(readable, BUFFERS);
  driver.addPair(BUFFERS, readable.length, 2 * BUFFERS, writableLen);
  driver.publish();

  backend.kicked({ index: 0, ring, isRunning: true, publish: () => ring.publish() });

  assert.ok(driver.popUsed() >= 0);
  const written = region.bytes.slice(2 * BUFFERS, 2 * BUFFERS + driver.usedLen);
  assert.equal(written.at(-1), Status.OK);
  assert.deepEqual(written.subarray(0, -1), plaintext);
  assert.equal(seen.length, 1);
  assert.ok(seen[0].every((byte) => byte === 0), "Plaintext is left in private memory");
  backend.close();
});
