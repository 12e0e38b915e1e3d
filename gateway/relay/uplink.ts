/**
 * One connection to a gateway, and the device at its other end.
 *
 * @module
 */

import { FeatureSet, MAX_DATA_QUEUES, VirtioFeature } from "../../device/mod.ts";
import { CryptoFeature } from "../../device/wire/constants.ts";
import { DeviceStatus, Register } from "../../device/wire/registers.ts";
import type { RequestFormat, WireMode } from "../../device/wire/request_format.ts";
import { Config } from "../../device/wire/structs.ts";
import type { Answer } from "../client/answers.ts";
import { type ConnectOptions, openTransport } from "../client/connect.ts";
import { parseConfig } from "../client/config.ts";
import { deferred } from "../client/deferred.ts";
import { Driver } from "../client/driver.ts";
import { ConnectionError } from "../client/errors.ts";
import type { CryptoFeatureName, FeatureName } from "../client/features.ts";
import { startUp } from "../client/start_up.ts";

/** What an uplink tells of. */
export interface UplinkEvents {
  /** The configuration space has changed: its bytes. */
  changed(config: Uint8Array): void;
  /** The gateway will end: it wants to see no new requests. */
  goingAway(): void;
}

/** What a gateway's device offers. */
export interface Offer {
  /** Features of the crypto device; those of rings are the affair of each side. */
  readonly features: FeatureSet;
  readonly numDataQueues: number;
  /** Its configuration space. */
  readonly config: Uint8Array;
}

const NO_OFFER: Offer = {
  features: FeatureSet.of([]),
  numDataQueues: 0,
  config: new Uint8Array(Config.SIZE),
};

/** Looks at the connection's life within one timeout. */
const TICKS_PER_TIMEOUT = 3;
/** A gateway refuses requests that are longer than `max_size` by more than this ("Record kinds", 5). */
const SUBMIT_ALLOWANCE = 4096;

/** The crypto device's features by name. */
const FEATURE_NAMES = Object.keys(CryptoFeature) as CryptoFeatureName[];

function featureSet(names: ReadonlySet<FeatureName>): FeatureSet {
  const bits = FEATURE_NAMES.filter((name) => names.has(name)).map((name) => CryptoFeature[name]);
  return FeatureSet.of([...bits, VirtioFeature.VERSION_1]);
}

/** See the module's comment. */
export class Uplink {
  readonly #driver: Driver;
  readonly #events: UplinkEvents;
  readonly #ended = deferred<Error | undefined>();
  #offer: Offer = NO_OFFER;
  #maxRequestLen = 0;
  #watch: ReturnType<typeof setInterval> | undefined;
  #silentTicks = 0;
  #isAsked = false;
  #isEnded = false;
  #closing: Promise<void> | undefined;

  private constructor(driver: (uplink: Uplink) => Driver, events: UplinkEvents) {
    this.#events = events;
    this.#driver = driver(this);
  }

  /**
   * Connects, and finds out what the device offers.
   *
   * @param timeout milliseconds without any answer after which the gateway counts as gone
   * @throws ConnectionError when the gateway cannot be reached, refuses, or is none
   */
  static async open(
    target: string | URL,
    options: ConnectOptions,
    timeout: number,
    events: UplinkEvents,
  ): Promise<Uplink> {
    const late = new AbortController();
    const timer = setTimeout(() => late.abort(), timeout);
    const signal = options.signal === undefined
      ? late.signal
      : AbortSignal.any([options.signal, late.signal]);
    try {
      const transport = await openTransport(target, { ...options, signal });
      const uplink = new Uplink((self) =>
        new Driver(transport, "v19", {
          onInterrupt: () => void self.#look(),
          onGoAway: () => events.goingAway(),
          onClose: (error) => self.#end(error),
        }), events);
      await uplink.#probe(signal);
      uplink.#keepWatch(timeout);
      return uplink;
    } catch (error) {
      if (!late.signal.aborted) throw error;
      throw new ConnectionError(`Gateway did not answer within ${timeout / 1000} s`, {
        cause: error,
      });
    } finally {
      clearTimeout(timer);
    }
  }

  /** What the device offers. */
  get offer(): Offer {
    return this.#offer;
  }

  /** Form of requests. */
  get mode(): WireMode {
    return this.#driver.mode;
  }

  /** Number of the control queue; the data queues are those below. */
  get controlQueue(): number {
    return this.#offer.numDataQueues;
  }

  /** Most bytes, read and written together, that a request may have. */
  get maxRequestLen(): number {
    return this.#maxRequestLen;
  }

  /** Resolves when the connection has ended: with an error unless `close` was called. */
  get ended(): Promise<Error | undefined> {
    return this.#ended.promise;
  }

  /**
   * Starts the device with the features a guest has accepted.
   *
   * @throws FeatureError when it does not have them
   */
  async start(features: FeatureSet): Promise<void> {
    const wanted = FEATURE_NAMES.filter((name) => features.has(CryptoFeature[name]));
    const started = await startUp(this.#driver, wanted);
    this.#driver.mode = { mux: started.features.has("MUX_MODE"), layout: "v19" };
  }

  /** Puts a request on a queue. The answer is told at once when the connection has ended. */
  post<Options>(
    queue: number,
    format: RequestFormat<Options>,
    options: Options,
    answer: Answer,
  ): void {
    this.#driver.post(queue, format, options, answer);
  }

  /** The gateway has answered something. */
  heard(): void {
    this.#silentTicks = 0;
  }

  /** Ends the connection, since nothing more is to be expected of it. */
  fail(error: Error): void {
    this.#ended.resolve(error);
    void this.close();
  }

  /** Ends the connection, and with it the device and its sessions; what is unanswered is told so. */
  close(): Promise<void> {
    this.#closing ??= this.#driver.close().catch(() => {});
    return this.#closing;
  }

  async #probe(signal: AbortSignal): Promise<void> {
    try {
      const { features, config } = await startUp(this.#driver, undefined, signal);
      const numDataQueues = config.maxDataqueues;
      if (numDataQueues < 1 || numDataQueues > MAX_DATA_QUEUES) {
        throw new ConnectionError(`Gateway's device has ${numDataQueues} data queues`);
      }
      const bytes = await this.#driver.read(Register.Config, Config.SIZE, signal);
      this.#offer = { features: featureSet(features), numDataQueues, config: bytes };
      this.#maxRequestLen = config.maxSize + SUBMIT_ALLOWANCE;
    } catch (error) {
      await this.close();
      throw error;
    }
  }

  #end(error: Error | undefined): void {
    this.#isEnded = true;
    clearInterval(this.#watch);
    this.#ended.resolve(error);
  }

  #keepWatch(timeout: number): void {
    if (this.#isEnded) return;
    this.#watch = setInterval(() => this.#tick(), timeout / TICKS_PER_TIMEOUT);
  }

  // A connection whose other end has gone without a word is silent for ever: it is asked now and then.
  #tick(): void {
    if (++this.#silentTicks > TICKS_PER_TIMEOUT) {
      this.fail(new ConnectionError("Gateway does not answer"));
      return;
    }
    if (this.#isAsked) return;
    this.#isAsked = true;
    this.#driver.readRegister(Register.Status).then(() => {
      this.#isAsked = false;
      this.heard();
    }, () => {});
  }

  // The configuration has changed, or the device is broken. Never rejects.
  async #look(): Promise<void> {
    try {
      const [status, interrupts, config] = await Promise.all([
        this.#driver.readRegister(Register.Status),
        this.#driver.readRegister(Register.InterruptStatus),
        this.#driver.read(Register.Config, Config.SIZE),
      ]);
      if ((status & DeviceStatus.DEVICE_NEEDS_RESET) !== 0) {
        this.fail(new ConnectionError("Device of the gateway is broken and needs a reset"));
        return;
      }
      const { maxSize } = parseConfig(config);
      this.#maxRequestLen = maxSize + SUBMIT_ALLOWANCE;
      this.#offer = { ...this.#offer, config };
      this.#events.changed(config);
      await this.#driver.writeRegister(Register.InterruptACK, interrupts);
    } catch {
      // What can fail is the connection, and its end is told by itself.
    }
  }
}
