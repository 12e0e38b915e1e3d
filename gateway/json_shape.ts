/**
 * What JSON may look like before it is parsed.
 *
 * Parsing costs by the value, not by the byte: 16 MiB of brackets or of short names keep a thread for
 * seconds, while the longest batch there may be, its data in strings, takes milliseconds.
 *
 * @module
 */

import { Problem } from "./problem.ts";

/** Objects and arrays within one another: a batch has three. */
const MAX_DEPTH = 16;
/** Commas, colons, strings and opening brackets: the longest batch of the fullest items has some 120,000. */
const MAX_PARTS = 200_000;

const QUOTE = 0x22;
const COMMA = 0x2c;
const COLON = 0x3a;
const BACKSLASH = 0x5c;

/**
 * Checks how deep JSON is nested and how many values it has. What is no JSON at all may pass: the parser
 * says so.
 *
 * @param bytes UTF-8
 * @throws Problem 400
 *
 * @example
 * ```ts
 * import { checkJsonShape } from "./json_shape.ts";
 * checkJsonShape(new TextEncoder().encode('{"batch": [{"data": "[[[["}]}'));
 * ```
 */
export function checkJsonShape(bytes: Uint8Array): void {
  let depth = 0;
  let numParts = 0;
  for (let at = 0; at < bytes.length; at++) {
    const byte = bytes[at];
    if (byte === QUOTE) {
      numParts++;
      at = endOfString(bytes, at);
    } else if (byte === COMMA || byte === COLON) {
      numParts++;
    } else if (isOpening(byte)) {
      numParts++;
      if (++depth > MAX_DEPTH) throw new Problem(400, "The body is nested too deeply");
    } else if (isClosing(byte)) {
      depth--;
    }
    if (numParts > MAX_PARTS) throw new Problem(400, "The body has too many values");
  }
}

// `[` and `{` differ in one bit, and so do `]` and `}`.
function isOpening(byte: number): boolean {
  return (byte | 0x20) === 0x7b;
}

function isClosing(byte: number): boolean {
  return (byte | 0x20) === 0x7d;
}

// Where the string that starts at `start` ends: its closing quote, or the end of all. A plain loop: a
// search for the quote is called once per escaped one, and those may be millions.
function endOfString(bytes: Uint8Array, start: number): number {
  let at = start + 1;
  while (at < bytes.length && bytes[at] !== QUOTE) at += bytes[at] === BACKSLASH ? 2 : 1;
  return at;
}
