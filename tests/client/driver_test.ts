import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import {
  connect,
  ConnectionError,
  type Device,
  NeedsResetError,
} from "../../gateway/client/mod.ts";
import { Answer } from "../../gateway/client/answers.ts";
import { Driver } from "../../gateway/client/driver.ts";
import { rawRequest } from "../../gateway/client/raw_request.ts";
import { startUp } from "../../gateway/client/start_up.ts";
import { RecordKind } from "../../gateway/records.ts";
import { SpyTransport } from "./spy_transport.ts";

const src = new TextEncoder().encode("abc");
const digest = createHash("sha256").update(src).digest("hex");

async function withSpy(
  test: (device: Device, spy: SpyTransport) => Promise<void>,
): Promise<void> {
  const spy = new SpyTransport();
  const device = await connect(spy);
  try {
    await test(device, spy);
  } finally {
    await device.close();
  }
}

const hash = (device: Device) => device.hash({ algorithm: "sha-256", src });

Deno.test("start-up takes two round trips", async () => {
  await withSpy((_, spy) => {
    assert.equal(spy.sent.length, 2);
    return Promise.resolve();
  });
});

Deno.test("what is submitted in one job and its microtasks travels in one message", async () => {
  await withSpy(async (device, spy) => {
    const before = spy.sent.length;
    const later = Promise.resolve().then(() => hash(device));
    await Promise.all([hash(device), hash(device), hash(device), later]);
    assert.equal(spy.sent.length, before + 1);
    assert.equal(spy.sent[before].length, 4);
  });
});

Deno.test("requests that follow the answers of one message go into one message again", async () => {
  await withSpy(async (device, spy) => {
    const before = spy.sent.length;
    spy.numTogether = 3;
    await Promise.all([1, 2, 3].map(async () => {
      await hash(device);
      await hash(device);
    }));
    assert.deepEqual(spy.sent.slice(before).map((records) => records.length), [3, 3]);
  });
});

Deno.test("no more than 4,096 records are unanswered, and what waits goes on after answers", async () => {
  await withSpy(async (device, spy) => {
    spy.isHeld = true;
    const before = spy.sent.length;
    const digests = Array.from({ length: 9000 }, () => hash(device));
    await Promise.resolve();
    const numSent = spy.sent.slice(before).flat().length;
    assert.ok(numSent > 1000 && numSent <= 4096, `${numSent} sent`);
    spy.release();
    for (const result of await Promise.all(digests)) assert.equal(result.toHex(), digest);
  });
});

Deno.test("no more than 64 MiB are unanswered", async () => {
  await withSpy(async (device, spy) => {
    spy.isHeld = true;
    const big = new Uint8Array(2_000_000);
    const key = new Uint8Array(16);
    const options = { algorithm: "aes-128-ctr", op: "encrypt", key, iv: key, src: big } as const;
    const before = spy.sent.length;
    const results = Array.from({ length: 24 }, () => device.cipher(options));
    await Promise.resolve();
    const bytes = spy.sent.slice(before).flat()
      .reduce((sum, { payloadLen, value }) => sum + payloadLen + value, 0);
    assert.ok(bytes > 32 << 20 && bytes <= 64 << 20, `${bytes} sent`);
    spy.release();
    assert.equal((await Promise.all(results)).length, 24);
  });
});

Deno.test("a caller may change its bytes once a call has returned", async () => {
  await withSpy(async (device) => {
    const bytes = src.slice();
    const result = device.hash({ algorithm: "sha-256", src: bytes });
    bytes.fill(0);
    assert.equal((await result).toHex(), digest);
  });
});

Deno.test("a short result does not keep its message in memory", async () => {
  await withSpy(async (device) => {
    const [result] = await Promise.all(Array.from({ length: 100 }, () => hash(device)));
    assert.equal(result.buffer.byteLength, result.length);
  });
});

Deno.test("ids of aborted requests are not used again before they are answered", async () => {
  await withSpy(async (device, spy) => {
    spy.isHeld = true;
    const controller = new AbortController();
    const options = { algorithm: "sha-256", src } as const;
    const aborted = device.hash(options, { signal: controller.signal });
    await Promise.resolve();
    const { id } = spy.lastSubmit;
    controller.abort(new Error("Enough"));
    await assert.rejects(aborted, /Enough/);
    const next = device.hash({ algorithm: "md5", src });
    await Promise.resolve();
    assert.notEqual(spy.lastSubmit.id, id);
    spy.release();
    assert.equal((await next).toHex(), createHash("md5").update(src).digest("hex"));
  });
});

Deno.test("more bytes claimed than there was room for reject that request alone", async () => {
  await withSpy(async (device, spy) => {
    spy.isHeld = true;
    const result = hash(device);
    await Promise.resolve();
    spy.injectRecord(RecordKind.COMPLETE, spy.lastSubmit.id, 34, new Uint8Array(34));
    await assert.rejects(result, /Device claims 34 bytes written/);
    spy.isHeld = false;
    assert.equal((await hash(device)).toHex(), digest);
  });
});

Deno.test("a used.len that is not the bytes sent rejects that request", async () => {
  await withSpy(async (device, spy) => {
    spy.isHeld = true;
    const result = hash(device);
    await Promise.resolve();
    spy.injectRecord(RecordKind.COMPLETE, spy.lastSubmit.id, 33, new Uint8Array(1));
    await assert.rejects(result, ConnectionError);
  });
});

Deno.test("an answer to a record that was never sent ends the connection", async () => {
  await withSpy(async (device, spy) => {
    spy.isHeld = true;
    const result = hash(device);
    spy.injectRecord(RecordKind.COMPLETE, 4_000_000_000, 1, new Uint8Array(1));
    await assert.rejects(result, ConnectionError);
    assert.ok(await device.closed instanceof ConnectionError);
    await assert.rejects(hash(device), ConnectionError);
  });
});

Deno.test("an answer of another kind than its record expects ends the connection", async () => {
  await withSpy(async (device, spy) => {
    spy.isHeld = true;
    const result = hash(device);
    await Promise.resolve();
    spy.injectRecord(RecordKind.READ_OK, spy.lastSubmit.id, 0, new Uint8Array(4));
    await assert.rejects(result, ConnectionError);
  });
});

Deno.test("a message that is not made of records ends the connection", async () => {
  await withSpy(async (device, spy) => {
    spy.inject(new Uint8Array(15));
    await assert.rejects(hash(device), ConnectionError);
    assert.ok(await device.closed instanceof ConnectionError);
  });
});

Deno.test("a refusal carries its reason and text", async () => {
  await withSpy(async (device, spy) => {
    spy.isHeld = true;
    const result = hash(device);
    await Promise.resolve();
    const text = new TextEncoder().encode("Too much");
    spy.injectRecord(RecordKind.REFUSED, spy.lastSubmit.id, 5, text);
    await assert.rejects(result, { name: "RefusedError", reason: 5, reasonName: "OVER_LIMIT" });
  });
});

Deno.test("a gateway that goes away is announced with the seconds left", async () => {
  await withSpy(async (device, spy) => {
    spy.injectRecord(RecordKind.GOAWAY, 0, 12, new Uint8Array(0));
    assert.equal(await device.goingAway, 12);
    assert.equal((await hash(device)).toHex(), digest);
  });
});

Deno.test("an interrupt makes the driver look at status and configuration, and acknowledge", async () => {
  await withSpy(async (device, spy) => {
    const before = spy.sent.length;
    // Those that come during a look are worth one more look together.
    for (let i = 0; i < 3; i++) spy.injectRecord(RecordKind.INTERRUPT, 0, 2, new Uint8Array(0));
    await new Promise((resolve) => setTimeout(resolve, 0));
    await hash(device);
    const records = spy.sent.slice(before).flat();
    const registers = records.filter(({ kind }) => kind !== RecordKind.SUBMIT)
      .map(({ kind, value }) => [kind, value]);
    const look = [
      [RecordKind.READ, 0x070],
      [RecordKind.READ, 0x060],
      [RecordKind.READ, 0x100],
      [RecordKind.WRITE, 0x064],
    ];
    assert.deepEqual(registers, [...look, ...look]);
  });
});

Deno.test("a lost connection rejects what waits, and tells why", async () => {
  await withSpy(async (device, spy) => {
    spy.isHeld = true;
    const result = hash(device);
    const lost = new ConnectionError("Gone");
    spy.lose(lost);
    await assert.rejects(result, (error) => error === lost);
    assert.equal(await device.closed, lost);
  });
});

Deno.test("a device whose every record hangs can still be told to reset", async () => {
  await withSpy(async (device, spy) => {
    spy.isHeld = true;
    const hanging = Array.from({ length: 8000 }, () => hash(device));
    const outcomes = Promise.allSettled(hanging);
    await Promise.resolve();
    const reset = device.reset();
    await Promise.resolve();
    await Promise.resolve();
    const last = spy.sent.at(-1) ?? [];
    assert.ok(last.some(({ kind, value }) => kind === RecordKind.WRITE && value === 0x070));
    for (const outcome of await outcomes) {
      assert.equal(outcome.status, "rejected");
      assert.ok(outcome.reason instanceof NeedsResetError);
    }
    spy.release();
    await reset;
    assert.equal((await hash(device)).toHex(), digest);
  });
});

Deno.test("a request posted for an object is answered to it, or refused at once when the connection has ended", async () => {
  const told: string[] = [];
  class Told extends Answer {
    override resolve(payload: Uint8Array, value: number): void {
      told.push(`resolved ${payload.length} ${value}`);
    }
    override reject(error: unknown): void {
      told.push(String(error));
    }
  }
  const request = { readable: new Uint8Array(24), writableLen: 1 };
  const answer = new Told(RecordKind.COMPLETE, 25, 1);
  const spy = new SpyTransport();
  const driver = new Driver(spy, "v19", {
    onInterrupt: () => {},
    onGoAway: () => {},
    onClose: () => {},
  });
  await startUp(driver, undefined);

  driver.post(0, rawRequest, request, answer);
  await Promise.resolve();
  await driver.close();
  driver.post(0, rawRequest, request, answer);

  assert.deepEqual(told, ["resolved 1 1", "ConnectionError: Connection is closed"]);
});
