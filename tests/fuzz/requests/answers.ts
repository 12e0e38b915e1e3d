/**
 * Whether what a COMPLETE record carries is what the naive device says.
 *
 * @module
 */

import { expect } from "../kind.ts";
import { brief } from "../memory.ts";
import type { Random } from "../random.ts";
import type { Computer } from "./computer.ts";
import type { Made } from "./maker.ts";
import { AEAD, BADMSG, OK } from "./operation.ts";
import type { Prediction, Reference } from "./reference.ts";

/** A request under way, and what has to become of it. */
export interface Awaited {
  readonly made: Made;
  readonly prediction: Prediction;
  readonly isControl: boolean;
}

/** Fails unless `payload` is the answer. Notes the number of a session that has come to be. */
export function checkAnswer(
  { made, prediction, isControl }: Awaited,
  payload: Uint8Array,
  reference: Reference,
  computer: Computer,
  random: Random,
): void {
  const what = () =>
    `Request ${brief(made.readable)} with W of ${made.writableLen} is answered ${brief(payload)}`;
  if (isControl) {
    const wanted = controlAnswer(prediction, payload, reference, computer, what);
    expect(payload.toHex() === wanted.toHex(), () => `${what()}, not ${brief(wanted)}`);
    return;
  }
  const wanted = dataAnswer(made, prediction, computer, random);
  if (typeof wanted === "number") {
    const isRight = payload.length === wanted && payload[wanted - 1] === OK;
    expect(isRight, () => `${what()}, not OK behind ${wanted - 1} bytes`);
    return;
  }
  expect(payload.toHex() === wanted.toHex(), () => `${what()}, not ${brief(wanted)}`);
}

function controlAnswer(
  { usedLen, status, created, destroyed }: Prediction,
  payload: Uint8Array,
  reference: Reference,
  computer: Computer,
  what: () => string,
): Uint8Array {
  if (destroyed !== null) computer.forget(destroyed);
  const wanted = new Uint8Array(usedLen);
  if (usedLen === 0) return wanted;
  wanted[usedLen === 16 ? 8 : 0] = status;
  if (created === null) return wanted;
  expect(payload.length === 16 && payload[8] === OK, () => `${what()}, and is good`);
  const view = new DataView(payload.buffer, payload.byteOffset);
  reference.open(created, view.getUint32(0, true) + view.getUint32(4, true) * 2 ** 32);
  wanted.set(payload.subarray(0, 8));
  return wanted;
}

// The answer; its length alone where the result is not computed.
function dataAnswer(
  { writableLen }: Made,
  { status, operation }: Prediction,
  computer: Computer,
  random: Random,
): Uint8Array | number {
  if (writableLen === 0) return new Uint8Array(0);
  if (status !== OK || operation === null) return Uint8Array.of(status);
  const { setting, dstLen, resultLen } = operation;
  const isOpening = setting.service === AEAD && setting.decrypt;
  if (!isOpening && random.oneIn(2)) return dstLen + resultLen + 1;
  const result = computer.run(operation);
  if (result === null) return Uint8Array.of(BADMSG);
  const wanted = new Uint8Array(result.length + 1);
  wanted.set(result);
  return wanted;
}
