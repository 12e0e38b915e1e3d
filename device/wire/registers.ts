/**
 * Numbers of the virtio-mmio register file, version 2 (VIRTIO, "MMIO Device Register Layout").
 *
 * @module
 */

/** Offsets of the registers. */
export const Register = {
  MagicValue: 0x000,
  Version: 0x004,
  DeviceID: 0x008,
  VendorID: 0x00c,
  DeviceFeatures: 0x010,
  DeviceFeaturesSel: 0x014,
  DriverFeatures: 0x020,
  DriverFeaturesSel: 0x024,
  QueueSel: 0x030,
  QueueNumMax: 0x034,
  QueueNum: 0x038,
  QueueReady: 0x044,
  QueueNotify: 0x050,
  InterruptStatus: 0x060,
  InterruptACK: 0x064,
  Status: 0x070,
  QueueDescLow: 0x080,
  QueueDescHigh: 0x084,
  QueueDriverLow: 0x090,
  QueueDriverHigh: 0x094,
  SHMSel: 0x0ac,
  QueueDeviceLow: 0x0a0,
  QueueDeviceHigh: 0x0a4,
  QueueReset: 0x0c0,
  ConfigGeneration: 0x0fc,
  Config: 0x100,
} as const;

/** "virt", little-endian. */
export const MAGIC_VALUE = 0x74726976;
/** Register layout version: 2, not legacy. */
export const MMIO_VERSION = 2;
/** "RWAY", little-endian: who made the device. */
export const VENDOR_ID = 0x59415752;

/** Bits of InterruptStatus. */
export const Interrupt = { USED_BUFFER: 1, CONFIGURATION: 2 } as const;

/** Bits of the device status field ("Device Status Field"). */
export const DeviceStatus = {
  ACKNOWLEDGE: 1,
  DRIVER: 2,
  DRIVER_OK: 4,
  FEATURES_OK: 8,
  DEVICE_NEEDS_RESET: 64,
  FAILED: 128,
} as const;
