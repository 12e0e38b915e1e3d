/**
 * The client of a gateway and of its baselines over HTTP/1.1: the same call over and over, on connections
 * that are kept. Calls are made once and answers only measured, so that the server is what is compared.
 *
 * Arguments: url, process of the server, its role (`device` or `echo`), bytes, connections.
 */

import { strict as assert } from "node:assert";
import { createHash } from "node:crypto";
import { AeadAlgo, Direction } from "../../../device/mod.ts";
import { aeadStateless, build } from "../../../device/wire/requests.ts";
import { KEY, NONCE, plaintext } from "../../support/kinds.ts";
import { hostLane } from "../lane.ts";
import { cpuSecondsOf } from "../server.ts";
import { expectedOf } from "./expected.ts";
import { HttpConnection } from "./http_connection.ts";

const [url, pid, role, size, numConnections] = Deno.args;
const { readable, writableLen } = build(aeadStateless, {
  algo: AeadAlgo.GCM,
  op: Direction.ENCRYPT,
  key: KEY,
  iv: NONCE,
  src: plaintext(Number(size)),
  tagLen: 16,
}, { mux: true, layout: "v19" });
const path = `/v1/requests?writable=${writableLen}`;
const call = HttpConnection.call(url, "POST", path, readable);
const connections: HttpConnection[] = [];
for (let i = 0; i < Number(numConnections); i++) connections.push(await HttpConnection.open(url));

async function repeat(connection: HttpConnection, end: number): Promise<number> {
  let num = 0;
  do {
    await connection.exchange(call);
    num++;
  } while (performance.now() < end);
  return num;
}

await hostLane({
  run: async (seconds) => {
    const end = performance.now() + seconds * 1000;
    const nums = await Promise.all(connections.map((connection) => repeat(connection, end)));
    return { num: nums.reduce((sum, num) => sum + num, 0) };
  },
  result: async () => {
    const answer = await connections[0].exchange(call, true);
    if (role === "echo") assert.deepEqual(answer, readable);
    else {
      assert.deepEqual(answer.subarray(0, -1), expectedOf("aes-128-gcm", Number(size)));
      assert.equal(answer[answer.length - 1], 0);
    }
    return createHash("sha256").update(readable).digest();
  },
  cpuSeconds: () => cpuSecondsOf(Number(pid)),
});
