/**
 * The device's configuration space, read.
 *
 * @module
 */

import { type Service, SERVICES } from "../../device/wire/constants.ts";
import { readU64 } from "../../device/wire/request_format.ts";
import { Config } from "../../device/wire/structs.ts";

/** `struct virtio_crypto_config` ("Device configuration layout"). Lengths are bytes. */
export interface DeviceConfig {
  /** Bit 0 is VIRTIO_CRYPTO_S_HW_READY. */
  readonly status: number;
  readonly maxDataqueues: number;
  /** Bit n is {@link Service} n. */
  readonly cryptoServices: number;
  readonly cipherAlgoL: number;
  readonly cipherAlgoH: number;
  readonly hashAlgo: number;
  readonly macAlgoL: number;
  readonly macAlgoH: number;
  readonly aeadAlgo: number;
  readonly maxCipherKeyLen: number;
  readonly maxAuthKeyLen: number;
  /** Bounds the sum of a request's declared lengths. */
  readonly maxSize: number;
}

/** Reads the configuration space's 56 bytes. */
export function parseConfig(bytes: Uint8Array): DeviceConfig {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const u32 = (offset: number) => view.getUint32(offset, true);
  return {
    status: u32(Config.status),
    maxDataqueues: u32(Config.maxDataqueues),
    cryptoServices: u32(Config.cryptoServices),
    cipherAlgoL: u32(Config.cipherAlgoL),
    cipherAlgoH: u32(Config.cipherAlgoH),
    hashAlgo: u32(Config.hashAlgo),
    macAlgoL: u32(Config.macAlgoL),
    macAlgoH: u32(Config.macAlgoH),
    aeadAlgo: u32(Config.aeadAlgo),
    maxCipherKeyLen: u32(Config.maxCipherKeyLen),
    maxAuthKeyLen: u32(Config.maxAuthKeyLen),
    maxSize: readU64(view, Config.maxSize),
  };
}

/** Whether a configuration offers an algorithm, and its service at all. */
export function offers(config: DeviceConfig, service: Service, algo: number): boolean {
  if (!SERVICES.includes(service) || (config.cryptoServices >>> service & 1) === 0) return false;
  if (!Number.isInteger(algo) || algo < 0 || algo > 63) return false;
  const masks = [
    [config.cipherAlgoL, config.cipherAlgoH],
    [config.hashAlgo, 0],
    [config.macAlgoL, config.macAlgoH],
    [config.aeadAlgo, 0],
  ];
  return (masks[service][algo >>> 5] >>> (algo & 31) & 1) === 1;
}
