/** The configuration space, byte by byte as wire.md, section 6, has it. */

import { strict as assert } from "node:assert";
import {
  ALGORITHMS,
  AlgorithmSet,
  CryptoDevice,
  maxKeyLen,
  QUEUE_NUM_MAX,
  Register,
  Service,
} from "../../../device/mod.ts";
import { encodeConfig } from "../../../device/virtio/config_space.ts";

function fields(bytes: Uint8Array) {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  return {
    status: view.getUint32(0, true),
    maxDataqueues: view.getUint32(4, true),
    cryptoServices: view.getUint32(8, true),
    cipherAlgo: view.getBigUint64(12, true),
    hashAlgo: view.getUint32(20, true),
    macAlgo: view.getBigUint64(24, true),
    aeadAlgo: view.getUint32(32, true),
    maxCipherKeyLen: view.getUint32(36, true),
    maxAuthKeyLen: view.getUint32(40, true),
    reserved: view.getUint32(44, true),
    maxSize: view.getBigUint64(48, true),
  };
}

function configOf(device: CryptoDevice): Uint8Array {
  return device.virtio.readConfig(0, 56) ?? assert.fail();
}

Deno.test("each field stands at its offset, little-endian", () => {
  const bytes = encodeConfig({
    ready: true,
    maxDataqueues: 0x01020304,
    algorithms: [
      { low: 0x11121314, high: 0x15161718 },
      { low: 0x21222324, high: 0 },
      { low: 0x31323334, high: 0x35363738 },
      { low: 0x41424344, high: 0 },
    ],
    maxCipherKeyLen: 0x51525354,
    maxAuthKeyLen: 0x61626364,
    maxSize: 0x0001020304050607,
  });

  const expected = "01000000" + "04030201" + "0f000000" + "1413121118171615" + "24232221" +
    "3433323138373635" + "44434241" + "54535251" + "64636261" + "00000000" + "0706050403020100";
  assert.equal(bytes.toHex(), expected);
});

Deno.test("a service without algorithms is not offered, and a device not ready says so", () => {
  const none = { low: 0, high: 0 };
  const bytes = encodeConfig({
    ready: false,
    maxDataqueues: 1,
    algorithms: [none, { low: 2, high: 0 }, { low: 0, high: 1 }, none],
    maxCipherKeyLen: 0,
    maxAuthKeyLen: 16,
    maxSize: 1,
  });

  const { status, cryptoServices, macAlgo } = fields(bytes);
  assert.deepEqual({ status, cryptoServices, macAlgo }, {
    status: 0,
    cryptoServices: 0b0110,
    macAlgo: 1n << 32n,
  });
});

Deno.test("masks and maxima are those of the algorithms offered", () => {
  const config = fields(configOf(new CryptoDevice({ queues: 7, maxSize: 12345 })));
  const mask = (service: number) =>
    ALGORITHMS.filter((row) => row.service === service)
      .reduce((mask, { id }) => mask | (1n << BigInt(id)), 0n);
  const longest = (services: readonly number[]) =>
    Math.max(
      ...ALGORITHMS.map((row) =>
        services.includes(row.service) && "keyLens" in row ? maxKeyLen(row.keyLens) : 0
      ),
    );

  assert.deepEqual(config, {
    status: 1,
    maxDataqueues: 7,
    cryptoServices: 0b1111,
    cipherAlgo: mask(Service.CIPHER),
    hashAlgo: Number(mask(Service.HASH)),
    macAlgo: mask(Service.MAC),
    aeadAlgo: Number(mask(Service.AEAD)),
    maxCipherKeyLen: longest([Service.CIPHER, Service.AEAD]),
    maxAuthKeyLen: 512,
    reserved: 0,
    maxSize: 12345n,
  });
});

Deno.test("a device with some algorithms offers these, their services and their maxima", () => {
  const algorithms = new AlgorithmSet(
    ALGORITHMS.filter(({ name }) => name === "AES_CBC" || name === "SHA_256"),
  );

  const config = fields(configOf(new CryptoDevice({ algorithms })));

  assert.deepEqual(
    [config.cryptoServices, config.cipherAlgo, config.hashAlgo, config.macAlgo, config.aeadAlgo],
    [0b0011, 8n, 16, 0n, 0],
  );
  assert.deepEqual([config.maxCipherKeyLen, config.maxAuthKeyLen], [32, 0]);
});

Deno.test("defaults are 4 data queues, 4 MiB, and queues of 1024", () => {
  const device = new CryptoDevice();
  const { maxDataqueues, maxSize } = fields(configOf(device));

  assert.deepEqual([maxDataqueues, maxSize], [4, 4n << 20n]);
  assert.equal(device.controlQueue, 4);
  assert.equal(QUEUE_NUM_MAX, 1024);
  device.virtio.writeRegister(Register.QueueSel, 4);
  assert.equal(device.virtio.readRegister(Register.QueueNumMax), 1024);
  device.virtio.writeRegister(Register.QueueSel, 5);
  assert.equal(device.virtio.readRegister(Register.QueueNumMax), 0);
});

Deno.test("a device has 1 to 64 data queues", () => {
  for (const queues of [0, 65, -1, 1.5, NaN]) {
    assert.throws(() => new CryptoDevice({ queues }), RangeError, `${queues}`);
  }
  assert.equal(new CryptoDevice({ queues: 64 }).controlQueue, 64);
  assert.equal(new CryptoDevice({ queues: 1 }).controlQueue, 1);
});
