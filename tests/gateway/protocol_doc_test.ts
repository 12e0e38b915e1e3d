import assert from "node:assert/strict";
import { Register } from "../../device/mod.ts";
import { createApp } from "../../gateway/app.ts";
import { ALL_ALGORITHMS } from "../../device/mod.ts";
import { deviceOptions, Gateway } from "../../gateway/gateway.ts";
import { noLog } from "../../gateway/log.ts";
import { parseServeOptions } from "../../gateway/options.ts";
import { RecordKind, RefusedReason } from "../../gateway/records.ts";
import { RemoteDevice } from "../../gateway/remote_device.ts";
import { FrameParser } from "../../gateway/websocket/frames.ts";
import { readMessage } from "./helpers.ts";

const DOCUMENT = await Deno.readTextFile(new URL("../../gateway/PROTOCOL.md", import.meta.url));

/** The fenced blocks of one language. */
function blocks(language: string): string[] {
  const fence = new RegExp("^```" + language + "\\n([^]*?)^```$", "gm");
  return [...DOCUMENT.matchAll(fence)].map(([, text]) => text);
}

/** The bytes of the lines that start with `>` or `<`, comments left out. */
function bytesOf(block: string, direction: ">" | "<"): string {
  return block.split("\n").filter((line) => line.startsWith(direction))
    .map((line) => line.slice(1).replace(/#.*/, "").replaceAll(" ", "")).join("");
}

/** Rows of all tables, as cells. */
function rows(): string[][] {
  return DOCUMENT.split("\n").filter((line) => line.startsWith("|"))
    .map((line) => line.split("|").slice(1, -1).map((cell) => cell.trim()));
}

Deno.test("a device answers the records of the examples with the bytes that stand there", async () => {
  const device = new RemoteDevice(deviceOptions(parseServeOptions({}), ALL_ALGORITHMS, noLog));
  let answers = "";
  device.sink = {
    unsentBytes: 0,
    unsentRecords: 0,
    send: (message) => answers += message.toHex(),
  };
  const examples = blocks("records");
  assert.ok(examples.length >= 5);
  for (const example of examples) {
    answers = "";

    await device.push(Uint8Array.fromHex(bytesOf(example, ">")));
    await device.settled();

    assert.equal(answers, bytesOf(example, "<"), example);
  }
  device.close();
});

Deno.test("the frame of the example carries the READ it says", () => {
  const [frame] = blocks("frame");
  const parser = new FrameParser({ role: "server", maxPayload: 1024 });
  parser.push(Uint8Array.fromHex(frame.replaceAll(/\s/g, "")));
  const expected = readMessage(0x008);
  expected[8] = 1;

  assert.equal(parser.next(), true);

  assert.equal(parser.payload.toHex(), expected.toHex());
  assert.equal(parser.next(), false);
});

Deno.test("the curl commands give what stands below them", async () => {
  const gateway = new Gateway(parseServeOptions({}), null, noLog);
  const app = createApp(gateway);
  const commands = blocks("sh");
  assert.equal(commands.length, 2);
  for (const command of commands) {
    const url = /'(http:[^']+)'/.exec(command)?.[1] ?? "";
    const type = /Content-Type: ([^']+)'/.exec(command)?.[1] ?? "";
    const expected = /^# (.+)$/m.exec(command)?.[1] ?? "";
    const hex = /^echo ([0-9a-f]+) /.exec(command)?.[1];
    const body = hex === undefined ? /-d '([^']+)'/.exec(command)?.[1] : Uint8Array.fromHex(hex);

    const response = await app.request(url, {
      method: "POST",
      headers: { "Content-Type": type },
      body,
    });

    const bytes = new Uint8Array(await response.arrayBuffer());
    assert.equal(hex === undefined ? new TextDecoder().decode(bytes) : bytes.toHex(), expected);
  }
  await gateway.close();
});

Deno.test("the tables have every record kind, refusal and register with its number", () => {
  const kinds = rows().filter(([, from]) => from === "client" || from === "gateway");
  assert.deepEqual(
    Object.fromEntries(kinds.map(([kind, , name]) => [name, Number(kind)])),
    RecordKind,
  );
  const reasons = rows().filter(([number, text]) => /^[1-9]$/.test(number) && text.length > 12);
  assert.deepEqual(
    reasons.map(([number]) => Number(number)).sort(),
    Object.values(RefusedReason).sort(),
  );
  const documented = new Map(
    [...DOCUMENT.matchAll(/\|\s+(0x[0-9a-f]{3})\s+\|\s+(\w+)/g)].map(([, at, name]) => [name, at]),
  );
  // The gateway owns the memory of the rings: these are named in the text, not in the table.
  const owned = /^(QueueNotify|Queue(Desc|Driver|Device)(Low|High)|SHM\w*|Config)$/;
  for (const [name, offset] of Object.entries(Register)) {
    if (owned.test(name)) continue;
    assert.equal(Number(documented.get(name)), offset, name);
  }
});
