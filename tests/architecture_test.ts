/**
 * The direction of imports, and what the house does without: read off the sources themselves.
 *
 * The rules are those of the architecture's "Direction of imports". A value is imported only from the
 * directories a directory is allowed; a type may come from further down the same way, since that
 * leaves nothing behind at run time.
 */

import { strict as assert } from "node:assert";
import { join } from "node:path";
import { codeOf, importsOf, ROOT, type Source, sourcesIn } from "./support/sources.ts";

const DEVICE = await sourcesIn("device");
const GATEWAY = await sourcesIn("gateway");
const MAIN = [{ path: "main.ts", text: await Deno.readTextFile(join(ROOT, "main.ts")) }];
const BENCH = await sourcesIn("bench");
const TESTS = (await sourcesIn("tests")).filter(({ path }) =>
  path !== "tests/architecture_test.ts"
);
const LIBRARY = [...DEVICE, ...GATEWAY];
const ALL = [...LIBRARY, ...MAIN, ...BENCH, ...TESTS];

// What each directory of the device may import of ours, besides itself.
const DEVICE_RULES: Readonly<Record<string, readonly string[]>> = {
  wire: [],
  memory: [],
  accelerators: [],
  ring: ["memory", "wire"],
  algorithms: ["accelerators", "memory", "wire"],
  services: ["algorithms", "memory", "wire"],
  engine: ["services", "memory", "wire"],
  virtio: ["ring", "memory", "wire"],
  // The part of the runner that drains queues in threads of its own.
  threads: ["engine", "ring", "algorithms", "accelerators", "memory", "wire"],
  // The transport to virtual machines: their memory and rings, and the engine behind them.
  vhost_user: ["threads", "engine", "virtio", "ring", "memory", "wire"],
};
// The runner joins everything, the self-test runs known answers through the engine, and the device's face
// shows it all. A virtual machine's device has its registers elsewhere, and a runner without them.
const JOINS = [
  "device/crypto_device.ts",
  "device/mod.ts",
  "device/self_test.ts",
  "device/vhost_user/engine_backend.ts",
];

function reachable(folder: string): Set<string> {
  const seen = new Set<string>([folder]);
  for (const name of seen) for (const next of DEVICE_RULES[name] ?? []) seen.add(next);
  return seen;
}

Deno.test("every file of the device lies in a directory that has a rule, or is one that joins them", () => {
  const stray = DEVICE
    .filter(({ path }) => !JOINS.includes(path) && !(path.split("/")[1] in DEVICE_RULES))
    .map(({ path }) => path);

  assert.deepEqual(stray, []);
});

for (const folder of Object.keys(DEVICE_RULES)) {
  const allowed = DEVICE_RULES[folder];
  Deno.test(`device/${folder} imports ${allowed.length > 0 ? allowed.join(", ") : "nothing of ours"}`, () => {
    const types = reachable(folder);
    const files = DEVICE.filter(({ path }) => path.startsWith(`device/${folder}/`));

    const wrong = files.flatMap(importsOf).filter(({ target, isType }) => {
      if (target === null) return false;
      const [top, into] = target.split("/");
      if (top !== "device") return true;
      return into !== folder && !(isType ? types.has(into) : allowed.includes(into));
    });

    assert.ok(files.length > 0);
    assert.deepEqual(wrong, []);
  });
}

Deno.test("the device knows nothing of the network: it imports nothing outside device/", () => {
  const outside = DEVICE.flatMap(importsOf)
    .filter(({ target }) => target !== null && !target.startsWith("device/"));
  const networks = DEVICE.flatMap(importsOf)
    .filter(({ specifier }) => /^(node:(net|http|https|tls|dgram|dns)|hono|@hono)/.test(specifier));

  assert.deepEqual([...outside, ...networks], []);
});

Deno.test("the device is joined in the runner and shown by its face, and nowhere else", () => {
  const joining = DEVICE.filter(({ path }) => !JOINS.includes(path)).filter((source) => {
    const folders = importsOf(source).map(({ target }) => target?.split("/")[1]);
    return folders.includes("virtio") && folders.includes("engine");
  });

  assert.deepEqual(joining.map(({ path }) => path), []);
});

Deno.test("the gateway imports the device by its face, or its wire", () => {
  const wrong = GATEWAY.filter(({ path }) => !path.startsWith("gateway/client/"))
    .flatMap(importsOf)
    .filter(({ target }) => target?.startsWith("device/"))
    .filter(({ target }) => target !== "device/mod.ts" && !target?.startsWith("device/wire/"));

  assert.deepEqual(wrong, []);
});

Deno.test("the client imports device/wire, the record codec and the frames, and nothing of a server", () => {
  const wrong = GATEWAY.filter(({ path }) => path.startsWith("gateway/client/"))
    .flatMap(importsOf)
    .filter(({ target }) =>
      target !== null && !target.startsWith("gateway/client/") &&
      !target.startsWith("device/wire/") && target !== "gateway/records.ts" &&
      !/^gateway\/websocket\/(frames|frame_[a-z_]+)[a-z_]*\.ts$/.test(target)
    );

  assert.deepEqual(wrong, []);
});

Deno.test("a relay is a client with guests in front of it: it imports the client, the device, and nothing of a server", () => {
  const files = GATEWAY.filter(({ path }) => path.startsWith("gateway/relay/"));

  const wrong = files.flatMap(importsOf).filter(({ target }) =>
    target !== null && !/^(gateway\/(relay|client)|device\/wire)\//.test(target) &&
    !["device/mod.ts", "gateway/records.ts", "gateway/log.ts"].includes(target)
  );

  assert.ok(files.length > 0);
  assert.deepEqual(wrong, []);
});

Deno.test("what the client shares with the gateway runs in a browser: it imports wire and frames only", () => {
  const shared = GATEWAY.filter(({ path }) =>
    path === "gateway/records.ts" || /^gateway\/websocket\/frame/.test(path)
  );

  const wrong = shared.flatMap(importsOf)
    .filter(({ target }) => !/^gateway\/(records\.ts|websocket\/frame)/.test(target ?? ""));

  assert.ok(shared.length >= 2);
  assert.deepEqual(wrong, []);
});

Deno.test("no file imports another in a circle of values", () => {
  const edges = new Map(LIBRARY.map((source) => [
    source.path,
    importsOf(source).flatMap(({ target, isType }) => target === null || isType ? [] : [target]),
  ]));
  const done = new Set<string>();
  const circles: string[] = [];
  const visit = (path: string, trail: readonly string[]) => {
    if (trail.includes(path)) circles.push([...trail.slice(trail.indexOf(path)), path].join(" > "));
    else if (!done.has(path)) {
      for (const next of edges.get(path) ?? []) visit(next, [...trail, path]);
      done.add(path);
    }
  };
  for (const path of edges.keys()) visit(path, []);

  assert.deepEqual(circles, []);
});

Deno.test("packages are those of deno.json and node's own: nothing from JSR, nothing by URL", async () => {
  const config = JSON.parse(await Deno.readTextFile(join(ROOT, "deno.json")));
  const names = Object.keys(config.imports);
  const isKnown = (specifier: string) =>
    specifier.startsWith("node:") ||
    names.some((name) => name.endsWith("/") ? specifier.startsWith(name) : specifier === name);

  const wrong = ALL.flatMap(importsOf)
    .filter(({ specifier, target, from }) =>
      target === null && specifier !== "(computed)" && !isKnown(specifier) &&
      // A test may make modules of its own to import.
      !(from.startsWith("tests/") && specifier.startsWith("data:"))
    );

  assert.deepEqual(wrong, []);
  for (const [name, target] of Object.entries<string>(config.imports)) {
    assert.match(target, /^npm:\/?(@[a-z]+\/)?[a-z-]+@\d+\.\d+\.\d+\/?$/, name);
  }
});

Deno.test("the library computes no specifier: every import of it can be read", () => {
  const computed = [...LIBRARY, ...MAIN].flatMap(importsOf)
    .filter(({ specifier }) => specifier === "(computed)");

  assert.deepEqual(computed, []);
});

Deno.test("fast-check is for tests only", () => {
  const wrong = [...LIBRARY, ...MAIN, ...BENCH].flatMap(importsOf)
    .filter(({ specifier }) => specifier.startsWith("fast-check"));

  assert.deepEqual(wrong, []);
});

const BANNED: readonly (readonly [string, RegExp, readonly Source[]])[] = [
  ["any", /(?:[:<|&,(=]\s*|\bas\s+|\bextends\s+)any\b(?!\s*[(.:=])/, ALL],
  ["enum", /^\s*(?:export\s+)?(?:declare\s+)?(?:const\s+)?enum\s+\w/m, ALL],
  ["a default export", /^\s*export\s+default\b|\bas\s+default\b/m, ALL],
  ["require", /\brequire\s*\(/, ALL],
  ["eval", /\beval\s*\(|\bnew\s+Function\s*\(/, ALL],
  // Foreign functions exist in Deno alone: architecture.md names their files as the exception.
  [
    "the Deno global",
    /\bDeno\s*\./,
    LIBRARY.filter(({ path }) =>
      !path.startsWith("device/accelerators/libcrypto/") && path !== "device/vhost_user/libc.ts"
    ),
  ],
  ["console", /\bconsole\s*\./, LIBRARY.filter(({ path }) => !path.startsWith("gateway/cli/"))],
];

for (const [what, pattern, sources] of BANNED) {
  Deno.test(`no file uses ${what} where the house does without it`, () => {
    const found = sources.flatMap(({ path, text }) => {
      const lines = codeOf(text).split("\n");
      return lines.flatMap((line, i) =>
        pattern.test(line) ? [`${path}:${i + 1}: ${line.trim()}`] : []
      );
    });

    assert.deepEqual(found, []);
  });
}

Deno.test("nothing is left undone: no TODO, no FIXME, no test is skipped or alone", () => {
  const found = ALL.flatMap(({ path, text }) => {
    const marks = text.match(/\b(TODO|FIXME|XXX)\b/g) ?? [];
    const skips =
      codeOf(text).match(/\b(?:ignore|only)\s*:\s*true\b|\bDeno\.test\.(?:ignore|only)\b/g) ?? [];
    return [...marks, ...skips].map((mark) => `${path}: ${mark}`);
  });

  assert.deepEqual(found, []);
});

Deno.test("the reading of imports sees all their forms", () => {
  const text = [
    'import { a } from "./a.ts";',
    'import type { b } from "../wire/b.ts";',
    'import { type c, type d } from "./c.ts";',
    'import { type e, f } from "./e.ts";',
    'export * from "./g.ts";',
    'import "./h.ts";',
    'const i = await import("./i.ts");',
    "const j = import(name);",
    '// import { k } from "./k.ts";',
    "/*",
    ' * import { l } from "./l.ts";',
    " */",
    'export { type m } from "npm:m";',
  ].join("\n");

  const found = importsOf({ path: "device/x/y.ts", text });

  assert.deepEqual(
    found.map(({ target, specifier, isType }) => [target ?? specifier, isType]),
    [
      ["device/x/a.ts", false],
      ["device/wire/b.ts", true],
      ["device/x/c.ts", true],
      ["device/x/e.ts", false],
      ["device/x/g.ts", false],
      ["npm:m", true],
      ["device/x/h.ts", false],
      ["device/x/i.ts", false],
      ["(computed)", false],
    ],
  );
});
