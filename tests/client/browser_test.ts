import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";

const ENTRY = new URL("../../gateway/client/mod.ts", import.meta.url);
const IMPORT = /(?:import|export)\s(?:[^"';]*?\sfrom\s)?\s*"([^"]+)"/g;

/** Source text of a module and of all it imports, by address. */
async function moduleGraph(entry: URL): Promise<Map<string, string>> {
  const modules = new Map<string, string>();
  const waiting = [entry];
  for (let url = waiting.pop(); url !== undefined; url = waiting.pop()) {
    if (modules.has(url.href)) continue;
    // Examples in comments are not imports.
    const text = (await readFile(url, "utf8")).replaceAll(/\/\*[\s\S]*?\*\/|^\s*\/\/.*$/gm, "");
    modules.set(url.href, text);
    for (const [, specifier] of text.matchAll(IMPORT)) {
      assert.match(specifier, /^\.\.?\//, `${url.pathname} imports ${specifier}`);
      waiting.push(new URL(specifier, url));
    }
  }
  return modules;
}

Deno.test("the client's modules import only each other, the wire and the record codec", async () => {
  const modules = [...(await moduleGraph(ENTRY)).keys()];
  const root = new URL("../../", import.meta.url).href;
  const allowed = [
    /^gateway\/client\//,
    /^device\/wire\//,
    /^gateway\/records\.ts$/,
    /^gateway\/websocket\/frame(s|_format)\.ts$/,
  ];
  assert.ok(modules.length > 20);
  for (const href of modules) {
    const path = href.slice(root.length);
    assert.ok(allowed.some((pattern) => pattern.test(path)), path);
  }
});

Deno.test("the client's modules use nothing of Deno or Node.js by name", async () => {
  for (const [href, text] of await moduleGraph(ENTRY)) {
    assert.doesNotMatch(text, /\bDeno\b/, href);
    assert.doesNotMatch(text, /\bBuffer\b(?!s)/, href);
    assert.doesNotMatch(text, /(?<!\.|\w)process\.|\brequire\(|\bimport\(/, href);
  }
});

Deno.test("the client loads where there is no process and no Deno, and says what it has", async () => {
  // A worker is the nearest thing to a browser here: its scope is stripped before the client loads.
  const code = `
    delete globalThis.Deno; delete globalThis.process; delete globalThis.Buffer;
    const { connect } = await import(${JSON.stringify(ENTRY.href)});
    const error = await connect("ws://127.0.0.1:1").catch((error) => error);
    postMessage(error.message);
  `;
  const url = URL.createObjectURL(new Blob([code], { type: "text/javascript" }));
  const worker = new Worker(url, { type: "module" });
  try {
    const message = await new Promise((resolve, reject) => {
      worker.onmessage = ({ data }) => resolve(data);
      worker.onerror = (event) => reject(new Error(event.message));
    });
    assert.equal(message, "Cannot open a WebSocket to ws://127.0.0.1:1");
  } finally {
    worker.terminate();
    URL.revokeObjectURL(url);
  }
});
