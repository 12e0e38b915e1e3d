/** The vector files under tests/vectors, read case by case (their README tells the fields). */

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";

const ROOT = new URL("../../vectors/", import.meta.url);

/** One case; fields are read through methods, so that none stays unread. */
export class Case {
  readonly #fields: Readonly<Record<string, unknown>>;
  readonly #unread: Set<string>;

  constructor(fields: Readonly<Record<string, unknown>>) {
    this.#fields = fields;
    this.#unread = new Set(Object.keys(fields));
  }

  has(name: string): boolean {
    return this.#take(name) !== undefined;
  }

  text(name: string): string {
    const value = this.#take(name);
    assert.equal(typeof value, "string", `Field is no text: ${name}`);
    return String(value);
  }

  number(name: string, absent: number): number {
    const value = this.#take(name) ?? absent;
    assert.equal(typeof value, "number", `Field is no number: ${name}`);
    return Number(value);
  }

  bytes(name: string): Uint8Array {
    return Uint8Array.fromHex(this.has(name) ? this.text(name) : "");
  }

  flags(): readonly string[] {
    const value = this.#take("flags") ?? [];
    assert.ok(Array.isArray(value));
    return value.map(String);
  }

  entries(name: string): [string, string][] {
    const value = this.#take(name);
    assert.ok(value !== null && typeof value === "object", `Field is no object: ${name}`);
    return Object.entries(value).map(([key, entry]) => [key, String(entry)]);
  }

  /** `msg`, or `msgRepeat.unit` repeated and cut at `msgRepeat.len`. */
  message(): Uint8Array {
    if (!this.has("msgRepeat")) return this.bytes("msg");
    const { unit, len } = Object.fromEntries(this.entries("msgRepeat"));
    const bytes = new Uint8Array(Number(len)), piece = Uint8Array.fromHex(unit);
    return piece.length === 0 ? bytes : bytes.map((_, i) => piece[i % piece.length]);
  }

  /** Asserts that `actual` is the ciphertext, given whole or as a digest and both ends. */
  assertCiphertext(actual: Uint8Array, id: string): void {
    if (!this.has("ctSha256")) {
      assert.equal(actual.toHex(), this.text("ct"), id);
      return;
    }
    const digest = createHash("sha256").update(actual).digest("hex");
    assert.equal(actual.subarray(0, 64).toHex(), this.text("ctHead"), id);
    assert.equal(actual.subarray(-64).toHex(), this.text("ctTail"), id);
    assert.equal(digest, this.text("ctSha256"), id);
  }

  /** Reads fields that only tell where a case comes from, or in parts what another tells whole. */
  ignore(...names: string[]): void {
    for (const name of names) this.#unread.delete(name);
  }

  /** Asserts that every field has been read. */
  assertRead(): void {
    assert.deepEqual([...this.#unread], [], `Fields were not read in case ${this.text("id")}`);
  }

  #take(name: string): unknown {
    this.#unread.delete(name);
    return this.#fields[name];
  }
}

/** A file of cases. */
export interface VectorFile {
  readonly name: string;
  /** The algorithm's number, where the specification has one. */
  readonly algo: number | undefined;
  readonly cases: readonly Case[];
}

/** All files of one folder. */
export function vectorFiles(folder: "cipher" | "mac" | "primitive"): VectorFile[] {
  const path = new URL(`${folder}/`, ROOT);
  return readdirSync(path).sort().map((name) => {
    const file = JSON.parse(readFileSync(new URL(name, path), "utf8"));
    assert.equal(file.cases.length, file.count, name);
    return {
      name,
      algo: file.virtio?.id,
      cases: file.cases.map((fields: Record<string, unknown>) => new Case(fields)),
    };
  });
}
