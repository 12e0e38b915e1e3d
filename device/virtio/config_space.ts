/**
 * The configuration space, 56 bytes ("Device configuration layout").
 *
 * @module
 */

import { S_HW_READY, SERVICES } from "../wire/constants.ts";
import { Config } from "../wire/structs.ts";

/** What the configuration space tells of a device; masks have one bit per algorithm number. */
export interface DeviceConfig {
  /** Whether the accelerator is ready: VIRTIO_CRYPTO_S_HW_READY. */
  readonly ready: boolean;
  readonly maxDataqueues: number;
  /** 64-bit masks by service, as two 32-bit words; a service without algorithms is not offered. */
  readonly algorithms: readonly { readonly low: number; readonly high: number }[];
  /** Bytes. */
  readonly maxCipherKeyLen: number;
  /** Bytes. */
  readonly maxAuthKeyLen: number;
  /** Bytes; bounds the sum of a request's declared lengths. */
  readonly maxSize: number;
}

const MASK_FIELDS = [
  [Config.cipherAlgoL, Config.cipherAlgoH],
  [Config.hashAlgo],
  [Config.macAlgoL, Config.macAlgoH],
  [Config.aeadAlgo],
] as const;

/** Encodes the configuration space. */
export function encodeConfig(config: DeviceConfig): Uint8Array {
  const bytes = new Uint8Array(Config.SIZE);
  const view = new DataView(bytes.buffer);
  let services = 0;
  for (const service of SERVICES) {
    const mask = config.algorithms[service];
    if (mask.low === 0 && mask.high === 0) continue;
    services |= 1 << service;
    const [low, high] = MASK_FIELDS[service];
    view.setUint32(low, mask.low, true);
    if (high !== undefined) view.setUint32(high, mask.high, true);
  }
  view.setUint32(Config.status, config.ready ? S_HW_READY : 0, true);
  view.setUint32(Config.maxDataqueues, config.maxDataqueues, true);
  view.setUint32(Config.cryptoServices, services, true);
  view.setUint32(Config.maxCipherKeyLen, config.maxCipherKeyLen, true);
  view.setUint32(Config.maxAuthKeyLen, config.maxAuthKeyLen, true);
  view.setUint32(Config.maxSize, config.maxSize >>> 0, true);
  view.setUint32(Config.maxSize + 4, Math.floor(config.maxSize / 2 ** 32), true);
  return bytes;
}
