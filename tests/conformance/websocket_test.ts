/** The upgrade and the framing of messages (remote-protocol.md, "WebSocket"; RFC 6455). */
import assert from "node:assert/strict";
import { concat, EMPTY, pattern, readU32, utf8 } from "./bytes.ts";
import { Connection, read } from "./client.ts";
import { gatewayForFile, withConnection } from "./harness.ts";
import { encodeMessage } from "./records.ts";
import { withGateway } from "./server.ts";
import {
  encodeFrame,
  FrameKind,
  type FrameOptions,
  Socket,
  type UpgradeOptions,
} from "./socket.ts";

const target = gatewayForFile();
const MAGIC = 0x74726976;
const QUESTION = encodeMessage([{ ...read(0), id: 3 }]);

async function assertAnswered(connection: Connection): Promise<void> {
  const [answer] = await connection.collect([3]);
  assert.equal(readU32(answer.payload), MAGIC);
}

Deno.test("the upgrade echoes the subprotocol virtio-crypto.v1 and nothing else", async () => {
  const offers = [["virtio-crypto.v1"], ["chat", "virtio-crypto.v1"], [
    "virtio-crypto.v1",
    "other",
  ]];
  for (const protocols of offers) {
    const { head, socket } = await Socket.upgrade(target.url, { protocols });
    await socket?.close();

    assert.equal(head.status, 101);
    assert.equal(head.headers.get("sec-websocket-protocol"), "virtio-crypto.v1");
    assert.equal(head.headers.get("sec-websocket-extensions"), null);
  }
});

const REFUSED: readonly (readonly [string, number, UpgradeOptions])[] = [
  ["no subprotocol", 400, { protocols: [] }],
  ["another subprotocol", 400, { protocols: ["virtio-crypto.v2"] }],
  ["the subprotocol in other letters", 400, { protocols: ["VIRTIO-CRYPTO.V1"] }],
  ["a foreign Origin", 403, { headers: { origin: "https://evil.example" } }],
  ["an Origin of null", 403, { headers: { origin: "null" } }],
  ["the right host on another port as Origin", 403, { headers: { origin: "http://127.0.0.1:1" } }],
  ["a foreign Host", 403, { headers: { host: "evil.example" } }],
  ["a Host that only begins like loopback", 403, { headers: { host: "127.0.0.1.evil.example" } }],
  ["a foreign Host with a port", 403, { headers: { host: "rebind.example:80" } }],
  ["another path", 404, { path: "/v1/nothing" }],
];

for (const [name, status, options] of REFUSED) {
  Deno.test(`an upgrade with ${name} is answered ${status}`, async () => {
    const { head, socket } = await Socket.upgrade(target.url, options);
    socket?.drop();

    assert.equal(head.status, status);
  });
}

Deno.test("an upgrade from the gateway's own origin is taken", async () => {
  const { origin } = new URL(target.url);
  const { head, socket } = await Socket.upgrade(target.url, { headers: { origin } });
  await socket?.close();

  assert.equal(head.status, 101);
});

Deno.test("a ping is answered by a pong with its payload", async () => {
  await withConnection(target.url, async ({ socket }) => {
    for (const payload of [EMPTY, utf8("are you there"), pattern(125)]) {
      await socket.send(payload, { kind: FrameKind.PING });

      const pong = await socket.receive();

      assert.equal(pong.kind, FrameKind.PONG);
      assert.equal(pong.payload.toHex(), payload.toHex());
    }
  });
});

Deno.test("an unasked pong is passed over", async () => {
  await withConnection(target.url, async (connection) => {
    await connection.socket.send(pattern(9), { kind: FrameKind.PONG });
    await connection.socket.send(QUESTION);

    await assertAnswered(connection);
  });
});

Deno.test("a message may come in fragments, empty ones and pings between them", async () => {
  await withConnection(target.url, async (connection) => {
    const { socket } = connection;
    await socket.send(QUESTION.slice(0, 1), { fin: false });
    await socket.send(EMPTY, { kind: FrameKind.CONTINUATION, fin: false });
    await socket.send(utf8("x"), { kind: FrameKind.PING });
    await socket.send(QUESTION.slice(1, 17), { kind: FrameKind.CONTINUATION, fin: false });
    await socket.send(QUESTION.slice(17), { kind: FrameKind.CONTINUATION });

    await assertAnswered(connection);
  });
});

Deno.test("a frame may arrive byte by byte, and several in one piece", async () => {
  await withConnection(target.url, async (connection) => {
    for (const byte of encodeFrame(QUESTION)) {
      await connection.socket.sendRaw(new Uint8Array([byte]));
    }
    await assertAnswered(connection);

    const frame = encodeFrame(encodeMessage([{ ...read(0), id: 4 }]));
    await connection.socket.sendRaw(concat(encodeFrame(QUESTION), frame));
    await assertAnswered(connection);
    const [second] = await connection.collect([4]);
    assert.equal(readU32(second.payload), MAGIC);
  });
});

Deno.test("frames of each length form are taken", async () => {
  await withConnection(target.url, async (connection) => {
    for (const num of [1, 5, 6, 100, 3000]) {
      const answers = await connection.exchange(Array.from({ length: num }, () => read(0)));

      assert.equal(answers.length, num);
    }
  });
});

const FAULTS: readonly (readonly [string, readonly number[], FrameOptions])[] = [
  ["a text frame", [1002, 1003], { kind: FrameKind.TEXT }],
  ["an unmasked frame", [1002], { masked: false }],
  ["a frame with a reserved bit", [1002], { reserved: 4 }],
  ["an unknown opcode", [1002], { kind: 3 }],
  ["an unknown control opcode", [1002], { kind: 11 }],
  ["a continuation of nothing", [1002], { kind: FrameKind.CONTINUATION }],
  ["a ping in fragments", [1002], { kind: FrameKind.PING, fin: false }],
];

for (const [name, codes, options] of FAULTS) {
  Deno.test(`${name} closes the connection with ${codes.join(" or ")}`, async () => {
    const connection = await Connection.open(target.url);
    await connection.socket.send(QUESTION, options);

    const code = await connection.ending();

    assert.ok(code !== null && codes.includes(code), `close code ${code}`);
    assert.equal(connection.arrived.length, 0);
  });
}

Deno.test("a new message inside a fragmented one closes with 1002", async () => {
  const connection = await Connection.open(target.url);
  await connection.socket.send(QUESTION.slice(0, 8), { fin: false });
  await connection.socket.send(QUESTION);

  assert.equal(await connection.ending(), 1002);
});

Deno.test("a ping longer than 125 bytes closes with 1002", async () => {
  const connection = await Connection.open(target.url);
  await connection.socket.send(pattern(126), { kind: FrameKind.PING });

  assert.equal(await connection.ending(), 1002);
});

Deno.test("a close is answered with a close, and what came before it is answered first", async () => {
  const connection = await Connection.open(target.url);
  await connection.socket.send(QUESTION);
  await connection.socket.send(new Uint8Array([0x03, 0xe8]), { kind: FrameKind.CLOSE });

  await assertAnswered(connection);
  assert.equal(await connection.ending(), 1000);
});

const BAD_CLOSES: readonly (readonly [string, number, readonly number[]])[] = [
  ["of one byte", 1002, [3]],
  ["with code 999", 1002, [0x03, 0xe7]],
  ["with code 1005, which no frame may carry", 1002, [0x03, 0xed]],
  ["whose reason is no UTF-8", 1007, [0x03, 0xe8, 0xff, 0xfe]],
];

for (const [name, code, payload] of BAD_CLOSES) {
  Deno.test(`a close frame ${name} is answered ${code}`, async () => {
    const connection = await Connection.open(target.url);
    await connection.socket.send(new Uint8Array(payload), { kind: FrameKind.CLOSE });

    assert.equal(await connection.ending(), code);
  });
}

Deno.test("a message of no records is no fault", async () => {
  await withConnection(target.url, async (connection) => {
    await connection.socket.send(EMPTY);
    await connection.socket.send(QUESTION);

    await assertAnswered(connection);
  });
});

Deno.test("a message over --max-message closes with 1009, by its header or by its fragments", async () => {
  await withGateway(["--max-message", "65536", "--max-size", "16384"], async (url) => {
    const byHeader = await Connection.open(url);
    await byHeader.socket.send(pattern(16), { declaredLen: 2 ** 40 });
    const byFragments = await Connection.open(url);
    await byFragments.socket.send(pattern(60_000), { fin: false });
    await byFragments.socket.send(pattern(6_000), { kind: FrameKind.CONTINUATION, fin: false });

    assert.equal(await byHeader.ending(), 1009);
    assert.equal(await byFragments.ending(), 1009);
    await withConnection(url, async (connection) => {
      await connection.socket.send(QUESTION);
      await assertAnswered(connection);
    });
  });
});

Deno.test("over --max-connections an upgrade is turned away until one leaves", async () => {
  await withGateway(["--max-connections", "2"], async (url) => {
    const first = await Connection.open(url);
    const second = await Connection.open(url);
    const refused = await Socket.upgrade(url).catch(() => ({ head: { status: 0 }, socket: null }));
    refused.socket?.drop();
    await second.close();
    await withConnection(url, async (connection) => {
      await connection.socket.send(QUESTION);
      await assertAnswered(connection);
    });
    await first.close();

    assert.notEqual(refused.head.status, 101);
  });
});

Deno.test("a peer silent beyond --idle-timeout, its pongs included, is closed", async () => {
  await withGateway(["--idle-timeout", "1"], async (url) => {
    const connection = await Connection.open(url);
    connection.socket.answersPings = false;

    const code = await connection.ending();

    assert.ok(code === null || code >= 1000, `close code ${code}`);
  });
});
