/** A hash that does what its input says, for device threads and for the thread of the test alike. */

import { AlgorithmSet, DeviceThreads, type HashAlgorithm } from "../../device/mod.ts";
import { algorithmNamed } from "./fakes.ts";
import { build, hashStateless } from "../../device/wire/requests.ts";

/** First byte of what is hashed. */
export const Command = { SUM: 0, SPIN: 1, FAIL: 2, DIE: 3, WAIT: 4 } as const;

/** Length of a digest. */
export const RESULT_LEN = 32;
const SPIN_STEP_MS = 10;

/** The digest: every byte is the sum of the input's. */
export function sumOf(input: Uint8Array): Uint8Array {
  return new Uint8Array(RESULT_LEN).fill(input.reduce((sum, byte) => sum + byte, 0));
}

// WAIT comes to its end when somebody overwrites the command.
function digest(first: Uint8Array, _second: Uint8Array, out: Uint8Array): void {
  const sum = sumOf(first);
  const [command, value] = first;
  const end = performance.now() + value * SPIN_STEP_MS;
  if (command === Command.SPIN) { while (performance.now() < end); }
  if (command === Command.FAIL) throw new Error("Cannot run: told to fail");
  if (command === Command.DIE) {
    performance.now = () => {
      throw new Error("Told to die");
    };
  }
  if (command === Command.WAIT) { while (Atomics.load(first, 0) === Command.WAIT); }
  out.set(sum);
}

/** SHA_256's row with that hash for its only implementation. */
export function threadFakes(): AlgorithmSet {
  const row = algorithmNamed("SHA_256") as HashAlgorithm;
  const open = () => ({ digest, close: () => {} });
  return new AlgorithmSet([{ ...row, implementations: [{ accelerator: "typescript", open }] }]);
}

/** Threads for it, which run everything. */
export function fakeThreads(num: number, deaths: string[] = []): DeviceThreads {
  return new DeviceThreads({
    num,
    algorithms: threadFakes(),
    localWork: 0,
    module: new URL("./fake_device_thread.ts", import.meta.url),
    onDeath: (reason) => deaths.push(reason),
  });
}

/** A stateless request whose input starts with a command and its value. */
export function fakeRequest(command: number, value = 0, len = 8): Uint8Array {
  const src = new Uint8Array(len).fill(1);
  src[0] = command;
  src[1] = value;
  const mode = { mux: true, layout: "v19" } as const;
  return build(hashStateless, { algo: 4, src, hashResultLen: RESULT_LEN }, mode).readable;
}
