/**
 * The README's quick start, run as it is written: only the command of Deno and the port differ.
 */

import { strict as assert } from "node:assert";
import { startGateway } from "../../bench/support/websocket_lane.ts";
import { readReadme } from "./algorithm_table.ts";

const ROOT = new URL("../../", import.meta.url).pathname;
const DEFAULT_ADDRESS = "127.0.0.1:8790";

/** Fenced blocks of a language in a section of the README. */
function blocksOf(section: string, language: string): string[] {
  const start = readReadme().indexOf(`\n## ${section}\n`);
  assert.ok(start >= 0, `The README has no section ${section}`);
  const rest = readReadme().slice(start + 1);
  const text = rest.slice(0, rest.indexOf("\n## "));
  return [...text.matchAll(/```(\w+)\n(.*?)```/gs)]
    .filter((match) => match[1] === language)
    .map((match) => match[2]);
}

async function run(command: string, args: string[], cwd: string): Promise<string> {
  const { code, stdout, stderr } = await new Deno.Command(command, { args, cwd }).output();
  const text = new TextDecoder().decode(stdout);
  assert.equal(code, 0, text + new TextDecoder().decode(stderr));
  return text;
}

Deno.test("The quick start's commands work as they are written", async () => {
  const { url, process } = await startGateway();
  const directory = await Deno.makeTempDir();
  try {
    const commands = blocksOf("Quick start", "sh")[1]
      .replaceAll(DEFAULT_ADDRESS, new URL(url).host)
      .replaceAll("npx -y deno@2.9.6", Deno.execPath())
      .replaceAll("main.ts", `${ROOT}main.ts`);

    const script = `set -euo pipefail; shopt -s expand_aliases\n${commands}`;
    const output = await run("bash", ["-c", script], directory);

    // SHA3-256 of "hello", ZUC of the standard's first test set, the file that came back, the table.
    assert.match(output, /"output":"Mzi\+aU9Q/);
    assert.match(output, /"output":"a6c85fc6/);
    assert.match(output, /^same$/m);
    assert.match(output, /snow3g-uea2/);
  } finally {
    process.kill("SIGKILL");
    await process.status;
    await Deno.remove(directory, { recursive: true });
  }
});

Deno.test("The quick start's program works as it is written", async () => {
  const { url, process } = await startGateway();
  const program = await Deno.makeTempFile({ suffix: ".ts" });
  try {
    const [text] = blocksOf("Quick start", "ts");
    const located = text.replaceAll(DEFAULT_ADDRESS, new URL(url).host)
      .replaceAll("./gateway/", `${ROOT}gateway/`);
    await Deno.writeTextFile(program, located);

    const args = ["run", "--allow-all", `--config=${ROOT}deno.json`, program];
    const output = await run(Deno.execPath(), args, ROOT);

    assert.match(output, /\[ 19, 19, 21 \]/);
  } finally {
    process.kill("SIGKILL");
    await process.status;
    await Deno.remove(program);
  }
});
