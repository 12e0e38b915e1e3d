/**
 * Debian's kernel in a guest of QEMU: its driver finds the device on PCI, behind cryptodev-vhost-user.
 *
 * Run by `deno task test:kernel`; the name keeps it out of plain `deno test`.
 */

import { strict as assert } from "node:assert";
import { join } from "node:path";
import { withDirectory } from "../cli/ringway.ts";
import { guestTest } from "./support/needs.ts";
import { AES_CBC_DRIVER, driverOf, PRINT_PROC_CRYPTO } from "./support/proc_crypto.ts";
import { bootQemu, makeImage, QEMU_NEEDS, vhostUserDevice } from "./support/qemu.ts";
import { holdingsOf, startServe } from "./support/serving.ts";

const COMPARE = `af_alg compare ${AES_CBC_DRIVER} 'cbc(aes-generic)'`;

guestTest(
  "Debian's driver passes its self-tests and gives the bytes of Debian's AES, on one queue and on four",
  QEMU_NEEDS,
  () =>
    withDirectory(async (scratch) => {
      const socket = join(scratch, "device");
      const image = await makeImage(scratch, [PRINT_PROC_CRYPTO, COMPARE]);
      await using serving = await startServe(["--vhost-user", socket]);
      const pid = await serving.pid();
      const before = await holdingsOf(pid);

      for (const queues of [1, 4]) {
        await using guest = bootQemu(image, vhostUserDevice("crypto0", socket, queues));
        assert.equal(await guest.ended, 0, guest.output);
        assert.equal(driverOf(guest.output, AES_CBC_DRIVER)?.selftest, "passed", guest.output);
        assert.match(
          guest.output,
          /^af_alg: \d+ lengths are the same$/m,
          guest.output,
        );
      }

      assert.deepEqual(await holdingsOf(pid), before);
    }),
);

guestTest(
  "a guest of QEMU outlives the process that serves it, killed under load",
  QEMU_NEEDS,
  () =>
    withDirectory(async (scratch) => {
      const socket = join(scratch, "device");
      const image = await makeImage(scratch, [
        `af_alg load ${AES_CBC_DRIVER} &`,
        "read line",
        "af_alg compare 'cbc(aes-generic)' 'cbc(aes-generic)'",
        "echo guest is alive",
      ]);
      await using serving = await startServe(["--vhost-user", socket]);
      await using guest = bootQemu(image, vhostUserDevice("crypto0", socket));
      await guest.until(/^af_alg: loading$/m);

      serving.kill();
      await serving.ended;
      await guest.say("go on");

      await guest.until(/^guest is alive$/m);
      assert.match(guest.output, /lengths are the same/, guest.output);
    }),
);
