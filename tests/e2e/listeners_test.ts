/** The conformance suite against a gateway of several listeners, and the end of its process. */

import { strict as assert } from "node:assert";
import { startGateway } from "../conformance/server.ts";
import { SUITE } from "./suite.ts";

const NUM_LISTENERS = "3";

Deno.test("the conformance suite passes over several listeners", async () => {
  const gateway = await startGateway(["--listeners", NUM_LISTENERS]);
  try {
    const command = new Deno.Command(Deno.execPath(), {
      args: ["test", "-A", "--no-check", ...SUITE],
      env: { RINGWAY_URL: gateway.url, NO_COLOR: "1" },
    });

    const { success, stdout } = await command.output();

    const text = new TextDecoder().decode(stdout);
    assert.ok(success, text.slice(-4000));
    assert.match(text, /\d{3} passed/);
  } finally {
    await gateway.stop();
  }
});

Deno.test("a process of several listeners ends by itself when it is asked to", async () => {
  const gateway = await startGateway(["--listeners", NUM_LISTENERS, "--drain", "1"]);
  try {
    assert.ok(
      (await fetch(`${gateway.url}/healthz`).then((response) => response.text())).length > 0,
    );

    gateway.drain();

    await gateway.ended;
  } finally {
    await gateway.stop();
  }
});
