/** The conformance client shares no code with what it tests. */
import assert from "node:assert/strict";

const HERE = new URL("./", import.meta.url);

async function sources(): Promise<{ name: string; text: string }[]> {
  const found: { name: string; text: string }[] = [];
  for await (const entry of Deno.readDir(HERE)) {
    if (!entry.isFile) continue;
    found.push({ name: entry.name, text: await Deno.readTextFile(new URL(entry.name, HERE)) });
  }
  return found;
}

Deno.test("the directory holds TypeScript files only, none in a folder of its own", async () => {
  for await (const entry of Deno.readDir(HERE)) {
    assert.ok(entry.isFile && entry.name.endsWith(".ts"), entry.name);
  }
});

Deno.test("every import names a node: built-in or a file of this directory", async () => {
  const files = await sources();
  const names = new Set(files.map((file) => file.name));

  const foreign = files.flatMap(({ name, text }) =>
    [...text.matchAll(/\b(?:from|import)\s*\(?\s*["'`]([^"'`]+)["'`]/g)]
      .map((match) => match[1])
      .filter((specifier) => !specifier.startsWith("node:"))
      .filter((specifier) => !(specifier.startsWith("./") && names.has(specifier.slice(2))))
      .map((specifier) => `${name}: ${specifier}`)
  );

  assert.deepEqual(foreign, []);
});

Deno.test("no import is computed and no file of the tree is read as code", async () => {
  const files = await sources();

  const dynamic = files
    .filter(({ text }) =>
      /\bimport\s*\(|\brequire\s*\(|\beval\s*\(|new (Worker|Function)\s*\(/.test(text)
    )
    .map(({ name }) => name);

  assert.deepEqual(dynamic, []);
});
