import assert from "node:assert/strict";
import { AnswerStream } from "../../gateway/answer_stream.ts";
import { HttpDevice } from "../../gateway/devices.ts";
import { noLog } from "../../gateway/log.ts";
import { Problem } from "../../gateway/problem.ts";
import { FakeDevice, keepingLog, until } from "./helpers.ts";

async function readAll(stream: ReadableStream<Uint8Array>): Promise<number[]> {
  return [
    ...new Uint8Array(
      await new Response(stream as ReadableStream<Uint8Array<ArrayBuffer>>)
        .arrayBuffer(),
    ),
  ];
}

Deno.test("answers come out as they were sent, and count as unsent until they are read", async () => {
  let numTaken = 0;
  const stream = new AnswerStream(10_000, () => numTaken++);
  stream.send(Uint8Array.of(1, 2), 1);
  stream.send(Uint8Array.of(3), 2);
  assert.equal(stream.unsentBytes, 3);
  assert.equal(stream.unsentRecords, 3);

  const reader = stream.readable.getReader();
  const first = await reader.read();
  assert.deepEqual([...first.value ?? []], [1, 2]);
  assert.equal(stream.unsentBytes, 1);
  assert.equal(stream.unsentRecords, 2);
  assert.equal(numTaken, 1);
  await reader.read();
  stream.end();

  assert.equal((await reader.read()).done, true);
  assert.equal(stream.unsentBytes, 0);
  await stream.finished;
});

Deno.test("a reader that waits gets an answer when it comes", async () => {
  const stream = new AnswerStream(10_000, () => {});
  const reader = stream.readable.getReader();
  const read = reader.read();

  stream.send(Uint8Array.of(9), 1);

  assert.deepEqual([...(await read).value ?? []], [9]);
  stream.end();
  assert.equal((await reader.read()).done, true);
});

Deno.test("many answers pass in order without the list of them growing", async () => {
  const stream = new AnswerStream(10_000, () => {});
  const reader = stream.readable.getReader();
  for (let i = 0; i < 2; i++) stream.send(Uint8Array.of(i), 1);

  for (let i = 0; i < 1000; i++) {
    stream.send(Uint8Array.of(i + 2), 1);
    assert.deepEqual([...(await reader.read()).value ?? []], [i & 255]);
  }

  assert.equal(stream.unsentRecords, 2);
  await reader.cancel();
});

Deno.test("when nobody reads any more, what comes is dropped and the device goes on", async () => {
  let numTaken = 0;
  const stream = new AnswerStream(10_000, () => numTaken++);
  stream.send(Uint8Array.of(1), 1);

  await stream.readable.cancel();
  stream.send(Uint8Array.of(2), 1);

  assert.equal(stream.unsentBytes, 0);
  assert.equal(numTaken, 1);
  await stream.finished;
});

Deno.test("a reader that takes nothing for too long counts as gone", async () => {
  const stream = new AnswerStream(20, () => {});
  const reader = stream.readable.getReader();
  stream.send(Uint8Array.of(1), 1);
  stream.send(Uint8Array.of(2), 1);
  await reader.read();

  await stream.finished;

  await assert.rejects(reader.read(), /not taken in time/);
  assert.equal(stream.unsentBytes, 0);
});

Deno.test("calls on one device run one after the other, in the order in which they came", async () => {
  const fake = new FakeDevice();
  const device = new HttpDevice("alice", fake, 10_000, noLog);
  const order: number[] = [];
  const call = async (i: number) => {
    const endTurn = await device.turn();
    fake.onPush = (message) => {
      order.push(message[0]);
      fake.sink?.send(Uint8Array.from(message), 1);
      return undefined;
    };
    return await readAll(device.execute(Uint8Array.of(i), endTurn));
  };

  const answers = await Promise.all([call(1), call(2), call(3)]);

  assert.deepEqual(answers, [[1], [2], [3]]);
  assert.deepEqual(order, [1, 2, 3]);
  assert.equal(fake.sink, null);
});

Deno.test("only so many calls wait for a device", async () => {
  const device = new HttpDevice("alice", new FakeDevice(), 10_000, noLog);
  const endTurn = await device.turn();
  const waiting = Array.from({ length: 16 }, () => device.turn());

  await assert.rejects(device.turn(), (error) => error instanceof Problem && error.status === 429);

  endTurn();
  for (const turn of waiting) (await turn)();
  (await device.turn())();
});

Deno.test("a device that goes ends the call that runs and those that wait", async () => {
  const fake = new FakeDevice();
  const device = new HttpDevice("alice", fake, 10_000, noLog);
  fake.onPush = () => new Promise(() => {});
  const endTurn = await device.turn();
  const running = readAll(device.execute(Uint8Array.of(1), endTurn));
  const waiting = device.turn();

  device.close();

  await assert.rejects(running, /gone/);
  await assert.rejects(waiting, (error) => error instanceof Problem && error.status === 404);
  assert.equal(fake.closed, 1);
});

Deno.test("a fault within a call breaks its answers off, is logged, and ends its turn", async () => {
  const { log, events } = keepingLog();
  const fake = new FakeDevice();
  const device = new HttpDevice("alice", fake, 10_000, log);
  fake.onPush = () => {
    throw new TypeError("something broke");
  };

  const endTurn = await device.turn();
  await assert.rejects(readAll(device.execute(Uint8Array.of(1), endTurn)), /Internal error/);

  await until(() => fake.sink === null);
  (await device.turn())();
  assert.ok(events.some(({ fields }) => fields.includes("something broke")));
});
