import assert from "node:assert/strict";
import { createCipheriv, createHash, createHmac } from "node:crypto";
import {
  AlgorithmError,
  CryptoError,
  FeatureError,
  NeedsResetError,
  RefusedError,
} from "../../gateway/client/mod.ts";
import { build, createCipherSession, hashStateless } from "../../device/wire/requests.ts";
import { CipherAlgo, Direction, HashAlgo } from "../../device/wire/constants.ts";
import { WAYS } from "./transports.ts";

const key = Uint8Array.fromHex("000102030405060708090a0b0c0d0e0f");
const iv = Uint8Array.fromHex("f0f1f2f3f4f5f6f7f8f9fafbfcfdfeff");
const text = new TextEncoder().encode("Sixteen bytes!!!Sixteen more ...");

function cbc(src: Uint8Array): Uint8Array {
  const cipher = createCipheriv("aes-128-cbc", key, iv).setAutoPadding(false);
  return new Uint8Array([...cipher.update(src), ...cipher.final()]);
}

function assertBytes(actual: Uint8Array, expected: Uint8Array): void {
  assert.equal(actual.toHex(), expected.toHex());
  assert.equal(Object.getPrototypeOf(actual), Uint8Array.prototype);
}

for (const way of WAYS) {
  Deno.test(`${way.name}: start-up accepts everything offered and reads the configuration`, async () => {
    await way.with({ queues: 3, maxSize: 100_000 }, (device) => {
      assert.equal(device.config.maxDataqueues, 3);
      assert.equal(device.config.maxSize, 100_000);
      assert.equal(device.config.cryptoServices, 0b1111);
      for (const name of ["VERSION_1", "MUX_MODE", "AEAD_STATELESS_MODE"] as const) {
        assert.ok(device.features.has(name), name);
      }
      assert.ok(device.supports("aes-128-cbc"));
      assert.ok(device.supports(CipherAlgo.AES_CBC, 0));
      assert.ok(!device.supports("aes-128-cbc", 1));
      assert.ok(!device.supports("no-such"));
      return Promise.resolve();
    });
  });

  Deno.test(`${way.name}: a cipher session encrypts, and another decrypts`, async () => {
    await way.with({}, async (device) => {
      const algorithm = "aes-128-cbc";
      await using encryption = await device.cipherSession({ algorithm, op: "encrypt", key });
      await using decryption = await device.cipherSession({ algorithm, op: "decrypt", key });
      const dst = await encryption.run({ iv, src: text });
      assertBytes(dst, cbc(text));
      assertBytes(await decryption.run({ iv, src: dst }), text);
    });
  });

  Deno.test(`${way.name}: sessions work without MUX_MODE too, and stateless calls say why not`, async () => {
    await way.with({ features: [] }, async (device) => {
      assert.ok(!device.features.has("MUX_MODE"));
      await using session = await device.hashSession({ algorithm: "sha-256" });
      const digest = await session.run({ src: text });
      assertBytes(digest, new Uint8Array(createHash("sha256").update(text).digest()));
      await assert.rejects(device.hash({ algorithm: "sha-256", src: text }), (error) => {
        assert.ok(error instanceof FeatureError);
        assert.match(error.message, /HASH_STATELESS_MODE/);
        return true;
      });
    });
  });

  for (const layout of ["v19", "1.1"] as const) {
    Deno.test(`${way.name}: stateless calls of every service agree with OpenSSL, layout ${layout}`, async () => {
      await way.with({ layout }, async (device) => {
        const options = { algorithm: "aes-128-cbc", key, iv, src: text };
        assertBytes(await device.cipher({ ...options, op: "encrypt" }), cbc(text));
        assertBytes(await device.cipher({ ...options, op: "decrypt", src: cbc(text) }), text);
        const hash = await device.hash({ algorithm: "sha1", src: text, hashResultLen: 7 });
        assertBytes(hash, new Uint8Array(createHash("sha1").update(text).digest()).slice(0, 7));
        const mac = await device.mac({ algorithm: "hmac-sha-512", authKey: key, src: text });
        assertBytes(mac, new Uint8Array(createHmac("sha512", key).update(text).digest()));
        const nonce = iv.subarray(0, 12);
        const cipher = createCipheriv("aes-128-gcm", key, nonce).setAAD(iv);
        const sealed = new Uint8Array([
          ...cipher.update(text),
          ...cipher.final(),
          ...cipher.getAuthTag(),
        ]);
        const aead = { algorithm: "aes-128-gcm", key, iv: nonce, aad: iv } as const;
        assertBytes(await device.aead({ ...aead, op: "encrypt", src: text }), sealed);
        assertBytes(await device.aead({ ...aead, op: "decrypt", src: sealed }), text);
        const chained = await device.chain({
          order: "cipher-then-hash",
          cipher: { algorithm: "aes-128-cbc", op: "encrypt", key },
          hash: { algorithm: "hmac-sha-256", authKey: iv },
          iv,
          src: text,
        });
        assertBytes(chained.dst, cbc(text));
        const tag = createHmac("sha256", iv).update(cbc(text)).digest();
        assertBytes(chained.hashResult, new Uint8Array(tag));
      });
    });
  }

  Deno.test(`${way.name}: MAC, AEAD and chain sessions agree with OpenSSL`, async () => {
    await way.with({}, async (device) => {
      await using mac = await device.macSession({
        algorithm: "hmac-sha-256",
        authKey: key,
        hashResultLen: 10,
      });
      const tag = new Uint8Array(createHmac("sha256", key).update(text).digest());
      assertBytes(await mac.run({ src: text }), tag.slice(0, 10));
      assertBytes(await mac.run({ src: text, hashResultLen: 4 }), tag.slice(0, 4));
      await using seal = await device.aeadSession({
        algorithm: "gcm",
        op: "encrypt",
        key,
        tagLen: 13,
      });
      const nonce = iv.subarray(0, 12);
      const cipher = createCipheriv("aes-128-gcm", key, nonce, { authTagLength: 13 });
      const sealed = new Uint8Array([
        ...cipher.update(text),
        ...cipher.final(),
        ...cipher.getAuthTag(),
      ]);
      assertBytes(await seal.run({ iv: nonce, src: text }), sealed);
      await using chain = await device.chainSession({
        order: "hash-then-cipher",
        cipher: { algorithm: "aes-cbc", op: "encrypt", key },
        hash: { algorithm: "sha-256", nested: true },
      });
      const { dst, hashResult } = await chain.run({
        iv,
        src: text,
        aad: key,
        cipherStartSrcOffset: 16,
        lenToHash: 16,
      });
      assertBytes(dst, new Uint8Array([...text.subarray(0, 16), ...cbc(text.subarray(16))]));
      const inner = createHash("sha256").update(key).update(text.subarray(0, 16)).digest();
      assertBytes(hashResult, new Uint8Array(createHash("sha256").update(inner).digest()));
    });
  });

  Deno.test(`${way.name}: a status other than OK rejects with its name`, async () => {
    await way.with({}, async (device) => {
      const aead = { algorithm: "gcm", op: "decrypt", key, iv: iv.subarray(0, 12) } as const;
      await assert.rejects(device.aead({ ...aead, src: text }), {
        statusName: "BADMSG",
        status: 2,
      });
      const odd = { algorithm: "aes-cbc", op: "encrypt", key, iv, src: text.subarray(1) } as const;
      await assert.rejects(device.cipher(odd), { name: "CryptoError", statusName: "ERR" });
      await assert.rejects(device.hash({ algorithm: 31, src: text, hashResultLen: 1 }), {
        statusName: "NOTSUPP",
      });
      await assert.rejects(
        device.cipherSession({ algorithm: "aes-cbc", op: "encrypt", key: key.subarray(1) }),
        CryptoError,
      );
      // One bad request harms nothing behind it.
      assertBytes(await device.cipher({ ...odd, src: text }), cbc(text));
    });
  });

  Deno.test(`${way.name}: a closed session is gone on the device, whose id another cannot take`, async () => {
    await way.with({}, async (device) => {
      const spec = { algorithm: "aes-128-cbc", op: "encrypt", key } as const;
      const first = await device.cipherSession(spec);
      const running = [1, 2, 3].map(() => first.run({ iv, src: text }));
      await first.close();
      for (const dst of await Promise.all(running)) assertBytes(dst, cbc(text));
      await assert.rejects(first.run({ iv, src: text }), /Session is closed/);
      const second = await device.cipherSession(spec);
      assert.notEqual(second.id, first.id);
      await second.close();
      await second.close();
    });
  });

  Deno.test(`${way.name}: thousands of requests at once are all answered, in any queue`, async () => {
    await way.with({ queues: 2 }, async (device) => {
      await using session = await device.hashSession({ algorithm: "md5" });
      const sources = Array.from({ length: 6000 }, (_, i) => new Uint8Array(i % 97).fill(i));
      const digests = await Promise.all(
        sources.map((src, i) => session.run({ src }, i % 3 === 0 ? { queue: 1 } : {})),
      );
      for (let i = 0; i < sources.length; i += 501) {
        assertBytes(digests[i], new Uint8Array(createHash("md5").update(sources[i]).digest()));
      }
      assert.equal(digests.length, 6000);
    });
  });

  Deno.test(`${way.name}: more bytes than may be unanswered are all answered`, async () => {
    await way.with({}, async (device) => {
      const spec = { algorithm: "aes-128-ctr", op: "encrypt", key } as const;
      await using session = await device.cipherSession(spec);
      const src = new Uint8Array(1_500_000);
      const results = await Promise.all(
        Array.from({ length: 30 }, async () => {
          const dst = await session.run({ iv, src });
          return dst.length === src.length && dst[1_499_999] !== 0;
        }),
      );
      assert.equal(results.length, 30);
    });
  });

  Deno.test(`${way.name}: raw requests give back what the device wrote, whatever the status`, async () => {
    await way.with({}, async (device) => {
      const mode = { mux: true, layout: "v19" } as const;
      const request = build(
        hashStateless,
        { algo: HashAlgo.MD5, src: text, hashResultLen: 16 },
        mode,
      );
      const { usedLen, bytes } = await device.submit(0, request.readable, request.writableLen);
      assert.equal(usedLen, 17);
      const digest = createHash("md5").update(text).digest("hex");
      assert.equal(bytes.toHex(), digest + "00");
      const create = { algo: CipherAlgo.AES_CBC, op: Direction.ENCRYPT, key: key.subarray(1) };
      const bad = build(createCipherSession, create, mode);
      const answer = await device.submit(
        device.config.maxDataqueues,
        bad.readable,
        bad.writableLen,
      );
      assert.equal(answer.bytes.toHex(), "00000000000000000100000000000000");
      assert.deepEqual(await device.submit(0, request.readable, 0), {
        usedLen: 0,
        bytes: new Uint8Array(0),
      });
    });
  });

  Deno.test(`${way.name}: a request to a queue that is not there is refused`, async () => {
    await way.with({}, async (device) => {
      await assert.rejects(device.submit(60, new Uint8Array(24), 1), (error) => {
        assert.ok(error instanceof RefusedError);
        assert.equal(error.reasonName, "NO_QUEUE");
        return true;
      });
    });
  });

  Deno.test(`${way.name}: an aborted call rejects, its late answer reaches nobody`, async () => {
    await way.with({}, async (device) => {
      await using session = await device.hashSession({ algorithm: "sha-256" });
      const controller = new AbortController();
      const src = new Uint8Array(100_000);
      const aborted = session.run({ src }, { signal: controller.signal });
      const kept = session.run({ src: text });
      const reason = new Error("Enough");
      controller.abort(reason);
      await assert.rejects(aborted, (error) => error === reason);
      const others = await Promise.all([1, 2, 3, 4].map(() => session.run({ src: text })));
      const expected = new Uint8Array(createHash("sha256").update(text).digest());
      for (const digest of [await kept, ...others]) assertBytes(digest, expected);
      await assert.rejects(
        session.run({ src }, { signal: AbortSignal.abort(reason) }),
        (error) => error === reason,
      );
    });
  });

  Deno.test(`${way.name}: a session whose creation was aborted holds no place on the device`, async () => {
    await way.with({}, async (device) => {
      const controller = new AbortController();
      const spec = { algorithm: "aes-128-cbc", op: "encrypt", key } as const;
      const aborted = device.cipherSession(spec, { signal: controller.signal });
      controller.abort(new Error("Enough"));
      await assert.rejects(aborted, /Enough/);
      await using next = await device.cipherSession(spec);
      assert.notEqual(next.id, 1);
      // The first one's destroy has been sent before this request, so its id is unknown by now.
      const request = { readable: new Uint8Array(24 + 48), writableLen: 1 };
      request.readable[8] = 1;
      request.readable[16] = 1;
      const { bytes } = await device.submit(0, request.readable, 1);
      assert.equal(bytes.toHex(), "04");
    });
  });

  Deno.test(`${way.name}: a broken ring rejects what is in flight, and reset brings the device back`, async () => {
    await way.with({ testBreakRing: 4 }, async (device) => {
      const session = await device.hashSession({ algorithm: "sha-256" });
      const running = [1, 2, 3, 4, 5].map(() => session.run({ src: text }));
      const outcomes = await Promise.allSettled(running);
      const rejected = outcomes.filter((outcome) => outcome.status === "rejected");
      assert.ok(rejected.length >= 1);
      for (const { reason } of rejected) assert.ok(reason instanceof NeedsResetError);
      await assert.rejects(session.run({ src: text }), NeedsResetError);
      await device.reset();
      await assert.rejects(session.run({ src: text }), NeedsResetError);
      await using again = await device.hashSession({ algorithm: "sha-256" });
      const expected = new Uint8Array(createHash("sha256").update(text).digest());
      assertBytes(await again.run({ src: text }), expected);
    });
  });

  Deno.test(`${way.name}: names, keys and directions that cannot be are told before anything is sent`, async () => {
    await way.with({}, async (device) => {
      const good = { algorithm: "aes-128-cbc", op: "encrypt", key, iv, src: text } as const;
      const cases = [
        device.cipher({ ...good, algorithm: "aes-128-cbx" }),
        device.cipher({ ...good, algorithm: "sha-256" }),
        device.cipher({ ...good, key: key.subarray(1) }),
        device.cipherSession({ ...good, algorithm: "gcm" }),
        device.hash({ algorithm: "shake128", src: text }),
      ];
      const outcomes = await Promise.allSettled(cases);
      const messages = outcomes.map((outcome) => {
        assert.equal(outcome.status, "rejected");
        assert.ok(outcome.reason instanceof AlgorithmError);
        return outcome.reason.message;
      });
      assert.match(messages[0], /did you mean aes-128-cbc/);
      assert.match(messages[1], /is a hash, not a cipher/);
      assert.match(messages[2], /must be 16 bytes, got 15/);
      assert.match(messages[3], /is an AEAD algorithm, not a cipher/);
      assert.match(messages[4], /hashResultLen/);
    });
  });

  Deno.test(`${way.name}: a device that does not take the features wanted is not started`, async () => {
    const features = ["HASH_STATELESS_MODE"] as const;
    await assert.rejects(way.with({ features }, () => Promise.resolve()), FeatureError);
  });

  Deno.test(`${way.name}: after close every call rejects and closed tells of no error`, async () => {
    await way.with({}, async (device) => {
      const session = await device.hashSession({ algorithm: "sha-256" });
      await device.close();
      await assert.rejects(session.run({ src: text }), { name: "ConnectionError" });
      await assert.rejects(device.reset(), { name: "ConnectionError" });
      assert.equal(await device.closed, undefined);
    });
  });
}
