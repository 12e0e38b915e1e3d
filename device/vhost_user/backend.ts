/**
 * What stands behind a vhost-user connection: the seam between the transport and a device.
 *
 * The transport has the socket, the guest's memory, the rings and the eventfds. A backend has the device:
 * its features, its configuration space, what becomes of the requests on a ring. Two exist: the engine of
 * this process, and a device of another host that the requests are forwarded to.
 *
 * Everything here is called on one thread, the one that polls the connection's file descriptors. A backend
 * behind a thread that blocks in poll (`serveBlocking`) answers before each call returns, for nothing else
 * runs on that thread. One behind `serveAsync` may answer later, and may complete requests at any time.
 *
 * @module
 */

import type { SplitDeviceQueue } from "../ring/split_device_queue.ts";
import type { FeatureSet } from "../virtio/features.ts";

/** A queue that runs: its ring in the guest's memory, and how the guest is told of what was done. */
export interface VhostQueue {
  /** Its number. The last of a device is the control queue. */
  readonly index: number;
  /**
   * The device's half of the ring: `pop()` takes requests, `push()` gives them back, in any order.
   *
   * A chain taken refers to the guest's memory and is the backend's until it has been pushed: one that is
   * kept needs a `DescriptorChain` of its own. Once the queue has stopped the memory is gone: views on it
   * have no bytes any more, so that one forgotten throws and does not crash.
   */
  readonly ring: SplitDeviceQueue;
  /**
   * False from the moment on at which `stop()` has been answered or the connection has ended. Nothing is
   * popped or pushed then.
   */
  readonly isRunning: boolean;
  /** Shows the guest what has been pushed, and interrupts it when it wants to be. Once for a batch. */
  publish(): void;
}

/** What a connection does for its backend. */
export interface VhostHost {
  /**
   * Tells the guest that the configuration space has changed (`VHOST_USER_BACKEND_CONFIG_CHANGE_MSG`).
   *
   * @returns false when the front-end has no configuration space of ours or takes no such message
   */
  configChanged(): boolean;
  /** Calls `kicked()` for a queue soon again although no kick has come: it left requests on its ring. */
  resume(queue: VhostQueue): void;
  /** Ends the connection, with one log line that says why. The backend is closed as after any end. */
  fail(reason: string): void;
}

/** A device behind one connection. It is made when a front-end has connected, and never used for two. */
export interface VhostBackend {
  /** Features that the device offers. The transport adds those of vhost-user. */
  readonly features: FeatureSet;
  /** Queues, the control queue included, which is the last. At most 65. */
  readonly numQueues: number;

  /**
   * Part of the configuration space.
   *
   * @returns as many bytes as were asked for, or undefined when they do not lie in it
   */
  readConfig(offset: number, len: number): Uint8Array | undefined;

  /**
   * The features are settled: a legal selection of those offered, VERSION_1 always among them. It may come
   * several times, also when a guest has been stopped and goes on; sessions are not affected.
   */
  negotiated(features: FeatureSet): void;

  /**
   * Takes requests off a queue: it has been kicked, or has just been started with requests on its ring.
   *
   * The backend empties the ring, then asks for the next kick with `ring.enableNotification()`, and goes on
   * when that says that requests have come meanwhile. One that leaves off earlier, because it has done
   * enough for one turn, returns true and is called again when the other queues and the front-end's
   * messages have had theirs; one that waits for something of its own calls `VhostHost.resume()` later.
   *
   * @returns whether it is to be called again without a kick
   * @throws {BrokenRingError} when the ring or a chain is malformed: the connection ends
   */
  kicked(queue: VhostQueue): boolean;

  /**
   * A queue is to stop, since the guest does or its memory changes: nothing more is popped, what has been
   * popped is completed, with ERR where need be, pushed and published, all chains of it are released. The
   * front-end, and often its guest, waits meanwhile.
   *
   * The queue may start again, as another object, on the same ring: no request is lost.
   *
   * @param stopped called once when that is done, at once or later
   */
  stop(queue: VhostQueue, stopped: () => void): void;

  /**
   * Runs one request of the control queue that came as a message, from a front-end which keeps that queue
   * to itself (`VHOST_USER_CREATE_CRYPTO_SESSION`).
   *
   * @param readable R, in the form of the features negotiated; overwritten when it has been answered
   * @param writableLen bytes of W
   * @param answer takes what was written to W, all of it or less; called once, at once or later
   */
  control(
    readable: Uint8Array,
    writableLen: number,
    answer: (written: Uint8Array) => void,
  ): void;

  /** The guest has reset the device: all sessions end. All queues have been stopped. */
  reset(): void;

  /**
   * The connection has ended, perhaps in the midst of requests. Everything that refers to the guest's
   * memory is let go before this returns; queues are not touched any more; sessions end.
   */
  close(): void;
}

/** Makes the device of a front-end that has just connected. */
export type MakeBackend = (host: VhostHost) => VhostBackend;
