/** `ringway vhost-user` with a front-end on its socket and a gateway behind it, each a process of its own. */

import { strict as assert } from "node:assert";
import { execFile } from "node:child_process";
import { stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { ALL_ALGORITHMS, CryptoFeature, type Service, Status } from "../../../device/mod.ts";
import { CONFIG_CHANGE_MSG } from "../../../device/vhost_user/protocol.ts";
import {
  build,
  createCipherSession,
  parseSessionInput,
  type Request,
} from "../../../device/wire/requests.ts";
import { newToken } from "../../../gateway/auth.ts";
import { ringway, withDirectory, withServe } from "../../cli/ringway.ts";
import { FrontEnd, type FrontEndOptions } from "../../kernel/front_end/front_end.ts";
import { vhostTest } from "../../device/vhost_user/support.ts";
import { GatewayProxy } from "../../support/gateway_proxy.ts";
import { counting } from "../../support/random.ts";
import { cbcExpected, cbcRequest, MUX, until } from "../../support/relay_rig.ts";
import { startRelay } from "../../support/relay_process.ts";
import { runJobs } from "../../support/vector_runner.ts";
import { loadJobs } from "../../support/vectors.ts";

const KEY = counting(16, 0xa0);
const SRC = counting(64, 0x40);
const OPTIONS: FrontEndOptions = {
  queues: 4,
  accept: [CryptoFeature.MUX_MODE, CryptoFeature.HASH_STATELESS_MODE],
};

async function createCbc(frontEnd: FrontEnd): Promise<number> {
  const create = build(createCipherSession, { algo: 3, op: 1, key: KEY }, MUX);
  const { controlQueue } = frontEnd;
  const written = await frontEnd.exchange(controlQueue, create.readable, create.writableLen);
  const { status, sessionId } = parseSessionInput(written);
  assert.equal(status, Status.OK);
  return sessionId;
}

async function assertRight(frontEnd: FrontEnd, { readable, writableLen }: Request): Promise<void> {
  const { usedLen, writable } = await frontEnd.submit(0, readable, writableLen);
  assert.equal(usedLen, writableLen);
  assert.deepEqual(writable, cbcExpected(KEY, SRC));
}

/** VIRTIO_CRYPTO_S_HW_READY, as the front-end reads it. */
async function isReady(frontEnd: FrontEnd): Promise<boolean> {
  // Offset 0, size 4, flags 0, and room for the bytes.
  const payload = new Uint8Array(16);
  payload[4] = 4;
  const answer = await frontEnd.ask("GET_CONFIG", payload);
  return answer[12] === 1;
}

/** The next message of the back-end, which is about the configuration. */
async function configChange(frontEnd: FrontEnd): Promise<void> {
  const message = await frontEnd.receive(frontEnd.backendSocket ?? assert.fail());
  assert.ok(message !== "end");
  assert.equal(message.request, CONFIG_CHANGE_MSG);
}

vhostTest("vectors of all services pass through a relay's socket to a gateway", async () => {
  const offered = [
    ALL_ALGORITHMS.cipher,
    ALL_ALGORITHMS.hash,
    ALL_ALGORITHMS.mac,
    ALL_ALGORITHMS.aead,
  ];
  const { jobs } = loadJobs((service: Service, algo: number) =>
    offered[service][algo] !== undefined
  );
  const some = jobs.filter(({ src }, i) => i % 20 === 0 && src.length < 1 << 18);
  await withDirectory(async (directory) => {
    await withServe(["--log", "none"], async ({ url }) => {
      const path = join(directory, "vm");
      await using _relay = await startRelay(path, url);
      const { mode } = await stat(path);
      const frontEnd = await FrontEnd.start(path, OPTIONS);
      try {
        await runJobs(some, {
          exchange: (...request) => frontEnd.exchange(...request),
          controlQueue: frontEnd.controlQueue,
          mode: MUX,
          stateless: false,
        });
      } finally {
        frontEnd.close();
      }
      assert.equal(mode & 0o777, 0o600);
      assert.ok(some.length > 400);
    });
  });
});

vhostTest(
  "a gateway killed in mid-flight: ERR, HW_READY clear and told; another: set and told, the same sessions",
  async () => {
    await withDirectory(async (directory) => {
      const path = join(directory, "vm");
      let proxy: GatewayProxy | undefined;
      let frontEnd: FrontEnd | undefined;
      try {
        await withServe(["--log", "none"], async ({ url, pid, ended }) => {
          proxy = await GatewayProxy.start(url);
          await using relay = await startRelay(path, proxy.url);
          frontEnd = await FrontEnd.start(path, OPTIONS);
          const request = cbcRequest(await createCbc(frontEnd), SRC, MUX);
          await assertRight(frontEnd, request);
          assert.ok(await isReady(frontEnd));
          proxy.hold();
          const { numMessages } = proxy;
          const inFlight = Array.from(
            { length: 32 },
            () => frontEnd?.submit(0, request.readable, request.writableLen),
          );
          await until(() => (proxy?.numMessages ?? 0) > numMessages, "requests");

          Deno.kill(pid, "SIGKILL");
          await ended;
          proxy.cut();
          await configChange(frontEnd);

          assert.ok(!await isReady(frontEnd));
          for (const outcome of await Promise.all(inFlight)) {
            assert.equal(outcome?.usedLen, 1);
            assert.equal(outcome?.writable.at(-1), Status.ERR);
          }
          await withServe(["--log", "none"], async ({ url }) => {
            proxy?.release();
            proxy?.restore(url);
            await configChange(frontEnd ?? assert.fail());
            assert.ok(await isReady(frontEnd ?? assert.fail()));
            await assertRight(frontEnd ?? assert.fail(), request);
          });
          assert.match(relay.log, /gateway away[^]*gateway back/);
        });
      } finally {
        frontEnd?.close();
        await proxy?.close();
      }
    });
  },
);

vhostTest(
  "a front-end that vanishes in mid-request makes room for the next, which has no session of its",
  async () => {
    await withDirectory(async (directory) => {
      await withServe(["--log", "none"], async ({ url }) => {
        const path = join(directory, "vm");
        const proxy = await GatewayProxy.start(url);
        try {
          await using relay = await startRelay(path, proxy.url);
          const first = await FrontEnd.start(path, OPTIONS);
          const request = cbcRequest(await createCbc(first), SRC, MUX);
          await assertRight(first, request);
          proxy.hold();
          const { numMessages } = proxy;
          for (let i = 0; i < 50; i++) first.begin(i % 4, request.readable, request.writableLen);
          for (let i = 0; i < 4; i++) {
            first.rings[i].queue.publish();
            first.kick(i);
          }
          await until(() => proxy.numMessages > numMessages, "requests");

          first.close();
          proxy.release();
          const second = await FrontEnd.start(path, OPTIONS);
          try {
            const { writable } = await second.submit(0, request.readable, request.writableLen);
            assert.equal(writable.at(-1), Status.INVSESS);
            await assertRight(second, cbcRequest(await createCbc(second), SRC, MUX));
          } finally {
            second.close();
          }
          await until(() => relay.log.split("guest left").length === 3, "the guests to leave");
          await until(() => proxy.numOpen === 0, "their devices to end");
        } finally {
          await proxy.close();
        }
      });
    });
  },
);

vhostTest("a guest's memory is taken unsealed only where it is said so", async () => {
  const options = { ...OPTIONS, memory: { sealed: false } };
  await withDirectory(async (directory) => {
    await withServe(["--log", "none"], async ({ url }) => {
      const [sealed, unsealed] = [join(directory, "sealed"), join(directory, "unsealed")];
      await using relay = await startRelay(sealed, url);
      await using _other = await startRelay(unsealed, url, ["--unsealed"]);

      const refused = FrontEnd.start(sealed, options);
      await assert.rejects(refused);
      const frontEnd = await FrontEnd.start(unsealed, options);
      try {
        await assertRight(frontEnd, cbcRequest(await createCbc(frontEnd), SRC, MUX));
      } finally {
        frontEnd.close();
      }
      await until(() => relay.log.includes("guest left"), "a reason");
    });
  });
});

vhostTest("a relay ends when it is told to, and takes its socket with it", async () => {
  await withDirectory(async (directory) => {
    await withServe(["--log", "none"], async ({ url }) => {
      const path = join(directory, "vm");
      await using relay = await startRelay(path, url);
      const frontEnd = await FrontEnd.start(path, OPTIONS);
      try {
        Deno.kill(relay.pid, "SIGTERM");
        const { code } = await relay.ended;
        await frontEnd.ended();

        assert.equal(code, 0);
        await assert.rejects(stat(path));
      } finally {
        frontEnd.close();
      }
    });
  });
});

vhostTest(
  "a relay shows a token, and says so when it is the wrong one, before it listens",
  async () => {
    await withDirectory(async (directory) => {
      const { token, sha256 } = newToken();
      const [tokens, right, wrong, path] = ["tokens", "right", "wrong", "vm"].map((name) =>
        join(directory, name)
      );
      await writeFile(tokens, JSON.stringify({ tokens: [{ name: "vm", sha256 }] }));
      await writeFile(right, token);
      await writeFile(wrong, newToken().token);
      await withServe(["--log", "none", "--tokens", tokens], async ({ url }) => {
        const refused = await ringway(
          ["vhost-user", path, "--gateway", url, "--token-file", wrong],
        );
        await using _relay = await startRelay(path, url, ["--token-file", right]);
        const frontEnd = await FrontEnd.start(path, OPTIONS);
        try {
          await assertRight(frontEnd, cbcRequest(await createCbc(frontEnd), SRC, MUX));
        } finally {
          frontEnd.close();
        }

        assert.equal(refused.code, 1);
        assert.match(refused.stderr, /^ringway: Gateway at ws:[^\n]* answered HTTP 401[^\n]*\n$/);
        assert.equal(refused.stdout.length, 0);
      });
    });
  },
);

vhostTest("a relay reaches a gateway by TLS, with certificates of one's own", async () => {
  await withDirectory(async (directory) => {
    const [cert, key, path] = ["cert.pem", "key.pem", "vm"].map((name) => join(directory, name));
    await promisify(execFile)("openssl", [
      ...["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"],
      ...["-days", "2", "-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"],
      ...["-keyout", key, "-out", cert],
    ]);
    const words = ["--host", "localhost", "--tls-cert", cert, "--tls-key", key];
    await withServe(["--log", "none", ...words], async ({ url }) => {
      const address = url.replace(/^https:\/\/[^:]+/, "wss://localhost");
      const refused = await ringway(["vhost-user", path, "--gateway", address]);
      await using _relay = await startRelay(path, address, ["--ca", cert]);
      const frontEnd = await FrontEnd.start(path, OPTIONS);
      try {
        await assertRight(frontEnd, cbcRequest(await createCbc(frontEnd), SRC, MUX));
      } finally {
        frontEnd.close();
      }

      assert.match(address, /^wss:/);
      assert.equal(refused.code, 1);
      assert.match(refused.stderr, /^ringway: Cannot reach the gateway [^\n]*\n$/);
    });
  });
});

const WRONG: readonly (readonly [string, readonly string[], RegExp])[] = [
  ["no path", ["--gateway", "ws://127.0.0.1:1"], /Path of the socket is missing \(ringway vhost/],
  ["no gateway", ["vm"], /Option --gateway is missing/],
  ["a gateway that is no address", ["vm", "--gateway", "there"], /Invalid address there/],
  [
    "a gateway that is not there",
    ["vm", "--gateway", "ws://127.0.0.1:1"],
    /Cannot reach the gateway/,
  ],
  [
    "a token that others could read",
    ["vm", "--gateway", "ws://192.0.2.1", "--token-file", "token"],
    /Refusing to send the token over ws:/,
  ],
  [
    "a token file that is not there",
    ["vm", "--gateway", "ws://[::1]:1", "--token-file", "none"],
    /Cannot read token file none/,
  ],
  [
    "a timeout that is none",
    ["vm", "--gateway", "ws://[::1]:1", "--timeout", "0"],
    /Invalid --timeout: Want a number/,
  ],
];
for (const [what, words, line] of WRONG) {
  vhostTest(`${what} is told in one line`, async () => {
    await withDirectory(async (cwd) => {
      await writeFile(join(cwd, "token"), "rwt_x");

      const { code, stdout, stderr } = await ringway(["vhost-user", ...words], { cwd });

      assert.equal(code, 1);
      assert.match(stderr, /^ringway: [^\n]*\n$/);
      assert.match(stderr, line);
      assert.equal(stdout.length, 0);
    });
  });
}

vhostTest("a path that cannot be listened on is told in one line", async () => {
  await withDirectory(async (directory) => {
    await withServe(["--log", "none"], async ({ url }) => {
      const file = join(directory, "file");
      await writeFile(file, "");

      const { code, stderr } = await ringway(["vhost-user", file, "--gateway", url]);

      assert.equal(code, 1);
      assert.match(stderr, /^ringway: Cannot listen on [^\n]*: there is a file of that name\n$/);
    });
  });
});
