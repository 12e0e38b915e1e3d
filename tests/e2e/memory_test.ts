import assert from "node:assert/strict";
import { once } from "node:events";
import { RecordKind, RecordWriter } from "../../gateway/records.ts";
import { CloseCode } from "../../gateway/websocket/frames.ts";
import { openPeer, type TestPeer } from "../gateway/helpers.ts";

const KIB = 1024;
const MIB = 1024 * KIB;
/**
 * What a message of the default limit, 16 MiB, may make the gateway hold: a quarter more while its
 * memory grows, and the chunks on their way to it.
 */
const MESSAGE_LIMIT = (16 + 4 + 12) * MIB;
/** What one connection may make the gateway hold with the default options: answers and a message. */
const CONNECTION_LIMIT = (64 + 16) * MIB;
const SHAKE_LEN = 65536;

interface Server {
  readonly url: string;
  /** Resident memory now, and the most there has been, in bytes. */
  readonly memory: () => Promise<{ now: number; peak: number }>;
}

/** Runs the command line's server in a process of its own. */
async function withServer(run: (server: Server) => Promise<void>): Promise<void> {
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "main.ts", "serve", "--port", "0", "--log", "none"],
    cwd: new URL("../../", import.meta.url),
    stdout: "piped",
  }).spawn();
  const lines = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
  try {
    const { value = "" } = await lines.read();
    const url = /https?:\/\/\S+/.exec(value)?.[0];
    assert.ok(url, `No address in: ${value}`);
    const memory = async () => {
      const status = await Deno.readTextFile(`/proc/${child.pid}/status`);
      const kib = (name: string) => Number(new RegExp(`${name}:\\s+(\\d+)`).exec(status)?.[1]);
      return { now: kib("VmRSS") * KIB, peak: kib("VmHWM") * KIB };
    };
    await run({ url, memory });
  } finally {
    await lines.cancel();
    child.kill();
    await child.status;
  }
}

/** A device past DRIVER_OK with MUX and all stateless modes. */
async function startDevice(url: string): Promise<TestPeer> {
  const peer = await openPeer(url);
  const writer = new RecordWriter();
  const write = (register: number, value: number) => {
    const payload = writer.header(RecordKind.WRITE, 0, 0, register, 4);
    new DataView(payload.buffer, payload.byteOffset).setUint32(0, value, true);
  };
  for (const status of [0, 1, 3]) write(0x070, status);
  for (const [select, word] of [[0, 0b11111], [1, 1]]) {
    write(0x024, select);
    write(0x020, word);
  }
  write(0x070, 11);
  for (let queue = 0; queue < 5; queue++) {
    write(0x030, queue);
    write(0x038, 1024);
    write(0x044, 1);
  }
  write(0x070, 15);
  const { numRecords } = writer;
  peer.message(writer.take());
  await peer.nextRecords(numRecords);
  return peer;
}

/** Requests of 40 bytes whose answers are 64 KiB each: SHAKE128 of nothing. */
function shakeMessage(num: number): Uint8Array<ArrayBuffer> {
  const writer = new RecordWriter();
  for (let id = 0; id < num; id++) {
    const payload = writer.header(RecordKind.SUBMIT, id % 4, id, SHAKE_LEN + 1, 40);
    const view = new DataView(payload.buffer, payload.byteOffset);
    view.setUint32(0, 0x0100, true);
    view.setUint32(24, 11, true);
    view.setUint32(32, SHAKE_LEN, true);
  }
  return writer.take();
}

/** Lets the server compile and allocate what any work makes it. */
async function warmUp(url: string): Promise<void> {
  const peer = await startDevice(url);
  for (let i = 0; i < 2; i++) {
    peer.message(shakeMessage(1000));
    await peer.nextRecords(1000);
  }
  await peer.close();
}

async function assertServes(url: string): Promise<void> {
  const peer = await startDevice(url);
  peer.message(shakeMessage(1));
  const [record] = await peer.nextRecords(1);
  assert.equal(record.kind, RecordKind.COMPLETE);
  assert.equal(record.value, SHAKE_LEN + 1);
  await peer.close();
}

/** Sends continuation frames until the server closes; returns the bytes it took to be stopped. */
async function sendFragments(url: string, most: number): Promise<number> {
  const peer = await openPeer(url);
  const frame = new Uint8Array(14 + 64 * KIB);
  frame[0] = 0x02;
  frame[1] = 0xff;
  new DataView(frame.buffer).setUint32(6, 64 * KIB);
  let sent = 0;
  const closing = peer.nextClose();
  let isClosed = false;
  void closing.then(() => isClosed = true);
  while (sent < most && !isClosed) {
    if (!peer.socket.write(frame.slice())) {
      await Promise.race([once(peer.socket, "drain"), closing]);
    }
    frame[0] = 0x00;
    sent += frame.length;
  }
  assert.equal((await closing).closeCode, CloseCode.MESSAGE_TOO_BIG);
  peer.socket.destroy();
  return sent;
}

Deno.test("1 GiB of continuation frames without an end grow the server by one message at most", async () => {
  await withServer(async ({ url, memory }) => {
    await warmUp(url);
    const before = (await memory()).now;

    for (let sent = 0; sent < 1024 * MIB;) sent += await sendFragments(url, 1024 * MIB);

    const growth = (await memory()).peak - before;
    assert.ok(growth <= MESSAGE_LIMIT, `grew by ${growth / MIB} MiB`);
    await assertServes(url);
  });
});

Deno.test("a client that submits and never reads grows the server by its limit at most, and is stopped", async () => {
  await withServer(async ({ url, memory }) => {
    await warmUp(url);
    const before = (await memory()).now;
    const peer = await startDevice(url);
    const message = shakeMessage(1000);

    peer.socket.pause();
    let isStopped = false;
    // 1,000 requests of these have answers of 64 MiB: the first messages reach the limit.
    for (let sent = 0; !isStopped; sent += message.length) {
      assert.ok(sent < 256 * MIB, "the server reads on and on");
      peer.message(message);
      if (peer.socket.writableLength < MIB) continue;
      const drained = once(peer.socket, "drain").then(() => false);
      const stopped = new Promise<boolean>((resolve) => setTimeout(resolve, 2000, true));
      isStopped = await Promise.race([drained, stopped]);
    }

    const growth = (await memory()).peak - before;
    assert.ok(growth <= CONNECTION_LIMIT, `grew by ${growth / MIB} MiB`);
    await assertServes(url);
    peer.socket.destroy();
  });
});
