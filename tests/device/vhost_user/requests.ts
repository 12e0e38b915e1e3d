/**
 * Requests that the tests of vhost-user make, and what they must come back as.
 */

import { strict as assert } from "node:assert";
import { Buffer } from "node:buffer";
import { createCipheriv } from "node:crypto";
import { CipherAlgo, Direction, Status } from "../../../device/mod.ts";
import {
  build,
  cipherData,
  createCipherSession,
  parseSessionInput,
} from "../../../device/wire/requests.ts";
import type { FrontEnd } from "../../kernel/front_end/front_end.ts";

export const MODE = { mux: false, layout: "v19" } as const;
export const KEY = new Uint8Array(16).fill(0x2b);
const iv = new Uint8Array(16).fill(0xf0);

/** The request that makes an AES-CBC session. */
export const CREATE = build(
  createCipherSession,
  { algo: CipherAlgo.AES_CBC, op: Direction.ENCRYPT, key: KEY },
  MODE,
);

/** A session made over the control queue. */
export async function openSession(frontEnd: FrontEnd): Promise<number> {
  const { controlQueue } = frontEnd;
  const answer = await frontEnd.exchange(controlQueue, CREATE.readable, CREATE.writableLen);
  const { status, sessionId } = parseSessionInput(answer);
  assert.equal(status, Status.OK);
  return sessionId;
}

/** Bytes to encrypt. */
export function plaintext(len: number): Uint8Array {
  return new Uint8Array(len).map((_, i) => i * 31);
}

/** A request that encrypts. */
export function encryption(sessionId: number, src: Uint8Array): {
  readable: Uint8Array;
  writableLen: number;
} {
  return build(cipherData, { sessionId, op: Direction.ENCRYPT, iv, src }, MODE);
}

/** What it must come back as: by another implementation than any of ours. */
export function ciphertext(src: Uint8Array, key = KEY): Uint8Array {
  const cipher = createCipheriv(`aes-${key.length * 8}-cbc`, key, iv).setAutoPadding(false);
  return Uint8Array.from(Buffer.concat([cipher.update(src), cipher.final()]));
}

/** Encrypts over a data queue and checks the result. */
export async function encrypts(
  frontEnd: FrontEnd,
  sessionId: number,
  len = 64,
  queue = 0,
): Promise<void> {
  const src = plaintext(len);
  const { readable, writableLen } = encryption(sessionId, src);
  const { usedLen, writable } = await frontEnd.submit(queue, readable, writableLen);
  assert.equal(usedLen, len + 1);
  assert.equal(writable[len], Status.OK);
  assert.deepEqual(writable.subarray(0, len), ciphertext(src));
}
