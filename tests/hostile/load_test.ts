/** Clients that are slow, many, gone, or heavy, and those beside them. */

import { strict as assert } from "node:assert";
import { connect as connectSocket } from "node:net";
import { CipherAlgo, Direction, HashAlgo, Status } from "../../device/mod.ts";
import { build, cipherStateless, hashStateless } from "../../device/wire/requests.ts";
import { encodeFrame, FrameOpcode } from "../../gateway/websocket/frames.ts";
import { openPeer, type TestPeer, until } from "../gateway/helpers.ts";
import { concat, counting } from "../support/random.ts";
import { ALL_MODES, startUp, submit } from "../support/remote_rig.ts";
import { SRC } from "../support/samples.ts";
import { assertLevel, atGateway, servesAHundred } from "./cases.ts";
import { within } from "./lanes.ts";
import { type RecordLane, takeMade } from "./record_lanes.ts";

// A peer past its start-up.
async function startedPeer(lane: RecordLane): Promise<TestPeer> {
  const peer = await openPeer(lane.server.url);
  const records = startUp(4, ALL_MODES);
  peer.message(concat(...records));
  await peer.nextRecords(records.length);
  return peer;
}

atGateway(
  "a slow reader stops its own reading: what waits for it has a bound, others are served, all comes at last",
  async (lane) => {
    takeMade();
    const peer = await startedPeer(lane);
    const [device] = takeMade();
    const shake = { algo: HashAlgo.SHA3_SHAKE128, src: SRC, hashResultLen: 65536 };
    const { readable } = build(hashStateless, shake, lane.mode);
    const num = 2400;
    // 150 MiB of answers, of which 64 may wait.
    peer.socket.pause();
    for (let i = 0; i < num; i += 100) {
      peer.message(
        concat(...Array.from({ length: 100 }, (_, j) => submit(i + j, j % 4, readable, 65537))),
      );
    }
    await servesAHundred(lane);
    const done = () => device.counters.requests;
    for (let before = -1; before !== done();) {
      before = done();
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    assert.ok(done() > 0 && done() < num - 400, `${done()} requests were done for nobody`);
    await servesAHundred(lane);

    peer.socket.resume();
    const answers = await within(peer.nextRecords(num), "all answers");

    assert.equal(new Set(answers.map(({ id }) => id)).size, num);
    assert.ok(answers.every(({ payload }) => payload.at(-1) === Status.OK));
    await peer.close();
  },
);

atGateway(
  "two hundred slow writers, each in the midst of something, hold up nobody",
  async (lane) => {
    const { hostname, port, host } = new URL(lane.server.url);
    const message = concat(...startUp(4, ALL_MODES));
    const frame = encodeFrame(FrameOpcode.BINARY, message, "client");
    const halves = [
      "GET /v1/device HTTP/1.1\r\nHost: ",
      `POST /v1/hash HTTP/1.1\r\nHost: ${host}\r\nContent-Type: application/json\r\n` +
      `Content-Length: 1000\r\n\r\n{"algorithm": "sha-`,
      "\r\n",
    ];
    const sockets = Array.from({ length: 150 }, (_, i) => {
      const socket = connectSocket(Number(port), hostname);
      socket.on("error", () => {});
      socket.write(halves[i % halves.length]);
      return socket;
    });
    const peers = await Promise.all(Array.from({ length: 50 }, () => openPeer(lane.server.url)));
    peers.forEach((peer, i) => peer.socket.write(frame.subarray(0, 1 + 7 * i)));

    await servesAHundred(lane);

    for (const socket of [...sockets, ...peers.map((peer) => peer.socket)]) socket.destroy();
  },
);

atGateway(
  "two thousand idle connections cost little and hold up nobody; one more than may be is turned away",
  async (lane) => {
    takeMade();
    const peers: TestPeer[] = [];
    for (let i = 0; i < 20; i++) {
      peers.push(
        ...await Promise.all(Array.from({ length: 100 }, () => openPeer(lane.server.url))),
      );
    }
    const devices = takeMade();

    assert.equal(devices.length, 2000);
    assert.ok(devices.every(({ held }) => held.memory === 0 && held.requests === 0));
    await assert.rejects(openPeer(lane.server.url), /503/);
    await servesAHundred(lane);
    for (const peer of peers) peer.socket.destroy();
  },
  { server: { maxConnections: 2001 } },
);

atGateway(
  "clients that vanish in the midst of a batch are forgotten with all they held",
  async (lane) => {
    takeMade();
    const slow = build(cipherStateless, {
      algo: CipherAlgo.KASUMI_F8,
      op: Direction.ENCRYPT,
      key: counting(16),
      iv: new Uint8Array(8),
      src: new Uint8Array(50_000),
    }, lane.mode);
    const peers = await Promise.all(Array.from({ length: 40 }, () => startedPeer(lane)));
    const devices = takeMade();
    const batch = concat(
      ...Array.from({ length: 20 }, (_, id) => submit(id, id % 4, slow.readable, slow.writableLen)),
    );
    const frame = encodeFrame(FrameOpcode.BINARY, batch, "client");
    peers.forEach((peer, i) => {
      // Some with all of their batch sent, some with half of it.
      const part = i % 2 === 0 ? frame : frame.subarray(0, frame.length >> 1);
      peer.socket.write(part.slice(), () => peer.socket.destroy());
    });

    await within(Promise.all(peers.map(({ closed }) => closed)), "the ends of the sockets");
    const isGone = () =>
      devices.every((device) => device.held.memory === 0 && device.held.requests === 0);
    await within(until(isGone), "the devices to go");

    assert.ok(devices.every((device) => device.state().sessions === 0));
  },
);

atGateway(
  "one tenant's load beside another's: the light one's answers come while the heavy one works",
  async (lane) => {
    takeMade();
    const heavy = await startedPeer(lane);
    const [device] = takeMade();
    const slow = build(cipherStateless, {
      algo: CipherAlgo.KASUMI_F8,
      op: Direction.ENCRYPT,
      key: counting(16),
      iv: new Uint8Array(8),
      src: new Uint8Array(1_000_000),
    }, lane.mode);
    const num = 40;
    for (let id = 0; id < num; id++) {
      heavy.message(submit(id, id % 4, slow.readable, slow.writableLen));
    }
    await until(() => device.held.requests > 0);

    for (let i = 0; i < 5; i++) await servesAHundred(lane);

    assert.ok(device.counters.requests < num, "The heavy load was over before");
    assertLevel(lane, 0);
    heavy.socket.destroy();
    await heavy.closed;
  },
);
