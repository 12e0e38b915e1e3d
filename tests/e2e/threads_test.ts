/** Slow requests over real sockets, and the conformance suite against a gateway whose threads run everything. */

import { strict as assert } from "node:assert";
import { connect } from "../../gateway/client/mod.ts";
import { startServer } from "../../gateway/server.ts";
import { startGateway } from "../conformance/server.ts";
import { SUITE } from "./suite.ts";

const MIB = 1024 * 1024;
const KEY = new Uint8Array(24).map((_, i) => 7 * i + 1);
const IV = new Uint8Array(8);

Deno.test("while 16 MiB are enciphered slowly, health checks and other clients are answered", async () => {
  const maxSize = 64 * MIB;
  const server = await startServer({ port: 0, threads: 1, maxSize, maxMessage: maxSize + 8192 });
  const slow = await connect(server.url.replace("http", "ws"));
  const other = await connect(server.url.replace("http", "ws"));
  try {
    const src = new Uint8Array(16 * MIB).fill(5);
    const half = slow.cipher({
      algorithm: "kasumi-f8",
      op: "encrypt",
      key: KEY.subarray(0, 16),
      iv: IV,
      src,
    });
    const order: string[] = [];
    const all = slow.cipher({ algorithm: "3des-cbc", op: "encrypt", key: KEY, iv: IV, src }).then(
      (result) => {
        order.push("slow");
        return result;
      },
    );
    let numHealthy = 0;
    let numAnswered = 0;
    while (!order.includes("slow")) {
      const response = await fetch(`${server.url}/healthz`);
      if (response.ok) numHealthy++;
      await response.body?.cancel();
      const hashed = await other.hash({ algorithm: "sha-256", src: new Uint8Array(64) });
      if (hashed.length === 32) numAnswered++;
    }

    assert.equal((await half).length, src.length);
    assert.equal((await all).length, src.length);
    // Each of the two takes as long as many of these: several come in between however slow the machine.
    assert.ok(numHealthy >= 5 && numAnswered >= 5, `${numHealthy} ${numAnswered}`);
  } finally {
    await slow.close();
    await other.close();
    await server.close();
  }
});

for (const num of [1, 2]) {
  Deno.test(`the conformance suite passes when all requests run in threads: ${num}`, async () => {
    const gateway = await startGateway(["--threads", String(num), "--local-work", "0"]);
    try {
      const command = new Deno.Command(Deno.execPath(), {
        args: ["test", "-A", "--no-check", ...SUITE],
        env: { RINGWAY_URL: gateway.url, NO_COLOR: "1" },
      });

      const { success, stdout } = await command.output();

      const text = new TextDecoder().decode(stdout);
      assert.ok(success, text.slice(-4000));
      assert.match(text, /\d{3} passed/);
    } finally {
      await gateway.stop();
    }
  });
}
