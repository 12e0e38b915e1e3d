/**
 * A client that keeps a device busy with slow requests on all its queues.
 *
 * Arguments: url, process of the server, work, bytes, requests a message, messages in flight.
 */

import { strict as assert } from "node:assert";
import { CipherAlgo, Direction, MacAlgo } from "../../../device/mod.ts";
import {
  build,
  cipherStateless,
  macStateless,
  parseDataStatus,
  type Request,
} from "../../../device/wire/requests.ts";
import { RecordReader } from "../../../gateway/records.ts";
import { KEY, plaintext } from "../../support/kinds.ts";
import { hostLane } from "../lane.ts";
import { cpuSecondsOf } from "../server.ts";
import { requests, startUp } from "./messages.ts";
import { Pipeline, sendAndWait } from "./pipeline.ts";
import { RecordSocket } from "./socket.ts";

const NUM_QUEUES = 4;
const MODE = { mux: true, layout: "v19" } as const;
const KEY24 = Uint8Array.from({ length: 24 }, (_, i) => 7 * i + 1);

function macOf(size: number): Request {
  const mac = { algo: MacAlgo.CMAC_3DES, authKey: KEY24, hashResultLen: 8 };
  return build(macStateless, { ...mac, src: plaintext(size) }, MODE);
}

function cipherOf(size: number): Request {
  const cipher = { algo: CipherAlgo.KASUMI_F8, op: Direction.ENCRYPT, key: KEY };
  return build(cipherStateless, { ...cipher, iv: new Uint8Array(8), src: plaintext(size) }, MODE);
}

const WORK: Readonly<Record<string, (size: number) => Request>> = {
  "cmac-3des": macOf,
  "kasumi-f8": cipherOf,
};

const [url, pid, work, size, num, inFlight] = Deno.args;
const message = requests(WORK[work](Number(size)), Number(num), NUM_QUEUES);
const socket = await RecordSocket.open(url);
await sendAndWait(socket, startUp(NUM_QUEUES));
const pipeline = new Pipeline(socket, message, Number(inFlight));

await hostLane({
  run: (seconds) => pipeline.run(seconds),
  result: async () => {
    socket.kept = [];
    await sendAndWait(socket, message);
    const answer = await new Blob(socket.kept as Uint8Array<ArrayBuffer>[]).bytes();
    socket.kept = null;
    const reader = new RecordReader(answer);
    while (reader.next()) assert.equal(parseDataStatus(reader.payload), 0);
    return answer.subarray(0, 1);
  },
  cpuSeconds: () => cpuSecondsOf(Number(pid)),
});
