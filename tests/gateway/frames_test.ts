import assert from "node:assert/strict";
import fc from "fast-check";
import {
  applyMask,
  CloseCode,
  encodeClose,
  encodeFrame,
  FrameError,
  frameInPlace,
  FrameOpcode,
  FrameParser,
  type Role,
} from "../../gateway/websocket/frames.ts";
import { counting } from "../support/random.ts";

/** Something a parser delivered, copied. */
interface Event {
  opcode: number;
  payload: number[];
  closeCode?: number;
  closeReason?: string;
}

const hex = (text: string): Uint8Array => Uint8Array.fromHex(text.replaceAll(" ", ""));

function parserFor(role: Role, maxPayload = 1024, freeMemory = false): FrameParser {
  return new FrameParser({ role, maxPayload, freeMemory });
}

function drain(parser: FrameParser, chunks: Iterable<Uint8Array>): Event[] {
  const events: Event[] = [];
  for (const chunk of chunks) {
    parser.push(chunk);
    while (parser.next()) {
      const event: Event = { opcode: parser.opcode, payload: [...parser.payload] };
      if (parser.opcode === FrameOpcode.CLOSE) {
        event.closeCode = parser.closeCode;
        event.closeReason = parser.closeReason;
      }
      events.push(event);
    }
  }
  return events;
}

/** A frame with any bits, masked with a fixed key when `masked`. */
function rawFrame(first: number, payload: Uint8Array, masked = true): Uint8Array {
  const frame = encodeFrame(first & 15, payload, "server");
  const header = frame.subarray(0, frame.length - payload.length);
  header[0] = first;
  if (!masked) return Uint8Array.from([...header, ...payload]);
  header[1] |= 0x80;
  const body = payload.slice();
  applyMask(body, 0x44332211, 0);
  return Uint8Array.from([...header, 0x11, 0x22, 0x33, 0x44, ...body]);
}

function cut(bytes: Uint8Array, sizes: readonly number[]): Uint8Array[] {
  const chunks: Uint8Array[] = [];
  let offset = 0;
  for (let i = 0; offset < bytes.length; i++) {
    const size = sizes[i % sizes.length];
    chunks.push(bytes.slice(offset, offset + size));
    offset += size;
  }
  return chunks;
}

function closeCodeOf(parser: FrameParser, bytes: Uint8Array): number {
  try {
    drain(parser, [bytes]);
  } catch (error) {
    assert.ok(error instanceof FrameError);
    return error.closeCode;
  }
  return 0;
}

function concat(parts: readonly Uint8Array[]): Uint8Array {
  const all = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let offset = 0;
  for (const part of parts) {
    all.set(part, offset);
    offset += part.length;
  }
  return all;
}

Deno.test("the masked and unmasked examples of RFC 6455, section 5.7, parse to their payloads", () => {
  // A single-frame pong "Hello", masked; an unmasked ping "Hello"; 256 bytes of binary message.
  const pong = drain(parserFor("server"), [hex("8a85 37fa213d 7f9f4d5158")]);
  const ping = drain(parserFor("client"), [hex("8905 48656c6c6f")]);
  const binary = drain(parserFor("client"), [concat([hex("827e 0100"), new Uint8Array(256)])]);

  assert.deepEqual(pong, [{ opcode: 10, payload: [...new TextEncoder().encode("Hello")] }]);
  assert.deepEqual(ping, [{ opcode: 9, payload: [...new TextEncoder().encode("Hello")] }]);
  assert.deepEqual(binary, [{ opcode: 2, payload: Array(256).fill(0) }]);
});

Deno.test("lengths are written in the 7-bit, 16-bit and 64-bit forms at their edges", () => {
  const header = (len: number) =>
    encodeFrame(2, new Uint8Array(len), "server").slice(0, -len).toHex();

  assert.equal(header(125), "827d");
  assert.equal(header(126), "827e007e");
  assert.equal(header(65535), "827effff");
  assert.equal(header(65536), "827f0000000000010000");
});

Deno.test("a payload with room in front of it becomes a frame in its own buffer, one without is copied", () => {
  for (const len of [0, 1, 125, 126, 65535, 65536]) {
    for (const before of [0, 9, 10, 16, 100]) {
      const buffer = new Uint8Array(before + len + 3).fill(0xc5);
      const payload = buffer.subarray(before, before + len).fill(7);

      const frame = frameInPlace(2, payload);

      assert.deepEqual(frame.slice(), encodeFrame(2, new Uint8Array(len).fill(7), "server"));
      assert.equal(frame.buffer === buffer.buffer, before >= 10);
      assert.deepEqual([...buffer.subarray(before + len)], [0xc5, 0xc5, 0xc5]);
    }
  }
});

Deno.test("masking twice gives the bytes back, at any alignment, length and phase", () => {
  fc.assert(
    fc.property(
      fc.oneof(
        fc.uint8Array({ maxLength: 300 }),
        fc.nat(3000).map((len) => counting(len)),
      ),
      fc.nat(7),
      fc.nat(7),
      fc.integer(),
      (payload, offset, phase, key) => {
        const memory = new Uint8Array(offset + payload.length);
        memory.set(payload, offset);
        const bytes = memory.subarray(offset);

        applyMask(bytes, key, phase);

        const keyBytes = [key, key >>> 8, key >>> 16, key >>> 24];
        const expected = payload.map((byte, i) => byte ^ keyBytes[(phase + i) & 3]);
        assert.deepEqual([...bytes], [...expected]);
      },
    ),
  );
});

Deno.test("any chunking of any frames gives the same messages, in both roles", () => {
  const message = fc.record({
    payload: fc.uint8Array({ maxLength: 700 }),
    cuts: fc.array(fc.nat(700), { maxLength: 4 }),
    ping: fc.option(fc.uint8Array({ maxLength: 125 })),
  });
  fc.assert(
    fc.property(
      fc.array(message, { maxLength: 8 }),
      fc.array(fc.integer({ min: 1, max: 900 }), { minLength: 1, maxLength: 6 }),
      fc.boolean(),
      fc.boolean(),
      (messages, sizes, masked, freeMemory) => {
        const frames: Uint8Array[] = [];
        const expected: Event[] = [];
        for (const { payload, cuts, ping } of messages) {
          const edges = [0, ...cuts.map((at) => Math.min(at, payload.length)), payload.length];
          edges.sort((a, b) => a - b);
          for (let i = 1; i < edges.length; i++) {
            const first = (i === 1 ? 2 : 0) | (i === edges.length - 1 ? 0x80 : 0);
            frames.push(rawFrame(first, payload.subarray(edges[i - 1], edges[i]), masked));
            if (i === 1 && ping !== null) {
              frames.push(rawFrame(0x89, ping, masked));
              expected.push({ opcode: 9, payload: [...ping] });
            }
          }
          // A ping between fragments comes before the message that it interrupts.
          const interrupted = edges.length > 2 || ping === null;
          expected.splice(interrupted ? expected.length : expected.length - 1, 0, {
            opcode: 2,
            payload: [...payload],
          });
        }
        const parser = parserFor(masked ? "server" : "client", 700, freeMemory);

        const events = drain(parser, cut(concat(frames), sizes));

        assert.deepEqual(events, expected);
      },
    ),
    { numRuns: 300 },
  );
});

Deno.test("what one role encodes the other parses, close frames with their reasons", () => {
  for (const [sender, receiver] of [["client", "server"], ["server", "client"]] as const) {
    for (const len of [0, 1, 125, 126, 65535, 65536]) {
      const payload = crypto.getRandomValues(new Uint8Array(len));
      const before = payload.slice();

      const frame = encodeFrame(FrameOpcode.BINARY, payload, sender);

      assert.deepEqual(payload, before);
      const parser = parserFor(receiver, 65536);
      parser.push(frame);
      assert.equal(parser.next(), true);
      assert.deepEqual(parser.payload.slice(), before);
      assert.equal(parser.next(), false);
    }
    const close = drain(parserFor(receiver), [encodeClose(1011, "out of café", sender)])[0];
    assert.equal(close.closeCode, 1011);
    assert.equal(close.closeReason, "out of café");
    const bare = drain(parserFor(receiver), [encodeClose(CloseCode.NO_STATUS, "", sender)])[0];
    assert.equal(bare.closeCode, 1005);
    const long = drain(parserFor(receiver), [encodeClose(1000, "é".repeat(200), sender)])[0];
    assert.equal(long.closeReason, "é".repeat(61));
  }
});

Deno.test("a message that lies whole in one chunk is delivered without a copy", () => {
  const chunk = encodeFrame(FrameOpcode.BINARY, new Uint8Array(500).fill(7), "client");
  const parser = parserFor("server");
  parser.push(chunk);

  assert.equal(parser.next(), true);

  assert.equal(parser.payload.buffer, chunk.buffer);
  assert.equal(parser.heldBytes, 0);
});

Deno.test("every breach of the framing rules is refused with its close code", () => {
  const some = new Uint8Array(3);
  const cases: [string, Uint8Array, number][] = [
    ["RSV1", rawFrame(0xc2, some), 1002],
    ["RSV2", rawFrame(0xa2, some), 1002],
    ["RSV3", rawFrame(0x92, some), 1002],
    ...[3, 4, 5, 6, 7, 11, 12, 13, 14, 15].map((opcode): [string, Uint8Array, number] => [
      `opcode ${opcode}`,
      rawFrame(0x80 | opcode, some),
      1002,
    ]),
    ["unmasked", rawFrame(0x82, some, false), 1002],
    ["text", rawFrame(0x81, some), 1003],
    ["fragmented text", rawFrame(0x01, some), 1003],
    ["fragmented ping", rawFrame(0x09, some), 1002],
    ["ping of 126 bytes", rawFrame(0x89, new Uint8Array(126)), 1002],
    ["continuation of nothing", rawFrame(0x80, some), 1002],
    ["message inside a message", concat([rawFrame(0x02, some), rawFrame(0x82, some)]), 1002],
    ["1025 bytes", rawFrame(0x82, new Uint8Array(1025)), 1009],
    ["64 KiB", rawFrame(0x82, new Uint8Array(65536)), 1009],
    ["2^62 bytes, header alone", hex("82ff 4000000000000000 00000000"), 1009],
    ["2^32 bytes, header alone", hex("82ff 0000000100000000 00000000"), 1009],
    ["length with its highest bit", hex("82ff 8000000000000000 00000000"), 1002],
    ["3 bytes in the 16-bit form", hex("82fe 0003 00000000 000000"), 1002],
    ["3 bytes in the 64-bit form", hex("82ff 0000000000000003 00000000 000000"), 1002],
    [
      "fragments over the limit together",
      concat([rawFrame(0x02, new Uint8Array(1000)), rawFrame(0x00, new Uint8Array(25))]),
      1009,
    ],
    ["close of 1 byte", rawFrame(0x88, hex("03")), 1002],
    ["close reason not UTF-8", rawFrame(0x88, hex("03e8 c328")), 1007],
    ...[0, 999, 1004, 1005, 1006, 1015, 1016, 2999, 5000, 65535].map((
      code,
    ): [string, Uint8Array, number] => [
      `close code ${code}`,
      rawFrame(0x88, Uint8Array.of(code >>> 8, code)),
      1002,
    ]),
  ];
  for (const [name, bytes, expected] of cases) {
    assert.equal(closeCodeOf(parserFor("server"), bytes), expected, name);
  }
  assert.equal(closeCodeOf(parserFor("client"), rawFrame(0x82, some, true)), 1002, "masked");
});

Deno.test("a message of exactly the limit passes, in one frame and in fragments", () => {
  const whole = rawFrame(0x82, new Uint8Array(1024));
  const parts = [rawFrame(0x02, new Uint8Array(1000)), rawFrame(0x80, new Uint8Array(24))];

  const lens = drain(parserFor("server"), [whole, concat(parts)]).map((e) => e.payload.length);

  assert.deepEqual(lens, [1024, 1024]);
});

Deno.test("fragments without end hold no more than the limit and end with 1009", () => {
  const limit = 256 * 1024;
  const parser = parserFor("server", limit);
  let mostHeld = 0;

  const push = (frame: Uint8Array) => {
    parser.push(frame);
    while (parser.next());
    mostHeld = Math.max(mostHeld, parser.heldBytes);
  };
  push(rawFrame(0x02, new Uint8Array(1000)));
  assert.throws(() => {
    for (;;) push(rawFrame(0x00, new Uint8Array(1000)));
  }, (error) => error instanceof FrameError && error.closeCode === 1009);

  assert.ok(mostHeld <= limit, `${mostHeld}`);
});

Deno.test("fragments without payload are refused after a few", () => {
  const parser = parserFor("server");
  const frames = [rawFrame(0x02, new Uint8Array(1))];
  for (let i = 0; i < 17; i++) frames.push(rawFrame(0x00, new Uint8Array(0)));

  assert.equal(closeCodeOf(parser, concat(frames)), CloseCode.POLICY_VIOLATION);
});

Deno.test("a declared length takes no memory before its bytes have come", () => {
  const parser = parserFor("server", 2 ** 30);
  parser.push(hex("82ff 0000000040000000 00000000 01020304"));

  assert.equal(parser.next(), false);

  assert.ok(parser.heldBytes <= 4096, `${parser.heldBytes}`);
});

Deno.test("kept memory is used again and given back when released", () => {
  const parser = parserFor("server", 65536, true);
  const frame = rawFrame(0x82, new Uint8Array(50000).fill(1));
  const halves = () => cut(frame.slice(), [30000]);

  const first = drain(parser, halves());
  const held = parser.heldBytes;
  const second = drain(parser, halves());

  assert.equal(held, 50000);
  assert.equal(parser.heldBytes, 50000);
  assert.deepEqual(first, second);
  parser.release();
  assert.equal(parser.heldBytes, 0);
});

Deno.test("much memory is kept while long messages follow each other, and not behind a short one", () => {
  const parser = parserFor("server", 4 << 20, true);
  const long = () => cut(rawFrame(0x82, new Uint8Array(3 << 20)), [30000]);

  drain(parser, long());
  drain(parser, long());
  const between = parser.heldBytes;
  drain(parser, [rawFrame(0x82, new Uint8Array(100))]);

  assert.ok(between >= 3 << 20, `${between}`);
  assert.equal(parser.heldBytes, 0);
});

Deno.test("a chunk is not taken while the one before is unread", () => {
  const parser = parserFor("server");
  const two = concat([rawFrame(0x82, hex("01")), rawFrame(0x82, hex("02"))]);
  parser.push(two);
  parser.next();

  assert.throws(() => parser.push(hex("82")), /unread/);

  assert.equal(parser.next(), true);
  assert.deepEqual([...parser.payload], [2]);
});

Deno.test("random bytes never crash the parser and never make it hold more than its limit", () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 200 }), { maxLength: 10 }), (chunks) => {
      const parser = parserFor("server", 4096);
      try {
        drain(parser, chunks);
      } catch (error) {
        assert.ok(error instanceof FrameError, String(error));
      }
      assert.ok(parser.heldBytes <= 4096);
    }),
    { numRuns: 500 },
  );
});
