/** Algorithms that record what is done with them, and that fail on demand. */

import { strict as assert } from "node:assert";
import {
  type AeadAlgorithm,
  type Algorithm,
  ALGORITHMS,
  type CipherAlgorithm,
  type HashAlgorithm,
  type MacAlgorithm,
} from "../../device/mod.ts";
import type {
  AeadContext,
  CipherContext,
  HashContext,
  MacContext,
} from "../../device/accelerators/contexts.ts";

/** The row of that name. */
export function algorithmNamed(name: string): Algorithm {
  return ALGORITHMS.find((row) => row.name === name) ?? assert.fail(`No algorithm ${name}`);
}

/** What fake contexts were asked to do; shared by the rows made together. */
export class FakeLog {
  opened = 0;
  closed = 0;
  /** The keys contexts were opened with, as the very arrays. */
  readonly keys: Uint8Array[] = [];
  /** Sources and destinations, as the very arrays. */
  readonly seen: Uint8Array[] = [];
  /** Where to throw. */
  failAt: "open" | "run" | "close" | null = null;
  /** As failAt, for digests alone. */
  failDigestAt: "open" | "run" | "close" | null = null;

  /** Milliseconds that each run takes at least. */
  spinMs = 0;

  /** Contexts that have not been closed. */
  get isOpen(): number {
    return this.opened - this.closed;
  }

  open(key: Uint8Array, isDigest = false): void {
    if (this.#fails("open", isDigest)) throw new Error("Cannot open: told to fail");
    this.opened++;
    this.keys.push(key);
  }

  // Fails when the work is half done.
  run(isDigest: boolean, ...outputs: Uint8Array[]): void {
    this.seen.push(...outputs);
    const end = performance.now() + this.spinMs;
    while (performance.now() < end);
    if (!this.#fails("run", isDigest)) return;
    for (const output of outputs) output.fill(0x77, 0, Math.ceil(output.length / 2));
    throw new Error("Cannot run: told to fail");
  }

  close(isDigest = false): void {
    this.closed++;
    if (this.#fails("close", isDigest)) throw new Error("Cannot close: told to fail");
  }

  #fails(at: "open" | "run" | "close", isDigest: boolean): boolean {
    return this.failAt === at || (isDigest && this.failDigestAt === at);
  }
}

// Adds a byte of the key to each byte: enough to tell sessions apart.
function fakeCipher(log: FakeLog, key: Uint8Array, decrypt: boolean): CipherContext {
  log.open(key);
  const shift = decrypt ? 256 - key[0] : key[0];
  return {
    process: (_iv, src, dst) => {
      log.seen.push(src);
      log.run(false, dst);
      for (let i = 0; i < src.length; i++) dst[i] = src[i] + shift;
    },
    close: () => log.close(),
  };
}

function fakeMac(log: FakeLog, key: Uint8Array): MacContext {
  log.open(key, true);
  return {
    compute: (iv, first, second, out) => {
      log.seen.push(iv, first, second);
      log.run(true, out);
      const all = [key.length, ...iv, ...first, ...second];
      const sum = all.reduce((sum, byte, i) => (sum + byte * (i + 1)) % 65521, 1);
      out.forEach((_, i) => out[i] = sum >>> (8 * (i % 2)));
    },
    close: () => log.close(true),
  };
}

function fakeHash(log: FakeLog): HashContext {
  const { compute, close } = fakeMac(log, new Uint8Array(0));
  return { digest: (first, second, out) => compute(first, second, new Uint8Array(0), out), close };
}

function fakeAead(log: FakeLog, key: Uint8Array): AeadContext {
  const cipher = fakeCipher(log, key, false);
  return {
    seal: (iv, _aad, src, dst, tag) => {
      cipher.process(iv, src, dst);
      tag.fill(0x5a);
    },
    open: (iv, _aad, src, tag, dst) => {
      if (tag.some((byte) => byte !== 0x5a)) return false;
      cipher.process(iv, src, dst);
      return true;
    },
    close: () => cipher.close(),
  };
}

/** AES_CBC, SHA_256, HMAC_SHA_256 and GCM as rows whose contexts are fakes. */
export function fakeAlgorithms(log: FakeLog, macIvLen = 0): readonly Algorithm[] {
  const cipher = algorithmNamed("AES_CBC") as CipherAlgorithm;
  const hash = algorithmNamed("SHA_256") as HashAlgorithm;
  const mac = algorithmNamed("HMAC_SHA_256") as MacAlgorithm;
  const aead = algorithmNamed("GCM") as AeadAlgorithm;
  const accelerator = "typescript" as const;
  return [
    {
      ...cipher,
      implementations: [{
        accelerator,
        open: (key: Uint8Array, decrypt: boolean) => fakeCipher(log, key, decrypt),
      }],
    },
    { ...hash, implementations: [{ accelerator, open: () => fakeHash(log) }] },
    {
      ...mac,
      ivLen: macIvLen,
      implementations: [{ accelerator, open: (key: Uint8Array) => fakeMac(log, key) }],
    },
    { ...aead, implementations: [{ accelerator, open: (key: Uint8Array) => fakeAead(log, key) }] },
  ];
}
