/** Guests of User-Mode Linux: a kernel that is a program. */

import { strict as assert } from "node:assert";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { Child } from "./child.ts";
import { GUEST_NEEDS } from "./guest_files.ts";
import type { Need } from "./needs.ts";

const SHARED = fileURLToPath(new URL("../../../../shared/kernel/linux-uml", import.meta.url));
const FROM_ENV = Deno.env.get("RINGWAY_UML_KERNEL");

/** The kernel: RINGWAY_UML_KERNEL, or the one kept beside the project. */
export const UML_KERNEL: string = FROM_ENV ?? SHARED;

/** What a guest of User-Mode Linux needs. */
export const UML_NEEDS: readonly Need[] = [
  ...GUEST_NEEDS,
  {
    isThere: existsSync(UML_KERNEL),
    advice: "sh tests/kernel/build_uml.sh KERNEL, then RINGWAY_UML_KERNEL=KERNEL",
    // It is in no package; but a kernel that is named has to be there.
    isOptional: FROM_ENV === undefined,
  },
];

/** How a guest is started. */
export interface UmlOptions {
  /** Its root directory on this machine; it may be shared, the guest does not write to it. */
  readonly root: string;
  /** Socket of its device; without one it has none. */
  readonly socket?: string;
  /**
   * `cryptomgr.fuzz_iterations`: 8 times as many random messages are compared with the kernel's own
   * AES. Default 400.
   */
  readonly fuzzIterations?: number;
  /** Folder for what the kernel leaves outside. */
  readonly scratch: string;
  /** Seconds until it is killed. Default 60. */
  readonly limit?: number;
}

// Number of a crypto device among virtio's.
const CRYPTO_DEVICE = 20;

/** Boots a guest, whose console is the child's input and output. */
export function bootUml(options: UmlOptions): Child {
  const { root, socket, fuzzIterations = 400, scratch, limit = 60 } = options;
  return new Child({
    program: UML_KERNEL,
    args: [
      "mem=64M",
      "root=/dev/root",
      "rootfstype=hostfs",
      `rootflags=${root}`,
      "ro",
      "init=/init",
      "con=null",
      "con0=fd:0,fd:1",
      "ssl=null",
      "quiet",
      "panic=-1",
      `uml_dir=${scratch}/`,
      `cryptomgr.fuzz_iterations=${fuzzIterations}`,
      ...(socket === undefined ? [] : [`virtio_uml.device=${socket}:${CRYPTO_DEVICE}`]),
    ],
    limit,
  });
}

/**
 * Waits until a guest has halted. Its kernel has then done all it does; behind that, under load, User-Mode
 * Linux 6.1 is killed by a signal now and then while it ends its own processes.
 */
export async function halted(guest: Child): Promise<void> {
  const code = await guest.ended;
  const isHalted = guest.output.includes("reboot: System halted");
  assert.ok(code === 0 || (code === null && isHalted), guest.output);
}
