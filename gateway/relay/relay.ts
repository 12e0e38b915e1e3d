/**
 * Devices of another host for guests of this one: what stands behind a vhost-user socket when the device is
 * at a gateway.
 *
 * Each guest has a connection to the gateway, and a device there, of its own.
 *
 * @module
 */

import type { VhostBackend, VhostHost } from "../../device/mod.ts";
import { type Log, noLog } from "../log.ts";
import { DEFAULT_LIMITS, type RelayLimits } from "./limits.ts";
import { RelayBackend } from "./relay_backend.ts";
import { type Offer, Uplink } from "./uplink.ts";
import type { UpstreamOptions } from "./upstream.ts";

/** How a relay is made. */
export interface RelayOptions extends Omit<UpstreamOptions, "timeout"> {
  readonly limits?: Partial<RelayLimits>;
  readonly log?: Log;
  /** Gives up connecting for the first time. */
  readonly signal?: AbortSignal;
}

/** What the first connection, which nobody uses, has to tell. */
const NO_EVENTS = { changed: () => {}, goingAway: () => {} };

/**
 * The way from guests to a gateway.
 *
 * @example
 * ```ts
 * import { Relay } from "./relay.ts";
 * async function serve(): Promise<void> {
 *   const relay = await Relay.open({ target: "ws://127.0.0.1:8790" });
 *   // relay.makeBackend goes to a vhost-user listener
 *   await relay.close();
 * }
 * ```
 */
export class Relay {
  readonly #options: RelayOptions;
  readonly #limits: RelayLimits;
  readonly #backends = new Set<RelayBackend>();
  readonly #closing = new Set<Promise<void>>();
  #offer: Offer;

  private constructor(options: RelayOptions, limits: RelayLimits, offer: Offer) {
    this.#options = options;
    this.#limits = limits;
    this.#offer = offer;
  }

  /**
   * Asks the gateway what its device offers: guests are told before their first request.
   *
   * @throws ConnectionError when the gateway cannot be reached, refuses, or is none
   */
  static async open(options: RelayOptions): Promise<Relay> {
    const limits = { ...DEFAULT_LIMITS, ...options.limits };
    const uplink = await Uplink.open(options.target, options, limits.timeout, NO_EVENTS);
    await uplink.close();
    return new Relay(options, limits, uplink.offer);
  }

  /** Makes the device of a guest that has just come. */
  readonly makeBackend = (host: VhostHost): VhostBackend => {
    const { target, token, allowInsecureToken, ca, log = noLog } = this.#options;
    const { timeout } = this.#limits;
    const backend: RelayBackend = new RelayBackend({
      host,
      upstream: { target, token, allowInsecureToken, ca, timeout },
      limits: this.#limits,
      offer: this.#offer,
      log,
      onOffer: (offer) => this.#offer = offer,
      onClosed: (closed) => {
        this.#backends.delete(backend);
        const closing = closed.finally(() => this.#closing.delete(closing));
        this.#closing.add(closing);
      },
    });
    this.#backends.add(backend);
    return backend;
  };

  /** Ends what guests have left. Resolves when the gateway has been told of the end of each. */
  async close(): Promise<void> {
    for (const backend of this.#backends) backend.close();
    await Promise.all(this.#closing);
  }
}
