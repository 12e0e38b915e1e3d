/**
 * The algorithms as devices offer them, and a look at the private memory that keys are copied to on
 * their way into contexts.
 *
 * @module
 */

import type { AeadContext } from "../../../device/accelerators/contexts.ts";
import {
  type AeadAlgorithm,
  type Algorithm,
  ALGORITHMS,
  AlgorithmSet,
  FASTEST,
  type Implementation,
  Service,
} from "../../../device/mod.ts";
import { implementedRows } from "../../support/implementations.ts";
import { expect } from "../kind.ts";
import { isZero } from "../memory.ts";

// Larger than any key: what is as large is memory that requests share.
const LEAST_SCRATCH = 4096;
const scratch = new Set<ArrayBufferLike>();

function see({ buffer }: Uint8Array): void {
  const isShared = buffer instanceof SharedArrayBuffer;
  if (!isShared && buffer.byteLength >= LEAST_SCRATCH) scratch.add(buffer);
}

// The same implementations, each key seen on its way.
function seen<Args extends [Uint8Array, ...unknown[]], Context>(
  implementations: readonly Implementation<(...args: Args) => Context>[],
): Implementation<(...args: Args) => Context>[] {
  return implementations.map(({ accelerator, open }) => ({
    accelerator,
    open: (...args: Args) => {
      see(args[0]);
      return open(...args);
    },
  }));
}

// What is opened is copied to private memory too, elsewhere when there is much of it.
class SeenAead implements AeadContext {
  readonly #context: AeadContext;

  constructor(context: AeadContext) {
    this.#context = context;
  }

  get inRow(): boolean {
    return this.#context.inRow === true;
  }

  seal(iv: Uint8Array, aad: Uint8Array, src: Uint8Array, dst: Uint8Array, tag: Uint8Array): void {
    this.#context.seal(iv, aad, src, dst, tag);
  }

  open(
    iv: Uint8Array,
    aad: Uint8Array,
    src: Uint8Array,
    tag: Uint8Array,
    dst: Uint8Array,
  ): boolean {
    see(src);
    return this.#context.open(iv, aad, src, tag, dst);
  }

  close(): void {
    this.#context.close();
  }
}

function seenAead(row: AeadAlgorithm): AeadAlgorithm {
  const implementations = seen(row.implementations).map(({ accelerator, open }) => ({
    accelerator,
    open: (key: Uint8Array) => new SeenAead(open(key)),
  }));
  return { ...row, implementations };
}

function spied(rows: readonly Algorithm[]): Algorithm[] {
  return rows.map((row): Algorithm => {
    switch (row.service) {
      case Service.CIPHER:
        return { ...row, implementations: seen(row.implementations) };
      case Service.MAC:
        return { ...row, implementations: seen(row.implementations) };
      case Service.AEAD:
        return seenAead(row);
      default:
        return row;
    }
  });
}

const IMPLEMENTED: readonly Algorithm[] = [0, 1, 2, 3].flatMap((service) =>
  implementedRows<Algorithm>(service as Service)
);

/** The fastest accelerators, libcrypto before all. */
export const WITH_LIBCRYPTO: AlgorithmSet = new AlgorithmSet(spied(IMPLEMENTED), FASTEST);
/** Without libcrypto: noble, and TypeScript where noble has nothing. */
export const WITHOUT_LIBCRYPTO: AlgorithmSet = new AlgorithmSet(spied(ALGORITHMS), FASTEST);
/** Fails unless the first `len` bytes of all private memory that keys pass through are overwritten. */
export function mustBeWiped(len: number): void {
  for (const buffer of scratch) {
    expect(isZero(buffer, len), () => "Private memory is not overwritten after a request");
  }
}
