/** A virtio device without a purpose, and a record of what it does to its surroundings. */

import {
  FeatureSet,
  GuestMemory,
  placeQueue,
  Register,
  VirtioDevice,
  VirtioFeature,
} from "../../device/mod.ts";
import type { DeviceBackend } from "../../device/virtio/virtio_device.ts";

/** What the rig's device offers unless told otherwise. */
export const OFFERED: FeatureSet = FeatureSet.of([
  VirtioFeature.VERSION_1,
  VirtioFeature.RING_EVENT_IDX,
  VirtioFeature.RING_RESET,
  0,
  1,
]);

/** See the module's comment. */
export class VirtioRig implements DeviceBackend {
  readonly device: VirtioDevice;
  readonly memory: GuestMemory = new GuestMemory();
  /** What has been asked of the backend, in order. */
  readonly events: string[] = [];
  readonly interrupts: number[] = [];
  readonly config: Uint8Array = Uint8Array.from({ length: 56 }, (_, i) => i);

  constructor(offered: FeatureSet = OFFERED, numQueues = 3) {
    this.memory.add(0, new Uint8Array(new SharedArrayBuffer(0x20000)));
    this.device = new VirtioDevice({
      memory: this.memory,
      offered,
      config: this.config,
      numQueues,
      queueNumMax: 1024,
      backend: this,
      interrupt: (bits) => this.interrupts.push(bits),
    });
  }

  negotiated(features: FeatureSet): void {
    this.events.push(`negotiated ${features.names().join()}`);
  }

  notified(queue: number): void {
    this.events.push(`notified ${queue}`);
  }

  reset(): void {
    this.events.push("reset");
  }

  read(register: number): number {
    return this.device.readRegister(register) ?? NaN;
  }

  write(register: number, ...values: number[]): void {
    for (const value of values) this.device.writeRegister(register, value);
  }

  accept(features: FeatureSet): void {
    this.write(Register.DriverFeaturesSel, 0);
    this.write(Register.DriverFeatures, features.low);
    this.write(Register.DriverFeaturesSel, 1);
    this.write(Register.DriverFeatures, features.high);
  }

  /** Goes through the driver's start-up up to the status given. */
  startUp(status: number, features: FeatureSet = FeatureSet.of([VirtioFeature.VERSION_1])): void {
    this.accept(features);
    this.write(Register.Status, ...[1, 3, 11, 15].filter((value) => value <= status));
  }

  /** Places the ring of a queue and makes it ready. */
  setUpQueue(queue: number, size = 8): void {
    const { desc, driver, device } = placeQueue(queue * 0x8000, size).addresses;
    this.write(Register.QueueSel, queue);
    this.write(Register.QueueNum, size);
    this.write(Register.QueueDescLow, desc);
    this.write(Register.QueueDriverLow, driver);
    this.write(Register.QueueDeviceLow, device);
    this.write(Register.QueueReady, 1);
  }
}
