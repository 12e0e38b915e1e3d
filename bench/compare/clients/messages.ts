/**
 * Messages of records that a client sends.
 */

import { RecordKind, RecordWriter } from "../../../gateway/records.ts";
import { CryptoFeature, DeviceStatus, Register, VirtioFeature } from "../../../device/mod.ts";
import type { Request } from "../../../device/wire/requests.ts";

const QUEUE_SIZE = 1024;
const { ACKNOWLEDGE, DRIVER, FEATURES_OK, DRIVER_OK } = DeviceStatus;

/** A message, and how many records are in it. */
export interface Message {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly num: number;
}

/**
 * All of a start-up in one message: MUX_MODE, the stateless bits, EVENT_IDX; every queue ready.
 *
 * @param numQueues data queues; the control queue is the one behind them
 */
export function startUp(numQueues: number, ...controls: readonly Request[]): Message {
  const writer = new RecordWriter();
  let num = 0;
  const write = (register: number, value: number) => {
    const payload = writer.header(RecordKind.WRITE, 0, num++, register, 4);
    new DataView(payload.buffer, payload.byteOffset, 4).setUint32(0, value, true);
  };
  write(Register.Status, 0);
  write(Register.Status, ACKNOWLEDGE | DRIVER);
  write(Register.DriverFeaturesSel, 0);
  const stateless = 0b1111 << CryptoFeature.CIPHER_STATELESS_MODE;
  write(
    Register.DriverFeatures,
    (1 << CryptoFeature.MUX_MODE | stateless | 1 << VirtioFeature.RING_EVENT_IDX) >>> 0,
  );
  write(Register.DriverFeaturesSel, 1);
  write(Register.DriverFeatures, 1 << VirtioFeature.VERSION_1 - 32);
  write(Register.Status, ACKNOWLEDGE | DRIVER | FEATURES_OK);
  for (let queue = 0; queue <= numQueues; queue++) {
    write(Register.QueueSel, queue);
    write(Register.QueueNum, QUEUE_SIZE);
    write(Register.QueueReady, 1);
  }
  write(Register.Status, ACKNOWLEDGE | DRIVER | FEATURES_OK | DRIVER_OK);
  for (const { readable, writableLen } of controls) {
    writer.header(RecordKind.SUBMIT, numQueues, num++, writableLen, readable.length).set(readable);
  }
  return { bytes: writer.take(), num };
}

/** `num` times the same request, by turns on the first `numQueues` queues. */
export function requests({ readable, writableLen }: Request, num: number, numQueues = 1): Message {
  const writer = new RecordWriter();
  for (let i = 0; i < num; i++) {
    const payload = writer.header(
      RecordKind.SUBMIT,
      i % numQueues,
      i,
      writableLen,
      readable.length,
    );
    payload.set(readable);
  }
  return { bytes: writer.take(), num };
}
