/**
 * A driver's start-up (VIRTIO, "Driver Requirements: Device Initialization"), in two round trips:
 * records are executed in order, so a whole sequence is written before its first answer is read.
 *
 * @module
 */

import { DEVICE_ID } from "../../device/wire/constants.ts";
import { DeviceStatus, MAGIC_VALUE, MMIO_VERSION, Register } from "../../device/wire/registers.ts";
import { Config } from "../../device/wire/structs.ts";
import { type DeviceConfig, parseConfig } from "./config.ts";
import type { Driver } from "./driver.ts";
import { ConnectionError, FeatureError } from "./errors.ts";
import {
  chooseFeatures,
  type CryptoFeatureName,
  type FeatureName,
  featureNames,
  featureWords,
} from "./features.ts";

/** What start-up settled. */
export interface Negotiated {
  readonly features: ReadonlySet<FeatureName>;
  readonly config: DeviceConfig;
}

/** What a device says of itself before anything is accepted. */
interface Offer {
  readonly features: ReadonlySet<FeatureName>;
  readonly config: DeviceConfig;
  /** Largest size of its queues. */
  readonly queueNumMax: number;
}

const PRESENT = DeviceStatus.ACKNOWLEDGE | DeviceStatus.DRIVER;
/** Most data queues a device of this protocol has. */
const MAX_DATA_QUEUES = 64;

async function reset(driver: Driver, signal?: AbortSignal): Promise<Offer> {
  const write = (offset: number, value: number) => driver.writeRegister(offset, value, signal);
  const read = (offset: number) => driver.readRegister(offset, signal);
  const [magic, version, deviceId, , , , , low, , high, , queueNumMax, config] = await Promise.all(
    [
      read(Register.MagicValue),
      read(Register.Version),
      read(Register.DeviceID),
      write(Register.Status, 0),
      write(Register.Status, DeviceStatus.ACKNOWLEDGE),
      write(Register.Status, PRESENT),
      write(Register.DeviceFeaturesSel, 0),
      read(Register.DeviceFeatures),
      write(Register.DeviceFeaturesSel, 1),
      read(Register.DeviceFeatures),
      write(Register.QueueSel, 0),
      read(Register.QueueNumMax),
      driver.read(Register.Config, Config.SIZE, signal),
    ],
  );
  if (magic !== MAGIC_VALUE || version !== MMIO_VERSION || deviceId !== DEVICE_ID) {
    throw new ConnectionError(
      `Other end is not a virtio-crypto device: magic ${magic.toString(16)}, version ${version}, ` +
        `device ${deviceId}`,
    );
  }
  return { features: featureNames(low, high), config: parseConfig(config), queueNumMax };
}

/**
 * Resets the device and brings it to DRIVER_OK with all its queues.
 *
 * @param wanted features of the crypto device to accept; all that are offered by default
 * @throws FeatureError when the device does not offer or refuses them
 * @throws ConnectionError when the other end is not such a device
 */
export async function startUp(
  driver: Driver,
  wanted: readonly CryptoFeatureName[] | undefined,
  signal?: AbortSignal,
): Promise<Negotiated> {
  const offer = await reset(driver, signal);
  const features = chooseFeatures(offer.features, wanted);
  const { low, high } = featureWords(features);
  const numQueues = Math.min(offer.config.maxDataqueues, MAX_DATA_QUEUES) + 1;
  const write = (offset: number, value: number) => driver.writeRegister(offset, value, signal);
  const ready = PRESENT | DeviceStatus.FEATURES_OK;
  const steps: Promise<unknown>[] = [
    write(Register.DriverFeaturesSel, 0),
    write(Register.DriverFeatures, low),
    write(Register.DriverFeaturesSel, 1),
    write(Register.DriverFeatures, high),
    write(Register.Status, ready),
  ];
  const accepted = driver.readRegister(Register.Status, signal);
  for (let queue = 0; queue < numQueues; queue++) {
    steps.push(
      write(Register.QueueSel, queue),
      write(Register.QueueNum, offer.queueNumMax),
      write(Register.QueueReady, 1),
    );
  }
  steps.push(write(Register.Status, ready | DeviceStatus.DRIVER_OK));
  const final = driver.readRegister(Register.Status, signal);
  const config = driver.read(Register.Config, Config.SIZE, signal);
  const [acceptedStatus, finalStatus, configBytes] = await Promise.all(
    [accepted, final, config, Promise.all(steps)],
  );
  if ((acceptedStatus & DeviceStatus.FEATURES_OK) === 0) {
    throw new FeatureError(`Device refuses the features ${[...features].join(", ")}`);
  }
  if (finalStatus !== (ready | DeviceStatus.DRIVER_OK)) {
    throw new ConnectionError(`Device did not start, its status is ${finalStatus}`);
  }
  return { features, config: parseConfig(configBytes) };
}
