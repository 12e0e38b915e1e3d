import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { connect, ConnectionError, gatewayUrl } from "../../gateway/client/mod.ts";
import { WebSocketTransport } from "../../gateway/client/web_socket.ts";
import { newToken } from "../../gateway/auth.ts";
import { startServer } from "../../gateway/server.ts";

async function withDirectory(test: (path: string) => Promise<void>): Promise<void> {
  const path = await mkdtemp(join(tmpdir(), "ringway-"));
  try {
    await test(path);
  } finally {
    await rm(path, { recursive: true });
  }
}

async function withTokens(
  test: (url: string, token: string) => Promise<void>,
): Promise<void> {
  await withDirectory(async (directory) => {
    const { token, sha256 } = newToken();
    const tokens = join(directory, "tokens.json");
    await writeFile(tokens, JSON.stringify({ tokens: [{ name: "test", sha256 }] }));
    const server = await startServer({ port: 0, tokens });
    try {
      await test(server.url, token);
    } finally {
      await server.close();
    }
  });
}

Deno.test("a gateway's address may have a path, or name the device itself", () => {
  assert.equal(gatewayUrl("ws://localhost:1").href, "ws://localhost:1/");
  assert.equal(gatewayUrl("wss://a.example/x").href, "wss://a.example/x/");
  assert.equal(gatewayUrl("https://a.example/x/v1/device?y#z").href, "https://a.example/x/");
});

Deno.test("what is no gateway's address is refused", async () => {
  for (const target of ["", "localhost", "ftp://a.example", "ws://me:secret@localhost"]) {
    await assert.rejects(connect(target), ConnectionError, target);
  }
});

Deno.test("a token is not sent unencrypted to another host", async () => {
  for (const target of ["ws://a.example", "http://10.0.0.1:8790", "ws://127.0.0.1.a.example"]) {
    await assert.rejects(connect(target, { token: "t" }), /Refusing to send the token/, target);
  }
});

Deno.test("a gateway that is not there is told of with its address", async () => {
  for (const scheme of ["ws", "http"]) {
    const url = `${scheme}://127.0.0.1:1`;
    await assert.rejects(connect(url), (error) => {
      assert.ok(error instanceof ConnectionError);
      assert.match(error.message, /Cannot reach the gateway at (ws|http):\/\/127\.0\.0\.1:1/);
      return true;
    });
  }
});

Deno.test("a token opens the door on every transport, a wrong one or none does not", async () => {
  await withTokens(async (url, token) => {
    for (const address of [url, url.replace("http", "ws")]) {
      const device = await connect(address, { token });
      assert.equal((await device.hash({ algorithm: "md5", src: new Uint8Array(0) })).length, 16);
      await device.close();
      for (const wrong of [undefined, "rwt_wrong"]) {
        await assert.rejects(connect(address, { token: wrong }), /HTTP 401/);
      }
    }
  });
});

Deno.test("the platform's WebSocket carries the token as a second subprotocol", async () => {
  await withTokens(async (url, token) => {
    const address = new URL("v1/device", url.replace("http", "ws"));
    const device = await connect(await WebSocketTransport.open(address, { token }));
    assert.equal((await device.hash({ algorithm: "md5", src: new Uint8Array(0) })).length, 16);
    await device.close();
    await assert.rejects(WebSocketTransport.open(address, { token: "wrong" }), ConnectionError);
  });
});

Deno.test("a server that is no gateway is told of, whatever it answers", async () => {
  const server = createServer((_, response) => response.end("Hello"));
  server.on("upgrade", (_, socket) => {
    socket.end(
      "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n",
    );
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  try {
    await assert.rejects(connect(`http://127.0.0.1:${port}`), /is not a gateway/);
    await assert.rejects(connect(`ws://127.0.0.1:${port}`), /does not speak virtio-crypto.v1/);
  } finally {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
});

Deno.test("connecting can be given up", async () => {
  const server = createServer(() => {});
  server.on("upgrade", () => {});
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  try {
    for (const scheme of ["ws", "http"]) {
      const controller = new AbortController();
      const reason = new Error("Enough");
      const device = connect(`${scheme}://127.0.0.1:${port}`, { signal: controller.signal });
      queueMicrotask(() => controller.abort(reason));
      await assert.rejects(device, (error) => error === reason);
    }
  } finally {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
});

Deno.test("a gateway's end closes its devices' connections", async () => {
  const server = await startServer({ port: 0 });
  const device = await connect(server.url.replace("http", "ws"));
  await server.drain(0);
  assert.equal(await device.goingAway, 0);
  assert.ok(await device.closed instanceof ConnectionError);
  await assert.rejects(device.hash({ algorithm: "md5", src: new Uint8Array(0) }), ConnectionError);
});

Deno.test("TLS works with certificates of one's own, and not without", async () => {
  await withDirectory(async (directory) => {
    const tlsCert = join(directory, "cert.pem");
    const tlsKey = join(directory, "key.pem");
    await promisify(execFile)("openssl", [
      ...["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"],
      ...["-days", "2", "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"],
      ...["-keyout", tlsKey, "-out", tlsCert],
    ]);
    const server = await startServer({ port: 0, host: "localhost", tlsCert, tlsKey });
    const url = `wss://localhost:${server.port}`;
    try {
      const device = await connect(url, { ca: await readFile(tlsCert, "utf8") });
      assert.equal((await device.hash({ algorithm: "md5", src: new Uint8Array(0) })).length, 16);
      await device.close();
      await assert.rejects(connect(url), ConnectionError);
    } finally {
      await server.close();
    }
  });
});
