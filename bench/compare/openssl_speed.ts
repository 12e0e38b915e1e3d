/**
 * `openssl speed` as a contender.
 *
 * It encrypts one buffer in place, again and again, with one context whose key and iv were set once. Of
 * AES-GCM it times `EVP_CipherUpdate` alone: no iv is set and no tag made or verified per buffer, which a
 * request of the device does. HMAC and SHA-256 start anew with each buffer, as a request does.
 * It divides by the CPU seconds it used; the wall clock's are those of the alarm that ends it.
 */

import { inputOf, IV, KEY, type KindName, NONCE } from "../support/kinds.ts";
import type { Contender } from "./contender.ts";
import type { Sample } from "./lane.ts";

const SPEED: Readonly<Record<KindName, readonly string[]>> = {
  "aes-128-ctr": ["-evp", "aes-128-ctr"],
  "aes-128-cbc": ["-evp", "aes-128-cbc"],
  "aes-128-gcm": ["-evp", "aes-128-gcm"],
  "aes-128-gcm-decrypt": ["-evp", "aes-128-gcm", "-decrypt"],
  "sha-256": ["-evp", "sha256"],
  "hmac-sha-256": ["-hmac", "sha256"],
};

// The command computes no AEAD; GCM's ciphertext is that of CTR from counter 2 on (SP 800-38D, 7.1).
const COUNTER = `${NONCE.toHex()}00000002`;
const RESULT: Readonly<Record<KindName, readonly string[]>> = {
  "aes-128-ctr": ["enc", "-aes-128-ctr", "-K", KEY.toHex(), "-iv", IV.toHex()],
  "aes-128-cbc": ["enc", "-aes-128-cbc", "-nopad", "-K", KEY.toHex(), "-iv", IV.toHex()],
  "aes-128-gcm": ["enc", "-aes-128-ctr", "-K", KEY.toHex(), "-iv", COUNTER],
  "aes-128-gcm-decrypt": ["enc", "-d", "-aes-128-ctr", "-K", KEY.toHex(), "-iv", COUNTER],
  "sha-256": ["dgst", "-sha256", "-binary"],
  "hmac-sha-256": [
    "dgst",
    "-sha256",
    "-binary",
    "-mac",
    "HMAC",
    "-macopt",
    `hexkey:${KEY.toHex()}`,
  ],
};

/** `openssl speed` of one kind and size. */
export class OpensslSpeed implements Contender {
  readonly #kind: KindName;
  readonly #size: number;

  constructor(kind: KindName, size: number) {
    this.#kind = kind;
    this.#size = size;
  }

  async measure(seconds: number): Promise<Sample> {
    const whole = Math.max(1, Math.round(seconds));
    const args = ["-mr", "-seconds", String(whole), "-bytes", String(this.#size)];
    const command = new Deno.Command("openssl", {
      args: ["speed", ...args, ...SPEED[this.#kind]],
      stderr: "piped",
    });
    const { stderr } = await command.output();
    const text = new TextDecoder().decode(stderr);
    const match = /^\+R:(\d+):[^:]+:([\d.]+)/m.exec(text);
    if (match === null) throw new Error(`Cannot read what openssl speed says: ${text}`);
    return { num: Number(match[1]), seconds: whole, cpuSeconds: Number(match[2]) };
  }

  async result(): Promise<string> {
    const child = new Deno.Command("openssl", {
      args: [...RESULT[this.#kind]],
      stdin: "piped",
      stdout: "piped",
    }).spawn();
    const input = inputOf(this.#kind, this.#size).subarray(0, this.#size);
    const writer = child.stdin.getWriter();
    const written = writer.write(input).then(() => writer.close());
    const { stdout } = await child.output();
    await written;
    return stdout.toHex();
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}
