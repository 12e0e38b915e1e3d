/** A guest, a relay, a proxy and a gateway on real sockets, for as long as a test needs them. */

import { strict as assert } from "node:assert";
import { Status } from "../../device/mod.ts";
import { writeU64 } from "../../device/wire/request_format.ts";
import {
  build,
  cipherData,
  createCipherSession,
  destroySession,
  parseDestroyStatus,
  parseSessionInput,
  type Request,
  type RequestFormat,
  type WireMode,
} from "../../device/wire/requests.ts";
import type { ServeOptionsInput } from "../../gateway/options.ts";
import type { RelayLimits } from "../../gateway/relay/limits.ts";
import { Relay } from "../../gateway/relay/relay.ts";
import { type RunningServer, startServer } from "../../gateway/server.ts";
import { GatewayProxy } from "./gateway_proxy.ts";
import { aesEcb, cbc } from "./oracle.ts";
import { concat, counting } from "./random.ts";
import { type GuestOptions, RelayGuest } from "./relay_guest.ts";
import type { Sample } from "./samples.ts";

/** The form of requests without and with MUX_MODE. */
export const PLAIN: WireMode = { mux: false, layout: "v19" };
export const MUX: WireMode = { mux: true, layout: "v19" };

/** All modes there are. */
export const ALL_MODES = [
  "MUX_MODE",
  "CIPHER_STATELESS_MODE",
  "HASH_STATELESS_MODE",
  "MAC_STATELESS_MODE",
  "AEAD_STATELESS_MODE",
];

/** What a test of a relay has. */
export interface RelayRig {
  readonly server: RunningServer;
  readonly proxy: GatewayProxy;
  readonly relay: Relay;
  /** Lines of the relay's log, without their fields. */
  readonly events: string[];
  /** Connects a guest; it leaves at the end, if not before. */
  guest(options?: GuestOptions): RelayGuest;
}

/** Runs a test with a gateway, a proxy before it, and a relay that goes through the proxy. */
export async function withRelay(
  options: { gateway?: ServeOptionsInput; limits?: Partial<RelayLimits> },
  test: (rig: RelayRig) => Promise<void>,
): Promise<void> {
  const server = await startServer({ port: 0, ...options.gateway });
  const proxy = await GatewayProxy.start(server.url);
  const guests: RelayGuest[] = [];
  const events: string[] = [];
  let relay: Relay | undefined;
  try {
    relay = await Relay.open({
      target: proxy.url,
      limits: options.limits,
      log: (_level, event) => events.push(event),
    });
    const { makeBackend } = relay;
    await test({
      server,
      proxy,
      relay,
      events,
      guest: (options) => {
        const guest = new RelayGuest(makeBackend, options);
        guests.push(guest);
        return guest;
      },
    });
    for (const { failures } of guests) assert.deepEqual(failures, []);
  } finally {
    for (const guest of guests) guest.close();
    await relay?.close();
    await proxy.close();
    await server.close();
  }
}

/** Creates a session. */
export async function create<Options>(
  guest: RelayGuest,
  format: RequestFormat<Options>,
  options: Options,
  mode: WireMode,
): Promise<number> {
  const { readable, writableLen } = build(format, options, mode);
  const { status, sessionId } = parseSessionInput(
    await guest.exchange(guest.control, readable, writableLen),
  );
  assert.equal(status, Status.OK);
  return sessionId;
}

/** Destroys a session; the status. */
export async function destroy(
  guest: RelayGuest,
  sessionId: number,
  mode: WireMode,
  service = 0,
): Promise<number> {
  const { readable, writableLen } = build(destroySession, { service, sessionId }, mode);
  return parseDestroyStatus(await guest.exchange(guest.control, readable, writableLen));
}

/** A sample's request, its session made where it has one. */
export async function makeSample(
  guest: RelayGuest,
  sample: Sample,
  mode: WireMode,
): Promise<Request> {
  let sessionId: Promise<number> | undefined;
  const request = sample.make({
    mode,
    create: (format, options) => {
      sessionId = create(guest, format, options, mode);
      return 0;
    },
  });
  if (sessionId !== undefined) {
    const { readable } = request;
    writeU64(new DataView(readable.buffer), 8, await sessionId);
  }
  return request;
}

const IV = counting(16, 0x20);

/** A session of AES-128-CBC with a key of its own. */
export function cbcSession(guest: RelayGuest, key: Uint8Array, mode: WireMode): Promise<number> {
  return create(guest, createCipherSession, { algo: 3, op: 1, key }, mode);
}

/** A request of such a session. */
export function cbcRequest(sessionId: number, src: Uint8Array, mode: WireMode): Request {
  return build(cipherData, { sessionId, op: 1, iv: IV, src }, mode);
}

/** What W of such a request holds when all is well. */
export function cbcExpected(key: Uint8Array, src: Uint8Array): Uint8Array {
  return concat(cbc(aesEcb, key, IV, src), Uint8Array.of(Status.OK));
}

/** Resolves when a condition holds. Fails after a long time. */
export async function until(condition: () => boolean, what: string): Promise<void> {
  const end = performance.now() + 30_000;
  while (!condition()) {
    assert.ok(performance.now() < end, `Waited for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}
