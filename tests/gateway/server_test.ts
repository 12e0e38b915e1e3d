import assert from "node:assert/strict";
import { connect } from "node:net";
import { networkInterfaces } from "node:os";
import { newToken } from "../../gateway/auth.ts";
import { startServer } from "../../gateway/server.ts";
import { RecordKind, RecordWriter } from "../../gateway/records.ts";
import { FrameOpcode } from "../../gateway/websocket/frames.ts";
import {
  keepingLog,
  openPeer,
  readMessage,
  readRecords,
  type TestPeer,
  until,
  upgrade,
  withServer,
} from "./helpers.ts";

/** Sends text on a new connection and returns what comes until its end. */
function rawCall(url: string, text: string): Promise<string> {
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname);
  let answer = "";
  socket.on("data", (chunk: Uint8Array) => answer += new TextDecoder().decode(chunk));
  socket.on("error", () => {});
  socket.write(text);
  return new Promise((resolve) => socket.once("close", () => resolve(answer)));
}

async function readStatus(peer: TestPeer): Promise<number> {
  peer.message(readMessage(0x070));
  const [record] = await peer.nextRecords(1);
  assert.equal(record.kind, RecordKind.READ_OK);
  return record.payload[0];
}

Deno.test("a WebSocket is a device: registers are read through it, a whole batch in one message", async () => {
  await withServer({}, async ({ url }) => {
    const peer = await openPeer(url);

    peer.message(readMessage(0x008, 50));

    const records = readRecords(await peer.nextMessage());
    assert.equal(records.length, 50);
    assert.ok(records.every(({ payload }) => payload[0] === 20));
    await peer.close();
  });
});

Deno.test("every connection has a device of its own", async () => {
  await withServer({}, async ({ url }) => {
    const first = await openPeer(url);
    const second = await openPeer(url);
    const writer = new RecordWriter();
    writer.header(RecordKind.WRITE, 0, 1, 0x070, 4)[0] = 1;

    first.message(writer.take());
    await first.nextRecords(1);

    assert.equal(await readStatus(first), 1);
    assert.equal(await readStatus(second), 0);
    await first.close();
    await second.close();
  });
});

Deno.test("a message in many fragments, a byte at a time, with pings between, is one message", async () => {
  await withServer({}, async ({ url }) => {
    const peer = await openPeer(url);
    const message = readMessage(0x008, 5);

    for (let i = 0; i < message.length; i++) {
      const opcode = i === 0 ? FrameOpcode.BINARY : FrameOpcode.CONTINUATION;
      const fin = i === message.length - 1 ? 0x80 : 0;
      peer.socket.write(Uint8Array.of(fin | opcode, 0x81, 0, 0, 0, 0, message[i]));
      if (i === 50) peer.frame(FrameOpcode.PING, Uint8Array.of(1));
    }

    assert.equal((await peer.next())?.opcode, FrameOpcode.PONG);
    assert.equal((await peer.nextRecords(5)).length, 5);
    await peer.close();
  });
});

Deno.test("what is in front of a bad byte is answered, then 1002, and other connections go on", async () => {
  await withServer({}, async ({ url }) => {
    const good = await openPeer(url);
    const bad = await openPeer(url);
    const message = new Uint8Array(24 * 3 + 16);
    message.set(readMessage(0x008, 3));
    message[24 * 3] = 15;

    bad.message(message);

    assert.equal((await bad.nextRecords(3)).length, 3);
    assert.equal((await bad.nextClose()).closeCode, 1002);
    assert.equal(await readStatus(good), 0);
    await good.close();
  });
});

Deno.test("a message over the limit closes with 1009 on its header, one of the limit passes", async () => {
  await withServer({ maxSize: 4096, maxMessage: 8208 }, async ({ url }) => {
    const peer = await openPeer(url);
    const over = await openPeer(url);

    peer.message(readMessage(0x008, 8208 / 24));
    over.socket.write(Uint8Array.of(0x82, 0xfe, 0x20, 0x11, 0, 0, 0, 0));

    assert.equal((await peer.nextRecords(342)).length, 342);
    assert.equal((await over.nextClose()).closeCode, 1009);
    await peer.close();
  });
});

Deno.test("an upgrade that is not in order is refused with a problem", async () => {
  await withServer({}, async ({ url }) => {
    const cases: [Parameters<typeof upgrade>[1], number][] = [
      [{ path: "/v1/devices" }, 404],
      [{ path: "/" }, 404],
      [{ method: "POST" }, 405],
      [{ headers: { Upgrade: "h2c" } }, 400],
      [{ headers: { "Sec-WebSocket-Version": "8" } }, 426],
      [{ headers: { "Sec-WebSocket-Version": null } }, 426],
      [{ headers: { "Sec-WebSocket-Key": null } }, 400],
      [{ headers: { "Sec-WebSocket-Key": "c2hvcnQ=" } }, 400],
      [{ headers: { "Sec-WebSocket-Protocol": null } }, 400],
      [{ headers: { "Sec-WebSocket-Protocol": "virtio-crypto.v2, chat" } }, 400],
      [{ headers: { Host: "evil.example" } }, 403],
      [{ headers: { Origin: "https://evil.example" } }, 403],
    ];
    for (const [options, status] of cases) {
      const answer = await upgrade(url, options);

      assert.equal(answer.status, status, JSON.stringify(options));
      assert.equal(answer.headers.get("content-type"), "application/problem+json");
      assert.equal(JSON.parse(answer.body).status, status);
      assert.equal(answer.headers.get("connection"), "close");
    }
    assert.equal(
      (await upgrade(url, { headers: { "Sec-WebSocket-Version": "8" } })).headers
        .get("sec-websocket-version"),
      "13",
    );
  });
});

Deno.test("two Host headers are one too many, whatever they say", async () => {
  await withServer({}, async ({ url }) => {
    const answer = await rawCall(
      url,
      "GET /v1/device HTTP/1.1\r\nHost: 127.0.0.1\r\nHost: evil.example\r\nConnection: Upgrade\r\n" +
        "Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n" +
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n" +
        "Sec-WebSocket-Protocol: virtio-crypto.v1\r\n\r\n",
    );

    assert.match(answer, /^HTTP\/1\.1 40[03] /);
  });
});

Deno.test("of all subprotocols offered only the gateway's is echoed", async () => {
  await withServer({}, async ({ url }) => {
    const headers = { "Sec-WebSocket-Protocol": "chat, bearer.YWJj, virtio-crypto.v1" };

    const { status, headers: answer, peer } = await upgrade(url, { headers });

    assert.equal(status, 101);
    assert.equal(answer.get("sec-websocket-protocol"), "virtio-crypto.v1");
    // RFC 6455, section 1.3: the answer to this key.
    assert.equal(answer.get("sec-websocket-accept"), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
    await peer?.close();
  });
});

Deno.test("with tokens an upgrade wants one, in the header or in a subprotocol, and never logs it", async () => {
  const { token, sha256 } = newToken();
  const tokens = await Deno.makeTempFile();
  await Deno.writeTextFile(tokens, JSON.stringify({ tokens: [{ name: "alice", sha256 }] }));
  const { log, events } = keepingLog();
  const encoded = new TextEncoder().encode(token).toBase64({
    alphabet: "base64url",
    omitPadding: true,
  });
  try {
    await withServer({ tokens }, async ({ url }) => {
      const inHeader = { Authorization: `Bearer ${token}` };
      const inSubprotocol = { "Sec-WebSocket-Protocol": `virtio-crypto.v1, bearer.${encoded}` };
      for (const headers of [inHeader, inSubprotocol]) {
        const { status, peer } = await upgrade(url, { headers });
        assert.equal(status, 101);
        await peer?.close();
      }
      const wrong: Record<string, string>[] = [
        {},
        { Authorization: `Bearer ${token}0` },
        { Authorization: `Basic ${token}` },
        { "Sec-WebSocket-Protocol": `virtio-crypto.v1, bearer.${encoded}0` },
        { "Sec-WebSocket-Protocol": "virtio-crypto.v1, bearer.*" },
      ];
      for (const headers of wrong) {
        const { status, headers: answer } = await upgrade(url, { headers });
        assert.equal(status, 401);
        assert.match(answer.get("www-authenticate") ?? "", /^Bearer/);
      }
      assert.equal((await fetch(`${url}/v1/device`)).status, 401);
    }, log);
  } finally {
    await Deno.remove(tokens);
  }
  const logged = JSON.stringify(events);
  assert.ok(!logged.includes(token) && !logged.includes(encoded));
});

Deno.test("over the connection limit an upgrade is 503, and one that ends makes room", async () => {
  await withServer({ maxConnections: 2 }, async ({ url }) => {
    const first = await openPeer(url);
    const second = await openPeer(url);

    const refused = await upgrade(url);

    assert.equal(refused.status, 503);
    assert.ok(Number(refused.headers.get("retry-after")) > 0);
    await first.close();
    const third = await openPeer(url);
    assert.equal(await readStatus(third), 0);
    await second.close();
    await third.close();
  });
});

Deno.test("draining tells every client, refuses new ones, and ends when the last has gone", async () => {
  const server = await startServer({ port: 0 });
  const peer = await openPeer(server.url);
  await readStatus(peer);

  const drained = server.drain(60);
  const [goAway] = await peer.nextRecords(1);

  assert.equal(goAway.kind, RecordKind.GOAWAY);
  assert.equal(goAway.value, 60);
  assert.equal((await upgrade(server.url)).status, 503);
  const ready = await fetch(`${server.url}/readyz`);
  assert.equal(ready.status, 503);
  await ready.body?.cancel();
  assert.equal(await readStatus(peer), 0);
  await peer.close();
  await drained;
  await assert.rejects(fetch(server.url));
});

Deno.test("draining ends after its grace with 1001 for those who stay", async () => {
  const server = await startServer({ port: 0 });
  const peer = await openPeer(server.url);

  await Promise.all([
    server.drain(0.05),
    peer.nextClose().then((close) => {
      assert.equal(close.closeCode, 1001);
      peer.socket.end();
    }),
  ]);

  await server.close();
});

Deno.test("a server closes though a client neither reads nor closes", async () => {
  const server = await startServer({ port: 0 });
  const peer = await openPeer(server.url);
  peer.socket.pause();

  await server.close();

  await assert.rejects(fetch(server.url));
  peer.socket.destroy();
});

Deno.test("HTTP calls work over a socket, one after the other on one connection", async () => {
  await withServer({}, async ({ url }) => {
    for (let i = 0; i < 3; i++) {
      const response = await fetch(`${url}/v1/hash`, {
        method: "POST",
        headers: { "Content-Type": "application/json" },
        body: JSON.stringify({ algorithm: "sha-256", data: "616263", encoding: "hex" }),
      });
      assert.match((await response.json()).output, /^ba7816bf/);
    }
    const { port } = new URL(url);
    const foreign = await rawCall(
      url,
      "GET /healthz HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n",
    );
    assert.match(foreign, /^HTTP\/1\.1 403 [^]*application\/problem\+json/);
    const own = await rawCall(
      url,
      `GET /healthz HTTP/1.1\r\nHost: localhost:${port}\r\nConnection: close\r\n\r\n`,
    );
    assert.match(own, /^HTTP\/1\.1 200 /);
  });
});

Deno.test("what is not HTTP, has too long a header or no Host is refused with a problem", async () => {
  await withServer({}, async ({ url }) => {
    const long = `GET / HTTP/1.1\r\nHost: localhost\r\nX: ${"x".repeat(20_000)}\r\n\r\n`;

    assert.match(await rawCall(url, "HELLO\r\n\r\n"), /^HTTP\/1\.1 400 [^]*problem\+json/);
    assert.match(await rawCall(url, long), /^HTTP\/1\.1 431 [^]*problem\+json/);
    assert.match(
      await rawCall(url, "GET / HTTP/1.1\r\nConnection: close\r\n\r\n"),
      /^HTTP\/1\.1 400 /,
    );
  });
});

Deno.test("an HTTP client that goes in the middle of its answers leaves its device fit for the next call", async () => {
  await withServer({ maxUnansweredBytes: 65536 }, async ({ url }) => {
    const made = await fetch(`${url}/v1/devices`, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: "{}",
    });
    const { id } = await made.json();
    const records = (num: number, signal?: AbortSignal) =>
      fetch(`${url}/v1/devices/${id}/records`, {
        method: "POST",
        headers: { "Content-Type": "application/vnd.virtio-crypto" },
        body: readMessage(0x100, num, 56),
        signal,
      });
    const abort = new AbortController();
    const broken = await records(100_000, abort.signal);
    const reader = broken.body?.getReader();
    await reader?.read();
    abort.abort();
    await reader?.read().catch(() => {});

    const whole = await records(50_000);
    const bytes = new Uint8Array(await whole.arrayBuffer());

    assert.equal(readRecords(bytes).length, 50_000);
  });
});

/** Makes a self-signed certificate for localhost in `dir`. */
async function makeCertificate(
  dir: string,
  name: string,
): Promise<{ tlsCert: string; tlsKey: string }> {
  const tlsCert = `${dir}/${name}.cert.pem`;
  const tlsKey = `${dir}/${name}.key.pem`;
  const openssl = await new Deno.Command("openssl", {
    args: ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"].concat(
      ["-nodes", "-days", "2", "-subj", "/CN=localhost", "-keyout", tlsKey, "-out", tlsCert],
      ["-addext", "subjectAltName=DNS:localhost", "-addext"],
      ["basicConstraints=critical,CA:FALSE"],
    ),
    stderr: "piped",
  }).output();
  assert.ok(openssl.success, new TextDecoder().decode(openssl.stderr));
  return { tlsCert, tlsKey };
}

Deno.test("a client that is turned away early may send on for a while, and sees why", async () => {
  await withServer({ maxSize: 4096, maxMessage: 8208 }, async ({ url }) => {
    const post = (path: string, type: string) =>
      fetch(url + path, {
        method: "POST",
        headers: { "Content-Type": type },
        body: new Uint8Array(4_000_000),
      });

    for (let i = 0; i < 3; i++) {
      const tooLarge = await post("/v1/hash", "application/json");
      assert.equal(tooLarge.status, 413);
      assert.equal((await tooLarge.json()).status, 413);
      const wrongType = await post("/v1/hash", "text/plain");
      assert.equal(wrongType.status, 415);
      await wrongType.body?.cancel();
    }
  });
});

Deno.test("a body without end is answered and its connection closed", async () => {
  await withServer({ maxSize: 4096, maxMessage: 8208 }, async ({ url }) => {
    const { hostname, port } = new URL(url);
    const socket = connect(Number(port), hostname);
    socket.on("error", () => {});
    let answer = "";
    socket.on("data", (chunk: Uint8Array) => answer += new TextDecoder().decode(chunk));
    socket.write(
      "POST /v1/hash HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n" +
        "Transfer-Encoding: chunked\r\n\r\n",
    );
    const timer = setInterval(() => socket.write("1000\r\n" + " ".repeat(4096) + "\r\n"), 5);

    await new Promise((resolve) => socket.once("close", resolve));

    clearInterval(timer);
    assert.match(answer, /^HTTP\/1\.1 413 /);
  });
});

Deno.test("https and wss work with a certificate", async () => {
  const dir = await Deno.makeTempDir();
  try {
    const { tlsCert, tlsKey } = await makeCertificate(dir, "one");
    const other = await makeCertificate(dir, "other");
    await assert.rejects(
      startServer({ port: 0, tlsCert, tlsKey: other.tlsKey }),
      /Not the key of the certificate/,
    );
    await assert.rejects(
      startServer({ port: 0, tlsCert, tlsKey: tlsCert }),
      /Not a private key in PEM/,
    );
    const ca = await Deno.readTextFile(tlsCert);
    await withServer({ host: "localhost", tlsCert, tlsKey }, async ({ url }) => {
      assert.match(url, /^https:\/\/localhost:/);
      const client = Deno.createHttpClient({ caCerts: [ca] });
      const response = await fetch(`${url}/v1/device`, { client });
      assert.equal((await response.json()).device.id, 20);
      client.close();

      const peer = await openPeer(url, { ca, headers: { Origin: url } });
      peer.message(readMessage(0x008, 5000));
      const records = await peer.nextRecords(5000);
      assert.equal(records.length, 5000);
      await peer.close();

      const plain = await upgrade(url, { ca, headers: { Origin: url.replace("https", "http") } });
      assert.equal(plain.status, 403);
    });
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
});

Deno.test("a server does not start with what cannot be", async () => {
  const dir = await Deno.makeTempDir();
  const file = `${dir}/file`;
  await Deno.writeTextFile(file, "not PEM");
  try {
    await assert.rejects(startServer({ port: -1 }), /Invalid option port/);
    await assert.rejects(startServer({ host: "0.0.0.0" }), /Refusing to listen on 0\.0\.0\.0/);
    await assert.rejects(
      startServer({ port: 0, tokens: `${dir}/none` }),
      /Cannot read tokens file/,
    );
    await assert.rejects(
      startServer({ port: 0, tlsCert: `${dir}/none`, tlsKey: file }),
      /Cannot read tlsCert/,
    );
    await assert.rejects(
      startServer({ port: 0, tlsCert: file, tlsKey: file }),
      /Not a certificate in PEM: .*file/,
    );
    await withServer({}, async ({ port }) => {
      await assert.rejects(startServer({ port }), /Cannot listen on 127\.0\.0\.1:\d+: /);
    });
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
});

Deno.test("an insecure server on all addresses is reached by any of them", async () => {
  await withServer({ host: "0.0.0.0", insecure: true }, async ({ port }) => {
    const own = Object.values(networkInterfaces()).flat()
      .filter((address) => address?.family === "IPv4").map((address) => address?.address);
    for (const address of own) {
      const response = await fetch(`http://${address}:${port}/healthz`);
      assert.equal(response.status, 200);
      await response.body?.cancel();
    }
  });
});

Deno.test("a client that vanishes in the middle of a batch is forgotten", async () => {
  const { log, events } = keepingLog();
  await withServer({}, async ({ url }) => {
    const peer = await openPeer(url);
    peer.message(readMessage(0x008, 10_000));
    peer.socket.resetAndDestroy();

    await until(() => events.some(({ event }) => event === "websocket closed"));

    const next = await openPeer(url);
    assert.equal(await readStatus(next), 0);
    await next.close();
  }, log);
});
