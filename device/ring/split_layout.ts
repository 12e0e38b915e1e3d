/**
 * Where the parts of a split virtqueue lie (VIRTIO, "Split Virtqueues").
 *
 * Rings are little-endian; so is every machine Deno runs on, which lets both halves use typed
 * arrays, and with them Atomics, on the rings' 16-bit words.
 *
 * @module
 */

import { layout, U32 } from "../wire/layout.ts";

/** Bits of a descriptor's `flags` ("The Virtqueue Descriptor Table"). */
export const DescFlag = { NEXT: 1, WRITE: 2, INDIRECT: 4 } as const;
/** `VIRTQ_AVAIL_F_NO_INTERRUPT`. */
export const AVAIL_F_NO_INTERRUPT = 1;
/** `VIRTQ_USED_F_NO_NOTIFY`. */
export const USED_F_NO_NOTIFY = 1;

/** Bytes of a descriptor. */
export const DESC_SIZE = 16;
/**
 * 32-bit words of a descriptor: `addr` in two, `len`, and `flags` with `next` in the upper half.
 */
export const DESC_WORDS = 4;
/** `struct virtq_used_elem`. */
export const UsedElem = layout({ id: U32, len: U32 });

/** Largest ring the specification allows. */
export const MAX_QUEUE_SIZE = 32768;

/** Bytes of a descriptor table. */
export function descTableSize(size: number): number {
  return DESC_SIZE * size;
}

/** Bytes of an available ring, `used_event` included. */
export function availRingSize(size: number): number {
  return 6 + 2 * size;
}

/** Bytes of a used ring, `avail_event` included. */
export function usedRingSize(size: number): number {
  return 6 + UsedElem.SIZE * size;
}

/** Guest-physical addresses of a queue's three parts. */
export interface QueueAddresses {
  readonly desc: number;
  readonly driver: number;
  readonly device: number;
}

/**
 * Places a queue's parts one after the other from `base` on.
 *
 * @returns the addresses, and the bytes from `base` to the end, rounded up to 16
 */
export function placeQueue(base: number, size: number): { addresses: QueueAddresses; len: number } {
  const driver = base + descTableSize(size);
  const device = Math.ceil((driver + availRingSize(size)) / 4) * 4;
  const end = Math.ceil((device + usedRingSize(size)) / 16) * 16;
  return { addresses: { desc: base, driver, device }, len: end - base };
}

/**
 * Whether the other side asked to be told of an index that went from `old` to `now`
 * ("Available Buffer Notification Suppression"): `vring_need_event`.
 */
export function needEvent(event: number, now: number, old: number): boolean {
  return ((now - event - 1) & 0xffff) < ((now - old) & 0xffff);
}
