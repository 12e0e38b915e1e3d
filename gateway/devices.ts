/**
 * Devices made over HTTP: they outlive the call that made them, belong to the token that made them,
 * and go when nobody has used them for a while.
 *
 * @module
 */

import { randomBytes } from "node:crypto";
import { AnswerStream } from "./answer_stream.ts";
import { SharedCount, type SharedCounts } from "./listeners/shared_counts.ts";
import { errorStack, type Log } from "./log.ts";
import { noSuchDevice, Problem } from "./problem.ts";
import type { RemoteDevice } from "./remote_device.ts";
import { threadTurns } from "./thread_turns.ts";

/** Bytes of an id: 128 bits, so that none is ever guessed or made twice. */
const ID_BYTES = 16;
/**
 * Calls that may wait for their turn on one device. Their bodies are not read before it, so this
 * bounds sockets, not memory.
 */
const MAX_WAITING_CALLS = 16;

/** What the registry uses of a {@link RemoteDevice}. */
export type HttpRemoteDevice = Pick<
  RemoteDevice,
  "sink" | "push" | "resume" | "settled" | "state" | "close"
>;

/** Limits of the registry, and where it reports. */
export interface DeviceRegistryOptions {
  /** Devices at a time, those of all listeners together. */
  readonly maxDevices: number;
  /** Seconds after its last call until a device goes. */
  readonly deviceIdle: number;
  /** Where this listener's devices are counted together with those of the others. */
  readonly counts: SharedCounts;
  /** What ids end with, so that other listeners find this one. */
  readonly idSuffix: string;
  readonly log: Log;
}

/** A device made over HTTP. */
export class HttpDevice {
  readonly id: string;
  /** Name of the token that made it. */
  readonly owner: string;
  readonly #device: HttpRemoteDevice;
  readonly #stallMs: number;
  readonly #log: Log;
  /** Calls that wait for their turn, in order. */
  readonly #waiting: (() => void)[] = [];
  /** Answers of the call that runs. */
  #stream: AnswerStream | null = null;
  #taken = false;
  #closed = false;
  /** When the last call ended, in milliseconds of `performance.now()`. */
  #lastUsed = performance.now();

  /** @param idSuffix what the id ends with, behind 128 random bits */
  constructor(
    owner: string,
    device: HttpRemoteDevice,
    stallMs: number,
    log: Log,
    idSuffix: string = "",
  ) {
    this.id = randomBytes(ID_BYTES).toString("hex") + idSuffix;
    this.owner = owner;
    this.#device = device;
    this.#stallMs = stallMs;
    this.#log = log;
  }

  /** The device's own view of itself. */
  state(): ReturnType<HttpRemoteDevice["state"]> {
    this.#lastUsed = performance.now();
    return this.#device.state();
  }

  /** Milliseconds since the last call ended; 0 while one runs. */
  idleMs(now: number): number {
    return this.#taken ? 0 : now - this.#lastUsed;
  }

  /**
   * Waits for this call's turn.
   *
   * @returns what ends the turn; to be called exactly once
   * @throws Problem 429 when too many wait already, 404 when the device goes meanwhile
   */
  async turn(): Promise<() => void> {
    if (this.#taken) {
      if (this.#waiting.length >= MAX_WAITING_CALLS) {
        throw new Problem(429, "Too many calls wait for this device", { "Retry-After": "1" });
      }
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
    if (this.#closed) throw noSuchDevice();
    this.#taken = true;
    return () => this.#endTurn();
  }

  /**
   * Runs a body of whole records. Only within a turn.
   *
   * @param body not changed until the stream has ended
   * @param done called when the stream has ended, whatever the end
   * @returns the answers, as they come
   * @throws Problem 404 when the device has gone
   */
  execute(body: Uint8Array, done: () => void): ReadableStream<Uint8Array> {
    if (this.#closed) throw noSuchDevice();
    const stream = new AnswerStream(this.#stallMs, () => this.#device.resume());
    this.#device.sink = stream;
    this.#stream = stream;
    this.#run(body, stream).catch((error) => {
      this.#log("error", "records call failed", { error: errorStack(error) });
      stream.fail(new Error("Internal error"));
    }).finally(() => {
      this.#device.sink = null;
      this.#stream = null;
      done();
    });
    return stream.readable;
  }

  async #run(body: Uint8Array, stream: AnswerStream): Promise<void> {
    if (threadTurns.pause !== undefined) {
      await threadTurns.pause;
      if (this.#closed) return;
    }
    await this.#device.push(body);
    await this.#device.settled();
    stream.end();
    await stream.finished;
  }

  /** Resets the device: its sessions end and its keys are overwritten. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#stream?.fail(new Error("Device is gone"));
    this.#device.close();
    for (const wake of this.#waiting.splice(0)) wake();
  }

  #endTurn(): void {
    this.#lastUsed = performance.now();
    const next = this.#waiting.shift();
    // The turn passes on without a gap in which a call that has just come could take it.
    if (next === undefined) this.#taken = false;
    else next();
  }
}

/** All devices made over HTTP on one listener. */
export class DeviceRegistry {
  readonly #options: DeviceRegistryOptions;
  readonly #devices = new Map<string, HttpDevice>();
  readonly #sweepTimer: ReturnType<typeof setInterval>;

  constructor(options: DeviceRegistryOptions) {
    this.#options = options;
    this.#sweepTimer = setInterval(() => this.#sweep(), (options.deviceIdle * 1000) / 4);
  }

  /** Devices there are. */
  get size(): number {
    return this.#devices.size;
  }

  /**
   * Adds a device.
   *
   * @param start makes the device and starts it up
   * @throws Problem 429 when there are as many as there may be
   */
  async add(owner: string, start: () => Promise<HttpRemoteDevice>): Promise<HttpDevice> {
    const { maxDevices, deviceIdle, counts, idSuffix, log } = this.#options;
    if (!counts.tryTake(SharedCount.DEVICES, maxDevices)) {
      throw new Problem(429, `There are ${maxDevices} devices, as many as there may be`, {
        "Retry-After": String(Math.ceil(deviceIdle / 4)),
      });
    }
    try {
      const device = new HttpDevice(owner, await start(), deviceIdle * 1000, log, idSuffix);
      this.#devices.set(device.id, device);
      return device;
    } catch (error) {
      counts.give(SharedCount.DEVICES);
      throw error;
    }
  }

  /**
   * Finds a device.
   *
   * @throws Problem 404 when there is none, or it is another owner's
   */
  get(id: string, owner: string): HttpDevice {
    const device = this.#devices.get(id);
    if (device === undefined || device.owner !== owner) throw noSuchDevice();
    return device;
  }

  /**
   * Resets a device and forgets it.
   *
   * @throws Problem 404 when there is none, or it is another owner's
   */
  remove(id: string, owner: string): void {
    this.#drop(this.get(id, owner));
  }

  /** Resets and forgets all devices; the registry is not used afterwards. */
  close(): void {
    clearInterval(this.#sweepTimer);
    for (const device of [...this.#devices.values()]) this.#drop(device);
  }

  #sweep(): void {
    const now = performance.now();
    for (const device of [...this.#devices.values()]) {
      if (device.idleMs(now) < this.#options.deviceIdle * 1000) continue;
      this.#options.log("info", "device expired", { owner: device.owner });
      this.#drop(device);
    }
  }

  #drop(device: HttpDevice): void {
    if (!this.#devices.delete(device.id)) return;
    this.#options.counts.give(SharedCount.DEVICES);
    try {
      device.close();
    } catch (error) {
      this.#options.log("error", "device did not close", { error: errorStack(error) });
    }
  }
}
