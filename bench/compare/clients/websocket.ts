/**
 * The client of a gateway and of its baselines over a WebSocket.
 *
 * Arguments: url, process of the server, its role, kind of request, bytes, requests a message, messages in
 * flight. The role is `device`, `echo` (gives the message back) or `records` (answers each record).
 */

import { strict as assert } from "node:assert";
import { createHash } from "node:crypto";
import { RecordKind, RecordReader } from "../../../gateway/records.ts";
import { inputOf, type KindName, KINDS } from "../../support/kinds.ts";
import { hostLane } from "../lane.ts";
import { cpuSecondsOf } from "../server.ts";
import { expectedOf } from "./expected.ts";
import { requests, startUp } from "./messages.ts";
import { Pipeline, sendAndWait } from "./pipeline.ts";
import { RecordSocket } from "./socket.ts";

const NUM_QUEUES = 4;

const [url, pid, role, kindName, size, num, inFlight] = Deno.args;
const kind = KINDS[kindName as KindName];
// The session that the start-up creates is a device's first.
const request = kind.dataOf(1, inputOf(kindName as KindName, Number(size)));
const message = requests(request, Number(num));
const socket = await RecordSocket.open(url);
await sendAndWait(socket, startUp(NUM_QUEUES, kind.create));
const pipeline = new Pipeline(socket, message, Number(inFlight));

// Every answer is what this server should give; the message's digest, for both sides get the same one.
async function checkedResult(): Promise<Uint8Array> {
  socket.kept = [];
  await sendAndWait(socket, message);
  const answer = new Uint8Array(await new Blob(socket.kept as Uint8Array<ArrayBuffer>[]).bytes());
  socket.kept = null;
  if (role === "echo") assert.deepEqual(answer, message.bytes);
  else checkRecords(answer);
  return createHash("sha256").update(message.bytes).digest();
}

// A result and its status, which is OK.
function answerOf(result: Uint8Array): Uint8Array {
  const answer = new Uint8Array(result.length + 1);
  answer.set(result);
  return answer;
}

function checkRecords(answer: Uint8Array): void {
  const expected = expectedOf(kindName as KindName, Number(size));
  const reader = new RecordReader(answer);
  const ids = new Set<number>();
  while (reader.next()) {
    assert.equal(reader.kind, RecordKind.COMPLETE);
    assert.equal(reader.payloadLen, request.writableLen);
    ids.add(reader.id);
    if (role === "device") assert.deepEqual(reader.payload, answerOf(expected));
  }
  assert.equal(ids.size, message.num);
}

await hostLane({
  run: (seconds) => pipeline.run(seconds),
  result: checkedResult,
  cpuSeconds: () => cpuSecondsOf(Number(pid)),
});
