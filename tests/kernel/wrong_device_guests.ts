/**
 * The kernel's tests notice a device that is wrong: what passes them is worth something.
 *
 * Run by `deno task test:kernel`; the name keeps it out of plain `deno test`.
 */

import { strict as assert } from "node:assert";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { withDirectory } from "../cli/ringway.ts";
import { Child } from "./support/child.ts";
import { makeRoot } from "./support/guest_files.ts";
import { guestTest } from "./support/needs.ts";
import { AES_CBC_DRIVER, driverOf, PRINT_PROC_CRYPTO } from "./support/proc_crypto.ts";
import { bootUml, halted, UML_NEEDS } from "./support/uml.ts";

const DEVICE = fileURLToPath(new URL("wrong_device.ts", import.meta.url));
const CONFIG = fileURLToPath(new URL("../../deno.json", import.meta.url));

/** What a guest's kernel says of a device of this kind. */
async function consoleWith(kind: string): Promise<string> {
  let output = "";
  await withDirectory(async (scratch) => {
    const root = join(scratch, "root");
    const socket = join(scratch, "device");
    await makeRoot(root, [PRINT_PROC_CRYPTO]);
    await using device = new Child({
      program: Deno.execPath(),
      args: ["run", "-A", "--no-lock", "--config", CONFIG, DEVICE, socket, kind],
      limit: 60,
    });
    await device.until(/^listening$/m);
    await using guest = bootUml({ root, socket, scratch, fuzzIterations: 400 });
    await halted(guest);
    assert.match((await device.until(/^ended: .*$/m))[0], /0 faults/);
    output = guest.output;
  });
  return output;
}

guestTest("a right device passes where the wrong ones below fail", UML_NEEDS, async () => {
  const output = await consoleWith("right");

  assert.equal(driverOf(output, AES_CBC_DRIVER)?.selftest, "passed", output);
  assert.doesNotMatch(output, /failed/);
});

guestTest(
  "a device that answers OK without encrypting fails the first vector",
  UML_NEEDS,
  async () => {
    const output = await consoleWith("idle");

    assert.match(
      output,
      /virtio_crypto_aes_cbc encryption test failed \(wrong result\) on test vector 0/,
    );
    assert.notEqual(driverOf(output, AES_CBC_DRIVER)?.selftest, "passed", output);
  },
);

guestTest(
  "a device wrong by one bit of messages longer than any vector fails the comparison with the kernel's AES",
  UML_NEEDS,
  async () => {
    const output = await consoleWith("long");

    assert.match(
      output,
      /virtio_crypto_aes_cbc \w+ test failed \(wrong result\) on test vector "random: len=\d+/,
    );
    assert.notEqual(driverOf(output, AES_CBC_DRIVER)?.selftest, "passed", output);
  },
);
