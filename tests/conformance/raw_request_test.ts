/** One stateless request per call: POST /v1/requests, and the limit of bodies (remote-protocol.md, "HTTP"). */
import assert from "node:assert/strict";
import { type Bytes, EMPTY, pattern, words } from "./bytes.ts";
import { gatewayForFile } from "./harness.ts";
import {
  assertProblem,
  call,
  makeDevice,
  OCTETS_TYPE,
  postJson,
  rawCall,
  RECORDS_TYPE,
} from "./http.ts";
import { CIPHER, HASH, JOBS } from "./order_cases.ts";
import { expected } from "./oracle.ts";
import { resultLenOf, statelessRequest, writableLenOf } from "./requests.ts";
import { withGateway } from "./server.ts";
import { controlRequest, Status } from "./wire.ts";

const target = gatewayForFile();

function request(readable: Bytes, writableLen: number): ReturnType<typeof call> {
  const options = { body: readable, type: OCTETS_TYPE };
  return call(target.url, `/v1/requests?writable=${writableLen}`, options);
}

Deno.test("POST /v1/requests runs one stateless request of any service", async () => {
  for (const job of JOBS) {
    const answer = await request(statelessRequest("v19", job), writableLenOf(job));

    assert.equal(answer.status, 200);
    assert.equal(answer.bytes.length, resultLenOf(job) + 1);
    assert.equal(answer.bytes.at(-1), Status.OK);
    assert.equal(answer.bytes.slice(0, -1).toHex(), expected(job)?.toHex(), job.service);
  }
});

Deno.test("POST /v1/requests answers 200 with the status inside for every failure of the device", async () => {
  const hash = statelessRequest("v19", HASH);
  const cases: readonly (readonly [string, Bytes, number, number])[] = [
    ["session mode", statelessRequest("v19", HASH, { flag: 1 }), 33, Status.INVSESS],
    ["flag 2", statelessRequest("v19", HASH, { flag: 2 }), 33, Status.ERR],
    [
      "create",
      controlRequest({ mux: true, layout: "v19" }, { opcode: 0x102 }, words(4, 32)),
      16,
      Status.NOTSUPP,
    ],
    [
      "destroy",
      controlRequest({ mux: true, layout: "v19" }, { opcode: 0x103 }, pattern(20)),
      16,
      Status.NOTSUPP,
    ],
    ["a short header", pattern(23), 1, Status.ERR],
    ["no room", hash, 1, Status.ERR],
    [
      "an unknown algorithm",
      statelessRequest("v19", HASH, { body: { algo: 99 } }),
      33,
      Status.NOTSUPP,
    ],
  ];
  for (const [name, readable, writableLen, status] of cases) {
    const answer = await request(readable, writableLen);

    assert.equal(answer.status, 200, name);
    assert.deepEqual([...answer.bytes], [status], name);
  }
});

Deno.test("POST /v1/requests refuses what is not one: no writable, a wrong one, another content type", async () => {
  const body = statelessRequest("v19", CIPHER);
  for (
    const query of [
      "",
      "?writable=",
      "?writable=-1",
      "?writable=x",
      "?writable=1.5",
      "?writable=1e99",
    ]
  ) {
    const answer = await call(target.url, `/v1/requests${query}`, { body, type: OCTETS_TYPE });
    assertProblem(answer, 400, query);
  }
  const json = await call(target.url, "/v1/requests?writable=33", {
    body,
    type: "application/json",
  });
  assertProblem(json, 415);
});

Deno.test("a body over the limit is 413, with its length announced and without", async () => {
  await withGateway(["--max-message", "65536", "--max-size", "16384"], async (url) => {
    const id = await makeDevice(url, []);
    const body = new Uint8Array(1 << 20);
    const records = await call(url, `/v1/devices/${id}/records`, { body, type: RECORDS_TYPE });
    const raw = await call(url, "/v1/requests?writable=1", { body, type: OCTETS_TYPE });
    const json = await postJson(url, "/v1/hash", { algorithm: "md5", data: "A".repeat(1 << 20) });
    const { host } = new URL(url);
    const chunk = "10000\r\n" + "x".repeat(0x10000) + "\r\n";
    const chunked = await rawCall(url, [
      "POST /v1/requests?writable=1 HTTP/1.1",
      `host: ${host}`,
      `content-type: ${OCTETS_TYPE}`,
      "transfer-encoding: chunked",
    ], new TextEncoder().encode(chunk.repeat(2) + "0\r\n\r\n"));

    assertProblem(records, 413, "records");
    assertProblem(raw, 413, "requests");
    assertProblem(json, 413, "hash");
    assert.equal(chunked.status, 413);
  });
});

Deno.test("POST /v1/requests without room is answered with nothing, and over max_size + 4096 with 413", async () => {
  const readable = statelessRequest("v19", HASH);
  const nothing = await request(readable, 0);
  const huge = await request(readable, 0xffffffff);

  assert.deepEqual([nothing.status, nothing.bytes.length], [200, 0]);
  assertProblem(huge, 413);
});

Deno.test("a missing status is never success: R of no bytes is answered", async () => {
  const answer = await request(EMPTY, 1);

  assert.deepEqual([answer.status, ...answer.bytes], [200, Status.ERR]);
});
