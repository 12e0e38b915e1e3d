/**
 * "Device configuration layout". Offsets are those of `struct virtio_crypto_config`.
 *
 * @module
 */

import { strict as assert } from "node:assert";
import { type Algorithm, ALGORITHMS, AlgorithmSet, DeviceStatus } from "../../device/mod.ts";
import { encodeConfig } from "../../device/virtio/config_space.ts";
import { mustAlways } from "./cases.ts";
import { assertRefused, assertResult, Driver } from "./driver.ts";
import { definedAlgorithms, SPECIFICATION } from "./musts.ts";
import { digest, encryptCbc } from "./oracle.ts";
import {
  aead,
  AES_CBC,
  cipher,
  ENCRYPT,
  ERR,
  GCM,
  hash,
  HMAC_SHA_256,
  mac,
  NONE,
  NOTSUPP,
  OK,
  pattern,
  SHA_256,
} from "./requests.ts";

const hashJob = { algo: SHA_256, src: pattern(9, 51), hashResultLen: 32 };
const macJob = { ...hashJob, algo: HMAC_SHA_256, authKey: pattern(20, 52) };
const key = pattern(32, 53);
const iv = pattern(16, 54);
const cipherJob = { algo: AES_CBC, op: ENCRYPT, key, iv, src: pattern(32, 55) };
const aeadJob = {
  ...{ algo: GCM, op: ENCRYPT, key, iv: pattern(12, 56), src: NONE, aad: NONE, tagLen: 16 },
  dstDataLen: 16,
};

function config(driver: Driver): DataView {
  const bytes = driver.rig.device.virtio.readConfig(0, 56);
  assert.ok(bytes !== undefined, "the configuration space has 56 bytes");
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
}

function only(wanted: (algorithm: Algorithm) => boolean): AlgorithmSet {
  return new AlgorithmSet(ALGORITHMS.filter(wanted));
}

mustAlways(
  "device-configuration-layout-1",
  "max_dataqueues is the number of data queues, the control queue behind them",
  () => {
    for (const queues of [1, 4, 64]) {
      const driver = new Driver("MUX", { queues });
      const maxDataqueues = config(driver).getUint32(4, true);

      assert.equal(maxDataqueues, queues);
      assert.ok(maxDataqueues >= 1 && maxDataqueues <= 65535);
      assertResult(
        driver.run(hash, hashJob, { queue: maxDataqueues - 1 }),
        digest("sha256", hashJob.src),
      );
    }
    for (const queues of [0, 65536]) assert.throws(() => new Driver("MUX", { queues }), RangeError);
  },
);

// The space of a device whose accelerator is ready or not.
function statusField(ready: boolean): number {
  const masks = only(() => true).masks;
  const maxima = { maxCipherKeyLen: 32, maxAuthKeyLen: 64, maxSize: 4096 };
  const bytes = encodeConfig({ ready, maxDataqueues: 4, algorithms: masks, ...maxima });
  return new DataView(bytes.buffer).getUint32(0, true);
}

mustAlways(
  "device-configuration-layout-2",
  "status has HW_READY when the accelerator is ready and not when it is not",
  () => {
    assert.equal(config(new Driver("MUX")).getUint32(0, true) & 1, 1);
    assert.equal(statusField(true) & 1, 1);
    assert.equal(statusField(false) & 1, 0);
  },
);

mustAlways("device-configuration-layout-3", "status has no bit but HW_READY", () => {
  assert.equal(config(new Driver("MUX")).getUint32(0, true) & ~1, 0);
  assert.equal(statusField(true) & ~1, 0);
  assert.equal(statusField(false) & ~1, 0);
});

mustAlways(
  "device-configuration-layout-4",
  "a device that is ready serves every queue, after a reset too",
  () => {
    const driver = new Driver("not-MUX");
    for (let start = 0; start < 2; start++) {
      assert.equal(config(driver).getUint32(0, true) & 1, 1);
      const sessionId = driver.open(hash, hashJob);
      for (let queue = 0; queue < driver.rig.control; queue++) {
        const answer = driver.run(hash, hashJob, { queue, sessionId });
        assertResult(answer, digest("sha256", hashJob.src));
      }
      driver.rig.startUp([]);
      assert.ok((driver.rig.device.virtio.status & DeviceStatus.DRIVER_OK) !== 0);
    }
  },
);

mustAlways(
  "device-configuration-layout-5",
  "crypto_services has the bits of the services that sessions can be made of",
  () => {
    for (const services of [[0, 1, 2, 3], [0], [1], [2], [3], [1, 3]]) {
      const algorithms = only(({ service }) => services.includes(service));
      const driver = new Driver("MUX", { algorithms });

      const offered = config(driver).getUint32(8, true);
      const statuses = [
        driver.create(cipher.create(cipherJob)).status,
        driver.create(hash.create(hashJob)).status,
        driver.create(mac.create(macJob)).status,
        driver.create(aead.create(aeadJob)).status,
      ];

      assert.equal(offered, services.reduce((mask, service) => mask | 1 << service, 0));
      assert.deepEqual(statuses, [0, 1, 2, 3].map((i) => services.includes(i) ? OK : NOTSUPP));
    }
  },
);

// Algorithm numbers below 64 whose bit is set, by service.
function advertised(driver: Driver): number[][] {
  const view = config(driver);
  const numbers = (low: number, high?: number): number[] =>
    Array.from({ length: high === undefined ? 32 : 64 }, (_, i) => i).filter((i) => {
      const word = view.getUint32(i < 32 ? low : high ?? low, true);
      return (word >>> (i & 31) & 1) === 1;
    });
  return [numbers(12, 16), numbers(20), numbers(24, 28), numbers(32)];
}

// Algorithm numbers below 64 that the device does not call unsupported, by service.
function supported(driver: Driver): number[][] {
  const found = (status: (algo: number) => number): number[] =>
    Array.from({ length: 64 }, (_, algo) => algo).filter((algo) => status(algo) !== NOTSUPP);
  return [
    found((algo) => driver.create(cipher.create({ ...cipherJob, algo })).status),
    found((algo) => driver.create(hash.create({ ...hashJob, algo })).status),
    found((algo) => driver.create(mac.create({ ...macJob, algo })).status),
    found((algo) => driver.create(aead.create({ ...aeadJob, algo })).status),
  ];
}

mustAlways(
  "device-configuration-layout-6",
  "the masks have exactly the bits of the algorithms that are not NOTSUPP",
  () => {
    const some = only(({ service, id }) => service !== 1 && id !== 3);
    for (const driver of [new Driver("MUX"), new Driver("MUX", { algorithms: some })]) {
      assert.deepEqual(advertised(driver), supported(driver));
    }
    assert.deepEqual(advertised(new Driver("MUX", { algorithms: some }))[1], []);
  },
);

mustAlways(
  "device-configuration-layout-7",
  "the masks have no bit of a number that names no algorithm",
  () => {
    const defined = definedAlgorithms(SPECIFICATION);

    advertised(new Driver("MUX")).forEach((numbers, service) => {
      assert.ok(numbers.length > 0);
      assert.deepEqual(numbers.filter((number) => !defined[service].includes(number)), []);
    });
  },
);

mustAlways(
  "device-configuration-layout-8",
  "max_size is the largest sum of lengths that is served",
  () => {
    const maxSize = 4096;
    const driver = new Driver("not-MUX", { maxSize });
    const large = new Driver("not-MUX", { maxSize: 3 * 2 ** 32 + 5 });
    // src, hash_result and the status byte count.
    const most = { ...hashJob, src: pattern(maxSize - 32 - 1, 57) };
    const tooMuch = { ...hashJob, src: pattern(maxSize - 32, 57) };

    assert.equal(config(driver).getBigUint64(48, true), BigInt(maxSize));
    assert.equal(config(large).getBigUint64(48, true), 3n * 2n ** 32n + 5n);
    assertResult(driver.run(hash, most), digest("sha256", most.src));
    assertRefused(driver.run(hash, tooMuch), ERR);
  },
);

// Lengths round every key length of the specification's algorithms.
const KEY_LENS = [1, 5, 8, 16, 24, 32, 33, 48, 64, 65, 128, 255, 256, 257, 511, 512, 513, 600];

function longest(isAccepted: (key: Uint8Array) => boolean): number {
  return Math.max(0, ...KEY_LENS.filter((len) => isAccepted(pattern(len, 58))));
}

mustAlways(
  "device-configuration-layout-9",
  "max_cipher_key_len is the longest key that a cipher takes",
  () => {
    const cbcOnly = only(({ service, id }) => service === 0 && id === AES_CBC);
    for (const driver of [new Driver("MUX"), new Driver("MUX", { algorithms: cbcOnly })]) {
      const [ciphers] = advertised(driver);
      const accepted = longest((key) =>
        ciphers.some((algo) =>
          driver.create(cipher.create({ ...cipherJob, algo, key })).status === OK
        )
      );

      assert.ok(accepted >= 32);
      assert.equal(config(driver).getUint32(36, true), accepted);
      const encrypted = driver.run(cipher, { ...cipherJob, key: key.subarray(0, 16) });
      assertResult(encrypted, encryptCbc(key.subarray(0, 16), iv, cipherJob.src));
    }
    assert.equal(config(new Driver("MUX", { algorithms: cbcOnly })).getUint32(36, true), 32);
  },
);

mustAlways(
  "device-configuration-layout-10",
  "max_auth_key_len is the longest key that a MAC takes",
  () => {
    const driver = new Driver("MUX");
    const [, , macs] = advertised(driver);
    const accepted = longest((authKey) =>
      macs.some((algo) =>
        driver.create(mac.create({ ...macJob, algo, authKey, hashResultLen: 0 })).status === OK
      )
    );

    assert.equal(accepted, 512);
    assert.equal(config(driver).getUint32(40, true), 512);
  },
);
