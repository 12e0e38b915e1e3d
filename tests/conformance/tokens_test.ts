/** Bearer tokens: on every route, bound to their devices (remote-protocol.md, "WebSocket" and "HTTP"). */
import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { EMPTY, utf8 } from "./bytes.ts";
import { Connection, read } from "./client.ts";
import { Driver, MODE_FEATURES } from "./driver.ts";
import { assertResult, openSession, runInSession } from "./harness.ts";
import {
  assertProblem,
  base64,
  call,
  makeDevice,
  OCTETS_TYPE,
  postJson,
  RECORDS_TYPE,
} from "./http.ts";
import { HASH } from "./order_cases.ts";
import { expected } from "./oracle.ts";
import { encodeMessage } from "./records.ts";
import { statelessRequest } from "./requests.ts";
import { type Gateway, runMain, startGateway } from "./server.ts";
import { Socket } from "./socket.ts";

let gateway: Gateway | null = null;
let directory = "";
let alice = "";
let bob = "";

Deno.test.beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "conformance-"));
  const file = join(directory, "tokens.json");
  alice = (await runMain("token", "--tokens", file, "new", "alice")).trim();
  bob = (await runMain("token", "--tokens", file, "new", "bob")).trim();
  gateway = await startGateway(["--tokens", file]);
});

Deno.test.afterAll(async () => {
  await gateway?.stop();
  await rm(directory, { recursive: true });
});

function url(): string {
  if (gateway === null) throw new Error("Gateway is not running");
  return gateway.url;
}

const bearer = (token: string) => ({ authorization: `Bearer ${token}` });
const subprotocol = (token: string) => `bearer.${base64url(token)}`;

function base64url(token: string): string {
  return base64(utf8(token)).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}

const ID = "00000000000000000000000000000000";
const ROUTES: readonly (readonly [method: string, path: string])[] = [
  ["GET", "/v1/device"],
  ["POST", "/v1/devices"],
  ["POST", `/v1/devices/${ID}/records`],
  ["GET", `/v1/devices/${ID}`],
  ["DELETE", `/v1/devices/${ID}`],
  ["POST", "/v1/requests?writable=33"],
  ["POST", "/v1/cipher"],
  ["POST", "/v1/hash"],
  ["POST", "/v1/mac"],
  ["POST", "/v1/aead"],
  ["GET", "/metrics"],
  ["GET", "/openapi.json"],
  ["GET", "/docs"],
  ["GET", "/"],
  ["GET", "/v1/nothing"],
];

for (const [method, path] of ROUTES) {
  Deno.test(`${method} ${path} without a valid token is 401`, async () => {
    const wrong = [
      {},
      bearer("wrong"),
      bearer(alice + "x"),
      bearer(alice.slice(0, -1)),
      { authorization: `Basic ${alice}` },
      { authorization: "Bearer" },
      { authorization: alice },
    ];
    for (const headers of wrong) {
      const answer = await call(url(), path, { method, headers });
      assertProblem(answer, 401, JSON.stringify(headers));
      assert.match(answer.headers.get("www-authenticate") ?? "", /^Bearer\b/);
    }
  });
}

Deno.test("a token in the query does not count", async () => {
  assertProblem(await call(url(), `/v1/device?token=${alice}&access_token=${alice}`), 401);
});

Deno.test("liveness and readiness need no token", async () => {
  for (const path of ["/healthz", "/readyz"]) {
    assert.equal((await call(url(), path)).status, 200, path);
  }
});

Deno.test("either token is served on each route", async () => {
  for (const headers of [bearer(alice), bearer(bob)]) {
    const body = statelessRequest("v19", HASH);
    const raw = { body, type: OCTETS_TYPE, headers };
    const device = await call(url(), "/v1/device", { headers });
    const request = await call(url(), "/v1/requests?writable=33", raw);
    const hash = await postJson(url(), "/v1/hash", { algorithm: "md5", data: "" }, headers);

    assert.deepEqual([device.status, request.status, hash.status], [200, 200, 200]);
  }
});

const REFUSED_UPGRADES:
  readonly (readonly [string, () => readonly string[], () => { [name: string]: string }])[] = [
    ["no token", () => ["virtio-crypto.v1"], () => ({})],
    ["a wrong token", () => ["virtio-crypto.v1"], () => bearer("wrong")],
    ["a wrong subprotocol token", () => ["virtio-crypto.v1", subprotocol("wrong")], () => ({})],
    ["a subprotocol token that is no base64", () => ["virtio-crypto.v1", "bearer.*"], () => ({})],
    ["a bare subprotocol token", () => ["virtio-crypto.v1", `bearer.${alice}!`], () => ({})],
  ];

for (const [name, protocols, headers] of REFUSED_UPGRADES) {
  Deno.test(`an upgrade with ${name} is 401`, async () => {
    const { head, socket } = await Socket.upgrade(url(), {
      protocols: protocols(),
      headers: headers(),
    });
    socket?.drop();

    assert.equal(head.status, 401);
  });
}

Deno.test("an upgrade takes the token as a header or as a second subprotocol, and never echoes it", async () => {
  const offers = [
    { headers: bearer(alice) },
    { protocols: ["virtio-crypto.v1", subprotocol(bob)] },
    { protocols: [subprotocol(bob), "virtio-crypto.v1"] },
  ];
  for (const offer of offers) {
    const { head, socket } = await Socket.upgrade(url(), offer);
    assert.equal(head.status, 101);
    assert.ok(socket !== null);
    assert.equal(head.headers.get("sec-websocket-protocol"), "virtio-crypto.v1");
    const connection = new Connection(socket);
    const driver = new Driver(connection.exchange);
    await driver.start(MODE_FEATURES.MUX);

    const answer = await runInSession(driver, HASH, await openSession(driver, HASH));

    assertResult(answer, expected(HASH) ?? EMPTY);
    await connection.close();
  }
});

Deno.test("a token without the subprotocol virtio-crypto.v1 is 400", async () => {
  const { head, socket } = await Socket.upgrade(url(), { protocols: [subprotocol(alice)] });
  socket?.drop();

  assert.equal(head.status, 400);
});

Deno.test("a device is bound to the token that made it: 404 for the other", async () => {
  const id = await makeDevice(url(), [], bearer(alice));
  const body = encodeMessage([{ ...read(0), id: 1 }]);
  const records = { body, type: RECORDS_TYPE };
  const path = `/v1/devices/${id}`;

  assertProblem(await call(url(), path, { headers: bearer(bob) }), 404, "GET");
  const foreign = await call(url(), `${path}/records`, { ...records, headers: bearer(bob) });
  assertProblem(foreign, 404, "records");
  const deleted = await call(url(), path, { method: "DELETE", headers: bearer(bob) });
  assertProblem(deleted, 404, "DELETE");
  assertProblem(await call(url(), path), 401, "without a token");
  assert.equal((await call(url(), path, { headers: bearer(alice) })).status, 200);
  const own = await call(url(), `${path}/records`, { ...records, headers: bearer(alice) });
  assert.equal(own.status, 200);
  const gone = await call(url(), path, { method: "DELETE", headers: bearer(alice) });
  assert.ok(gone.status === 204 || gone.status === 200);
});
