/**
 * The registers a driver of this protocol touches (VIRTIO, "MMIO Device Register Layout"), and the
 * bits it finds there.
 *
 * @module
 */

/** Offsets of registers; rings have no addresses here, so theirs are missing. */
export const Register = {
  MagicValue: 0x000,
  Version: 0x004,
  DeviceID: 0x008,
  DeviceFeatures: 0x010,
  DeviceFeaturesSel: 0x014,
  DriverFeatures: 0x020,
  DriverFeaturesSel: 0x024,
  QueueSel: 0x030,
  QueueNumMax: 0x034,
  QueueNum: 0x038,
  QueueReady: 0x044,
  InterruptStatus: 0x060,
  InterruptACK: 0x064,
  Status: 0x070,
  Config: 0x100,
} as const;

/** `MagicValue`: "virt". */
export const MAGIC_VALUE = 0x74726976;
/** `Version` of a device that is not a legacy one. */
export const MMIO_VERSION = 2;

/** Bits of `Status` (VIRTIO, "Device Status Field"). */
export const DeviceStatus = {
  ACKNOWLEDGE: 1,
  DRIVER: 2,
  DRIVER_OK: 4,
  FEATURES_OK: 8,
  DEVICE_NEEDS_RESET: 64,
  FAILED: 128,
} as const;
