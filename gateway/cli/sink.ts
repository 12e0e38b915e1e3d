/**
 * Where a command's output goes: standard output, or a file that appears whole or not at all.
 *
 * @module
 */

import { randomBytes } from "node:crypto";
import { type FileHandle, open, realpath, rename, rm, stat } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { CliError, type Io, systemText } from "./io.ts";

/** Bytes to be written one piece after the other. */
export interface Sink {
  /** Writes all of `bytes`. */
  write(bytes: Uint8Array): Promise<void>;
  /** All has been written: the output is to stay. */
  commit(): Promise<void>;
  /** Something went wrong: no partial output is to stay. Does nothing after `commit`. */
  abort(): Promise<void>;
}

/** Opens a file for writing, or standard output for `-` and undefined. */
export async function openSink(path: string | undefined, io: Io): Promise<Sink> {
  if (path === undefined || path === "-") {
    return {
      write: (bytes) => io.writeOut(bytes),
      commit: () => Promise.resolve(),
      abort: () => Promise.resolve(),
    };
  }
  try {
    return await openFile(path);
  } catch (error) {
    throw cannotWrite(path, error);
  }
}

function cannotWrite(path: string, error: unknown): CliError {
  return new CliError(`Cannot write ${path}: ${systemText(error)}`, { cause: error });
}

async function openFile(path: string): Promise<Sink> {
  const existing = await stat(path).catch(() => undefined);
  if (existing === undefined) return await TemporaryFile.create(path, path, undefined);
  if (existing.isDirectory()) throw new Error("is a directory");
  // Renaming over a device or a pipe would put a file in its place.
  if (!existing.isFile()) return new DirectFile(path, await open(path, "w"));
  // The target of a link is replaced, not the link.
  return await TemporaryFile.create(path, await realpath(path), existing.mode & 0o777);
}

async function writeFully(path: string, file: FileHandle, bytes: Uint8Array): Promise<void> {
  try {
    for (let at = 0; at < bytes.length;) {
      at += (await file.write(bytes, at, bytes.length - at)).bytesWritten;
    }
  } catch (error) {
    throw cannotWrite(path, error);
  }
}

class DirectFile implements Sink {
  readonly #path: string;
  readonly #file: FileHandle;

  constructor(path: string, file: FileHandle) {
    this.#path = path;
    this.#file = file;
  }

  write(bytes: Uint8Array): Promise<void> {
    return writeFully(this.#path, this.#file, bytes);
  }

  commit(): Promise<void> {
    return this.#file.close();
  }

  async abort(): Promise<void> {
    await this.#file.close().catch(() => {});
  }
}

/** A file beside the one wanted, which takes its place when all is written. */
class TemporaryFile implements Sink {
  readonly #path: string;
  readonly #target: string;
  readonly #temporary: string;
  readonly #file: FileHandle;
  #isOver = false;

  private constructor(path: string, target: string, temporary: string, file: FileHandle) {
    this.#path = path;
    this.#target = target;
    this.#temporary = temporary;
    this.#file = file;
  }

  static async create(path: string, target: string, mode?: number): Promise<TemporaryFile> {
    const name = `.${basename(target)}.${randomBytes(6).toString("hex")}.tmp`;
    const temporary = join(dirname(target), name);
    const file = await open(temporary, "wx", mode);
    return new TemporaryFile(path, target, temporary, file);
  }

  write(bytes: Uint8Array): Promise<void> {
    return writeFully(this.#path, this.#file, bytes);
  }

  async commit(): Promise<void> {
    try {
      await this.#file.sync();
      await this.#file.close();
      await rename(this.#temporary, this.#target);
      this.#isOver = true;
    } catch (error) {
      throw cannotWrite(this.#path, error);
    }
  }

  async abort(): Promise<void> {
    if (this.#isOver) return;
    this.#isOver = true;
    await this.#file.close().catch(() => {});
    await rm(this.#temporary, { force: true });
  }
}
