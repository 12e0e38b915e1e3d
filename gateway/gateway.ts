/**
 * What all routes and connections of one gateway share.
 *
 * @module
 */

import { type AlgorithmSet, DeviceThreads } from "../device/mod.ts";
import type { AccessPolicy } from "./access.ts";
import { offeredAlgorithms } from "./algorithms.ts";
import { isLoopback, type TokenStore } from "./auth.ts";
import { Device } from "./client/device.ts";
import type { CryptoFeatureName } from "./client/features.ts";
import { InProcessTransport, type RecordDevice } from "./client/in_process.ts";
import { DeviceRegistry } from "./devices.ts";
import { onlyPlace, type Place } from "./listeners/place.ts";
import type { Log } from "./log.ts";
import type { ServeOptions } from "./options.ts";
import { unavailable } from "./problem.ts";
import { RemoteDevice, type RemoteDeviceOptions } from "./remote_device.ts";

/** What a device of this gateway is made with. */
export function deviceOptions(
  options: ServeOptions,
  algorithms: AlgorithmSet,
  log: Log,
  threads?: DeviceThreads,
): RemoteDeviceOptions {
  const { queues, maxSize, maxSessions, layout, maxRecords, maxUnansweredBytes } = options;
  return {
    queues,
    maxSize,
    maxSessions,
    layout,
    maxRecords,
    maxUnansweredBytes,
    algorithms,
    threads,
    testBreakRing: options.testBreakRing,
    log,
  };
}

/** A device that outlives the driver which starts it up. */
function lend(device: RemoteDevice): RecordDevice {
  return {
    get sink() {
      return device.sink;
    },
    set sink(sink) {
      device.sink = sink;
    },
    push: (message) => device.push(message),
    close: () => device.sink = null,
  };
}

/** The state of one gateway, or of one of its listeners where it has several. */
export class Gateway {
  readonly options: ServeOptions;
  readonly access: AccessPolicy;
  readonly devices: DeviceRegistry;
  readonly log: Log;
  /** Which listener this is, and what it shares with the others. */
  readonly place: Place;
  /** What the devices of this gateway are made with. */
  readonly deviceOptions: RemoteDeviceOptions;
  /** Threads of the devices' slow requests; null without any. */
  readonly threads: DeviceThreads | null;
  /** The device of the calls that need none of their own, made when the first of them comes. */
  #stateless: Promise<Device> | undefined;
  #drainSeconds: number | undefined;

  /**
   * @param tokens `null` when everybody who gets past the site policy may come in
   */
  constructor(
    options: ServeOptions,
    tokens: TokenStore | null,
    log: Log,
    place: Place = onlyPlace(),
  ) {
    this.options = options;
    this.log = log;
    this.place = place;
    const algorithms = offeredAlgorithms(options, log);
    this.threads = options.threads === 0 ? null : new DeviceThreads({
      num: options.threads,
      algorithms,
      localWork: options.localWork,
      libcryptoPath: options.libcrypto,
      onDeath: (reason) => log("error", "device thread ended", { reason }),
    });
    this.deviceOptions = deviceOptions(options, algorithms, log, this.threads ?? undefined);
    this.access = {
      tokens,
      loopback: isLoopback(options.host),
      scheme: options.tlsCert === undefined ? "http" : "https",
      origins: options.origins,
    };
    this.devices = new DeviceRegistry({
      maxDevices: options.maxDevices,
      deviceIdle: options.deviceIdle,
      counts: place.counts,
      idSuffix: place.peers.idSuffix,
      log,
    });
  }

  /** Whether the gateway is about to end and takes no new devices. */
  get isDraining(): boolean {
    return this.#secondsLeft !== undefined;
  }

  /** Stops taking new devices. */
  startDraining(seconds: number): void {
    this.#drainSeconds = seconds;
  }

  /** @throws Problem 503 while draining */
  requireNotDraining(): void {
    const seconds = this.#secondsLeft;
    if (seconds === undefined) return;
    throw unavailable("The gateway is draining", Math.max(1, Math.ceil(seconds)));
  }

  get #secondsLeft(): number | undefined {
    return this.#drainSeconds ?? this.place.counts.drainSeconds;
  }

  /** A new device, before its start-up. */
  newDevice(): RemoteDevice {
    return new RemoteDevice(this.deviceOptions);
  }

  /**
   * A new device past DRIVER_OK.
   *
   * @param features of the crypto device to accept; all by default
   * @throws FeatureError when the device does not accept them
   */
  async newStartedDevice(features?: readonly CryptoFeatureName[]): Promise<RemoteDevice> {
    const device = this.newDevice();
    try {
      const transport = new InProcessTransport(lend(device));
      const driver = await Device.start(transport, { features, layout: this.options.layout });
      await driver.close();
      return device;
    } catch (error) {
      device.close();
      throw error;
    }
  }

  /**
   * The device of stateless calls. One for all of them: a stateless request leaves nothing behind.
   */
  stateless(): Promise<Device> {
    return this.#stateless ??= this.#startStateless();
  }

  /** Resets all devices; the gateway is not used afterwards. */
  async close(): Promise<void> {
    this.place.peers.close();
    this.devices.close();
    const device = await this.#stateless?.catch(() => undefined);
    await device?.close();
    await this.threads?.close();
  }

  async #startStateless(): Promise<Device> {
    try {
      const remote = new RemoteDevice({ ...this.deviceOptions, testBreakRing: undefined });
      const device = await Device.start(new InProcessTransport(remote), {
        layout: this.options.layout,
      });
      void device.closed.then(() => this.#stateless = undefined);
      return device;
    } catch (error) {
      this.#stateless = undefined;
      throw error;
    }
  }
}
