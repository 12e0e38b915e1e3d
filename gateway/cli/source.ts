/**
 * Where a command's input comes from: a file or standard input, read in pieces.
 *
 * @module
 */

import { type FileHandle, open } from "node:fs/promises";
import { CliError, type Io, systemText } from "./io.ts";

/** Bytes to be read one piece after the other. */
export interface Source {
  /** What to call it in messages; `-` is standard input. */
  readonly name: string;
  /** Bytes in all, where it is known. */
  readonly size: number | undefined;
  /** The next `len` bytes; fewer only at the end, none behind it. Valid until the next call. */
  read(len: number): Promise<Uint8Array>;
  /** Ends reading. */
  close(): Promise<void>;
}

/** Opens a file, or standard input for `-` and undefined. */
export async function openSource(path: string | undefined, io: Io): Promise<Source> {
  if (path === undefined || path === "-") return new StreamSource(io.stdin);
  try {
    const file = await open(path, "r");
    const stat = await file.stat();
    if (stat.isDirectory()) {
      await file.close();
      throw new Error("is a directory");
    }
    return new FileSource(path, file, stat.isFile() ? stat.size : undefined);
  } catch (error) {
    throw new CliError(`Cannot read ${path}: ${systemText(error)}`, { cause: error });
  }
}

/**
 * Reads all that is left, but no more than a limit.
 *
 * @returns the bytes, or undefined when there are more than `maxLen`
 */
export async function readAll(source: Source, maxLen: number): Promise<Uint8Array | undefined> {
  if (source.size !== undefined && source.size > maxLen) return undefined;
  const all = await source.read(maxLen);
  const bytes = all.slice();
  return (await source.read(1)).length > 0 ? undefined : bytes;
}

class FileSource implements Source {
  readonly name: string;
  readonly size: number | undefined;
  readonly #file: FileHandle;
  #buffer = new Uint8Array(0);

  constructor(name: string, file: FileHandle, size: number | undefined) {
    this.name = name;
    this.#file = file;
    this.size = size;
  }

  async read(len: number): Promise<Uint8Array> {
    // No more memory than the file has bytes: `len` may be a limit far beyond them.
    const capacity = this.size === undefined ? len : Math.min(len, this.size + 1);
    if (this.#buffer.length < capacity) this.#buffer = new Uint8Array(capacity);
    let filled = 0;
    try {
      while (filled < capacity) {
        const { bytesRead } = await this.#file.read(this.#buffer, filled, capacity - filled, null);
        if (bytesRead === 0) break;
        filled += bytesRead;
      }
    } catch (error) {
      throw new CliError(`Cannot read ${this.name}: ${systemText(error)}`, { cause: error });
    }
    return this.#buffer.subarray(0, filled);
  }

  async close(): Promise<void> {
    await this.#file.close();
  }
}

class StreamSource implements Source {
  readonly name = "-";
  readonly size = undefined;
  readonly #chunks: AsyncIterator<Uint8Array>;
  #rest: Uint8Array = new Uint8Array(0);
  #isDone = false;

  constructor(stream: AsyncIterable<Uint8Array>) {
    this.#chunks = stream[Symbol.asyncIterator]();
  }

  async read(len: number): Promise<Uint8Array> {
    const parts: Uint8Array[] = [];
    let missing = len;
    while (missing > 0) {
      if (this.#rest.length === 0 && !await this.#fill()) break;
      const part = this.#rest.subarray(0, missing);
      this.#rest = this.#rest.subarray(part.length);
      parts.push(part);
      missing -= part.length;
    }
    return parts.length === 1 ? parts[0] : concat(parts);
  }

  async close(): Promise<void> {
    await this.#chunks.return?.();
  }

  async #fill(): Promise<boolean> {
    while (this.#rest.length === 0 && !this.#isDone) {
      const { value, done } = await this.#next();
      if (done) this.#isDone = true;
      else this.#rest = value;
    }
    return !this.#isDone;
  }

  async #next(): Promise<IteratorResult<Uint8Array>> {
    try {
      return await this.#chunks.next();
    } catch (error) {
      throw new CliError(`Cannot read standard input: ${systemText(error)}`, { cause: error });
    }
  }
}

function concat(parts: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(parts.reduce((len, part) => len + part.length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}
