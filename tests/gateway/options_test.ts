import assert from "node:assert/strict";
import { OptionError, parseServeOptions, parseSize } from "../../gateway/options.ts";

Deno.test("without options everything has its default", () => {
  const options = parseServeOptions({});

  assert.equal(options.host, "127.0.0.1");
  assert.equal(options.port, 8790);
  assert.equal(options.queues, 4);
  assert.equal(options.maxSize, 4 * 1024 * 1024);
  assert.equal(options.maxMessage, 16 * 1024 * 1024);
  assert.equal(options.tokens, undefined);
  assert.deepEqual(options.origins, []);
});

Deno.test("what cannot be is refused with the option's name", () => {
  const cases: [Record<string, unknown>, string][] = [
    [{ port: -1 }, "port"],
    [{ port: 65536 }, "port"],
    [{ port: 1.5 }, "port"],
    [{ queues: 0 }, "queues"],
    [{ queues: 65 }, "queues"],
    [{ maxSize: 0 }, "maxSize"],
    [{ layout: "1.2" }, "layout"],
    [{ maxMessage: 4 * 1024 * 1024 }, "maxMessage"],
    [{ maxConnections: 0 }, "maxConnections"],
    [{ tlsCert: "cert.pem" }, "tlsKey"],
    [{ origins: ["app.example"] }, "origins.0"],
    [{ origins: ["https://app.example", "https://app.example/page"] }, "origins.1"],
    [{ maxSesions: 5 }, "maxSesions"],
  ];
  for (const [input, option] of cases) {
    assert.throws(
      () => parseServeOptions(input),
      (error) => {
        assert.ok(error instanceof OptionError);
        assert.equal(error.option, option);
        assert.ok(error.message.startsWith(`Invalid option ${option}: `), error.message);
        return true;
      },
    );
  }
});

Deno.test("a message has room for the largest request to the byte", () => {
  const maxSize = 4 * 1024 * 1024;

  parseServeOptions({ maxSize, maxMessage: maxSize + 4096 + 16 });

  assert.throws(
    () => parseServeOptions({ maxSize, maxMessage: maxSize + 4096 + 15 }),
    /maxMessage/,
  );
});

Deno.test("origins are kept in the form in which browsers send them", () => {
  const { origins } = parseServeOptions({ origins: ["https://APP.example:443/"] });

  assert.deepEqual(origins, ["https://app.example"]);
});

Deno.test("sizes are read with their suffixes", () => {
  assert.equal(parseSize("0"), 0);
  assert.equal(parseSize("65536"), 65536);
  assert.equal(parseSize("64k"), 65536);
  assert.equal(parseSize("4M"), 4 * 1024 * 1024);
  assert.equal(parseSize("2G"), 2 * 1024 ** 3);
  for (const wrong of ["", "M", "4MB", "-1", "1.5M", "0x10", "4 M", "99999999999999999G"]) {
    assert.throws(() => parseSize(wrong), /Invalid size/, wrong);
  }
});

Deno.test("A larger maxSize brings room for its messages, a message limit that is given stays", () => {
  const maxSize = 64 * 1024 * 1024;

  assert.equal(parseServeOptions({ maxSize }).maxMessage, maxSize + 4096 + 16);
  assert.equal(parseServeOptions({ maxSize: 1024 }).maxMessage, 16 * 1024 * 1024);
  assert.throws(() => parseServeOptions({ maxSize, maxMessage: maxSize }), /maxMessage/);
});
