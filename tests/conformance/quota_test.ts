/** Quotas of HTTP devices, draining, and doors that stay shut (remote-protocol.md, "HTTP", "Records"). */
import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import { EMPTY } from "./bytes.ts";
import { Connection, read } from "./client.ts";
import { Driver, MODE_FEATURES } from "./driver.ts";
import { assertResult, openSession, runInSession } from "./harness.ts";
import { assertProblem, call, makeDevice, postJson, RECORDS_TYPE } from "./http.ts";
import { HASH } from "./order_cases.ts";
import { expected } from "./oracle.ts";
import { encodeMessage, Kind } from "./records.ts";
import { startGateway, withGateway } from "./server.ts";
import { Socket } from "./socket.ts";

Deno.test("over --max-devices a device is 429 with Retry-After until one is deleted", async () => {
  await withGateway(["--max-devices", "2"], async (url) => {
    const first = await makeDevice(url, []);
    await makeDevice(url, []);
    const refused = await postJson(url, "/v1/devices", { features: [] });
    await call(url, `/v1/devices/${first}`, { method: "DELETE" });
    await makeDevice(url, []);

    assertProblem(refused, 429);
    assert.match(refused.headers.get("retry-after") ?? "", /^\d+$/);
  });
});

Deno.test("an HTTP device nobody uses expires", async () => {
  await withGateway(["--device-idle", "1"], async (url) => {
    const id = await makeDevice(url, []);
    const records = { body: encodeMessage([{ ...read(0), id: 1 }]), type: RECORDS_TYPE };
    let answer = await call(url, `/v1/devices/${id}/records`, records);
    for (let wait = 1500; answer.status === 200 && wait < 30_000; wait *= 2) {
      await sleep(wait);
      answer = await call(url, `/v1/devices/${id}/records`, records);
    }

    assertProblem(answer, 404);
  });
});

Deno.test("draining tells connections GOAWAY, serves them on, and takes no new ones", async () => {
  const gateway = await startGateway(["--drain", "30"]);
  try {
    const connection = await Connection.open(gateway.url);
    const driver = new Driver(connection.exchange);
    await driver.start(MODE_FEATURES.MUX);
    const id = await openSession(driver, HASH);

    gateway.drain();
    while (!connection.arrived.some((record) => record.kind === Kind.GOAWAY)) {
      await connection.next();
    }
    const goaway = connection.arrived.find((record) => record.kind === Kind.GOAWAY);
    const served = await runInSession(driver, HASH, id);
    const ready = await call(gateway.url, "/readyz").catch(() => null);
    const refused = await Connection.open(gateway.url).catch(() => null);
    await connection.close();
    await gateway.ended;

    assert.ok((goaway?.value ?? 0) <= 30, `seconds left: ${goaway?.value}`);
    assert.equal(goaway?.payload.length, 0);
    assertResult(served, expected(HASH) ?? EMPTY);
    if (ready !== null) assert.equal(ready.status, 503);
    assert.equal(refused, null);
  } finally {
    await gateway.stop();
  }
});

Deno.test("an address beyond loopback is refused at start without tokens and TLS", async () => {
  for (const host of ["0.0.0.0", "::"]) {
    await assert.rejects(startGateway(["--host", host]), host);
  }
});

Deno.test("a content type may carry parameters and capitals", async () => {
  await withGateway([], async (url) => {
    const body = JSON.stringify({ algorithm: "md5", data: "" });
    for (const type of ["application/json; charset=utf-8", "Application/JSON"]) {
      assert.equal((await call(url, "/v1/hash", { body, type })).status, 200, type);
    }
  });
});

Deno.test("an origin listed in --origins is served, any other is 403", async () => {
  const origin = "https://app.example";
  await withGateway(["--origins", origin], async (url) => {
    for (
      const [headers, upgraded, called] of [
        [{ origin }, 101, 200],
        [{ origin: `${origin}.evil.example` }, 403, 403],
        [{ origin: "http://app.example" }, 403, 403],
        [{ origin: new URL(url).origin }, 101, 200],
      ] as const
    ) {
      const { head, socket } = await Socket.upgrade(url, { headers });
      await socket?.close();
      const answer = await postJson(url, "/v1/hash", { algorithm: "md5", data: "" }, headers);

      assert.deepEqual([head.status, answer.status], [upgraded, called], headers.origin);
    }
  });
});
