/** Clients that send what is no record, no request and no JSON, or too much of it, or too slowly. */

import { strict as assert } from "node:assert";
import { connect as connectSocket } from "node:net";
import { HashAlgo, Register, Status } from "../../device/mod.ts";
import { build, hashStateless } from "../../device/wire/requests.ts";
import { RecordKind, RECORDS_MEDIA_TYPE, RefusedReason } from "../../gateway/records.ts";
import { encodeFrame, FrameOpcode } from "../../gateway/websocket/frames.ts";
import { openPeer } from "../gateway/helpers.ts";
import { concat, counting } from "../support/random.ts";
import { ALL_MODES, read, record, startUp, submit } from "../support/remote_rig.ts";
import { SRC } from "../support/samples.ts";
import { atGateway, overNetwork } from "./cases.ts";
import { within } from "./lanes.ts";
import { withTokens } from "./tokens.ts";

const { READ, SUBMIT, REFUSED, READ_OK } = RecordKind;
const UNKNOWN_OPCODE = new Uint8Array(24).fill(0xff);

// A record's bytes with another size than it has.
function sized(size: number, len = 24): Uint8Array {
  const bytes = new Uint8Array(len);
  new DataView(bytes.buffer).setUint32(0, size, true);
  bytes[4] = READ;
  return bytes;
}

const UNCUTTABLE: readonly (readonly [string, Uint8Array])[] = [
  ["size 0", sized(0)],
  ["size 15", sized(15)],
  ["size 2^32 - 1", sized(0xffffffff)],
  ["size 2^31", sized(0x80000000)],
  ["a size one past the message", sized(25)],
  ["a size that rounding up would make 0", sized(0xfffffff9)],
  ["a header cut short", sized(16, 15)],
  ["one byte", sized(16, 4).subarray(0, 1)],
  ["seven bytes", sized(16, 7)],
];

for (const [what, bytes] of UNCUTTABLE) {
  atGateway(
    `a record of ${what} ends its own connection, behind the answers to what came before`,
    async (lane) => {
      const peer = await openPeer(lane.server.url);
      peer.message(concat(read(1, Register.MagicValue), read(2, Register.Version), bytes));

      assert.deepEqual((await peer.nextRecords(2)).map(({ kind, id }) => [kind, id]), [
        [READ_OK, 1],
        [READ_OK, 2],
      ]);
      assert.equal((await peer.nextClose()).closeCode, 1002);
      peer.socket.destroy();
    },
  );

  overNetwork(`a body with a record of ${what} is 400 and none of it is executed`, async (lane) => {
    const { server: { url } } = lane;
    const made = await fetch(`${url}/v1/devices`, post("application/json", "{}"));
    const { id }: { id: string } = await made.json();
    const body = concat(submit(1, 0, UNKNOWN_OPCODE, 1), bytes);

    const response = await fetch(`${url}/v1/devices/${id}/records`, post(RECORDS_MEDIA_TYPE, body));

    assert.equal(response.status, 400);
    await response.body?.cancel();
    await deleteDevice(url, id);
  });
}

function post(type: string, body: string | Uint8Array<ArrayBuffer>): RequestInit {
  return { method: "POST", headers: { "content-type": type }, body };
}

async function deleteDevice(url: string, id: string): Promise<void> {
  const { body } = await fetch(`${url}/v1/devices/${id}`, { method: "DELETE" });
  await body?.cancel();
}

overNetwork(
  "records of every unknown kind, with flags, or with a wrong payload are REFUSED one by one",
  async (lane) => {
    const kinds = Array.from({ length: 256 }, (_, kind) => kind).filter((kind) =>
      kind === 0 || kind > SUBMIT
    );
    const bad = [
      ...kinds.map((kind, id) => record(kind, id, 0, counting(id % 9))),
      ...[1, 2, 128, 255].map((flags, i) => record(READ, 300 + i, 0, counting(4), { flags })),
      ...[0, 3, 5, 4096].map((len, i) => record(READ, 400 + i, 0, new Uint8Array(len))),
    ];

    const answers = await lane.ask(...bad);

    assert.ok(
      answers.every(({ kind, value }) => kind === REFUSED && value === RefusedReason.MALFORMED),
    );
    assert.equal(new Set(answers.map(({ id }) => id)).size, bad.length);
  },
);

overNetwork(
  "registers that are none, reads of 4 GiB and writes of any length are REFUSED or answered",
  async (lane) => {
    const u32 = (value: number) => {
      const bytes = new Uint8Array(4);
      new DataView(bytes.buffer).setUint32(0, value, true);
      return bytes;
    };
    const offsets = [1, 2, 3, 0x0a4, 0x0fe, 0x139, 0x200, 0x7fffffff, 0xfffffffc, 0xffffffff];
    const reads = offsets.flatMap((offset) =>
      [0, 1, 4, 57, 0x80000000, 0xffffffff].map((len) => record(READ, 0, offset, u32(len)))
    );
    const config = [0xffffffff, 0x80000000, 57].map((len) => record(READ, 0, 0x100, u32(len)));
    const writes = [0, 1, 3, 5, 64, 4096].map((len) =>
      record(RecordKind.WRITE, 0, Register.QueueSel, new Uint8Array(len))
    );

    const answers = await lane.ask(...reads, ...config, ...writes);

    assert.ok(answers.every(({ payload }) => payload.length < 200));
    assert.ok(answers.slice(-9).every(({ kind }) => kind === REFUSED));
  },
);

overNetwork("a SUBMIT that asks for 4 GiB of room is REFUSED and takes no memory", async (lane) => {
  const { memory } = lane.levels();
  const room = [0xffffffff, 0x80000000, (4 << 20) + 4096, 256 << 20];

  const came = await lane.run(room.map((writableLen) => ({
    readable: UNKNOWN_OPCODE,
    writableLen,
  })));

  assert.ok(came.every(({ refused }) => refused === RefusedReason.OVER_LIMIT));
  assert.equal(lane.levels().memory, memory);
});

// A start-up and a hash of SRC, and how many answers they have.
function honestMessage(id: number): { message: Uint8Array<ArrayBuffer>; num: number } {
  const hash = { algo: HashAlgo.SHA_256, src: SRC, hashResultLen: 32 };
  const { readable } = build(hashStateless, hash, { mux: true, layout: "v19" });
  const records = [...startUp(4, ALL_MODES), submit(id, 0, readable, 33)];
  return { message: concat(...records), num: records.length };
}

atGateway("a message that comes a byte at a time is one message", async (lane) => {
  const { message, num } = honestMessage(7);
  const peer = await openPeer(lane.server.url);
  const frame = encodeFrame(FrameOpcode.BINARY, message, "client");
  peer.socket.setNoDelay(true);
  for (const byte of frame) {
    await new Promise<void>((resolve) => peer.socket.write(Uint8Array.of(byte), () => resolve()));
  }

  const answers = await within(peer.nextRecords(num), "answers");

  assert.equal(answers.at(-1)?.payload.at(-1), Status.OK);
  await peer.close();
});

atGateway(
  "an HTTP request whose head and body come a byte at a time is one request",
  async (lane) => {
    const { hostname, port } = new URL(lane.server.url);
    const body = '{"algorithm":"sha-256","data":"616263","encoding":"hex"}';
    const text = `POST /v1/hash HTTP/1.1\r\nHost: ${hostname}:${port}\r\nConnection: close\r\n` +
      `Content-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
    const socket = connectSocket(Number(port), hostname);
    socket.setNoDelay(true);
    let answer = "";
    socket.on("data", (chunk) => answer += chunk);
    const closed = new Promise<void>((resolve) => socket.once("close", () => resolve()));
    for (const byte of new TextEncoder().encode(text)) {
      await new Promise<void>((resolve) => socket.write(Uint8Array.of(byte), () => resolve()));
    }

    await within(closed, "the answer");

    assert.match(answer, /ba7816bf8f01cfea414140de5dae2223/);
  },
);

atGateway(
  "a huge message is refused by its header, in one frame or in fragments, before it has come",
  async (lane) => {
    const whole = await openPeer(lane.server.url);
    // The header of a frame of 16 MiB and one byte, of 2^63 bytes, and nothing behind.
    whole.socket.write(Uint8Array.of(0x82, 0xff, 0, 0, 0, 0, 1, 0, 0, 1, 0, 0, 0, 0));
    const longest = await openPeer(lane.server.url);
    longest.socket.write(Uint8Array.of(0x82, 0xff, 0x7f, ...new Array(11).fill(0xff)));
    const pieces = await openPeer(lane.server.url);
    const piece = encodeFrame(FrameOpcode.BINARY, new Uint8Array(1 << 20), "client");
    for (let i = 0; i < 17; i++) {
      piece[0] = i === 0 ? FrameOpcode.BINARY : FrameOpcode.CONTINUATION;
      pieces.socket.write(piece.slice());
    }

    for (const peer of [whole, longest, pieces]) {
      assert.equal((await within(peer.nextClose(), "a close")).closeCode, 1009);
      peer.socket.destroy();
    }
  },
);

atGateway("a body over the limit is 413, said in its header or found on the way", async (lane) => {
  const { hostname, port, host } = new URL(lane.server.url);
  const megabyte = new Uint8Array(1 << 20).fill(0x20);
  for (const path of ["/v1/hash", "/v1/requests?writable=33"]) {
    const type = path === "/v1/hash" ? "application/json" : "application/octet-stream";
    const head = `POST ${path} HTTP/1.1\r\nHost: ${host}\r\nContent-Type: ${type}\r\n`;
    const bodies: readonly (readonly (string | Uint8Array)[])[] = [
      [`${head}Content-Length: ${(16 << 20) + 1}\r\n\r\n`],
      // One chunk more than fits, and no end.
      [
        `${head}Transfer-Encoding: chunked\r\n\r\n`,
        ...new Array(17).fill(["100000\r\n", megabyte, "\r\n"]).flat(),
      ],
    ];
    for (const pieces of bodies) {
      const socket = connectSocket(Number(port), hostname);
      socket.on("error", () => {});
      const answer = new Promise<string>((resolve) =>
        socket.once("data", (data) => resolve(`${data}`))
      );
      for (const piece of pieces) socket.write(piece);

      assert.match(await within(answer, "an answer"), /^HTTP\/1\.1 413 /);
      socket.destroy();
    }
  }
});

// Bodies that make a parser suffer, and what becomes of them on routes that want an object.
const SUFFERING: readonly (readonly [string, () => string])[] = [
  ["arrays a million deep", () => "[".repeat(1e6) + "]".repeat(1e6)],
  ["objects a million deep", () => '{"a":'.repeat(1e6) + "1" + "}".repeat(1e6)],
  ["seven million open brackets", () => "[".repeat(7e6)],
  ["a batch of arrays a hundred deep", () => `{"batch":${"[".repeat(100)}${"]".repeat(100)}}`],
  ["a million names", () => `{${Array.from({ length: 1e6 }, (_, i) => `"k${i}":1`).join()}}`],
  ["a batch of a million items", () => `{"batch":[${new Array(1e6).fill("{}").join()}]}`],
  ["a batch of 4097 items", () => `{"batch":[${new Array(4097).fill("{}").join()}]}`],
  ["fifteen million quotes", () => '"'.repeat(15e6)],
  ["seven million escaped quotes", () => `"${'\\"'.repeat(7e6)}"`],
  ["a number of a million digits", () => `{"outLen":${"9".repeat(1e6)}}`],
  ["a string of 15 MB where a name should be", () => `{"algorithm":"${"a".repeat(15e6)}"}`],
  ["a prototype", () => '{"__proto__":{"algorithm":"sha-256","data":""}}'],
  ["a constructor", () => '{"constructor":{"prototype":{"data":""}},"algorithm":"sha-256"}'],
  ["the same name twice", () => '{"algorithm":"sha-256","algorithm":1,"data":""}'],
  ["no JSON", () => "\u0000\u0001"],
  ["nothing", () => ""],
  ["null", () => "null"],
];

for (const [what, body] of SUFFERING) {
  atGateway(
    `JSON of ${what} is a problem of 400 or 413 on every route that takes any (CVE-2026-13757)`,
    async (lane) => {
      const text = body();
      for (const path of ["/v1/hash", "/v1/cipher", "/v1/mac", "/v1/aead", "/v1/devices"]) {
        const response = await fetch(lane.server.url + path, post("application/json", text));
        const problem: { status: number; detail: string } = await response.json();

        assert.ok([400, 413].includes(response.status), `${path} ${response.status}`);
        assert.equal(problem.status, response.status);
        assert.ok(problem.detail.length < 500, `${problem.detail.length} characters of detail`);
      }
    },
  );
}

const TOKEN = "right-token-right-token-right-token";
const WRONG: readonly (readonly [string, string | undefined])[] = [
  ["no token", undefined],
  ["an empty token", "Bearer "],
  ["a wrong token", "Bearer wrong-token-wrong-token-wrong-token"],
  ["a token with a byte more", `Bearer ${TOKEN}x`],
  ["a token with a byte less", `Bearer ${TOKEN.slice(0, -1)}`],
  ["another scheme", `Basic ${TOKEN}`],
  ["a token of 16 KB", `Bearer ${"x".repeat(16_000)}`],
];

Deno.test("wrong and missing tokens are 401 on every route the gateway describes, and on the upgrade", async () => {
  await withTokens([{ name: "alice", token: TOKEN }], async (url) => {
    const routes = await routesOf(url, TOKEN);
    assert.ok(routes.length >= 10, `${routes.length} routes`);
    for (const [what, authorization] of WRONG) {
      const headers: HeadersInit = authorization === undefined ? {} : { authorization };
      for (const { method, path } of routes) {
        const response = await fetch(url + path, { method, headers });
        await response.body?.cancel();
        const isFree = path === "/healthz" || path === "/readyz";
        const is431 = authorization !== undefined && authorization.length > 10_000 &&
          response.status === 431;
        assert.ok(
          is431 || (response.status === 401) !== isFree,
          `${method} ${path} with ${what}: ${response.status}`,
        );
      }
      await assert.rejects(
        openPeer(url, { headers: { Authorization: authorization ?? null } }),
        /refused: (401|431)/,
        what,
      );
    }
  });
});

// All there is, as the gateway itself says, the upgrade's route and one that is none among them.
async function routesOf(url: string, token: string): Promise<{ method: string; path: string }[]> {
  const headers = { authorization: `Bearer ${token}` };
  const response = await fetch(`${url}/openapi.json`, { headers });
  const { paths }: { paths: Record<string, Record<string, unknown>> } = await response.json();
  const described = Object.entries(paths).flatMap(([path, methods]) =>
    Object.keys(methods).map((method) => ({
      method: method.toUpperCase(),
      path: path.replace("{id}", "0".repeat(32)),
    }))
  );
  return [...described, { method: "GET", path: "/" }, { method: "GET", path: "/nothing" }];
}
