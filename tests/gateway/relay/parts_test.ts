/** The parts of a relay, each by itself. */

import { strict as assert } from "node:assert";
import { SegmentList, Status } from "../../../device/mod.ts";
import {
  build,
  createCipherSession,
  destroySession,
  type WireMode,
} from "../../../device/wire/requests.ts";
import { Config } from "../../../device/wire/structs.ts";
import { Budget } from "../../../gateway/relay/budget.ts";
import {
  answerStatus,
  ControlKind,
  controlKind,
  createAnswer,
  destroyAnswer,
  hasDestroyBody,
} from "../../../gateway/relay/control_format.ts";
import { writeAnswer, writeFailure } from "../../../gateway/relay/data_answer.ts";
import { GuestConfig } from "../../../gateway/relay/guest_config.ts";
import { RelaySession, SessionMap } from "../../../gateway/relay/session_map.ts";
import { retryDelay } from "../../../gateway/relay/upstream.ts";
import { counting } from "../../support/random.ts";
import { MUX, PLAIN } from "../../support/relay_rig.ts";

/** W of `len` bytes, and its list. */
function writable(len: number): { bytes: Uint8Array; list: SegmentList } {
  const bytes = new Uint8Array(len).fill(0xee);
  return { bytes, list: SegmentList.of(bytes) };
}

Deno.test("an answer goes to the start of W, its status to the end", () => {
  const exact = writable(5);
  const roomy = writable(9);
  const answer = Uint8Array.of(1, 2, 3, 4, Status.OK);

  assert.equal(writeAnswer(exact.list, answer, 5, 5), 5);
  assert.equal(writeAnswer(roomy.list, answer, 5, 9), 5);

  assert.deepEqual([...exact.bytes], [1, 2, 3, 4, 0]);
  assert.deepEqual([...roomy.bytes], [1, 2, 3, 4, 0xee, 0xee, 0xee, 0xee, 0]);
});

const REFUSED: readonly (readonly [string, number[], number, number, number])[] = [
  ["another status than OK, without what stands before it", [1, 2, 3, 4, 2], 5, 5, Status.BADMSG],
  ["a status that is none, as ERR", [77], 1, 5, Status.ERR],
  ["nothing at all, as ERR", [], 0, 5, Status.ERR],
  ["a length that is not that of the bytes, as ERR", [1, 0], 3, 5, Status.ERR],
  ["more than there was room for, as ERR", [1, 2, 3, 4, 5, 0], 6, 5, Status.ERR],
  ["more than the gateway was told of, as ERR", [1, 2, 3, 4, 0], 5, 4, Status.ERR],
];
for (const [what, written, usedLen, room, status] of REFUSED) {
  Deno.test(`of an answer W gets ${what}`, () => {
    const { bytes, list } = writable(5);

    assert.equal(writeAnswer(list, Uint8Array.from(written), usedLen, room), 1);

    assert.deepEqual([...bytes], [0xee, 0xee, 0xee, 0xee, status]);
  });
}

Deno.test("a failure is one byte, and nothing where there is no room", () => {
  const { bytes, list } = writable(3);

  assert.equal(writeFailure(list, Status.ERR), 1);
  assert.equal(writeFailure(new SegmentList(), Status.ERR), 0);

  assert.deepEqual([...bytes], [0xee, 0xee, Status.ERR]);
});

Deno.test("sessions have ids of their own, which never come back before a reset", () => {
  const map = new SessionMap();
  const add = () => map.add(new RelaySession(0, counting(88), true));
  const [first, second] = [add(), add()];
  const session = map.find(second) ?? assert.fail();
  const view = new DataView(new ArrayBuffer(16));
  view.setBigUint64(0, 0xfedc_ba98_7654_3210n, true);
  session.found(view, 0);

  map.remove(first);
  const third = add();

  assert.deepEqual([first, second, third], [1, 2, 3]);
  const translated = (id: bigint) => {
    view.setBigUint64(8, id, true);
    map.translate(view, 8);
    return view.getBigUint64(8, true);
  };
  const nobody = 2n ** 64n - 1n;
  assert.equal(translated(2n), 0xfedc_ba98_7654_3210n);
  for (const id of [0n, 1n, 3n, 4n, 2n ** 53n + 1n, nobody]) assert.equal(translated(id), nobody);
  session.lost();
  assert.equal(translated(2n), nobody);
});

Deno.test("the keys of a session are overwritten at its end and at the guest's", () => {
  const map = new SessionMap();
  const creates = [counting(88), counting(88), counting(88)];
  for (const create of creates) map.add(new RelaySession(0, create, true));

  map.remove(2);
  const afterRemove = creates.map((create) => create.every((byte) => byte === 0));
  map.clear();

  assert.deepEqual(afterRemove, [false, true, false]);
  for (const create of creates) assert.ok(create.every((byte) => byte === 0));
  assert.equal(map.size, 0);
});

Deno.test("a budget is exceeded by one request at most", () => {
  const budget = new Budget(3, 100);
  const rooms = [60, 60, 1].map((bytes) => {
    const { hasRoom } = budget;
    if (hasRoom) budget.add(bytes);
    return hasRoom;
  });
  budget.remove(60);

  assert.deepEqual(rooms, [true, true, false]);
  assert.ok(budget.hasRoom);
  assert.equal(budget.num, 1);
});

Deno.test("attempts to reach a gateway grow rarer up to a bound, and are spread", () => {
  const delays = [0, 1, 2, 10, 1000].map((numFailures) => retryDelay(numFailures, 1));

  assert.deepEqual(delays, [100, 200, 400, 5000, 5000]);
  assert.equal(retryDelay(3, 0), 400);
});

Deno.test("what a control request asks for is told by its opcode alone", () => {
  const create = build(createCipherSession, { algo: 3, op: 1, key: counting(16) }, PLAIN);
  const destroy = (mode: WireMode) => build(destroySession, { service: 3, sessionId: 1 }, mode);

  assert.equal(controlKind(create.readable), ControlKind.CREATE);
  assert.equal(controlKind(destroy(MUX).readable), ControlKind.DESTROY);
  assert.equal(controlKind(destroy(MUX).readable.subarray(0, 4)), ControlKind.DESTROY);
  for (const bytes of [[], [3, 0, 0], [4, 0, 0, 0], [2, 4, 0, 0], [2, 0, 1, 0]]) {
    assert.equal(controlKind(Uint8Array.from(bytes)), ControlKind.OTHER);
  }
  assert.ok(hasDestroyBody(destroy(PLAIN).readable, PLAIN));
  assert.ok(!hasDestroyBody(destroy(MUX).readable, PLAIN));
});

Deno.test("answers given without a gateway have the lengths a device's have", () => {
  const destroyLens = [0, 1, 3, 4, 7, 8, 16].map((len) => destroyAnswer(Status.ERR, len).length);

  assert.deepEqual(destroyLens, [0, 1, 1, 4, 4, 8, 8]);
  assert.equal(createAnswer(Status.ERR, 15).length, 0);
  const answer = createAnswer(Status.OK, 16, 7);
  assert.deepEqual([...answer], [7, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
  assert.equal(answerStatus(ControlKind.CREATE, answer), Status.OK);
  assert.equal(answerStatus(ControlKind.CREATE, answer.subarray(0, 8)), Status.ERR);
  assert.equal(answerStatus(ControlKind.DESTROY, Uint8Array.of(9)), Status.ERR);
  assert.equal(answerStatus(ControlKind.DESTROY, new Uint8Array(0)), Status.ERR);
});

Deno.test("a guest's configuration space has what a relay carries, and its own number of queues", () => {
  const offered = new Uint8Array(Config.SIZE).fill(0xff);
  const config = new GuestConfig(3, offered);
  const u32 = (offset: number) => {
    const bytes = config.read(offset, 4) ?? assert.fail();
    return new DataView(bytes.buffer).getUint32(0, true);
  };

  assert.equal(u32(Config.status), 1);
  assert.equal(u32(Config.maxDataqueues), 3);
  assert.equal(u32(Config.cryptoServices), 15);
  assert.equal(u32(Config.reserved), 0);
  assert.equal(config.clearReady(), true);
  assert.equal(config.clearReady(), false);
  assert.equal(u32(Config.status), 0);
  assert.equal(config.update(offered, true), true);
  assert.equal(config.update(offered, true), false);
  assert.equal(config.read(54, 3), undefined);
  // Lengths that no key has do not make room for as much.
  assert.ok(config.maxControlLen < 64 * 1024);
});
