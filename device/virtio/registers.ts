/**
 * The register file of virtio-mmio as a table: what a read gives and a write does.
 *
 * @module
 */

import { DEVICE_ID } from "../wire/constants.ts";
import { MAGIC_VALUE, MMIO_VERSION, Register, VENDOR_ID } from "../wire/registers.ts";

/** What registers do, seen from the device that has them. */
export interface RegisterFile {
  deviceFeatures(): number;
  deviceFeaturesSel: number;
  writeDriverFeatures(value: number): void;
  driverFeaturesSel: number;
  queueSel: number;
  queueNumMax(): number;
  writeQueueNum(value: number): void;
  queueReady(): number;
  writeQueueReady(value: number): void;
  notifyQueue(index: number): void;
  readonly interruptStatus: number;
  acknowledgeInterrupt(bits: number): void;
  readonly status: number;
  writeStatus(value: number): void;
  writeQueueAddress(part: "desc" | "driver" | "device", high: boolean, value: number): void;
  queueReset(): number;
  writeQueueReset(value: number): void;
  readonly configGeneration: number;
}

/** One register: what a read gives and a write does. */
export interface RegisterEntry {
  readonly offset: number;
  readonly name: keyof typeof Register;
  /** Absent for a write-only register, which reads 0. */
  readonly read?: (file: RegisterFile) => number;
  /** Absent for a read-only register, whose writes do nothing. */
  readonly write?: (file: RegisterFile, value: number) => void;
}

type Access = Pick<RegisterEntry, "read" | "write">;

const ACCESS: Readonly<Record<Exclude<keyof typeof Register, "Config">, Access>> = {
  MagicValue: { read: () => MAGIC_VALUE },
  Version: { read: () => MMIO_VERSION },
  DeviceID: { read: () => DEVICE_ID },
  VendorID: { read: () => VENDOR_ID },
  DeviceFeatures: { read: (file) => file.deviceFeatures() },
  DeviceFeaturesSel: { write: (file, value) => file.deviceFeaturesSel = value },
  DriverFeatures: { write: (file, value) => file.writeDriverFeatures(value) },
  DriverFeaturesSel: { write: (file, value) => file.driverFeaturesSel = value },
  QueueSel: { write: (file, value) => file.queueSel = value },
  QueueNumMax: { read: (file) => file.queueNumMax() },
  QueueNum: { write: (file, value) => file.writeQueueNum(value) },
  QueueReady: {
    read: (file) => file.queueReady(),
    write: (file, value) => file.writeQueueReady(value),
  },
  QueueNotify: { write: (file, value) => file.notifyQueue(value) },
  InterruptStatus: { read: (file) => file.interruptStatus },
  InterruptACK: { write: (file, value) => file.acknowledgeInterrupt(value) },
  Status: { read: (file) => file.status, write: (file, value) => file.writeStatus(value) },
  QueueDescLow: { write: (file, value) => file.writeQueueAddress("desc", false, value) },
  QueueDescHigh: { write: (file, value) => file.writeQueueAddress("desc", true, value) },
  QueueDriverLow: { write: (file, value) => file.writeQueueAddress("driver", false, value) },
  QueueDriverHigh: { write: (file, value) => file.writeQueueAddress("driver", true, value) },
  QueueDeviceLow: { write: (file, value) => file.writeQueueAddress("device", false, value) },
  QueueDeviceHigh: { write: (file, value) => file.writeQueueAddress("device", true, value) },
  // No shared memory regions: a selector without effect.
  SHMSel: {},
  QueueReset: {
    read: (file) => file.queueReset(),
    write: (file, value) => file.writeQueueReset(value),
  },
  ConfigGeneration: { read: (file) => file.configGeneration },
};

/** The register file as a table, by offset. */
export const REGISTERS: ReadonlyMap<number, RegisterEntry> = new Map(
  Object.entries(ACCESS).map(([key, access]) => {
    const name = key as Exclude<keyof typeof Register, "Config">;
    const offset = Register[name];
    return [offset, { offset, name, ...access }];
  }),
);
