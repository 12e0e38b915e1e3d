/** The configuration space (wire.md 6; v19, Device configuration layout). */
import assert from "node:assert/strict";
import { concat } from "./bytes.ts";
import { write } from "./client.ts";
import { CONFIG_SIZE, Driver, Register } from "./driver.ts";
import { algorithmsOf, gatewayForFile, withConnection, withMode } from "./harness.ts";
import { Kind } from "./records.ts";
import { withGateway } from "./server.ts";
import { Aead, Cipher, Hash, Mac } from "./wire.ts";

const target = gatewayForFile();

/** Largest key in bytes of each CIPHER algorithm of wire.md 5. */
const CIPHER_KEY_LEN = [0, 256, 32, 32, 32, 8, 8, 24, 24, 24, 16, 16, 64, 64, 16];
/** Largest key in bytes of each MAC of wire.md 5. */
const MAC_KEY_LEN: Readonly<Record<number, number>> = {
  1: 512,
  2: 512,
  3: 512,
  4: 512,
  5: 512,
  6: 512,
  25: 24,
  26: 32,
  27: 16,
  28: 16,
  41: 32,
  42: 32,
  49: 32,
  50: 16,
  53: 16,
  54: 16,
};

function withDriver(url: string, body: (driver: Driver) => Promise<void>): Promise<void> {
  return withConnection(url, (connection) => body(new Driver(connection.exchange)));
}

Deno.test("the configuration is readable before DRIVER and the same after DRIVER_OK", async () => {
  let before = "";
  await withDriver(target.url, async (driver) => {
    before = (await driver.readBytes(Register.Config, CONFIG_SIZE)).toHex();
  });
  await withMode(target.url, "stateless", async (driver) => {
    const after = await driver.readBytes(Register.Config, CONFIG_SIZE);

    assert.equal(after.toHex(), before);
  });
});

Deno.test("the configuration reads the same in any range", async () => {
  await withDriver(target.url, async (driver) => {
    const whole = await driver.readBytes(Register.Config, CONFIG_SIZE);
    for (const len of [1, 2, 3, 4, 7, 8, 13]) {
      const parts = [];
      for (let at = 0; at < CONFIG_SIZE; at += len) {
        const size = Math.min(len, CONFIG_SIZE - at);
        parts.push(await driver.readBytes(Register.Config + at, size));
      }

      assert.equal(concat(...parts).toHex(), whole.toHex(), `pieces of ${len}`);
    }
  });
});

Deno.test("a write to the configuration is answered and does nothing", async () => {
  await withDriver(target.url, async (driver) => {
    const before = await driver.readBytes(Register.Config, CONFIG_SIZE);
    const [answer] = await driver.exchange([write(Register.Config + 4, 0xffffffff)]);
    const after = await driver.readBytes(Register.Config, CONFIG_SIZE);

    assert.equal(answer.kind, Kind.WRITE_OK);
    assert.equal(after.toHex(), before.toHex());
  });
});

Deno.test("status says HW_READY and nothing else", async () => {
  await withDriver(target.url, async (driver) => {
    assert.equal((await driver.config()).status, 1);
  });
});

Deno.test("all four services are offered, and no service v19 or its successors do not know", async () => {
  await withDriver(target.url, async (driver) => {
    const { cryptoServices, reserved } = await driver.config();

    assert.equal(cryptoServices & 0xf, 0xf);
    assert.equal(cryptoServices & ~0x3f, 0);
    if ((cryptoServices & 0x10) === 0) assert.equal(reserved, 0);
  });
});

Deno.test("the masks offer every algorithm of the issue and no undefined one", async () => {
  await withDriver(target.url, async (driver) => {
    const config = await driver.config();
    const ciphers = algorithmsOf(config.cipherAlgoL, config.cipherAlgoH);
    const macs = algorithmsOf(config.macAlgoL, config.macAlgoH);

    for (const [name, algo] of Object.entries(Cipher)) assert.ok(ciphers.includes(algo), name);
    for (const [name, algo] of Object.entries(Mac)) assert.ok(macs.includes(algo), name);
    assert.deepEqual(algorithmsOf(config.hashAlgo, 0), Object.values(Hash));
    assert.deepEqual(algorithmsOf(config.aeadAlgo, 0), Object.values(Aead));
    assert.deepEqual(ciphers.filter((algo) => algo < 1 || algo > 14), []);
    assert.deepEqual(macs.filter((algo) => MAC_KEY_LEN[algo] === undefined), []);
  });
});

Deno.test("the key length maxima are the largest of the algorithms offered", async () => {
  await withDriver(target.url, async (driver) => {
    const config = await driver.config();
    const ciphers = algorithmsOf(config.cipherAlgoL, config.cipherAlgoH);
    const macs = algorithmsOf(config.macAlgoL, config.macAlgoH);

    const cipherKeyLen = Math.max(32, ...ciphers.map((algo) => CIPHER_KEY_LEN[algo]));
    assert.equal(config.maxCipherKeyLen, cipherKeyLen);
    assert.equal(config.maxAuthKeyLen, Math.max(...macs.map((algo) => MAC_KEY_LEN[algo])));
  });
});

Deno.test("the defaults are 4 data queues and a max_size of 4 MiB", async () => {
  await withGateway([], async (url) => {
    await withDriver(url, async (driver) => {
      const config = await driver.config();

      assert.equal(config.maxDataqueues, 4);
      assert.equal(config.maxSize, 4n * 1024n * 1024n);
    });
  });
});

Deno.test("--queues and --max-size show in the configuration, the control queue behind the last data queue", async () => {
  await withGateway(["--queues", "7", "--max-size", "65536"], async (url) => {
    await withDriver(url, async (driver) => {
      const config = await driver.config();
      const maxima: number[] = [];
      for (const queue of [6, 7, 8]) {
        await driver.writeRegisters([Register.QueueSel, queue]);
        maxima.push(await driver.readRegister(Register.QueueNumMax));
      }

      assert.equal(config.maxDataqueues, 7);
      assert.equal(config.maxSize, 65536n);
      assert.deepEqual(maxima, [1024, 1024, 0]);
    });
  });
});
