/**
 * How a case is told: sent down every lane, then a hundred good requests down the same, and a look at what
 * the device still holds.
 */

import { strict as assert } from "node:assert";
import { Status } from "../../device/mod.ts";
import { build, destroySession, type Request } from "../../device/wire/requests.ts";
import { type Sample, SAMPLES } from "../support/samples.ts";
import { type Came, createSession, type Lane, type LaneOptions, type Sent } from "./lanes.ts";
import { openHttpLane, openSocketLane, type RecordLane } from "./record_lanes.ts";
import { RingLane } from "./ring_lane.ts";

/** A sample's request, its session made, and what undoes that. */
export interface Prepared extends Request {
  readonly sample: Sample;
  /** 0 for a stateless request. */
  readonly sessionId: number;
}

/** The samples a lane's mode can carry. */
export function samplesOf(lane: Lane): readonly Sample[] {
  return lane.mode.mux ? SAMPLES : SAMPLES.filter(({ stateless }) => !stateless);
}

/** Makes a sample's session, where it has one, and its request. */
export async function prepare(lane: Lane, sample: Sample): Promise<Prepared> {
  const { mode } = lane;
  let sessionId = 0;
  let creation: Promise<number> | undefined;
  sample.make({
    mode,
    create: (format, options) => {
      creation = createSession(lane, format, options);
      return 0;
    },
  });
  if (creation !== undefined) sessionId = await creation;
  return { ...sample.make({ mode, create: () => sessionId }), sample, sessionId };
}

/** Makes all samples of the lane's mode. */
export async function prepareAll(lane: Lane): Promise<Prepared[]> {
  const prepared: Prepared[] = [];
  for (const sample of samplesOf(lane)) prepared.push(await prepare(lane, sample));
  return prepared;
}

/** Ends the sessions that samples have made. */
export async function forget(lane: Lane, prepared: readonly Prepared[]): Promise<void> {
  const ends = prepared.filter(({ sessionId }) => sessionId > 0).map((
    { sample: { service }, sessionId },
  ) => ({
    ...build(destroySession, { service, sessionId }, lane.mode),
    queue: lane.control,
  }));
  for (const { written } of await lane.run(ends)) assert.equal(written[0], Status.OK);
}

/** A request whose body starts with changed 32-bit fields. */
export function spoil(
  { readable, writableLen, sample }: Prepared,
  changes: Readonly<Record<string, number>>,
): Sent {
  const bytes = readable.slice();
  const view = new DataView(bytes.buffer);
  for (const [name, value] of Object.entries(changes)) {
    view.setUint32(24 + (sample.lens[name] ?? assert.fail(name)), value >>> 0, true);
  }
  return { readable: bytes, writableLen };
}

/** Holds that requests failed with a status, nothing but it written. */
export function assertFailed(
  came: readonly Came[],
  status: number,
  what: (i: number) => string = String,
): void {
  came.forEach(({ usedLen, written, refused }, i) => {
    assert.deepEqual({ refused, usedLen, written: [...written] }, {
      refused: 0,
      usedLen: 1,
      written: [status],
    }, what(i));
  });
}

/** Sends requests, all of which fail with a status. */
export async function fails(
  lane: Lane,
  requests: readonly (Sent & { readonly what?: string })[],
  status: number = Status.ERR,
): Promise<void> {
  assert.ok(requests.length > 0);
  const came = await lane.run(requests);
  assertFailed(came, status, (i) => requests[i].what ?? `request ${i}`);
}

/** Holds that a request gave a result. */
export function assertResult({ usedLen, written, refused }: Came, result: Uint8Array): void {
  assert.equal(refused, 0);
  assert.equal(written.at(-1), Status.OK);
  assert.equal(written.subarray(0, -1).toHex(), result.toHex());
  assert.equal(usedLen, result.length + 1);
}

/** Serves a hundred good requests of every kind, on all queues, their results right to the byte. */
export async function servesAHundred(lane: Lane): Promise<void> {
  const prepared = await prepareAll(lane);
  const requests: Sent[] = [];
  for (let i = 0; i < 100 || i % prepared.length !== 0; i++) {
    const { readable, writableLen } = prepared[i % prepared.length];
    requests.push({ readable, writableLen, queue: i % lane.numDataQueues });
  }
  const came = await lane.run(requests);
  came.forEach((each, i) => assertResult(each, prepared[i % prepared.length].sample.result));
  await forget(lane, prepared);
}

/** Holds that nothing is left of what was sent. */
export function assertLevel(lane: Lane, sessions: number): void {
  const { memory, ...rest } = lane.levels();
  assert.deepEqual(rest, { sessions, requests: 0, bytes: 0 });
  assert.ok(memory <= lane.memoryLimit, `${memory} bytes of device memory`);
}

// All lanes, by name.
const LANES: Readonly<Record<string, (options: LaneOptions) => Promise<Lane>>> = {
  rings: (options) => Promise.resolve(new RingLane(options)),
  WebSocket: openSocketLane,
  HTTP: openHttpLane,
};

/** A case: its body leaves as many sessions open as it found. */
export type Case<L extends Lane> = (lane: L) => Promise<void> | void;

function declare<L extends Lane>(title: string, open: () => Promise<L>, body: Case<L>): void {
  Deno.test(title, async () => {
    const lane = await open();
    try {
      const { sessions } = lane.levels();
      await body(lane);
      await servesAHundred(lane);
      assertLevel(lane, sessions);
    } finally {
      await lane.close();
    }
  });
}

/** A case for every lane. */
export function everywhere(name: string, body: Case<Lane>, options: LaneOptions = {}): void {
  for (const [lane, open] of Object.entries(LANES)) {
    declare(`${name} (${lane})`, () => open(options), body);
  }
}

/** A case that only a driver on the rings can send. */
export function onRings(name: string, body: Case<RingLane>, options: LaneOptions = {}): void {
  declare(name, () => Promise.resolve(new RingLane(options)), body);
}

/** A case for every lane of records. */
export function overNetwork(name: string, body: Case<RecordLane>, options: LaneOptions = {}): void {
  declare(`${name} (WebSocket)`, () => openSocketLane(options), body);
  declare(`${name} (HTTP)`, () => openHttpLane(options), body);
}

/** A case of what only a gateway has; another client's device is to stay as it is. */
export function atGateway(name: string, body: Case<RecordLane>, options: LaneOptions = {}): void {
  declare(name, () => openSocketLane(options), body);
}

/** Destroys sessions, which must be there. */
export async function destroyAll(
  lane: Lane,
  service: number,
  sessionIds: readonly number[],
): Promise<void> {
  const ends = sessionIds.map((sessionId) => ({
    ...build(destroySession, { service, sessionId }, lane.mode),
    queue: lane.control,
  }));
  for (const { written } of await lane.run(ends)) assert.equal(written[0], Status.OK);
}
