/** The JSON calls for people, the description, and who may call from where (remote-protocol.md, "HTTP"). */
import assert from "node:assert/strict";
import { type Bytes, EMPTY, pattern } from "./bytes.ts";
import { algorithmsOf, gatewayForFile, withMode } from "./harness.ts";
import { type Answer, assertProblem, base64, call, objectOf, postJson, rawCall } from "./http.ts";
import { aeadJob, cipherJob, hashJob, type Job, macJob } from "./jobs.ts";
import { expected } from "./oracle.ts";
import { Aead, Cipher, Hash, Mac, Op } from "./wire.ts";

const target = gatewayForFile();
const KEY = pattern(32, 1);
const IV = pattern(16, 2);
const DATA = pattern(48, 3);
const AAD = pattern(7, 4);

/** A JSON call: its path, what it says, and the job that means the same. */
type Case = readonly [path: string, fields: { readonly [name: string]: string | number }, job: Job];

type Encode = (bytes: Uint8Array) => string;
const toHex: Encode = (bytes) => bytes.toHex();

function cases(encode: Encode): Case[] {
  const data = encode(DATA);
  const iv = encode(IV);
  const [key16, key24, key32] = [16, 24, 32].map((len) => KEY.slice(0, len));
  const nonce = IV.slice(0, 12);
  const sealed = expected(aeadJob({ algo: Aead.GCM, key: key16, iv: nonce, src: DATA })) ?? EMPTY;
  const encrypted = expected(cipherJob({ algo: Cipher.AES_CBC, key: key24, iv: IV, src: DATA })) ??
    EMPTY;
  const cipher = (algorithm: string, key: Bytes, algo: number): Case => [
    "/v1/cipher",
    { algorithm, key: encode(key), data, ...(algo === Cipher.AES_ECB ? {} : { iv }) },
    cipherJob({ algo, key, iv: algo === Cipher.AES_ECB ? EMPTY : IV, src: DATA }),
  ];
  const hash = (algorithm: string, algo: number, resultLen: number, outLen?: number): Case => [
    "/v1/hash",
    { algorithm, data, ...(outLen === undefined ? {} : { outLen }) },
    hashJob({ algo, src: DATA, resultLen }),
  ];
  return [
    cipher("aes-128-cbc", key16, Cipher.AES_CBC),
    cipher("aes-192-ctr", key24, Cipher.AES_CTR),
    cipher("aes-256-ecb", key32, Cipher.AES_ECB),
    [
      "/v1/cipher",
      { algorithm: "aes-192-cbc", op: "decrypt", key: encode(key24), iv, data: encode(encrypted) },
      cipherJob({ algo: Cipher.AES_CBC, op: Op.DECRYPT, key: key24, iv: IV, src: encrypted }),
    ],
    hash("md5", Hash.MD5, 16),
    hash("sha1", Hash.SHA1, 20),
    hash("sha-256", Hash.SHA_256, 32),
    hash("sha3-384", Hash.SHA3_384, 48),
    hash("shake128", Hash.SHA3_SHAKE128, 100, 100),
    hash("shake256", Hash.SHA3_SHAKE256, 7, 7),
    [
      "/v1/mac",
      { algorithm: "hmac-sha-256", key: encode(KEY), data },
      macJob({ algo: Mac.HMAC_SHA_256, key: KEY, src: DATA, resultLen: 32 }),
    ],
    [
      "/v1/mac",
      { algorithm: "hmac-sha1", key: encode(KEY), data, outLen: 12 },
      macJob({ algo: Mac.HMAC_SHA1, key: KEY, src: DATA, resultLen: 12 }),
    ],
    [
      "/v1/aead",
      {
        algorithm: "aes-128-gcm",
        key: encode(key16),
        iv: encode(nonce),
        aad: encode(AAD),
        data,
        tagLen: 12,
      },
      aeadJob({ algo: Aead.GCM, key: key16, iv: nonce, aad: AAD, src: DATA, tagLen: 12 }),
    ],
    [
      "/v1/aead",
      {
        algorithm: "aes-128-gcm",
        op: "decrypt",
        key: encode(key16),
        iv: encode(nonce),
        data: encode(sealed),
      },
      aeadJob({ algo: Aead.GCM, op: Op.DECRYPT, key: key16, iv: nonce, src: sealed }),
    ],
    [
      "/v1/aead",
      {
        algorithm: "chacha20-poly1305",
        key: encode(key32),
        iv: encode(nonce),
        aad: encode(AAD),
        data,
      },
      aeadJob({ algo: Aead.CHACHA20_POLY1305, key: key32, iv: nonce, aad: AAD, src: DATA }),
    ],
  ];
}

function assertOutput(answer: Answer, output: string, message: string): void {
  assert.equal(answer.status, 200, `${message} ${new TextDecoder().decode(answer.bytes)}`);
  const { status, output: given } = objectOf(answer);
  assert.deepEqual({ status, output: given }, { status: "OK", output }, message);
}

for (
  const [name, encode, encoding] of [["base64", base64, undefined], ["hex", toHex, "hex"]] as const
) {
  for (const [path, fields, job] of cases(encode)) {
    const op = fields.op ?? "encrypt";
    Deno.test(`POST ${path} ${fields.algorithm} (${op}, ${name}) gives node:crypto's bytes`, async () => {
      const body = encoding === undefined ? fields : { ...fields, encoding };

      const answer = await postJson(target.url, path, body);

      assertOutput(answer, encode(expected(job) ?? EMPTY), String(fields.algorithm));
    });
  }
}

Deno.test("a batch is answered one by one in order, its failures among them", async () => {
  const hashes = [EMPTY, DATA, KEY].map((src) => ({ algorithm: "sha-512", data: base64(src) }));
  const short = { algorithm: "sha-256", data: "", outLen: 33 };
  const answer = await postJson(target.url, "/v1/hash", { batch: [...hashes, short] });
  const value: unknown = JSON.parse(new TextDecoder().decode(answer.bytes));
  const list = Array.isArray(value) ? value : objectOf(answer).batch;

  assert.equal(answer.status, 200);
  assert.ok(Array.isArray(list), "a list of answers");
  const outputs = [EMPTY, DATA, KEY].map((src) =>
    base64(expected(hashJob({ algo: Hash.SHA_512, src, resultLen: 64 })) ?? EMPTY)
  );
  assert.deepEqual(list.slice(0, 3).map((item) => item.output), outputs);
  assert.deepEqual(list.map((item) => item.status), ["OK", "OK", "OK", "ERR"]);
});

Deno.test("a tag that does not verify is 200 with BADMSG and no output", async () => {
  const fields = { algorithm: "chacha20-poly1305", op: "decrypt", key: base64(KEY) };
  const body = { ...fields, iv: base64(IV.slice(0, 12)), data: base64(pattern(40)) };

  const answer = await postJson(target.url, "/v1/aead", body);

  assert.equal(answer.status, 200);
  const { status, output } = objectOf(answer);
  assert.equal(status, "BADMSG");
  assert.ok(output === undefined || output === null || output === "", `output ${output}`);
});

const BAD_CALLS: readonly (readonly [string, string, unknown])[] = [
  ["an unknown algorithm", "/v1/hash", { algorithm: "sha-257", data: "" }],
  ["no algorithm", "/v1/hash", { data: "" }],
  ["data that is no base64", "/v1/hash", { algorithm: "md5", data: "***" }],
  ["data that is no hex", "/v1/hash", { algorithm: "md5", data: "0g", encoding: "hex" }],
  ["data that is a number", "/v1/hash", { algorithm: "md5", data: 7 }],
  ["an unknown encoding", "/v1/hash", { algorithm: "md5", data: "", encoding: "rot13" }],
  ["an unknown op", "/v1/cipher", { algorithm: "aes-128-ecb", op: "sign", key: "", data: "" }],
  ["a negative outLen", "/v1/hash", { algorithm: "shake128", data: "", outLen: -1 }],
  ["a batch that is no list", "/v1/hash", { batch: { algorithm: "md5" } }],
  ["null", "/v1/mac", null],
];

for (const [name, path, value] of BAD_CALLS) {
  Deno.test(`${name} in a JSON call is a problem of 400`, async () => {
    assertProblem(await postJson(target.url, path, value), 400);
  });
}

Deno.test("JSON nested without end and JSON that does not parse are 400, and the gateway lives", async () => {
  const deep = `{"batch":${"[".repeat(100_000)}${"]".repeat(100_000)}}`;
  for (const body of [deep, "{", "", "\u0000"]) {
    const answer = await call(target.url, "/v1/hash", { body, type: "application/json" });
    assertProblem(answer, 400, body.slice(0, 20));
  }
});

for (const path of ["/v1/cipher", "/v1/hash", "/v1/mac", "/v1/aead", "/v1/devices"]) {
  Deno.test(`POST ${path} with another content type is 415`, async () => {
    for (const type of ["text/plain", "application/x-www-form-urlencoded", undefined]) {
      assertProblem(await call(target.url, path, { body: "{}", type }), 415, type);
    }
  });
}

Deno.test("GET /v1/device describes the device with every algorithm it offers", async () => {
  const answer = await call(target.url, "/v1/device");
  const text = JSON.stringify(objectOf(answer)).toLowerCase().replaceAll(/[-_]/g, "");

  assert.equal(answer.status, 200);
  assert.match(answer.headers.get("content-type") ?? "", /^application\/json\b/);
  const names = [Cipher, Hash, Mac, Aead].flatMap((set) => Object.keys(set));
  for (const name of [...names, "MUX_MODE", "VERSION_1", "accelerator"]) {
    assert.ok(
      text.includes(name.toLowerCase().replaceAll("_", "").replace("sha3shake", "shake")),
      name,
    );
  }
  await withMode(target.url, "MUX", async (driver) => {
    assert.equal(algorithmsOf((await driver.config()).hashAlgo, 0).length, 12);
  });
});

Deno.test("liveness and readiness are 200", async () => {
  for (const path of ["/healthz", "/readyz"]) {
    assert.equal((await call(target.url, path)).status, 200, path);
  }
});

Deno.test("a foreign Origin is 403 on every call, the gateway's own is served", async () => {
  const { origin } = new URL(target.url);
  const body = { algorithm: "md5", data: "" };
  for (const foreign of ["https://evil.example", "null", "http://127.0.0.1.evil.example"]) {
    const headers = { origin: foreign };
    assertProblem(await call(target.url, "/v1/device", { headers }), 403, foreign);
    assertProblem(await postJson(target.url, "/v1/hash", body, headers), 403, foreign);
    assertProblem(await postJson(target.url, "/v1/devices", {}, headers), 403, foreign);
  }
  assert.equal((await postJson(target.url, "/v1/hash", body, { origin })).status, 200);
});

Deno.test("a foreign Host on a loopback listener is 403 on every call, loopback names are served", async () => {
  const { port } = new URL(target.url);
  const status = async (host: string, path = "/v1/device") =>
    (await rawCall(target.url, [`GET ${path} HTTP/1.1`, `host: ${host}`])).status;

  assert.equal(await status("evil.example"), 403);
  assert.equal(await status(`evil.example:${port}`), 403);
  assert.equal(await status(`localhost.evil.example:${port}`), 403);
  assert.equal(await status("evil.example", "/v1/devices/00000000000000000000000000000000"), 403);
  assert.equal(await status(`localhost:${port}`), 200);
  assert.equal(await status(`127.0.0.1:${port}`), 200);
});
