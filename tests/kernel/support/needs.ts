/** What the tests with guests need of the machine, and what becomes of a test where it is missing. */

import { existsSync } from "node:fs";
import { delimiter, join } from "node:path";

/** One thing that has to be there. */
export interface Need {
  readonly isThere: boolean;
  /** How to get it. */
  readonly advice: string;
  /** Whether its absence may pass where all kernels are required. */
  readonly isOptional: boolean;
}

/** Whether a missing tool is a failure: in continuous integration. */
export const IS_REQUIRED: boolean = (Deno.env.get("RINGWAY_REQUIRE_KERNELS") ?? "") !== "";

/** Where a program lies, if it is on the PATH. */
export function programPath(name: string): string | undefined {
  return (Deno.env.get("PATH") ?? "").split(delimiter)
    .map((folder) => join(folder, name))
    .find((path) => existsSync(path));
}

/** A program of a Debian package. */
export function program(name: string, ...packages: readonly string[]): Need {
  return {
    isThere: programPath(name) !== undefined,
    advice: `apt-get install ${packages.join(" ")}`,
    isOptional: false,
  };
}

/** What is missing, as advice; empty when all is there. */
export function missing(needs: readonly Need[]): readonly Need[] {
  return needs.filter(({ isThere }) => !isThere);
}

/**
 * A test with a guest. Where something is missing it is ignored, and its name says what to do about
 * it; with RINGWAY_REQUIRE_KERNELS it fails instead.
 */
export function guestTest(
  name: string,
  needs: readonly Need[],
  test: (context: Deno.TestContext) => Promise<void>,
): void {
  const absent = missing(needs);
  const advice = [...new Set(absent.map(({ advice }) => advice))].join("; ");
  const isFailure = IS_REQUIRED && absent.some(({ isOptional }) => !isOptional);
  Deno.test({
    name: absent.length === 0 ? name : `${name} [wants: ${advice}]`,
    ignore: absent.length > 0 && !isFailure,
    fn: isFailure ? () => Promise.reject(new Error(`Cannot run the guest: ${advice}`)) : test,
  });
}
