/**
 * Guests whose device is a gateway's: a relay on the guest's side, a gateway of its own behind it.
 *
 * Run by `deno task test:kernel`; the name keeps it out of plain `deno test`.
 */

import { strict as assert } from "node:assert";
import { join } from "node:path";
import { withDirectory } from "../cli/ringway.ts";
import { type Child, eventually } from "./support/child.ts";
import { makeRoot } from "./support/guest_files.ts";
import { guestTest } from "./support/needs.ts";
import { AES_CBC_DRIVER, driverOf, PRINT_PROC_CRYPTO } from "./support/proc_crypto.ts";
import { bootQemu, makeImage, QEMU_NEEDS, vhostUserDevice } from "./support/qemu.ts";
import { holdingsOf, startRelay, startServe, urlOf } from "./support/serving.ts";
import { bootUml, halted, UML_NEEDS } from "./support/uml.ts";

const COMPARE = `af_alg compare ${AES_CBC_DRIVER} 'cbc(aes-generic)'`;

function webSocketUrl(gateway: Child): string {
  return urlOf(gateway).replace(/^http/, "ws");
}

guestTest(
  "a kernel's driver passes the same tests on a device behind a relay and a WebSocket",
  UML_NEEDS,
  () =>
    withDirectory(async (scratch) => {
      const root = join(scratch, "root");
      const socket = join(scratch, "device");
      await makeRoot(root, [PRINT_PROC_CRYPTO, COMPARE]);
      await using gateway = await startServe([]);
      await using _relay = await startRelay(socket, webSocketUrl(gateway), ["--unsealed"]);
      await using guest = bootUml({ root, socket, scratch, fuzzIterations: 400 });

      const code = await guest.ended;

      assert.equal(code, 0, guest.output);
      assert.equal(driverOf(guest.output, AES_CBC_DRIVER)?.selftest, "passed", guest.output);
      assert.match(guest.output, /^af_alg: \d+ lengths are the same$/m, guest.output);
    }),
);

guestTest(
  "50 guests in turn leave the relay and the gateway as they were",
  UML_NEEDS,
  () =>
    withDirectory(async (scratch) => {
      const root = join(scratch, "root");
      const socket = join(scratch, "device");
      await makeRoot(root, [PRINT_PROC_CRYPTO]);
      await using gateway = await startServe([]);
      await using relay = await startRelay(socket, webSocketUrl(gateway), ["--unsealed"]);
      const pids = [await gateway.pid(), await relay.pid()];
      const boot = async () => {
        await using guest = bootUml({ root, socket, scratch, fuzzIterations: 5 });
        await halted(guest);
        assert.equal(driverOf(guest.output, AES_CBC_DRIVER)?.selftest, "passed", guest.output);
      };
      // The first connection starts threads that stay.
      await boot();
      await left(relay, 1);
      const before = await Promise.all(pids.map(holdingsOf));

      for (let i = 0; i < 49; i++) await boot();

      await left(relay, 50);
      // The last guest's WebSocket closes behind it.
      await eventually(async () =>
        assert.deepEqual(await Promise.all(pids.map(holdingsOf)), before)
      );
    }),
);

guestTest(
  "a guest is told that its gateway has gone, and has its device back with it",
  UML_NEEDS,
  () =>
    withDirectory(async (scratch) => {
      const root = join(scratch, "root");
      const socket = join(scratch, "device");
      const isReady = `grep -q ${AES_CBC_DRIVER} /proc/crypto`;
      await makeRoot(root, [
        `${isReady} && echo guest booted`,
        `while ${isReady}; do sleep 0.1; done; echo device gone`,
        "af_alg compare 'cbc(aes)' 'cbc(aes-generic)'",
        "echo kernel goes on",
        `until ${isReady}; do sleep 0.1; done; echo device back`,
        COMPARE,
        PRINT_PROC_CRYPTO,
      ]);
      await using gateway = await startServe([]);
      const url = webSocketUrl(gateway);
      await using _relay = await startRelay(socket, url, ["--unsealed"]);
      await using guest = bootUml({ root, socket, scratch, fuzzIterations: 5 });
      await guest.until(/^guest booted$/m);

      gateway.kill();
      await gateway.ended;
      await guest.until(/^device gone$/m);
      await guest.until(/^kernel goes on$/m);
      await using _returned = await startServe(["--port", new URL(url).port]);
      await guest.until(/^device back$/m);

      await halted(guest);
      assert.equal(driverOf(guest.output, AES_CBC_DRIVER)?.selftest, "passed", guest.output);
      assert.equal(guest.output.match(/lengths are the same/g)?.length, 2, guest.output);
    }),
);

guestTest(
  "Debian's driver passes its self-tests on a device behind a relay",
  QEMU_NEEDS,
  () =>
    withDirectory(async (scratch) => {
      const socket = join(scratch, "device");
      const image = await makeImage(scratch, [PRINT_PROC_CRYPTO, COMPARE]);
      await using gateway = await startServe([]);
      await using _relay = await startRelay(socket, webSocketUrl(gateway), []);
      await using guest = bootQemu(image, vhostUserDevice("crypto0", socket));

      assert.equal(await guest.ended, 0, guest.output);
      assert.equal(driverOf(guest.output, AES_CBC_DRIVER)?.selftest, "passed", guest.output);
      assert.match(guest.output, /^af_alg: \d+ lengths are the same$/m, guest.output);
    }),
);

guestTest(
  "a guest of QEMU gets errors while its gateway is away, and right bytes when it is back",
  QEMU_NEEDS,
  () =>
    withDirectory(async (scratch) => {
      const socket = join(scratch, "device");
      const image = await makeImage(scratch, [
        COMPARE,
        "echo guest booted; read line",
        `${COMPARE} || echo device away; read line`,
        `until ${COMPARE}; do sleep 0.2; done`,
        "echo device back",
      ]);
      await using gateway = await startServe([]);
      const url = webSocketUrl(gateway);
      await using relay = await startRelay(socket, url, []);
      await using guest = bootQemu(image, vhostUserDevice("crypto0", socket));
      await guest.until(/^guest booted$/m);

      gateway.kill();
      await gateway.ended;
      await relay.until(/gateway away/);
      await guest.say("go on");
      await guest.until(/^device away$/m);
      await using _returned = await startServe(["--port", new URL(url).port]);
      await guest.say("go on");

      await guest.until(/^device back$/m);
      assert.equal(await guest.ended, 0, guest.output);
      assert.equal(guest.output.match(/lengths are the same/g)?.length, 2, guest.output);
      assert.doesNotMatch(guest.output, /wrong (?:cipher|plain)text/);
    }),
);

/** Waits until the relay has said goodbye to so many guests. */
async function left(relay: Child, num: number): Promise<void> {
  const end = performance.now() + 60_000;
  // Counted: an expression for so many of them backtracks for ever while one is missing.
  while (relay.output.split("guest left").length - 1 < num) {
    assert.ok(performance.now() < end, `Not ${num} guests have left: ${relay.output}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
