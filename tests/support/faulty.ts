/**
 * The accelerator that fails on purpose: it wraps those there are, computes as they do, and misbehaves when
 * it is told to.
 */

import {
  type Algorithm,
  type Implementation,
  type OpenAead,
  type OpenCipher,
  type OpenHash,
  type OpenMac,
  Service,
} from "../../device/mod.ts";

/** What a faulty accelerator does wrong. */
export type Misbehaviour =
  /** Throws before it does anything. */
  | "throws"
  /** Throws when half of the result is written. */
  | "breaks off"
  /** Tries to write more than there is room for. */
  | "writes too much"
  /** Writes half of the result and says nothing. */
  | "writes too little"
  /** Is right, and slow. */
  | "is slow";

/** When it does. */
export type Stage = "open" | "run" | "close";

/** What all contexts of one faulty accelerator obey. */
export class Faults {
  /** Nothing by default. */
  stage: Stage | null = null;
  misbehaviour: Misbehaviour = "throws";
  /** Calls that go well before the next one that does not. */
  spared = 0;
  slowMs = 5;
  /** Times something went wrong. */
  num = 0;
  /** Contexts that are open. */
  numOpen = 0;

  /** Nothing goes wrong any more. */
  mend(): void {
    this.stage = null;
  }

  /** Runs one step, or misbehaves. */
  step<T>(stage: Stage, run: () => T, outputs: readonly Uint8Array[] = []): T {
    if (stage !== this.stage || this.spared-- > 0) return run();
    this.num++;
    switch (this.misbehaviour) {
      case "is slow":
        this.#spin();
        return run();
      case "writes too little":
        return this.#writeLittle(run, outputs);
      case "writes too much":
        for (const output of outputs) output.set(new Uint8Array(output.length + 1).fill(0x77));
        break;
      case "breaks off":
        run();
        for (const output of outputs) output.fill(0x77, output.length >> 1);
    }
    throw new Error(`Cannot ${stage}: told to fail`);
  }

  #spin(): void {
    const end = performance.now() + this.slowMs;
    while (performance.now() < end);
  }

  #writeLittle<T>(run: () => T, outputs: readonly Uint8Array[]): T {
    const before = outputs.map((output) => output.slice());
    const result = run();
    outputs.forEach((output, i) => {
      const half = output.length >> 1;
      output.set(before[i].subarray(half), half);
    });
    return result;
  }
}

interface Closable {
  close(): void;
}

// A context whose steps may go wrong: each is a method whose outputs are known.
function faultyContext<C extends Closable>(
  faults: Faults,
  open: () => C,
  wrap: (context: C) => Omit<C, "close">,
): C {
  const context = faults.step("open", open);
  faults.numOpen++;
  const close = () => {
    faults.numOpen--;
    context.close();
    faults.step("close", () => {});
  };
  return { ...wrap(context), close } as C;
}

// The implementations of a row, each wrapped.
function wrapAll<Open>(
  implementations: readonly Implementation<Open>[],
  wrap: (open: Open) => Open,
): Implementation<Open>[] {
  return implementations.map((each) => ({ ...each, open: wrap(each.open) }));
}

/** The rows with a faulty accelerator in front of each of their implementations. */
export function faulty(rows: readonly Algorithm[], faults: Faults): Algorithm[] {
  const run = <T>(step: () => T, ...outputs: readonly Uint8Array[]) =>
    faults.step("run", step, outputs);
  const cipher = (open: OpenCipher): OpenCipher => (key, decrypt) =>
    faultyContext(faults, () => open(key, decrypt), (context) => ({
      inRow: context.inRow,
      process: (iv, src, dst) => run(() => context.process(iv, src, dst), dst),
    }));
  const hash = (open: OpenHash): OpenHash => () =>
    faultyContext(faults, open, (context) => ({
      digest: (a, b, out) => run(() => context.digest(a, b, out), out),
    }));
  const mac = (open: OpenMac): OpenMac => (key) =>
    faultyContext(faults, () => open(key), (context) => ({
      compute: (iv, a, b, out) => run(() => context.compute(iv, a, b, out), out),
    }));
  const aead = (open: OpenAead): OpenAead => (key) =>
    faultyContext(faults, () => open(key), (context) => ({
      inRow: context.inRow,
      seal: (iv, aad, src, dst, tag) => run(() => context.seal(iv, aad, src, dst, tag), dst, tag),
      open: (iv, aad, src, tag, dst) => run(() => context.open(iv, aad, src, tag, dst), dst),
    }));
  return rows.map((row): Algorithm => {
    switch (row.service) {
      case Service.CIPHER:
        return { ...row, implementations: wrapAll(row.implementations, cipher) };
      case Service.HASH:
        return { ...row, implementations: wrapAll(row.implementations, hash) };
      case Service.MAC:
        return { ...row, implementations: wrapAll(row.implementations, mac) };
      case Service.AEAD:
        return { ...row, implementations: wrapAll(row.implementations, aead) };
    }
  });
}
