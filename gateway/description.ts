/**
 * The device as JSON, for `GET /v1/device` and `ringway info`.
 *
 * @module
 */

import {
  type Algorithm,
  ALL_ALGORITHMS,
  ALL_FEATURES,
  DEVICE_ID,
  type KeyLens,
  type Offered,
  QUEUE_NUM_MAX,
  Service,
  type WireLayout,
} from "../device/mod.ts";
import type { RemoteDeviceOptions } from "./remote_device.ts";

/** One algorithm as JSON. Lengths are in bytes. */
export interface AlgorithmDescription {
  /** Name of the service: `CIPHER`, `HASH`, `MAC` or `AEAD`. */
  readonly service: keyof typeof Service;
  readonly id: number;
  readonly name: string;
  readonly standard: string;
  /** Who computes it. */
  readonly accelerator: string;
  /** Why new designs avoid it. */
  readonly weakness?: string;
  readonly keyLens?: KeyLens;
  readonly ivLens?: readonly number[];
  readonly tagLens?: readonly number[];
  readonly blockLen?: number;
  readonly maxResultLen?: number;
}

/** A device as JSON. */
export interface DeviceDescription {
  readonly device: {
    /** Virtio device type. */
    readonly id: number;
    /** Data queues. */
    readonly queues: number;
    readonly queueNumMax: number;
    readonly layout: WireLayout;
  };
  /** Names of the features offered. */
  readonly features: readonly string[];
  /** Bytes and counts. */
  readonly limits: {
    readonly maxSize: number;
    readonly maxSessions: number;
    readonly maxRecords: number;
    readonly maxUnansweredBytes: number;
  };
  readonly algorithms: readonly AlgorithmDescription[];
}

/** Describes a device that would be made with these options. */
export function describeDevice(options: RemoteDeviceOptions): DeviceDescription {
  const algorithms = options.algorithms ?? ALL_ALGORITHMS;
  return {
    device: {
      id: DEVICE_ID,
      queues: options.queues,
      queueNumMax: QUEUE_NUM_MAX,
      layout: options.layout,
    },
    features: ALL_FEATURES.names(),
    limits: {
      maxSize: options.maxSize,
      maxSessions: options.maxSessions,
      maxRecords: options.maxRecords,
      maxUnansweredBytes: options.maxUnansweredBytes,
    },
    algorithms: algorithms.list().map(describeAlgorithm),
  };
}

/** Describes one algorithm. */
export function describeAlgorithm(
  { algorithm, accelerator }: Offered<Algorithm, unknown>,
): AlgorithmDescription {
  const { id, name, standard, weakness } = algorithm;
  const common = {
    id,
    name,
    standard,
    accelerator,
    ...(weakness === undefined ? {} : { weakness }),
  };
  switch (algorithm.service) {
    case Service.CIPHER: {
      const { keyLens, ivLen, blockLen } = algorithm;
      return { service: "CIPHER", ...common, keyLens, ivLens: [ivLen], blockLen };
    }
    case Service.HASH:
      return { service: "HASH", ...common, maxResultLen: algorithm.maxResultLen };
    case Service.MAC: {
      const { keyLens, ivLen, maxResultLen } = algorithm;
      return {
        service: "MAC",
        ...common,
        keyLens,
        ...(ivLen > 0 ? { ivLens: [ivLen] } : {}),
        maxResultLen,
      };
    }
    case Service.AEAD: {
      const { keyLens, ivLens, tagLens } = algorithm;
      return { service: "AEAD", ...common, keyLens, ivLens, tagLens };
    }
  }
}
