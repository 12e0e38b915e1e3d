import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import {
  bearerToken,
  checkExposure,
  isLoopback,
  loadTokens,
  newToken,
  siteRefusal,
  TokenStore,
} from "../../gateway/auth.ts";
import { OptionError } from "../../gateway/options.ts";

const sha256 = (text: string): string => createHash("sha256").update(text).digest("hex");

async function withTokensFile(text: string, run: (path: string) => Promise<void>): Promise<void> {
  const path = await Deno.makeTempFile();
  try {
    await Deno.writeTextFile(path, text);
    await run(path);
  } finally {
    await Deno.remove(path);
  }
}

Deno.test("a token is known by its hash, and only by the whole of it", () => {
  const store = new TokenStore([
    { name: "alice", sha256: sha256("a-token") },
    { name: "bob", sha256: sha256("b-token").toUpperCase() },
  ]);

  assert.equal(store.verify("a-token"), "alice");
  assert.equal(store.verify("b-token"), "bob");
  for (const wrong of ["", "a-toke", "a-token ", "A-token", sha256("a-token"), "x".repeat(5000)]) {
    assert.equal(store.verify(wrong), null, wrong.slice(0, 20));
  }
});

Deno.test("a new token is long, random, fit for a header, and verifies with its hash", () => {
  const first = newToken();
  const second = newToken();

  assert.match(first.token, /^rwt_[A-Za-z0-9_-]{43}$/);
  assert.notEqual(first.token, second.token);
  assert.equal(new TokenStore([{ name: "a", sha256: first.sha256 }]).verify(first.token), "a");
  assert.equal(bearerToken(`Bearer ${first.token}`), first.token);
});

Deno.test("a tokens file is read", async () => {
  const text = JSON.stringify({ tokens: [{ name: "alice", sha256: sha256("t") }] });
  await withTokensFile(text, async (path) => {
    const store = await loadTokens(path);

    assert.equal(store.verify("t"), "alice");
  });
});

Deno.test("a wrong tokens file is refused, and the message names file and field", async () => {
  const hash = sha256("t");
  const cases: [string, RegExp][] = [
    ["no json", /not JSON/],
    ["[]", /the whole: /],
    ["{}", /tokens: /],
    [JSON.stringify({ tokens: [{ name: "a", sha256: "12" }] }), /tokens\.0\.sha256: .*64/],
    [JSON.stringify({ tokens: [{ name: "", sha256: hash }] }), /tokens\.0\.name: /],
    [JSON.stringify({ tokens: [{ name: "a", sha256: hash, token: "t" }] }), /tokens\.0: .*token/],
    [
      JSON.stringify({ tokens: [{ name: "a", sha256: hash }, { name: "a", sha256: hash }] }),
      /tokens\.1\.name: the name a is there twice/,
    ],
  ];
  for (const [text, message] of cases) {
    await withTokensFile(text, async (path) => {
      await assert.rejects(loadTokens(path), (error) => {
        assert.ok(error instanceof OptionError);
        assert.match(error.message, message);
        assert.ok(error.message.includes(path));
        return true;
      });
    });
  }
  await assert.rejects(loadTokens("/no/such/file"), /Cannot read tokens file: .*\/no\/such\/file/);
});

Deno.test("the token of an Authorization header is found, other schemes are not", () => {
  assert.equal(bearerToken("Bearer abc"), "abc");
  assert.equal(bearerToken("bearer  abc.-_~+/= "), "abc.-_~+/=");
  for (const header of [undefined, null, "", "Bearer", "Bearer a b", "Basic abc", "abc"]) {
    assert.equal(bearerToken(header), null);
  }
});

Deno.test("loopback is decided by the address; of all names only localhost is", () => {
  for (const host of ["127.0.0.1", "127.1.2.3", "::1", "[::1]", "0:0:0:0:0:0:0:1", "localhost"]) {
    assert.equal(isLoopback(host), true, host);
  }
  const others = ["0.0.0.0", "::", "[::]", "10.0.0.1", "128.0.0.1", "127.1", "2130706433", ""];
  others.push(
    "0x7f.0.0.1",
    "localhost.example",
    "example.localhost",
    "127.0.0.1.example",
    "fe80::1",
  );
  for (const host of others) assert.equal(isLoopback(host), false, host);
});

Deno.test("any address but loopback wants TLS and tokens, or to be told that it is insecure", () => {
  const closed = { tlsCert: "c", tlsKey: "k", tokens: "t", insecure: false };
  const open = { insecure: false };

  checkExposure({ host: "127.0.0.1", ...open });
  checkExposure({ host: "localhost", ...open });
  checkExposure({ host: "0.0.0.0", ...closed });
  checkExposure({ host: "0.0.0.0", insecure: true });
  for (const host of ["0.0.0.0", "::", "192.168.1.1", "gateway.example"]) {
    assert.throws(
      () => checkExposure({ host, ...open }),
      new RegExp(`Refusing to listen on ${host}.*--tls-cert, --tls-key, --tokens`),
    );
    assert.throws(() => checkExposure({ host, ...closed, tokens: undefined }), /without --tokens /);
    assert.throws(
      () => checkExposure({ host, ...closed, tlsKey: undefined }),
      /without --tls-key /,
    );
  }
});

Deno.test("on loopback only loopback names are answered, with any port", () => {
  const policy = { loopback: true, scheme: "http", origins: [] } as const;

  for (const host of ["127.0.0.1", "127.0.0.1:8790", "localhost:1", "LOCALHOST", "[::1]:8790"]) {
    assert.equal(siteRefusal(policy, host, null), null, host);
  }
  const foreign = ["", "evil.example", "evil.example:8790", "127.0.0.1.evil.example", "10.0.0.1"];
  foreign.push("127.0.0.1, evil.example", "a@127.0.0.1", "::1", "127.0.0.1:8790:1", "127.0.0.1/x");
  for (const host of foreign) assert.notEqual(siteRefusal(policy, host, null), null, host);
});

Deno.test("a page's origin must be the gateway's own or a listed one", () => {
  const policy = { loopback: true, scheme: "http", origins: ["https://app.example"] } as const;
  const host = "127.0.0.1:8790";

  for (const origin of [null, undefined, "http://127.0.0.1:8790", "https://app.example"]) {
    assert.equal(siteRefusal(policy, host, origin), null, String(origin));
  }
  const foreign = ["null", "", "http://evil.example", "https://127.0.0.1:8790", "file://"];
  foreign.push("http://127.0.0.1:8791", "http://127.0.0.1", "http://app.example");
  foreign.push("https://app.example.evil.example", "http://localhost:8790");
  for (const origin of foreign) {
    assert.notEqual(siteRefusal(policy, host, origin), null, origin);
  }
});

Deno.test("beyond loopback every Host is answered, and its own pages are welcome", () => {
  const policy = { loopback: false, scheme: "https", origins: [] } as const;

  assert.equal(siteRefusal(policy, "gw.example", "https://gw.example"), null);
  assert.equal(siteRefusal(policy, "gw.example:443", "https://gw.example"), null);
  assert.notEqual(siteRefusal(policy, "gw.example", "http://gw.example"), null);
  assert.notEqual(siteRefusal(policy, "gw.example", "https://evil.example"), null);
});
