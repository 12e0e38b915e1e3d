/**
 * The C library's calls that vhost-user needs, through Deno's FFI: sockets that carry file descriptors,
 * memory that others have made, eventfds, poll.
 *
 * This is the one file of the transport that knows of FFI. It exists on 64-bit Linux with glibc; elsewhere
 * there is a reason instead. Numbers are those of Linux on x86-64 and AArch64, where they agree.
 *
 * @module
 */

import { getSystemErrorName } from "node:util";
import { EVENT_LEN, Linux, SONAME, Statx, SUN_PATH_LEN, SYMBOLS } from "./libc_numbers.ts";

/** Numbers of `errno`. */
export const Errno = {
  ENOENT: 2,
  EINTR: 4,
  EAGAIN: 11,
  ECONNABORTED: 103,
  ECONNREFUSED: 111,
} as const;

type Symbols = Deno.DynamicLibrary<typeof SYMBOLS>["symbols"];
type Bytes = Uint8Array<ArrayBuffer>;

/** An address that the C library gave out. */
export type Address = Deno.PointerObject;

/** Whether a call failed for now or for good, as methods return it. */
export const WOULD_BLOCK = -1;

/** A library, or why there is none. */
export type LibcResult =
  | { readonly libc: Libc }
  | { readonly libc: null; readonly reason: string };

/** A call of the C library failed. */
export class SystemError extends Error {
  readonly errno: number;

  constructor(doing: string, errno: number) {
    super(`Cannot ${doing}: ${getSystemErrorName(-errno)}`);
    this.name = "SystemError";
    this.errno = errno;
  }
}

/** What `statx` tells of a file. */
export interface FileStatus {
  /** Bytes. */
  readonly size: number;
  /** Bytes of its pages: more than usual for huge ones. */
  readonly blockSize: number;
  readonly isSocket: boolean;
  /** The same for two files only when they are the same file. */
  readonly identity: string;
}

/** An open C library. Each thread opens its own: `errno` is a thread's. */
export class Libc {
  readonly #symbols: Symbols;
  readonly #errno: Int32Array;
  readonly #counter: Bytes = new Uint8Array(8);
  readonly #one: Bytes = new Uint8Array(new BigUint64Array([1n]).buffer);
  readonly #status: DataView<ArrayBuffer> = new DataView(new ArrayBuffer(Statx.SIZE));

  constructor(symbols: Symbols) {
    this.#symbols = symbols;
    const errno = symbols.__errno_location();
    if (errno === null) throw new Error("Cannot find errno: no address");
    this.#errno = new Int32Array(Deno.UnsafePointerView.getArrayBuffer(errno, 4));
  }

  /** `errno` of the call before. */
  get errno(): number {
    return this.#errno[0];
  }

  /** An unconnected Unix stream socket, non-blocking, not inherited by other programs. */
  socket(): number {
    return this.#check(
      this.#symbols.socket(
        Linux.AF_UNIX,
        Linux.SOCK_STREAM | Linux.SOCK_NONBLOCK | Linux.SOCK_CLOEXEC,
        0,
      ),
      "make a socket",
    );
  }

  /**
   * Binds a socket to a path and listens. The file is created with mode 0600: Linux gives it that of the
   * socket, so that no process-wide umask needs changing.
   */
  listen(fd: number, path: string, backlog: number): void {
    const address = socketAddress(path);
    this.#check(this.#symbols.fchmod(fd, 0o600), "set the mode of a socket");
    this.#check(this.#symbols.bind(fd, address, address.length), `bind ${path}`);
    this.#check(this.#symbols.listen(fd, backlog), `listen on ${path}`);
  }

  /** Connects a socket to a path; 0, or the `errno` why not. */
  connect(fd: number, path: string): number {
    const address = socketAddress(path);
    return this.#symbols.connect(fd, address, address.length) === 0 ? 0 : this.errno;
  }

  /** Takes a connection; {@link WOULD_BLOCK} when there is none (any more). */
  accept(fd: number): number {
    const accepted = this.#symbols.accept4(
      fd,
      null,
      null,
      Linux.SOCK_NONBLOCK | Linux.SOCK_CLOEXEC,
    );
    if (accepted >= 0) return accepted;
    const { errno } = this;
    if (errno === Errno.EAGAIN || errno === Errno.EINTR || errno === Errno.ECONNABORTED) {
      return WOULD_BLOCK;
    }
    throw new SystemError("accept a connection", errno);
  }

  /** `recvmsg` into what a msghdr describes; bytes, 0 at the end, {@link WOULD_BLOCK}. */
  recvmsg(fd: number, msghdr: Bytes, flags: number): number {
    return this.#orWouldBlock(this.#symbols.recvmsg(fd, msghdr, flags), "receive a message");
  }

  /** `sendmsg` of what a msghdr describes; bytes, or {@link WOULD_BLOCK}. */
  sendmsg(fd: number, msghdr: Bytes, flags: number): number {
    return this.#orWouldBlock(this.#symbols.sendmsg(fd, msghdr, flags), "send a message");
  }

  /** Closes a file descriptor, if it is one: -1 is none. */
  close(fd: number): void {
    if (fd >= 0) this.#symbols.close(fd);
  }

  /** A new eventfd. */
  eventfd(): number {
    return this.#check(
      this.#symbols.eventfd(0, Linux.EFD_NONBLOCK | Linux.EFD_CLOEXEC),
      "make an eventfd",
    );
  }

  /** Takes the count of an eventfd, or 8 bytes of a pipe; false when its other end is closed. */
  takeEvent(fd: number): boolean {
    const num = this.#symbols.read(fd, this.#counter, EVENT_LEN);
    if (num > 0) return true;
    return num < 0 && (this.errno === Errno.EAGAIN || this.errno === Errno.EINTR);
  }

  /**
   * Signals an eventfd, or a pipe with exactly 8 bytes. One that is full has been signalled; that nobody
   * listens is for the connection to find out.
   */
  signal(fd: number): void {
    this.#symbols.write(fd, this.#one, EVENT_LEN);
  }

  /** Makes reads and writes of a file descriptor return instead of waiting. */
  setNonblocking(fd: number): void {
    const flags = this.#check(
      this.#symbols.fcntl(fd, Linux.F_GETFL, 0),
      "look at a file descriptor",
    );
    this.#check(this.#symbols.fcntl(fd, Linux.F_SETFL, flags | Linux.O_NONBLOCK), "change one");
  }

  /** Lets programs started from now on inherit a file descriptor, or no longer. */
  setInherited(fd: number, isInherited: boolean): void {
    const flags = isInherited ? 0 : Linux.FD_CLOEXEC;
    this.#check(this.#symbols.fcntl(fd, Linux.F_SETFD, flags), "change a file descriptor");
  }

  /** Waits until one of the file descriptors is ready, or so many ms, -1 for ever. Blocks the thread. */
  poll(pollfds: Bytes, num: number, timeoutMs: number): void {
    if (this.#symbols.poll(pollfds, BigInt(num), timeoutMs) >= 0) return;
    const { errno } = this;
    if (errno !== Errno.EINTR) throw new SystemError("poll", errno);
  }

  /** The same without blocking this thread; `pollfds` is another thread's until it resolves. */
  async pollAsync(pollfds: Bytes, num: number, timeoutMs: number): Promise<void> {
    const result = await this.#symbols.pollAsync(pollfds, BigInt(num), timeoutMs);
    // errno is the other thread's: whatever it was, a look without waiting tells.
    if (result < 0) this.poll(pollfds, num, 0);
  }

  /** Removes a file; whether there was one. */
  unlink(path: string): boolean {
    return this.#symbols.unlink(cString(path)) === 0;
  }

  /** What is behind a path, links not followed; null when there is nothing. */
  statusOf(path: string): FileStatus | null {
    return this.#statx(Linux.AT_FDCWD, path, Linux.AT_SYMLINK_NOFOLLOW);
  }

  /** What is behind a file descriptor. */
  statusOfFd(fd: number): FileStatus {
    const status = this.#statx(fd, "", Linux.AT_EMPTY_PATH);
    if (status === null) throw new SystemError("look at a file descriptor", this.errno);
    return status;
  }

  /** Whether a file can never become shorter. */
  isSealed(fd: number): boolean {
    const seals = this.#symbols.fcntl(fd, Linux.F_GET_SEALS, 0);
    return seals >= 0 && (seals & Linux.F_SEAL_SHRINK) !== 0;
  }

  /** Maps `len` bytes of a file from its start, shared, to read and write. */
  map(fd: number, len: number): Address {
    const address = this.#symbols.mmap(
      null,
      BigInt(len),
      Linux.PROT_READ_WRITE,
      Linux.MAP_SHARED,
      fd,
      0n,
    );
    if (address === null || Deno.UnsafePointer.value(address) === Linux.MAP_FAILED) {
      throw new SystemError(`map ${len} bytes`, this.errno);
    }
    return address;
  }

  /** Takes a mapping away. Nothing has views on it any more. */
  unmap(address: Address, len: number): void {
    this.#check(this.#symbols.munmap(address, BigInt(len)), `unmap ${len} bytes`);
  }

  /**
   * A buffer over part of a mapping. It owns nothing: it is detached before the mapping goes, with
   * {@link detach}.
   */
  buffer(address: Address, offset: number, len: number): ArrayBuffer {
    return Deno.UnsafePointerView.getArrayBuffer(address, len, offset);
  }

  /** The address of a buffer of at least 128 bytes; smaller ones may move. */
  addressOf(buffer: ArrayBuffer): bigint {
    if (buffer.byteLength < 128) {
      throw new RangeError(`Cannot take the address of ${buffer.byteLength} bytes: they may move`);
    }
    return Deno.UnsafePointer.value(Deno.UnsafePointer.of(buffer));
  }

  #statx(fd: number, path: string, flags: number): FileStatus | null {
    const status = this.#status;
    const into = new Uint8Array(status.buffer);
    const result = this.#symbols.statx(fd, cString(path), flags, Linux.STATX_BASIC_STATS, into);
    if (result !== 0) {
      if (this.errno === Errno.ENOENT) return null;
      throw new SystemError(`look at ${path}`, this.errno);
    }
    return {
      size: Number(status.getBigUint64(Statx.size, true)),
      blockSize: status.getUint32(Statx.blksize, true),
      isSocket: (status.getUint16(Statx.mode, true) & Linux.S_IFMT) === Linux.S_IFSOCK,
      identity: [
        status.getUint32(Statx.devMajor, true),
        status.getUint32(Statx.devMinor, true),
        status.getBigUint64(Statx.ino, true),
      ].join(":"),
    };
  }

  #check(result: number, doing: string): number {
    if (result < 0) throw new SystemError(doing, this.errno);
    return result;
  }

  #orWouldBlock(result: number, doing: string): number {
    if (result >= 0) return result;
    const { errno } = this;
    if (errno === Errno.EAGAIN || errno === Errno.EINTR) return WOULD_BLOCK;
    throw new SystemError(doing, errno);
  }
}

/**
 * Leaves all views on a buffer without bytes: what a forgotten one is used for fails then, and touches no
 * memory.
 */
export function detach(buffer: ArrayBuffer): void {
  buffer.transfer(0);
}

let opened: LibcResult | undefined;

/**
 * Opens the C library, once per thread.
 *
 * @example
 * ```ts
 * import { openLibc } from "./libc.ts";
 * const result = openLibc();
 * result.libc === null ? result.reason : result.libc.errno;
 * ```
 */
export function openLibc(): LibcResult {
  return opened ??= tryOpen();
}

/** @throws {Error} with the reason when there is no library */
export function requireLibc(): Libc {
  const result = openLibc();
  if (result.libc === null) throw new Error(`Cannot use vhost-user: ${result.reason}`);
  return result.libc;
}

function tryOpen(): LibcResult {
  if (typeof Deno === "undefined" || typeof Deno.dlopen !== "function") {
    return { libc: null, reason: "This runtime has no FFI" };
  }
  const { os, arch } = Deno.build;
  if (os !== "linux") return { libc: null, reason: `It needs Linux, and this is ${os} on ${arch}` };
  // Asked for beforehand: dlopen would ask whoever sits at the terminal.
  if (Deno.permissions.querySync({ name: "ffi" }).state !== "granted") {
    return { libc: null, reason: "FFI is not permitted; it takes all of --allow-ffi" };
  }
  try {
    return { libc: new Libc(Deno.dlopen(SONAME, SYMBOLS).symbols) };
  } catch (error) {
    return { libc: null, reason: error instanceof Error ? error.message : String(error) };
  }
}

function cString(text: string): Bytes {
  return new TextEncoder().encode(`${text}\0`);
}

function socketAddress(path: string): Bytes {
  const bytes = cString(path);
  if (bytes.length > SUN_PATH_LEN || path === "" || path.includes("\0")) {
    throw new RangeError(`Cannot use a socket's path of ${bytes.length - 1} bytes: ${path}`);
  }
  const address = new Uint8Array(2 + SUN_PATH_LEN);
  address[0] = Linux.AF_UNIX;
  address.set(bytes, 2);
  return address;
}
