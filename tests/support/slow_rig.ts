/** A remoted device whose requests take longer than a slice of its time. */

import { setImmediate } from "node:timers";
import { AlgorithmSet } from "../../device/mod.ts";
import type { RemoteDeviceOptions } from "../../gateway/remote_device.ts";
import { fakeAlgorithms, FakeLog } from "./fakes.ts";
import { ALL_MODES, type Answer, RemoteRig, submit } from "./remote_rig.ts";

/** R of a request so long that the device looks at the clock behind it. */
export const SLOW: Uint8Array = (() => {
  const bytes = new Uint8Array(24 + 16 + 70_000);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, 0x100, true);
  view.setUint32(24, 4, true);
  view.setUint32(28, 70_000, true);
  view.setUint32(32, 32, true);
  return bytes;
})();

/** A started device each of whose digests takes 5 ms. */
export function slowRig(
  options: Partial<RemoteDeviceOptions> = {},
): { rig: RemoteRig; log: FakeLog } {
  const log = new FakeLog();
  log.spinMs = 5;
  const rig = new RemoteRig({
    algorithms: new AlgorithmSet(fakeAlgorithms(log)),
    sliceMs: 4,
    ...options,
  });
  rig.start([...ALL_MODES, "RING_RESET"]);
  // The arena grows while it is empty only: now to what all requests of a test need.
  rig.ask(submit(0, 0, new Uint8Array(0), 1_000_000));
  return { rig, log };
}

/** The numbers below `num`. */
export function upTo(num: number): number[] {
  return Array.from({ length: num }, (_, i) => i);
}

/** So many slow SUBMITs, turn by turn on queues 0 and 1. */
export function slowSubmits(num: number): Uint8Array[] {
  return upTo(num).map((id) => submit(id, id % 2, SLOW, 33));
}

/** The ids of answers, in order of their numbers. */
export function sortedIds(answers: readonly Answer[]): number[] {
  return answers.map(({ id }) => id).toSorted((a, b) => a - b);
}

/** Lets all that has been put off run once. */
export function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
