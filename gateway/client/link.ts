/**
 * A started device behind its driver: what was negotiated, its resets, and which of its sessions
 * still live.
 *
 * @module
 */

import type { Service } from "../../device/wire/constants.ts";
import { DeviceStatus, Register } from "../../device/wire/registers.ts";
import { destroySession, type RequestFormat, type WireLayout } from "../../device/wire/requests.ts";
import { Config } from "../../device/wire/structs.ts";
import type { CallOptions, ReadResult, Usage } from "./answers.ts";
import { type DeviceConfig, parseConfig } from "./config.ts";
import { deferred } from "./deferred.ts";
import { Driver } from "./driver.ts";
import { NeedsResetError } from "./errors.ts";
import type { CryptoFeatureName, FeatureName } from "./features.ts";
import { readDestroyed, readSessionId } from "./results.ts";
import type { SessionHost } from "./sessions.ts";
import { startUp } from "./start_up.ts";
import type { Transport } from "./transport.ts";

/** How a device is to be driven. */
export interface DeviceOptions {
  /** Features of the crypto device to accept; all it offers by default. */
  readonly features?: readonly CryptoFeatureName[];
  /** Form of the stateless CIPHER body that the device reads (`serve --layout`); v19 by default. */
  readonly layout?: WireLayout;
  /** Gives up connecting. */
  readonly signal?: AbortSignal;
}

/** The connection to one device. */
export class Link {
  readonly #driver: Driver;
  readonly #wanted: readonly CryptoFeatureName[] | undefined;
  readonly #goingAway = deferred<number>();
  readonly #closed = deferred<Error | undefined>();
  #nextQueue = 0;
  #isInterrupted = false;
  #isLooking = false;
  #host: SessionHost;
  /** The features negotiated. */
  features: ReadonlySet<FeatureName> = new Set();
  /** The configuration space, as last read. */
  config: DeviceConfig = parseConfig(new Uint8Array(Config.SIZE));

  private constructor(transport: Transport, options: DeviceOptions) {
    this.#wanted = options.features;
    this.#host = this.#newHost();
    this.#driver = new Driver(transport, options.layout ?? "v19", {
      onInterrupt: () => void this.#onInterrupt(),
      onGoAway: (secondsLeft) => this.#goingAway.resolve(secondsLeft),
      onClose: (error) => this.#closed.resolve(error),
    });
  }

  /** Starts the device at the other end of a transport, or closes the transport and throws. */
  static async start(transport: Transport, options: DeviceOptions): Promise<Link> {
    const link = new Link(transport, options);
    try {
      await link.#start(options.signal);
      return link;
    } catch (error) {
      await link.close();
      throw error;
    }
  }

  /** Resolves with the seconds left when the gateway announces its end. */
  get goingAway(): Promise<number> {
    return this.#goingAway.promise;
  }

  /** Resolves when the connection has ended: with an error unless `close` was called. */
  get closed(): Promise<Error | undefined> {
    return this.#closed.promise;
  }

  /** What sessions opened from now on belong to. */
  get host(): SessionHost {
    return this.#host;
  }

  /** Puts a request on the data queue that `call` names, or on each in turn. */
  request<Options, Result>(
    format: RequestFormat<Options>,
    options: Options,
    read: ReadResult<Options, Result>,
    call?: CallOptions,
    usage?: Usage,
  ): Promise<Result> {
    let queue = call?.queue;
    if (queue === undefined) {
      queue = this.#nextQueue;
      this.#nextQueue = queue + 1 < this.config.maxDataqueues ? queue + 1 : 0;
    }
    return this.#driver.request(queue, format, options, read, call, usage);
  }

  /** Puts a request on any queue. */
  submit<Options, Result>(
    queue: number,
    format: RequestFormat<Options>,
    options: Options,
    read: ReadResult<Options, Result>,
    call?: CallOptions,
  ): Promise<Result> {
    return this.#driver.request(queue, format, options, read, call);
  }

  /** Creates a session. One that is created although the call was aborted is destroyed. */
  create<Options>(
    service: Service,
    format: RequestFormat<Options>,
    options: Options,
    call: CallOptions | undefined,
  ): Promise<number> {
    const signal = call?.signal;
    if (signal?.aborted) return Promise.reject(signal.reason);
    const host = this.#host;
    const created = host.control(format, options, readSessionId);
    if (signal === undefined) return created;
    return new Promise((resolve, reject) => {
      const onAbort = () => reject(signal.reason);
      signal.addEventListener("abort", onAbort, { once: true });
      created.then((sessionId) => {
        signal.removeEventListener("abort", onAbort);
        if (!signal.aborted) return resolve(sessionId);
        // Nobody will use it, so how its end goes is of no interest.
        host.control(destroySession, { service, sessionId }, readDestroyed).catch(() => {});
      }, reject);
    });
  }

  /** Resets the device and starts it again; its sessions end, what is unanswered is rejected. */
  async reset(signal?: AbortSignal): Promise<void> {
    this.#host = this.#newHost();
    this.#driver.refuse(new NeedsResetError("It is being reset"));
    await this.#start(signal);
  }

  /** Ends the connection. */
  close(): Promise<void> {
    return this.#driver.close();
  }

  async #start(signal: AbortSignal | undefined): Promise<void> {
    const { features, config } = await startUp(this.#driver, this.#wanted, signal);
    this.features = features;
    this.config = config;
    this.#driver.mode = { mux: features.has("MUX_MODE"), layout: this.#driver.mode.layout };
    this.#driver.accept();
  }

  /** Session ids start anew after a reset: sessions of before must not reach those of after. */
  #newHost(): SessionHost {
    const ended = () => new NeedsResetError("The session ended at a reset");
    const host: SessionHost = {
      request: (format, options, read, call, usage) =>
        this.#host === host
          ? this.request(format, options, read, call, usage)
          : Promise.reject(ended()),
      control: (format, options, read) =>
        this.#host === host
          ? this.#driver.request(this.config.maxDataqueues, format, options, read)
          : Promise.reject(ended()),
    };
    return host;
  }

  /** Looks at the device; interrupts that come meanwhile are worth one more look. Never rejects. */
  async #onInterrupt(): Promise<void> {
    this.#isInterrupted = true;
    if (this.#isLooking) return;
    this.#isLooking = true;
    try {
      while (this.#isInterrupted) {
        this.#isInterrupted = false;
        await this.#look();
      }
    } catch {
      // What can fail is the connection, and its end is told by itself.
    }
    this.#isLooking = false;
  }

  async #look(): Promise<void> {
    const host = this.#host;
    const [status, interrupts, config] = await Promise.all([
      this.#driver.readRegister(Register.Status),
      this.#driver.readRegister(Register.InterruptStatus),
      this.#driver.read(Register.Config, Config.SIZE),
    ]);
    // A reset meanwhile has read all of it anew.
    if (host !== this.#host) return;
    this.config = parseConfig(config);
    if ((status & DeviceStatus.DEVICE_NEEDS_RESET) !== 0) {
      this.#driver.refuse(
        new NeedsResetError("It met a broken ring and needs a reset"),
      );
    }
    await this.#driver.writeRegister(Register.InterruptACK, interrupts);
  }
}
