/**
 * A Linux kernel's own driver on the device, by virtio_uml: the kernel tests it with its vectors, and by
 * comparing it with its own AES on what it makes up (CRYPTO_MANAGER_EXTRA_TESTS).
 *
 * Run by `deno task test:kernel`; the name keeps it out of plain `deno test`.
 */

import { strict as assert } from "node:assert";
import { join } from "node:path";
import { withDirectory } from "../cli/ringway.ts";
import { childrenOf, eventually } from "./support/child.ts";
import { makeRoot } from "./support/guest_files.ts";
import { guestTest } from "./support/needs.ts";
import { AES_CBC_DRIVER, driverOf, PRINT_PROC_CRYPTO } from "./support/proc_crypto.ts";
import { holdingsOf, startServe } from "./support/serving.ts";
import { bootUml, halted, UML_NEEDS } from "./support/uml.ts";

const COMPARE = `af_alg compare ${AES_CBC_DRIVER} 'cbc(aes-generic)'`;

guestTest(
  "a kernel's driver passes its self-tests and the comparisons with the kernel's own AES",
  UML_NEEDS,
  () =>
    withDirectory(async (scratch) => {
      const root = join(scratch, "root");
      const socket = join(scratch, "device");
      await makeRoot(root, [PRINT_PROC_CRYPTO, COMPARE]);
      await using _serving = await startServe(["--vhost-user-unsealed", socket]);
      await using guest = bootUml({ root, socket, scratch, fuzzIterations: 400 });

      const code = await guest.ended;

      assert.equal(code, 0, guest.output);
      assert.equal(driverOf(guest.output, AES_CBC_DRIVER)?.selftest, "passed", guest.output);
      assert.match(guest.output, /^af_alg: \d+ lengths are the same$/m, guest.output);
    }),
);

guestTest(
  "guests on several sockets of one gateway each have a device",
  UML_NEEDS,
  () =>
    withDirectory(async (scratch) => {
      const root = join(scratch, "root");
      const sockets = ["one", "two", "three"].map((name) => join(scratch, name));
      await makeRoot(root, [PRINT_PROC_CRYPTO, COMPARE]);
      await using _serving = await startServe(
        sockets.flatMap((socket) => ["--vhost-user-unsealed", socket]),
      );
      const guests = sockets.map((socket) =>
        bootUml({ root, socket, scratch, fuzzIterations: 20 })
      );

      try {
        for (const guest of guests) {
          await halted(guest);
          assert.equal(driverOf(guest.output, AES_CBC_DRIVER)?.selftest, "passed", guest.output);
          assert.match(guest.output, /lengths are the same/, guest.output);
        }
      } finally {
        for (const guest of guests) await guest[Symbol.asyncDispose]();
      }
    }),
);

guestTest(
  "50 guests in turn leave no descriptor, no mapping and no process",
  UML_NEEDS,
  () =>
    withDirectory(async (scratch) => {
      const root = join(scratch, "root");
      const socket = join(scratch, "device");
      await makeRoot(root, [PRINT_PROC_CRYPTO]);
      await using serving = await startServe(["--vhost-user-unsealed", socket]);
      const pid = await serving.pid();
      const before = { ...await holdingsOf(pid), processes: childrenOf(pid).length };

      for (let i = 0; i < 50; i++) {
        await using guest = bootUml({ root, socket, scratch, fuzzIterations: 5 });
        await halted(guest);
        assert.equal(driverOf(guest.output, AES_CBC_DRIVER)?.selftest, "passed", guest.output);
      }

      await eventually(async () =>
        assert.deepEqual(
          { ...await holdingsOf(pid), processes: childrenOf(pid).length },
          before,
          serving.output,
        )
      );
    }),
);

guestTest(
  "a guest outlives the process that serves it, killed under load",
  UML_NEEDS,
  () =>
    withDirectory(async (scratch) => {
      const root = join(scratch, "root");
      const socket = join(scratch, "device");
      await makeRoot(root, [
        `af_alg load ${AES_CBC_DRIVER} &`,
        "read line",
        `while grep -q ${AES_CBC_DRIVER} /proc/crypto; do sleep 0.1; done`,
        "af_alg compare 'cbc(aes)' 'cbc(aes-generic)'",
        "echo guest is alive",
      ]);
      await using serving = await startServe(["--vhost-user-unsealed", socket]);
      await using guest = bootUml({ root, socket, scratch, fuzzIterations: 5 });
      await guest.until(/^af_alg: loading$/m);

      await serving.killInMidRequest();
      await serving.ended;
      await guest.say("go on");

      await guest.until(/^guest is alive$/m);
      assert.match(guest.output, /lengths are the same/, guest.output);
    }),
);

guestTest(
  "memory that could be truncated is refused on a socket that is not for it",
  UML_NEEDS,
  () =>
    withDirectory(async (scratch) => {
      const root = join(scratch, "root");
      const socket = join(scratch, "device");
      await makeRoot(root, [PRINT_PROC_CRYPTO]);
      await using serving = await startServe(["--vhost-user", socket]);
      await using guest = bootUml({ root, socket, scratch });

      await halted(guest);

      assert.equal(driverOf(guest.output, AES_CBC_DRIVER), undefined, guest.output);
      await serving.until(/F_SEAL_SHRINK/);
    }),
);

guestTest(
  "the end of a guest's process is that guest's alone",
  UML_NEEDS,
  () =>
    withDirectory(async (scratch) => {
      const root = join(scratch, "root");
      const socket = join(scratch, "device");
      await makeRoot(root, ["echo booted", "read line", COMPARE]);
      await using serving = await startServe(["--vhost-user-unsealed", socket]);
      const pid = await serving.pid();
      const waiting = childrenOf(pid);
      await using struck = bootUml({ root, socket, scratch, fuzzIterations: 5 });
      await struck.until(/^booted$/m);
      await using spared = bootUml({ root, socket, scratch, fuzzIterations: 5 });
      await spared.until(/^booted$/m);

      assert.equal(waiting.length, 1, serving.output);
      Deno.kill(waiting[0], "SIGKILL");
      await eventually(() => Promise.resolve(assert.ok(!childrenOf(pid).includes(waiting[0]))));
      await struck.say("go on");
      await spared.say("go on");

      assert.equal(await spared.ended, 0, spared.output);
      assert.match(spared.output, /lengths are the same/, spared.output);
      await struck.until(/^af_alg: .*$/m);
      assert.doesNotMatch(struck.output, /lengths are the same/, struck.output);
      await using next = bootUml({ root, socket, scratch, fuzzIterations: 5 });
      await next.say("go on");
      await halted(next);
      assert.match(next.output, /lengths are the same/, next.output);
    }),
);
