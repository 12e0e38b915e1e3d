/**
 * One guest's device: requests come off its rings and go to a gateway, answers come back.
 *
 * @module
 */

import { CryptoFeature, FeatureSet, VirtioFeature } from "../../device/mod.ts";
import type { VhostBackend, VhostHost, VhostQueue } from "../../device/mod.ts";
import { errorMessage, type Log } from "../log.ts";
import { type GuestControl, GuestSessions } from "./guest_sessions.ts";
import { GuestConfig } from "./guest_config.ts";
import { Gate } from "./lane.ts";
import type { RelayLimits } from "./limits.ts";
import { MessageControls } from "./message_controls.ts";
import { Traffic } from "./traffic.ts";
import type { Offer, Uplink } from "./uplink.ts";
import { Upstream, type UpstreamEvents, type UpstreamOptions } from "./upstream.ts";

/** What a guest's device is made of. */
export interface RelayBackendOptions {
  readonly host: VhostHost;
  readonly upstream: UpstreamOptions;
  readonly limits: RelayLimits;
  /** What the gateway's device offered last. */
  readonly offer: Offer;
  readonly log: Log;
  /** Told what a gateway's device offers. */
  readonly onOffer: (offer: Offer) => void;
  /** Told of the guest's end; the promise resolves when the gateway has been told too. */
  readonly onClosed: (closed: Promise<void>) => void;
}

// Both sides of a guest's rings are on this host: what the gateway thinks of rings does not matter.
const RING_FEATURES = FeatureSet.of([
  VirtioFeature.RING_INDIRECT_DESC,
  VirtioFeature.RING_EVENT_IDX,
]);

const CRYPTO_FEATURES = FeatureSet.of(Object.values(CryptoFeature));

// The features that a gateway is told of.
function cryptoBits({ low }: FeatureSet): number {
  return low & CRYPTO_FEATURES.low;
}

/** See the module's comment. */
export class RelayBackend implements VhostBackend, UpstreamEvents {
  readonly features: FeatureSet;
  readonly numQueues: number;
  readonly #options: RelayBackendOptions;
  readonly #config: GuestConfig;
  readonly #sessions: GuestSessions;
  readonly #messages: MessageControls;
  readonly #traffic: Traffic;
  readonly #upstream: Upstream;
  #accepted: FeatureSet | null = null;
  #uplink: Uplink | null = null;
  #numControls = 0;
  // The gateway wants to end: it is left when nothing of this guest is there any more.
  #isLeaving = false;
  #isClosed = false;
  // Why there is no gateway, as the log has been told.
  #lastReason = "";

  /** Begins to connect. */
  constructor(options: RelayBackendOptions) {
    const { host, limits, offer } = options;
    this.#options = options;
    const { low, high } = offer.features;
    this.features = new FeatureSet(low | RING_FEATURES.low, high | RING_FEATURES.high);
    this.numQueues = offer.numDataQueues + 1;
    this.#config = new GuestConfig(offer.numDataQueues, offer.config);
    this.#sessions = new GuestSessions(limits.maxSessions);
    this.#messages = new MessageControls(limits.grace);
    this.#traffic = new Traffic({
      host,
      limits,
      numQueues: this.numQueues,
      sessions: this.#sessions.map,
      maxControlLen: () => this.#config.maxControlLen,
      control: (control) => this.#control(control),
      onAnswered: () => this.#leaveWhenIdle(),
    });
    this.#upstream = new Upstream(options.upstream, this);
  }

  readConfig(offset: number, len: number): Uint8Array | undefined {
    return this.#config.read(offset, len);
  }

  negotiated(features: FeatureSet): void {
    const before = this.#accepted;
    if (before !== null && cryptoBits(before) === cryptoBits(features)) return;
    this.#accepted = features;
    const uplink = this.#uplink;
    if (uplink === null) return;
    if (before !== null) this.#renew();
    else this.#start(uplink).catch((error) => uplink.fail(error));
  }

  kicked(queue: VhostQueue): boolean {
    return this.#traffic.take(queue);
  }

  stop(queue: VhostQueue, stopped: () => void): void {
    this.#traffic.stop(queue, stopped);
  }

  control(
    readable: Uint8Array,
    writableLen: number,
    answer: (written: Uint8Array) => void,
  ): void {
    const known = readable.subarray(0, this.#config.maxControlLen);
    const control = this.#messages.add(known, writableLen, answer);
    if (this.#traffic.gate === Gate.HOLD) this.#messages.wait(control);
    else this.#control(control);
  }

  reset(): void {
    this.#sessions.map.clear();
    if (this.#accepted !== null) this.#renew();
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#uplink = null;
    this.#traffic.close();
    this.#messages.close();
    this.#sessions.map.clear();
    this.#options.onClosed(this.#upstream.close());
  }

  async opened(uplink: Uplink): Promise<void> {
    if (this.#isClosed) return;
    this.#uplink = uplink;
    this.#options.onOffer(uplink.offer);
    await this.#start(uplink);
  }

  lost(reason: Error): void {
    if (this.#isClosed) return;
    this.#uplink = null;
    this.#isLeaving = false;
    this.#traffic.refuse();
    for (const control of this.#messages.takeWaiting()) this.#control(control);
    const text = errorMessage(reason);
    if (text !== this.#lastReason) this.#options.log("warn", "gateway away", { reason: text });
    this.#lastReason = text;
    if (this.#config.clearReady()) this.#options.host.configChanged();
  }

  changed(config: Uint8Array): void {
    if (this.#uplink !== null) this.#showConfig(config);
  }

  goingAway(): void {
    if (this.#traffic.gate !== Gate.OPEN) return;
    this.#isLeaving = true;
    this.#traffic.hold();
    this.#leaveWhenIdle();
  }

  // Starts the device at the gateway for the guest, if there is one that has come so far.
  async #start(uplink: Uplink): Promise<void> {
    const features = this.#accepted;
    if (features !== null) {
      await uplink.start(features);
      const numLost = await this.#sessions.restore(uplink);
      if (this.#uplink !== uplink) return;
      if (numLost > 0) this.#options.log("warn", "sessions lost", { num: numLost });
      this.#traffic.open(uplink);
      for (const control of this.#messages.takeWaiting()) this.#control(control);
    } else {
      this.#traffic.hold();
    }
    if (this.#lastReason !== "") this.#options.log("info", "gateway back");
    this.#lastReason = "";
    this.#showConfig(uplink.offer.config);
  }

  #showConfig(config: Uint8Array): void {
    if (this.#config.update(config, true)) this.#options.host.configChanged();
  }

  // Gives up the device at the gateway for a new one; requests wait meanwhile.
  #renew(): void {
    if (this.#uplink === null) return;
    this.#uplink = null;
    this.#isLeaving = false;
    this.#traffic.hold();
    this.#upstream.renew();
  }

  #control(control: GuestControl): void {
    if (this.#uplink === null || this.#traffic.gate !== Gate.OPEN) {
      const mux = this.#accepted?.has(CryptoFeature.MUX_MODE) ?? false;
      this.#sessions.runHere(control, { mux, layout: "v19" });
      return;
    }
    this.#numControls++;
    this.#sessions.run(control, this.#uplink, () => {
      this.#numControls--;
      this.#leaveWhenIdle();
    });
  }

  #leaveWhenIdle(): void {
    if (this.#isLeaving && this.#traffic.budget.num === 0 && this.#numControls === 0) this.#renew();
  }
}
