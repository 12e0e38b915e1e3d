/** The ways to break a ring, done to a queue of a whole device. */

import { Register } from "../../device/mod.ts";
import { BREAKAGES } from "./breakages.ts";
import { RawRing } from "./raw_ring.ts";
import type { Rig } from "./rig.ts";

/** Offers on a device's queue what breaks a raw ring: the same bytes, at that queue's place. */
export function breakQueue(rig: Rig, queue: number, breakIt: (ring: RawRing) => void): void {
  const raw = new RawRing(8);
  breakIt(raw);
  rig.write(Register.QueueSel, queue);
  rig.write(Register.QueueReady, 0);
  rig.region.bytes.set(raw.region.bytes.subarray(0x1000, 0x2000), 0x80000);
  rig.region.bytes.set(raw.region.bytes.subarray(0x20000), 0x20000);
  const shift = 0x80000 - 0x1000;
  rig.write(Register.QueueNum, 8);
  rig.write(Register.QueueDescLow, raw.addresses.desc + shift);
  rig.write(Register.QueueDriverLow, raw.addresses.driver + shift);
  rig.write(Register.QueueDeviceLow, raw.addresses.device + shift);
  rig.write(Register.QueueReady, 1);
  rig.write(Register.QueueNotify, queue);
}

/** Breakages whose address counts from the raw ring's own end are legal in the rig's larger memory. */
export const PORTABLE: typeof BREAKAGES = BREAKAGES.filter(({ what }) =>
  !what.includes("out of memory") && !what.includes("outside memory")
);
