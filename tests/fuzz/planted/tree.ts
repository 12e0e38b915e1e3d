/**
 * Copies of the project in which a fault has been planted.
 *
 * @module
 */

import { fileURLToPath } from "node:url";
import type { Fault } from "./faults.ts";

const ROOT = new URL("../../../", import.meta.url);
const COPIED = ["device", "gateway", "tests/fuzz", "tests/support", "tests/conformance"];
const FILES = ["deno.json", "deno.lock"];

/** How often what a fault replaces stands in its file; 0 for a file that is gone. */
export function countFinds({ file, find }: Fault): number {
  try {
    return Deno.readTextFileSync(new URL(file, ROOT)).split(find).length - 1;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return 0;
    throw error;
  }
}

async function copy(from: string, to: string): Promise<void> {
  await Deno.mkdir(to, { recursive: true });
  for await (const { name, isDirectory } of Deno.readDir(from)) {
    if (isDirectory) await copy(`${from}/${name}`, `${to}/${name}`);
    else await Deno.copyFile(`${from}/${name}`, `${to}/${name}`);
  }
}

/** A copy of what fuzzing needs; the caller removes it. */
export async function makeTree(): Promise<string> {
  const tree = await Deno.makeTempDir({ prefix: "ringway-planted-" });
  for (const path of COPIED) await copy(fileURLToPath(new URL(path, ROOT)), `${tree}/${path}`);
  for (const path of FILES) {
    await Deno.copyFile(fileURLToPath(new URL(path, ROOT)), `${tree}/${path}`);
  }
  return tree;
}

/** Plants a fault for as long as `run` takes. */
export async function withFault<T>(
  tree: string,
  { file, find, replace }: Fault,
  run: () => Promise<T>,
): Promise<T> {
  const path = `${tree}/${file}`;
  const source = await Deno.readTextFile(path);
  // A function, so that `$` means itself.
  await Deno.writeTextFile(path, source.replace(find, () => replace));
  try {
    return await run();
  } finally {
    await Deno.writeTextFile(path, source);
  }
}
