import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { createApp } from "../../gateway/app.ts";
import { newToken, TokenStore } from "../../gateway/auth.ts";
import { Gateway } from "../../gateway/gateway.ts";
import { parseServeOptions, type ServeOptionsInput } from "../../gateway/options.ts";
import type { GatewayApp } from "../../gateway/route.ts";
import { RecordKind, RECORDS_MEDIA_TYPE, RecordWriter } from "../../gateway/records.ts";
import { keepingLog, readMessage, readRecords } from "./helpers.ts";

const ROUTES: [string, string][] = [
  ["GET", "/"],
  ["GET", "/openapi.json"],
  ["GET", "/v1/device"],
  ["POST", "/v1/devices"],
  ["GET", "/v1/devices/0"],
  ["DELETE", "/v1/devices/0"],
  ["POST", "/v1/devices/0/records"],
  ["POST", "/v1/requests?writable=1"],
  ["POST", "/v1/cipher"],
  ["POST", "/v1/hash"],
  ["POST", "/v1/mac"],
  ["POST", "/v1/aead"],
];

interface Setup {
  app: GatewayApp;
  gateway: Gateway;
  events: { event: string; fields: string }[];
}

async function withApp(
  input: ServeOptionsInput,
  run: (setup: Setup) => Promise<void>,
  tokens: TokenStore | null = null,
): Promise<void> {
  const { log, events } = keepingLog();
  const gateway = new Gateway(parseServeOptions(input), tokens, log);
  try {
    await run({ app: createApp(gateway), gateway, events });
  } finally {
    await gateway.close();
  }
}

/** A POST of JSON. */
function json(body: unknown, headers: Record<string, string> = {}): RequestInit {
  return {
    method: "POST",
    body: JSON.stringify(body),
    headers: { "Content-Type": "application/json", ...headers },
  };
}

/** A POST of bytes. */
function binary(body: BodyInit, type: string): RequestInit {
  return { method: "POST", body, headers: { "Content-Type": type } };
}

async function assertProblem(response: Response, status: number, detail?: RegExp): Promise<void> {
  const text = await response.text();
  assert.equal(response.status, status, text);
  assert.equal(response.headers.get("content-type"), "application/problem+json");
  const problem = JSON.parse(text);
  assert.equal(problem.status, status);
  assert.equal(problem.type, "about:blank");
  assert.equal(typeof problem.title, "string");
  if (detail !== undefined) assert.match(problem.detail, detail);
}

async function makeDevice(app: GatewayApp, init: RequestInit = json({})): Promise<string> {
  const response = await app.request("/v1/devices", init);
  assert.equal(response.status, 201);
  return (await response.json()).id;
}

Deno.test("the front page names the program and its routes", async () => {
  await withApp({}, async ({ app }) => {
    const response = await app.request("/");

    assert.equal(response.status, 200);
    assert.match(await response.text(), /^Ringway \d+\.\d+\.\d+.*\/v1\/device/s);
    assert.equal(response.headers.get("cache-control"), "no-store");
    assert.equal(response.headers.get("x-content-type-options"), "nosniff");
  });
});

Deno.test("the device is described with its features, limits and algorithms", async () => {
  await withApp({ queues: 7 }, async ({ app }) => {
    const device = await (await app.request("/v1/device")).json();

    assert.equal(device.device.queues, 7);
    assert.ok(device.features.includes("AEAD_STATELESS_MODE"));
    assert.equal(device.limits.maxMessage, 16 * 1024 * 1024);
    assert.ok(device.algorithms.some(({ name }: { name: string }) => name === "AES_CBC"));
  });
});

Deno.test("the API description names every route and is whole", async () => {
  await withApp({}, async ({ app }) => {
    const document = await (await app.request("/openapi.json")).json();

    assert.match(document.openapi, /^3\.1/);
    for (const [method, path] of ROUTES) {
      const name = path.replace("/0", "/{id}").split("?")[0];
      const route = document.paths[name]?.[method.toLowerCase()];
      assert.ok(route, `${method} ${name}`);
      assert.ok(route.responses["403"], `${method} ${name}`);
    }
    const text = JSON.stringify(document);
    for (const [, name] of text.matchAll(/"#\/components\/schemas\/(\w+)"/g)) {
      assert.ok(document.components.schemas[name], name);
    }
  });
});

Deno.test("an unknown path is 404, a known one with another method 405 with Allow", async () => {
  await withApp({}, async ({ app }) => {
    await assertProblem(await app.request("/v2/device"), 404);
    await assertProblem(await app.request("/v1/devices/1/2/3"), 404);
    const response = await app.request("/v1/devices/0", { method: "PUT" });

    assert.equal(response.headers.get("allow"), "DELETE, GET, HEAD");
    await assertProblem(response, 405);
    await assertProblem(await app.request("/v1/hash"), 405);
  });
});

Deno.test("with tokens every route but health wants one, and a wrong one does not do", async () => {
  const { token, sha256 } = newToken();
  await withApp({}, async ({ app, events }) => {
    for (const [method, path] of ROUTES) {
      const without = await app.request(path, { method });
      assert.match(without.headers.get("www-authenticate") ?? "", /^Bearer/);
      await assertProblem(without, 401, /required/);
      const headers = { Authorization: `Bearer ${token}x` };
      await assertProblem(await app.request(path, { method, headers }), 401, /not valid/);
    }
    for (const path of ["/healthz", "/readyz"]) {
      assert.equal((await app.request(path)).status, 200);
    }
    const headers = { Authorization: `Bearer ${token}` };
    assert.equal((await app.request("/v1/device", { headers })).status, 200);
    assert.ok(!JSON.stringify(events).includes(token));
  }, new TokenStore([{ name: "alice", sha256 }]));
});

Deno.test("a foreign Host or Origin is 403 on every route, health included", async () => {
  await withApp({}, async ({ app }) => {
    for (const [method, path] of [...ROUTES, ["GET", "/healthz"], ["GET", "/readyz"]]) {
      const host = { Host: "evil.example" };
      const origin = { Host: "127.0.0.1:8790", Origin: "http://evil.example" };
      await assertProblem(await app.request(path, { method, headers: host }), 403, /Host/);
      await assertProblem(await app.request(path, { method, headers: origin }), 403, /Origin/);
    }
  });
});

Deno.test("a listed origin may use the gateway from a page, preflight included", async () => {
  await withApp({ origins: ["https://app.example"] }, async ({ app }) => {
    const headers = {
      Origin: "https://app.example",
      "Access-Control-Request-Method": "POST",
      "Access-Control-Request-Headers": "authorization,content-type",
    };
    const preflight = await app.request("/v1/hash", { method: "OPTIONS", headers });
    const call = await app.request("/v1/device", { headers: { Origin: "https://app.example" } });

    assert.equal(preflight.status, 204);
    assert.equal(preflight.headers.get("access-control-allow-origin"), "https://app.example");
    assert.match(preflight.headers.get("access-control-allow-headers") ?? "", /authorization/);
    assert.equal(call.status, 200);
    assert.equal(call.headers.get("access-control-allow-origin"), "https://app.example");
  });
});

Deno.test("another media type is 415 on every route that takes a body", async () => {
  await withApp({}, async ({ app }) => {
    const id = await makeDevice(app);
    const paths = ROUTES.filter(([method]) => method === "POST").map(([, path]) => path);
    for (const path of [...paths, `/v1/devices/${id}/records`]) {
      for (const type of ["text/plain", "application/x-www-form-urlencoded", "application/jsonx"]) {
        await assertProblem(await app.request(path, binary("{}", type)), 415, /Want Content-Type/);
      }
    }
  });
});

Deno.test("JSON that is not JSON, or not what is wanted, is 400 and the field is named", async () => {
  await withApp({}, async ({ app }) => {
    const post = (path: string, body: unknown) => app.request(path, json(body));
    const text = (body: string) => app.request("/v1/hash", binary(body, "application/json"));

    await assertProblem(await text("{"), 400, /not JSON/);
    await assertProblem(await text(""), 400, /not JSON/);
    await assertProblem(await text("[".repeat(100_000)), 400, /nested too deeply/);
    await assertProblem(await text("[".repeat(50_000) + "]".repeat(50_000)), 400);
    await assertProblem(await post("/v1/hash", []), 400);
    await assertProblem(await post("/v1/hash", { algorithm: "sha-256" }), 400, /^data: /);
    await assertProblem(await post("/v1/hash", { algorithm: 4, data: "" }), 400, /^algorithm: /);
    await assertProblem(
      await post("/v1/hash", { algorithm: "sha-256", data: "", extra: 1 }),
      400,
      /extra/,
    );
    await assertProblem(
      await post("/v1/hash", { algorithm: "sha-256", data: "*" }),
      400,
      /^data: Not base64/,
    );
    await assertProblem(
      await post("/v1/hash", { batch: [{ algorithm: "sha-256", data: "" }, { data: "" }] }),
      400,
      /^batch\.1\.algorithm: /,
    );
    await assertProblem(
      await post("/v1/hash", { encoding: "hex", batch: [{ algorithm: "sha-256", data: "0" }] }),
      400,
      /^batch\.0\.data: Not hex/,
    );
    await assertProblem(
      await post("/v1/hash", { batch: [{ algorithm: "sha-25", data: "" }] }),
      400,
      /^batch\.0: Unknown algorithm/,
    );
    await assertProblem(
      await post("/v1/mac", { algorithm: "hmac-sha-256", key: "AA==", data: "", outLen: 0 }),
      400,
      /^outLen: /,
    );
    await assertProblem(
      await post("/v1/devices", { features: ["MUX_MOD"] }),
      400,
      /^features\.0: /,
    );
    await assertProblem(
      await post("/v1/devices", { features: ["HASH_STATELESS_MODE"] }),
      400,
      /features/,
    );
  });
});

Deno.test("a body over the limit is 413, declared or not, and is not read to its end", async () => {
  await withApp({ maxSize: 4096, maxMessage: 8208 }, async ({ app }) => {
    const id = await makeDevice(app);
    const targets: [string, string][] = [
      ["/v1/hash", "application/json"],
      ["/v1/requests?writable=1", "application/octet-stream"],
      [`/v1/devices/${id}/records`, RECORDS_MEDIA_TYPE],
      ["/v1/devices", "application/json"],
    ];
    for (const [path, type] of targets) {
      let numPulls = 0;
      const endless = new ReadableStream({
        pull(controller) {
          numPulls++;
          controller.enqueue(new Uint8Array(1024).fill(0x20));
        },
      });
      await assertProblem(await app.request(path, binary(endless, type)), 413);
      assert.ok(numPulls < 20, `${numPulls}`);
      const declared = new Request(`http://localhost${path}`, {
        method: "POST",
        body: new Uint8Array(10_000),
        headers: { "Content-Type": type, "Content-Length": "10000" },
      });
      await assertProblem(await app.request(declared), 413);
    }
    await assertProblem(
      await app.request(
        "/v1/requests?writable=8193",
        binary(new Uint8Array(1), "application/octet-stream"),
      ),
      413,
    );
  });
});

Deno.test("the JSON calls answer what the standards say, in the encoding of the request", async () => {
  const hex = { encoding: "hex" };
  await withApp({}, async ({ app }) => {
    const call = async (path: string, body: unknown) => {
      const response = await app.request(path, json(body));
      assert.equal(response.status, 200);
      return await response.json();
    };
    // RFC 3602, case 1; FIPS 180-4; RFC 4231, case 2; the GCM specification, test case 2.
    const cbc = {
      ...hex,
      algorithm: "aes-128-cbc",
      key: "06a9214036b8a15b512e03d534120006",
      iv: "3dafba429d9eb430b422da802c9fac41",
    };
    assert.deepEqual(
      await call("/v1/cipher", { ...cbc, data: "53696e676c6520626c6f636b206d7367" }),
      { status: "OK", output: "e353779c1079aeb82708942dbe77181a" },
    );
    assert.deepEqual(
      await call("/v1/cipher", { ...cbc, op: "decrypt", data: "e353779c1079aeb82708942dbe77181a" }),
      { status: "OK", output: "53696e676c6520626c6f636b206d7367" },
    );
    assert.deepEqual(await call("/v1/hash", { algorithm: "sha-256", data: "YWJj" }), {
      status: "OK",
      output: "ungWv48Bz+pBQUDeXa4iI7ADYaOWF3qctBD/YfIAFa0=",
    });
    assert.deepEqual(
      await call("/v1/mac", {
        ...hex,
        algorithm: "hmac-sha-256",
        key: "4a656665",
        data: "7768617420646f2079612077616e7420666f72206e6f7468696e673f",
        outLen: 16,
      }),
      { status: "OK", output: "5bdcc146bf60754e6a042426089575c7" },
    );
    const gcm = { ...hex, algorithm: "aes-128-gcm", key: "00".repeat(16), iv: "00".repeat(12) };
    const sealed = "0388dace60b6a392f328c2b971b2fe78ab6e47d42cec13bdf53a67b21257bddf";
    assert.deepEqual(await call("/v1/aead", { ...gcm, data: "00".repeat(16) }), {
      status: "OK",
      output: sealed,
    });
    assert.deepEqual(await call("/v1/aead", { ...gcm, op: "decrypt", data: sealed }), {
      status: "OK",
      output: "00".repeat(16),
    });
    assert.deepEqual(
      await call("/v1/aead", { ...gcm, op: "decrypt", data: sealed.replace("03", "04") }),
      { status: "BADMSG" },
    );
  });
});

Deno.test("a batch is answered item by item, in order, each with its own status", async () => {
  await withApp({}, async ({ app }) => {
    const batch = [];
    for (let i = 0; i < 500; i++) {
      batch.push({ algorithm: "sha-256", data: Uint8Array.of(i).toHex() });
    }
    batch.push({ algorithm: "sha-256", data: "00", outLen: 33 });

    const response = await app.request("/v1/hash", json({ encoding: "hex", batch }));
    const answers = (await response.json()).batch;

    assert.equal(answers.length, 501);
    for (let i = 0; i < 500; i++) {
      const output = createHash("sha256").update(Uint8Array.of(i)).digest("hex");
      assert.deepEqual(answers[i], { status: "OK", output });
    }
    assert.deepEqual(answers[500], { status: "ERR" });
    assert.deepEqual(await (await app.request("/v1/hash", json({ batch: [] }))).json(), {
      batch: [],
    });
  });
});

Deno.test("a batch cannot ask for more output than a message may have", async () => {
  await withApp({ maxSize: 65536 * 2, maxMessage: 65536 * 4 }, async ({ app }) => {
    const item = { algorithm: "shake128", data: "", outLen: 65536 };

    await assertProblem(
      await app.request("/v1/hash", json({ batch: Array(5).fill(item) })),
      400,
      /outLen/,
    );
    assert.equal((await app.request("/v1/hash", json({ batch: Array(4).fill(item) }))).status, 200);
  });
});

Deno.test("one request in raw bytes is answered with what the device wrote", async () => {
  await withApp({}, async ({ app }) => {
    const request = new Uint8Array(24 + 16 + 3);
    const view = new DataView(request.buffer);
    view.setUint32(0, 0x0100, true);
    view.setUint32(24, 4, true);
    view.setUint32(28, 3, true);
    view.setUint32(32, 32, true);
    request.set(new TextEncoder().encode("abc"), 40);
    const post = async (writable: number, change: (bytes: DataView) => void = () => {}) => {
      const copy = request.slice();
      change(new DataView(copy.buffer));
      const response = await app.request(
        `/v1/requests?writable=${writable}`,
        binary(copy, "application/octet-stream"),
      );
      assert.equal(response.status, 200);
      assert.equal(response.headers.get("content-type"), "application/octet-stream");
      return new Uint8Array(await response.arrayBuffer());
    };

    const digest = createHash("sha256").update("abc").digest("hex");
    assert.equal((await post(33)).toHex(), digest + "00");
    assert.equal((await post(32)).toHex(), "01", "no room: ERR");
    assert.equal((await post(0)).toHex(), "", "no room for a status");
    assert.equal((await post(33, (b) => b.setUint32(16, 1, true))).toHex(), "04", "INVSESS");
    assert.equal((await post(33, (b) => b.setUint32(0, 0x0102, true))).toHex(), "03", "NOTSUPP");
    await assertProblem(
      await app.request("/v1/requests", binary(request, "application/octet-stream")),
      400,
      /^writable: /,
    );
  });
});

Deno.test("a device over HTTP has the features asked for and answers records", async () => {
  await withApp({}, async ({ app }) => {
    const features = ["VERSION_1", "MUX_MODE", "HASH_STATELESS_MODE"];
    const made = await app.request("/v1/devices", json({ features }));
    const { id, features: accepted } = await made.json();
    assert.match(id, /^[0-9a-f]{32}$/);
    assert.equal(made.headers.get("location"), `/v1/devices/${id}`);
    assert.ok(accepted.includes("HASH_STATELESS_MODE"));
    assert.ok(!accepted.includes("MAC_STATELESS_MODE"));

    const state = await (await app.request(`/v1/devices/${id}`)).json();
    assert.equal(state.id, id);
    assert.equal(state.status, 15);
    assert.equal(state.queuesReady, 5);

    const response = await app.request(
      `/v1/devices/${id}/records`,
      binary(readMessage(0x008, 3), RECORDS_MEDIA_TYPE),
    );
    assert.equal(response.headers.get("content-type"), RECORDS_MEDIA_TYPE);
    const records = readRecords(new Uint8Array(await response.arrayBuffer()));
    assert.deepEqual(records.map(({ kind, id }) => [kind, id]), [
      [RecordKind.READ_OK, 0],
      [RecordKind.READ_OK, 1],
      [RecordKind.READ_OK, 2],
    ]);
    assert.deepEqual([...records[0].payload], [20, 0, 0, 0]);

    assert.equal((await app.request(`/v1/devices/${id}`, { method: "DELETE" })).status, 204);
    await assertProblem(await app.request(`/v1/devices/${id}`), 404);
    await assertProblem(await app.request(`/v1/devices/${id}`, { method: "DELETE" }), 404);
  });
});

Deno.test("a body that cannot be cut into records is 400 and executes nothing of it", async () => {
  await withApp({}, async ({ app }) => {
    const id = await makeDevice(app);
    const writer = new RecordWriter();
    writer.header(RecordKind.WRITE, 0, 1, 0x070, 4);
    const reset = writer.take();
    const body = new Uint8Array(reset.length + 15);
    body.set(reset);

    await assertProblem(
      await app.request(`/v1/devices/${id}/records`, binary(body, RECORDS_MEDIA_TYPE)),
      400,
    );

    const state = await (await app.request(`/v1/devices/${id}`)).json();
    assert.equal(state.status, 15);
  });
});

Deno.test("a device belongs to the token that made it", async () => {
  const alice = newToken();
  const bob = newToken();
  const as = ({ token }: { token: string }) => ({ Authorization: `Bearer ${token}` });
  const tokens = new TokenStore([
    { name: "alice", sha256: alice.sha256 },
    { name: "bob", sha256: bob.sha256 },
  ]);
  await withApp({}, async ({ app }) => {
    const id = await makeDevice(app, json({}, as(alice)));
    const path = `/v1/devices/${id}`;

    await assertProblem(await app.request(path, { headers: as(bob) }), 404);
    await assertProblem(await app.request(path, { method: "DELETE", headers: as(bob) }), 404);
    const records = binary(readMessage(0), RECORDS_MEDIA_TYPE);
    const headers = { ...as(bob), "Content-Type": RECORDS_MEDIA_TYPE };
    await assertProblem(await app.request(`${path}/records`, { ...records, headers }), 404);
    assert.equal((await app.request(path, { headers: as(alice) })).status, 200);
  }, tokens);
});

Deno.test("there are only so many devices, and an idle one makes room", async () => {
  await withApp({ maxDevices: 2, deviceIdle: 1 }, async ({ app, gateway }) => {
    const first = await makeDevice(app);
    await makeDevice(app);

    const refused = await app.request("/v1/devices", json({}));
    assert.ok(Number(refused.headers.get("retry-after")) >= 1);
    await assertProblem(refused, 429);

    while (gateway.devices.size > 0) await new Promise((resolve) => setTimeout(resolve, 50));
    await assertProblem(await app.request(`/v1/devices/${first}`), 404);
    await makeDevice(app);
  });
});

Deno.test("while draining there are no new devices, and those there are go on", async () => {
  await withApp({}, async ({ app, gateway }) => {
    const id = await makeDevice(app);

    gateway.startDraining(7);

    const refused = await app.request("/v1/devices", json({}));
    assert.equal(refused.headers.get("retry-after"), "7");
    await assertProblem(refused, 503);
    await assertProblem(await app.request("/readyz"), 503);
    assert.equal((await app.request("/healthz")).status, 200);
    assert.equal((await app.request(`/v1/devices/${id}`)).status, 200);
  });
});

Deno.test("a fault of ours is 500, logged in full and told in none", async () => {
  await withApp({}, async ({ app, gateway, events }) => {
    gateway.stateless = () => Promise.reject(new Error("a secret detail"));

    const response = await app.request("/v1/hash", json({ algorithm: "sha-256", data: "" }));
    const text = await response.clone().text();

    await assertProblem(response, 500);
    assert.ok(!text.includes("secret"));
    assert.ok(events.some(({ fields }) => fields.includes("a secret detail")));
  });
});
