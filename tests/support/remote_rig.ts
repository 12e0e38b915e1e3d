/** A remoted device and the client's side of its records, in process. */

import { strict as assert } from "node:assert";
import { featureByName, FeatureSet, Register, VirtioFeature } from "../../device/mod.ts";
import { RecordKind, RecordReader } from "../../gateway/records.ts";
import {
  type AnswerSink,
  RemoteDevice,
  type RemoteDeviceOptions,
} from "../../gateway/remote_device.ts";
import { concat } from "./random.ts";

/** One record as it came. */
export interface Answer {
  readonly kind: number;
  readonly queue: number;
  readonly id: number;
  readonly value: number;
  readonly payload: Uint8Array;
}

/** A record's bytes, written field by field and padded to 8. */
export function record(
  kind: number,
  id: number,
  value: number,
  payload: Uint8Array = new Uint8Array(0),
  { queue = 0, flags = 0 } = {},
): Uint8Array<ArrayBuffer> {
  const size = 16 + payload.length;
  const bytes = new Uint8Array(Math.ceil(size / 8) * 8);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, size, true);
  view.setUint8(4, kind);
  view.setUint8(5, flags);
  view.setUint16(6, queue, true);
  view.setUint32(8, id, true);
  view.setUint32(12, value, true);
  bytes.set(payload, 16);
  return bytes;
}

function u32(value: number): Uint8Array {
  return Uint8Array.of(value, value >>> 8, value >>> 16, value >>> 24);
}

export function read(id: number, offset: number, len = 4): Uint8Array<ArrayBuffer> {
  return record(RecordKind.READ, id, offset, u32(len));
}

export function write(id: number, offset: number, value: number): Uint8Array<ArrayBuffer> {
  return record(RecordKind.WRITE, id, offset, u32(value));
}

export function submit(
  id: number,
  queue: number,
  readable: Uint8Array,
  writableLen: number,
): Uint8Array<ArrayBuffer> {
  return record(RecordKind.SUBMIT, id, writableLen, readable, { queue });
}

/** All five features of the device's own, for `start`. */
export const ALL_MODES = [
  "MUX_MODE",
  "CIPHER_STATELESS_MODE",
  "HASH_STATELESS_MODE",
  "MAC_STATELESS_MODE",
  "AEAD_STATELESS_MODE",
];

/** The records of a driver's start-up. */
export function startUp(queues: number, names: readonly string[], queueNum = 64): Uint8Array[] {
  const bits = names.map((name) => featureByName(name)?.bit ?? assert.fail(name));
  const features = FeatureSet.of([VirtioFeature.VERSION_1, ...bits]);
  const id = 0xffff;
  const setUp = Array.from({ length: queues + 1 }, (_, queue) => [
    write(id, Register.QueueSel, queue),
    write(id, Register.QueueNum, queueNum),
    write(id, Register.QueueReady, 1),
  ]);
  return [
    ...[0, 1, 3].map((status) => write(id, Register.Status, status)),
    write(id, Register.DriverFeaturesSel, 0),
    write(id, Register.DriverFeatures, features.low),
    write(id, Register.DriverFeaturesSel, 1),
    write(id, Register.DriverFeatures, features.high),
    write(id, Register.Status, 11),
    ...setUp.flat(),
    write(id, Register.Status, 15),
  ];
}

/** Cuts a message of answers, which must be well-formed, its padding 0. */
export function answersIn(message: Uint8Array): Answer[] {
  const reader = new RecordReader(message);
  const answers: Answer[] = [];
  while (reader.next()) {
    const { kind, flags, queue, id, value } = reader;
    assert.equal(flags, 0);
    assert.equal((reader.payloadOffset - 16) % 8, 0, "An answer not on a multiple of 8");
    const payload = reader.payload.slice();
    const end = reader.payloadOffset + reader.payloadLen;
    const padding = message.subarray(end, Math.ceil(end / 8) * 8);
    assert.ok(padding.every((byte) => byte === 0));
    answers.push({ kind, queue, id, value, payload });
  }
  assert.ok(!reader.malformed, "Answers that cannot be cut into records");
  return answers;
}

/** See the module's comment. */
export class RemoteRig implements AnswerSink {
  readonly device: RemoteDevice;
  /** All answers so far. */
  answers: Answer[] = [];
  /** Records of each message sent. */
  readonly messages: number[] = [];
  readonly log: string[] = [];
  unsentBytes = 0;
  unsentRecords = 0;
  /** Whether answers stay unsent until `leave`. */
  holds = false;
  /** What happens inside the next `send`. */
  onSend: () => void = () => {};

  constructor(options: Partial<RemoteDeviceOptions> = {}) {
    this.device = new RemoteDevice({
      queues: 2,
      maxSize: 1 << 20,
      maxSessions: 16,
      layout: "v19",
      maxRecords: 4096,
      maxUnansweredBytes: 64 << 20,
      log: (level, event) => this.log.push(`${level} ${event}`),
      // What is not about time does not depend on it.
      sliceMs: Infinity,
      ...options,
    });
    this.device.sink = this;
  }

  send(message: Uint8Array<ArrayBuffer>, numRecords: number): void {
    const answers = answersIn(message);
    assert.equal(answers.length, numRecords);
    this.messages.push(numRecords);
    this.answers.push(...answers);
    if (this.holds) {
      this.unsentBytes += message.length;
      this.unsentRecords += numRecords;
    }
    const { onSend } = this;
    this.onSend = () => {};
    onSend();
  }

  /** What is unsent leaves. */
  leave(): void {
    this.unsentBytes = 0;
    this.unsentRecords = 0;
  }

  /** Starts the device up; its answers are taken away. */
  start(names: readonly string[] = ALL_MODES, queueNum = 64, queues = 2): void {
    this.device.push(concat(...startUp(queues, names, queueNum)));
    assert.equal(this.device.state().status, 15);
    this.take();
  }

  /** Pushes records as one message that is taken in at once. */
  push(...records: readonly Uint8Array[]): void {
    assert.equal(this.device.push(concat(...records)), undefined, "The device stopped");
  }

  /** The answers since the last call. */
  take(): Answer[] {
    return this.answers.splice(0);
  }

  /** Pushes records as one message and takes their answers. */
  ask(...records: readonly Uint8Array[]): Answer[] {
    this.push(...records);
    return this.take();
  }

  /** Pushes records as one message that may take its time, and takes their answers. */
  async askSlowly(...records: readonly Uint8Array[]): Promise<Answer[]> {
    await this.device.push(concat(...records));
    await this.device.settled();
    return this.take();
  }
}
