/** Several listeners over real sockets. */

import assert from "node:assert/strict";
import { connect } from "node:net";
import { newToken } from "../../../gateway/auth.ts";
import { checkListeners } from "../../../gateway/options.ts";
import { RecordKind } from "../../../gateway/records.ts";
import { startServer } from "../../../gateway/server.ts";
import { openPeer, readMessage, readRecords, until, upgrade } from "../helpers.ts";
import {
  call,
  HASH,
  JSON_HEADERS,
  makeDevice,
  NUM,
  numberedLog,
  records,
  withListeners,
} from "./rig.ts";

Deno.test("connections are divided among listeners, all answer alike, and limits hold for their sum", async () => {
  await withListeners({ maxConnections: 40 }, async ({ url }, lines) => {
    const peers = await Promise.all(Array.from({ length: 40 }, () => openPeer(url)));

    for (const peer of peers) {
      peer.message(readMessage(0x008, 3));
      const answers = await peer.nextRecords(3);
      assert.ok(answers.every(({ payload }) => payload[0] === 20));
    }
    await until(() => lines.filter(({ event }) => event === "websocket open").length === 40);
    const opened = lines.filter(({ event }) => event === "websocket open");
    assert.deepEqual(new Set(opened.map(({ listener }) => listener)), new Set([0, 1, 2]));
    assert.equal(Math.max(...opened.map(({ connections }) => connections)), 40);
    for (let i = 0; i < 2 * NUM; i++) assert.equal((await upgrade(url)).status, 503);

    await peers.pop()?.close();
    await until(() => lines.some(({ event }) => event === "websocket closed"));
    peers.push(await openPeer(url));
    await Promise.all(peers.map((peer) => peer.close()));
  });
});

Deno.test("there are 512 sockets besides those of WebSockets, over all listeners together", async () => {
  await withListeners({ maxConnections: 8 }, async ({ port }) => {
    let numClosed = 0;
    const sockets = Array.from({ length: 8 + 512 + 5 }, () => {
      const socket = connect(port, "127.0.0.1");
      socket.on("error", () => {});
      socket.on("close", () => numClosed++);
      return socket.resume();
    });

    await until(() => numClosed === 5);

    for (const socket of sockets) socket.destroy();
    await until(() => numClosed === sockets.length);
  });
});

Deno.test("a device made over HTTP is found on every connection, by its token only", async () => {
  const dir = await Deno.makeTempDir();
  const [alice, bob] = [newToken(), newToken()];
  const tokens = `${dir}/tokens.json`;
  const entries = [{ name: "alice", sha256: alice.sha256 }, { name: "bob", sha256: bob.sha256 }];
  await Deno.writeTextFile(tokens, JSON.stringify({ tokens: entries }));
  const as = (token: string) => ({ Authorization: `Bearer ${token}` });
  try {
    await withListeners({ tokens, maxDevices: 12 }, async ({ url }) => {
      const ids = [];
      for (let i = 0; i < 12; i++) ids.push(await makeDevice(url, as(alice.token)));
      assert.ok(new Set(ids.map((id) => id.slice(32))).size > 1, "All made by one listener");
      const over = { method: "POST", headers: { ...JSON_HEADERS, ...as(bob.token) }, body: "{}" };
      for (let i = 0; i < 2 * NUM; i++) {
        const refused = await call(`${url}/v1/devices`, over);
        assert.equal(refused.status, 429);
        assert.equal(refused.headers.get("retry-after"), "15");
      }

      for (const id of ids) {
        const device = `${url}/v1/devices/${id}`;
        for (let i = 0; i < NUM; i++) {
          const answer = await call(`${device}/records`, records(20, as(alice.token)));
          assert.equal(answer.status, 200);
          assert.equal(answer.headers.get("cache-control"), "no-store");
          assert.equal(readRecords(new Uint8Array(await answer.arrayBuffer())).length, 20);
          const state = await (await call(device, { headers: as(alice.token) })).json();
          assert.deepEqual([state.id, state.status, state.queuesReady], [id, 15, 5]);
          assert.equal((await call(device, { headers: as(bob.token) })).status, 404);
          assert.equal((await call(device)).status, 401);
          const put = await call(device, { method: "PUT", headers: as(alice.token) });
          assert.deepEqual([put.status, put.headers.get("allow")], [405, "DELETE, GET, HEAD"]);
          const head = await call(device, { method: "HEAD", headers: as(alice.token) });
          assert.equal(head.status, 200);
        }
        assert.equal((await call(`${device}/records`, records(1, as(bob.token)))).status, 404);
        const origin = { ...as(alice.token), Origin: "https://evil.example" };
        assert.equal((await call(device, { headers: origin })).status, 403);
        const gone = await call(device, { method: "DELETE", headers: as(alice.token) });
        assert.equal(gone.status, 204);
        for (let i = 0; i < NUM; i++) {
          assert.equal((await call(device, { headers: as(alice.token) })).status, 404);
        }
      }
      await makeDevice(url, as(bob.token));
    });
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
});

Deno.test("large bodies and answers, wrong ones, turns and breaking clients are the same on every connection", async () => {
  const limits = { maxSize: 65536, maxMessage: 4 << 20, maxUnansweredBytes: 65536 };
  await withListeners(limits, async ({ url }) => {
    const path = `${url}/v1/devices/${await makeDevice(url)}/records`;
    for (let i = 0; i < 2 * NUM; i++) {
      const whole = await call(path, records(50_000));
      assert.equal(readRecords(new Uint8Array(await whole.arrayBuffer())).length, 50_000);
      const malformed = { ...records(1), body: Uint8Array.of(1, 2, 3) };
      assert.equal((await call(path, malformed)).status, 400);
      const over = { ...records(1), body: new Uint8Array((4 << 20) + 1) };
      assert.equal((await call(path, over)).status, 413);
      const text = { ...records(1), headers: { "Content-Type": "text/plain" } };
      const wrong = await call(path, text);
      assert.equal(wrong.status, 415);
      assert.equal(wrong.headers.get("accept-post"), "application/vnd.virtio-crypto");

      const abort = new AbortController();
      const client = Deno.createHttpClient({ poolMaxIdlePerHost: 0 });
      const broken = await fetch(path, { ...records(100_000), signal: abort.signal, client });
      const reader = broken.body?.getReader();
      await reader?.read();
      abort.abort();
      await reader?.read().catch(() => {});
      client.close();
    }

    const turns = await Promise.all(Array.from({ length: 40 }, () => call(path, records(30_000))));
    const statuses = turns.map(({ status }) => status);
    assert.ok(statuses.includes(200));
    assert.deepEqual(new Set([...statuses, 429]), new Set([200, 429]));
    assert.ok(statuses.filter((status) => status === 200).length >= 16);
  });
});

Deno.test("draining tells the clients of every listener, and ends when the last of all has gone", async () => {
  const { log, lines } = numberedLog();
  const server = await startServer({ port: 0, listeners: NUM }, log);
  const { url } = server;
  const id = await makeDevice(url);
  const peers = await Promise.all(Array.from({ length: 20 }, () => openPeer(url)));

  const drained = server.drain(60);
  for (const peer of peers) {
    const [goAway] = await peer.nextRecords(1);
    assert.deepEqual([goAway.kind, goAway.value], [RecordKind.GOAWAY, 60]);
  }
  for (let i = 0; i < 2 * NUM; i++) {
    assert.equal((await call(`${url}/readyz`)).status, 503);
    assert.equal((await upgrade(url)).status, 503);
  }
  const last = peers.pop();
  await Promise.all(peers.map((peer) => peer.close()));
  for (let i = 0; i < 2 * NUM; i++) {
    assert.equal((await call(`${url}/v1/devices/${id}/records`, records(1))).status, 200);
  }
  await last?.close();
  await drained;

  await assert.rejects(call(url));
  assert.equal(lines.filter(({ event }) => event === "closed").length, NUM);
  await server.close();
});

Deno.test("closing ends the connections of all listeners with 1001, though one neither reads nor closes", async () => {
  const server = await startServer({ port: 0, listeners: NUM });
  const peers = await Promise.all(Array.from({ length: 12 }, () => openPeer(server.url)));
  const stuck = peers.pop();
  stuck?.socket.pause();

  const closes = Promise.all(peers.map((peer) => peer.nextClose()));
  await server.close();

  assert.ok((await closes).every(({ closeCode }) => closeCode === 1001));
  stuck?.socket.destroy();
  for (const peer of peers) peer.socket.destroy();
});

Deno.test("a listener that dies is started again; connections and devices of the others live on", async () => {
  const file = await Deno.makeTempFile();
  await Deno.remove(file);
  const module = new URL("../../support/mortal_listener.ts", import.meta.url);
  module.searchParams.set("file", file);
  try {
    await withListeners(
      { listeners: 2, threads: 1, localWork: 0, maxConnections: 30, maxDevices: 30 },
      async ({ url }, lines) => {
        const events = (name: string) => lines.filter(({ event }) => event === name);
        // Starts the device threads of both.
        for (let i = 0; i < 12; i++) await call(`${url}/v1/hash`, HASH);
        const ids = await Promise.all(Array.from({ length: 20 }, () => makeDevice(url)));
        const of = (listener: number) => ids.filter((id) => id.endsWith(`0${listener}`));
        assert.ok(of(0).length > 0 && of(1).length > 0);
        const peers = await Promise.all(Array.from({ length: 30 }, () => openPeer(url)));
        let numEnded = 0;
        for (const peer of peers) void peer.closed.then(() => numEnded++);
        await until(() => events("websocket open").length === 30);
        const numOfSecond = events("websocket open").filter(({ listener }) =>
          listener === 1
        ).length;
        assert.ok(numOfSecond > 0 && numOfSecond < 30);
        const survivors = peers.slice();

        await Deno.writeTextFile(file, "");
        await until(() =>
          events("listener ended").length === 1 && events("listening").length === 3
        );
        for (const peer of peers) if (peer.socket.readableEnded) peer.socket.destroy();
        await until(() => numEnded === numOfSecond);

        for (const peer of survivors.filter(({ socket }) => !socket.destroyed)) {
          peer.message(readMessage(0x008));
          assert.equal((await peer.nextRecords(1))[0].payload[0], 20);
        }
        for (let i = 0; i < 4; i++) {
          for (const id of of(0)) assert.equal((await call(`${url}/v1/devices/${id}`)).status, 200);
          for (const id of of(1)) assert.equal((await call(`${url}/v1/devices/${id}`)).status, 404);
        }
        const numFree = numOfSecond;
        const more = await Promise.all(Array.from({ length: numFree }, () => openPeer(url)));
        assert.equal((await upgrade(url)).status, 503);
        for (let i = of(0).length; i < 30; i++) await makeDevice(url);
        for (const peer of [...survivors, ...more]) peer.socket.destroy();
      },
      module,
    );
  } finally {
    await Deno.remove(file).catch(() => {});
  }
});

Deno.test("all listeners speak TLS", async () => {
  const dir = await Deno.makeTempDir();
  const tlsCert = `${dir}/cert.pem`;
  const tlsKey = `${dir}/key.pem`;
  try {
    const openssl = await new Deno.Command("openssl", {
      args: ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
        .concat(["-days", "2", "-subj", "/CN=localhost", "-keyout", tlsKey, "-out", tlsCert])
        .concat(["-addext", "subjectAltName=DNS:localhost"])
        .concat(["-addext", "basicConstraints=critical,CA:FALSE"]),
      stderr: "piped",
    }).output();
    assert.ok(openssl.success, new TextDecoder().decode(openssl.stderr));
    const ca = await Deno.readTextFile(tlsCert);
    await withListeners(
      { listeners: 2, host: "localhost", tlsCert, tlsKey },
      async ({ url }, lines) => {
        const peers = await Promise.all(Array.from({ length: 16 }, () => openPeer(url, { ca })));
        for (const peer of peers) {
          peer.message(readMessage(0x008));
          assert.equal((await peer.nextRecords(1))[0].payload[0], 20);
        }
        const opened = lines.filter(({ event }) => event === "websocket open");
        assert.deepEqual(new Set(opened.map(({ listener }) => listener)), new Set([0, 1]));
        await Promise.all(peers.map((peer) => peer.close()));
      },
    );
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
});

Deno.test("a port that another gateway listens on is refused, also where both would share it", async () => {
  await withListeners({ listeners: 2 }, async ({ port }) => {
    await assert.rejects(
      startServer({ port, listeners: 2 }),
      /^Error: Cannot listen on 127\.0\.0\.1:\d+: /,
    );
  });
});

Deno.test("more than one listener is refused where the system does not divide connections", async () => {
  checkListeners(1, "darwin");
  checkListeners(8, "linux");
  assert.throws(() => checkListeners(2, "darwin"), /^Error: Only Linux divides .* on darwin: 2$/);
  assert.throws(() => checkListeners(2, "win32"), /on win32: 2$/);
  await assert.rejects(startServer({ port: 0, listeners: 0 }), /Invalid option listeners/);
});

Deno.test("slow requests run in threads of every listener, and all threads end with it", async () => {
  await withListeners({ threads: 2, localWork: 0, listeners: 2 }, async ({ url }) => {
    const answers = await Promise.all(
      Array.from({ length: 24 }, async () => await (await call(`${url}/v1/hash`, HASH)).json()),
    );

    assert.ok(answers.every(({ output }) => output.startsWith("ba7816bf")));
  });
});
