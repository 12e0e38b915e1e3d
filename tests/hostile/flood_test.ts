/** Malformed messages and bodies at full speed, beside clients that mean well. */

import { strict as assert } from "node:assert";
import { createCipheriv, createHash, createHmac } from "node:crypto";
import { connect as connectSocket, type Socket } from "node:net";
import { connect, type Device } from "../../gateway/client/mod.ts";
import { RecordKind, RECORDS_MEDIA_TYPE } from "../../gateway/records.ts";
import { encodeFrame, FrameOpcode } from "../../gateway/websocket/frames.ts";
import { startGateway } from "../conformance/server.ts";
import { openPeer, readRecords } from "../gateway/helpers.ts";
import { concat, Random } from "../support/random.ts";
import { record } from "../support/remote_rig.ts";
import { within } from "./lanes.ts";

const NUM_MESSAGES = 10_000;
const NUM_BODIES = 10_000;
/** Messages of one connection, the last of which ends it. */
const PER_CONNECTION = 10;
/** Bodies that are sent before their answers are looked at: as many as may wait for one device. */
const PER_PIPELINE = 10;
const ATTACKERS = 8;
const HONEST_PER_TRANSPORT = 4;

// A message of records each of which is to be REFUSED, and how many they are.
function refusedMessage(random: Random): { message: Uint8Array; num: number } {
  const num = 1 + random.below(4);
  const records = Array.from({ length: num }, (_, id) => {
    const payload = random.bytes(random.below(64));
    switch (random.below(4)) {
      case 0:
        return record(4 + random.below(250), id, random.next(), payload);
      case 1:
        return record(1 + random.below(3), id, random.next(), payload, {
          flags: 1 + random.below(255),
        });
      case 2:
        return record(RecordKind.READ, id, 0x300 + random.below(0x7fff), random.bytes(4));
      default:
        // Before DRIVER_OK, to any queue, with room for anything.
        return record(RecordKind.SUBMIT, id, random.next(), payload, {
          queue: random.below(65536),
        });
    }
  });
  return { message: concat(...records), num };
}

// Bytes behind which a connection has no future.
function fatalBytes(random: Random): Uint8Array {
  const frame = (bytes: Uint8Array) => encodeFrame(FrameOpcode.BINARY, bytes, "client");
  switch (random.below(5)) {
    case 0:
      return frame(concat(record(1, 0, 0, new Uint8Array(4)), random.bytes(1 + random.below(15))));
    case 1: {
      const size = random.below(2) === 0 ? random.below(16) : 0x80000000 + random.below(1 << 30);
      const bytes = new Uint8Array(16 + random.below(64));
      new DataView(bytes.buffer).setUint32(0, size, true);
      return frame(bytes);
    }
    case 2: // Reserved bits and opcodes.
      return Uint8Array.of(0xf2 | random.below(14), 0x80, 1, 2, 3, 4);
    case 3: // Not masked.
      return Uint8Array.of(0x82, 4, 1, 2, 3, 4);
    default: // Longer than any message may be.
      return Uint8Array.of(0x82, 0xff, 0, 0, 0, 1, ...random.bytes(8));
  }
}

// Sends its share of messages; every one of them is answered, or ends its connection.
async function floodMessages(url: string, seed: number, num: number): Promise<number> {
  const random = new Random(seed);
  let sent = 0;
  while (sent < num) {
    const peer = await openPeer(url);
    let wanted = 0;
    for (let i = 1; i < PER_CONNECTION; i++) {
      const { message, num } = refusedMessage(random);
      peer.message(message);
      wanted += num;
    }
    peer.socket.write(fatalBytes(random));
    sent += PER_CONNECTION;
    for (let event = await peer.next(); event !== null; event = await peer.next()) {
      if (event.opcode === FrameOpcode.CLOSE) {
        assert.ok([1002, 1009].includes(event.closeCode), `Close code ${event.closeCode}`);
        break;
      }
      const records = readRecords(event.payload);
      // What is in front of a bad record is answered, too.
      wanted -= records.filter(({ kind }) => kind === RecordKind.REFUSED).length;
    }
    assert.ok(wanted <= 0, `${wanted} records were not answered`);
    peer.socket.destroy();
    await peer.closed;
  }
  return sent;
}

const JSON_PATHS = ["/v1/hash", "/v1/cipher", "/v1/mac", "/v1/aead", "/v1/devices"];
const PIECES = ['{"', '"algorithm"', ":", '"sha-256"', "[", "]", "}", ",", '"data"', "null", "1e9"];

// A body, where it goes, and the HTTP status it deserves.
function badBody(
  random: Random,
  device: string,
): { path: string; type: string; body: Uint8Array; status: number } {
  const bytes = random.bytes(random.below(200));
  switch (random.below(3)) {
    case 0: {
      const body = concat(bytes, random.bytes(1));
      return { path: `/v1/devices/${device}/records`, type: RECORDS_MEDIA_TYPE, body, status: 400 };
    }
    case 1: {
      // No opcode there is: the device says so, in a body of one byte.
      const body = concat(new Uint8Array(4).fill(0xff), bytes);
      const path = `/v1/requests?writable=${1 + random.below(300)}`;
      return { path, type: "application/octet-stream", body, status: 200 };
    }
    default: {
      const path = JSON_PATHS[random.below(JSON_PATHS.length)];
      const text = Array.from(
        { length: 1 + random.below(20) },
        () => PIECES[random.below(PIECES.length)],
      );
      const body = new TextEncoder().encode(`${text.join("")}]`);
      return { path, type: "application/json", body, status: 400 };
    }
  }
}

// A connection on which requests are sent without waiting for answers, whose statuses come in order.
class Pipeline {
  readonly #socket: Socket;
  readonly #host: string;
  readonly closed: Promise<void>;
  #text = "";
  #onText: () => void = () => {};

  constructor(url: string) {
    const { hostname, port, host } = new URL(url);
    this.#host = host;
    this.#socket = connectSocket(Number(port), hostname);
    this.closed = new Promise((resolve) => this.#socket.once("close", () => resolve()));
    this.#socket.on("error", () => {});
    this.#socket.setEncoding("latin1");
    this.#socket.on("data", (chunk) => {
      this.#text += chunk;
      this.#onText();
    });
  }

  post(path: string, type: string, body: Uint8Array): void {
    const head = `POST ${path} HTTP/1.1\r\nHost: ${this.#host}\r\nContent-Type: ${type}\r\n` +
      `Content-Length: ${body.length}\r\n\r\n`;
    this.#socket.write(concat(new TextEncoder().encode(head), body));
  }

  /** The statuses of the next answers. */
  async statuses(num: number): Promise<number[]> {
    for (;;) {
      const found = [...this.#text.matchAll(/HTTP\/1\.1 (\d{3}) /g)].map(([, code]) =>
        Number(code)
      );
      if (found.length >= num) {
        this.#text = "";
        return found;
      }
      await new Promise<void>((resolve) => this.#onText = resolve);
    }
  }

  async end(): Promise<void> {
    this.#socket.destroy();
    await this.closed;
  }
}

// Sends its share of bodies; every one of them is refused, or answered with a failed request's status.
async function floodBodies(url: string, seed: number, num: number): Promise<number> {
  const random = new Random(seed);
  const made = await fetch(`${url}/v1/devices`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: "{}",
  });
  const { id }: { id: string } = await made.json();
  const pipeline = new Pipeline(url);
  for (let sent = 0; sent < num; sent += PER_PIPELINE) {
    const bodies = Array.from({ length: PER_PIPELINE }, () => badBody(random, id));
    for (const { path, type, body } of bodies) pipeline.post(path, type, body);
    const statuses = await within(pipeline.statuses(PER_PIPELINE), "answers");
    assert.deepEqual(statuses, bodies.map(({ status }) => status));
  }
  await pipeline.end();
  return num;
}

const digestOf = (bytes: Uint8Array) => createHash("sha256").update(bytes).digest("hex");

// One call of each kind with random bytes, each answer held against another implementation.
async function honestRound(device: Device, random: Random): Promise<number> {
  const src = random.bytes(random.below(5000));
  const key = random.bytes(32);
  const iv = random.bytes(12);
  const [digest, tag, sealed] = await Promise.all([
    device.hash({ algorithm: "sha-256", src }),
    device.mac({ algorithm: "hmac-sha-256", authKey: key, src }),
    device.aead({ algorithm: "aes-256-gcm", op: "encrypt", key, iv, src }),
  ]);
  assert.equal(digest.toHex(), digestOf(src));
  assert.equal(tag.toHex(), createHmac("sha256", key).update(src).digest("hex"));
  const cipher = createCipheriv("aes-256-gcm", key, iv);
  const expected = concat(cipher.update(src), cipher.final(), cipher.getAuthTag());
  assert.equal(sealed.toHex(), expected.toHex());
  const opened = await device.aead({
    algorithm: "aes-256-gcm",
    op: "decrypt",
    key,
    iv,
    src: sealed,
  });
  assert.equal(digestOf(opened), digestOf(src));
  return 4;
}

Deno.test("10,000 malformed messages and 10,000 malformed bodies at full speed: 8 honest clients see right answers only", async () => {
  const gateway = await startGateway(["--log", "none"]);
  try {
    let isOver = false;
    const honest = ["ws", "http"].flatMap((scheme) =>
      Array.from({ length: HONEST_PER_TRANSPORT }, async (_, i) => {
        await using device = await connect(gateway.url.replace("http", scheme));
        const random = new Random(1000 + i);
        let numAnswers = 0;
        while (!isOver || numAnswers < 40) numAnswers += await honestRound(device, random);
        return numAnswers;
      })
    );
    const flood = Promise.all(
      Array.from({ length: ATTACKERS }, async (_, i) => [
        await floodMessages(gateway.url, i, NUM_MESSAGES / ATTACKERS),
        0,
      ]).concat(Array.from({ length: ATTACKERS }, async (_, i) => [
        0,
        await floodBodies(gateway.url, 100 + i, NUM_BODIES / ATTACKERS),
      ])),
    ).finally(() => isOver = true);

    const sent = await flood;
    const answers = await within(Promise.all(honest), "the honest clients");

    const total = (at: number) => sent.reduce((sum, each) => sum + each[at], 0);
    assert.equal(total(0), NUM_MESSAGES);
    assert.equal(total(1), NUM_BODIES);
    assert.ok(answers.every((num) => num >= 40), `Right answers: ${answers}`);
    const health = await fetch(`${gateway.url}/healthz`);
    assert.equal(health.status, 200);
    await health.body?.cancel();
  } finally {
    await gateway.stop();
  }
});
