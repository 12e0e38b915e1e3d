/**
 * Clients that keep a device each busy with requests on all its queues.
 *
 * Arguments: url, process of the server, work, bytes, requests a message, messages in flight, clients.
 */

import { strict as assert } from "node:assert";
import { AeadAlgo, CipherAlgo, Direction, MacAlgo } from "../../../device/mod.ts";
import {
  aeadStateless,
  build,
  cipherStateless,
  macStateless,
  parseDataStatus,
  type Request,
} from "../../../device/wire/requests.ts";
import { RecordReader } from "../../../gateway/records.ts";
import { KEY, NONCE, plaintext } from "../../support/kinds.ts";
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

function aeadOf(size: number): Request {
  const aead = { algo: AeadAlgo.GCM, op: Direction.ENCRYPT, key: KEY, tagLen: 16 };
  return build(aeadStateless, { ...aead, iv: NONCE, src: plaintext(size) }, MODE);
}

const WORK: Readonly<Record<string, (size: number) => Request>> = {
  "cmac-3des": macOf,
  "kasumi-f8": cipherOf,
  "aes-128-gcm": aeadOf,
};

const [url, pid, work, size, num, inFlight, clients] = Deno.args;
const message = requests(WORK[work](Number(size)), Number(num), NUM_QUEUES);
const sockets: RecordSocket[] = [];
for (let i = 0; i < Number(clients); i++) {
  sockets.push(await RecordSocket.open(url));
  await sendAndWait(sockets[i], startUp(NUM_QUEUES));
}
const [socket] = sockets;
const pipelines = sockets.map((each) => new Pipeline(each, message, Number(inFlight)));

await hostLane({
  run: async (seconds) => {
    const done = await Promise.all(pipelines.map((pipeline) => pipeline.run(seconds)));
    return { num: done.reduce((sum, { num }) => sum + num, 0) };
  },
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
