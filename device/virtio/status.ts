/**
 * The device status field as a table of transitions (VIRTIO, "Device Status Field").
 *
 * @module
 */

import { DeviceStatus } from "../wire/registers.ts";

interface Transition {
  readonly bit: number;
  /** Bits that must stand before this one is taken. */
  readonly requires: number;
}

// In the order in which one write's bits take effect: a driver may set several at once.
const TRANSITIONS: readonly Transition[] = [
  { bit: DeviceStatus.ACKNOWLEDGE, requires: 0 },
  { bit: DeviceStatus.DRIVER, requires: 0 },
  { bit: DeviceStatus.FEATURES_OK, requires: 0 },
  { bit: DeviceStatus.DRIVER_OK, requires: DeviceStatus.FEATURES_OK },
  { bit: DeviceStatus.FAILED, requires: 0 },
];

/**
 * The status after a driver wrote `written` (not 0, which resets) over `current`.
 *
 * Bits are only ever added: a write that would clear one is ignored as a whole. DEVICE_NEEDS_RESET
 * is the device's own and stays as it is. FEATURES_OK is taken only when the accepted features are
 * legal.
 *
 * @example
 * ```ts
 * import { DeviceStatus } from "../wire/registers.ts";
 * import { nextStatus } from "./status.ts";
 * nextStatus(DeviceStatus.ACKNOWLEDGE, 3, true); // 3
 * nextStatus(3, 3 | DeviceStatus.FEATURES_OK, false); // 3: the features are not acceptable
 * nextStatus(3, 2, true); // 3: it would clear ACKNOWLEDGE
 * ```
 */
export function nextStatus(current: number, written: number, featuresLegal: boolean): number {
  const own = current & ~DeviceStatus.DEVICE_NEEDS_RESET;
  if ((own & ~written) !== 0) return current;
  let status = current;
  for (const { bit, requires } of TRANSITIONS) {
    if ((written & bit) === 0 || (status & bit) !== 0) continue;
    if ((status & requires) !== requires) continue;
    if (bit === DeviceStatus.FEATURES_OK && !featuresLegal) continue;
    status |= bit;
  }
  return status;
}
