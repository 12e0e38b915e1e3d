/**
 * What a front-end needs of the C library and a back-end does not: memory to share, file descriptors to
 * send.
 */

import { requireLibc } from "../../../device/vhost_user/libc.ts";
import { Header, VERSION } from "../../../device/vhost_user/protocol.ts";

/** Whether front-ends exist here; elsewhere their tests are not registered. */
export const HAS_VHOST_USER: boolean = Deno.build.os === "linux";

const SYMBOLS = {
  memfd_create: { parameters: ["buffer", "u32"], result: "i32" },
  ftruncate: { parameters: ["i32", "i64"], result: "i32" },
  fcntl: { parameters: ["i32", "i32", "i32"], result: "i32" },
  pipe2: { parameters: ["buffer", "i32"], result: "i32" },
  socketpair: { parameters: ["i32", "i32", "i32", "buffer"], result: "i32" },
  shutdown: { parameters: ["i32", "i32"], result: "i32" },
  read: { parameters: ["i32", "buffer", "usize"], result: "i32" },
} as const;

const MFD_CLOEXEC = 1;
const MFD_ALLOW_SEALING = 2;
const F_ADD_SEALS = 1033;
const F_SEAL_SHRINK = 2;
const F_SEAL_GROW = 4;
const SOL_SOCKET = 1;
const SCM_RIGHTS = 1;
const O_NONBLOCK_CLOEXEC = 0o2004000;

function open(): Deno.DynamicLibrary<typeof SYMBOLS>["symbols"] {
  return Deno.dlopen("libc.so.6", SYMBOLS).symbols;
}

let symbols: ReturnType<typeof open> | undefined;

function check(result: number, doing: string): number {
  if (result < 0) throw new Error(`Cannot ${doing}: errno ${requireLibc().errno}`);
  return result;
}

/** A new memory file of that many bytes, which can become shorter unless it is sealed. */
export function memfd(len: number, sealed: boolean): number {
  symbols ??= open();
  const name = new TextEncoder().encode("front-end\0");
  const fd = check(symbols.memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING), "make memory");
  truncate(fd, len);
  if (sealed) check(symbols.fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW), "seal memory");
  return fd;
}

/** Gives a file another length. */
export function truncate(fd: number, len: number): void {
  symbols ??= open();
  check(symbols.ftruncate(fd, BigInt(len)), `truncate to ${len}`);
}

/** A pipe: where to read, where to write. */
export function pipe(): [number, number] {
  symbols ??= open();
  const fds = new Int32Array(2);
  check(symbols.pipe2(new Uint8Array(fds.buffer), O_NONBLOCK_CLOEXEC), "make a pipe");
  return [fds[0], fds[1]];
}

/** Bytes that wait in a pipe, up to 64. */
export function readPipe(fd: number): number {
  symbols ??= open();
  return symbols.read(fd, new Uint8Array(64), 64n);
}

/** A message of the front-end, as it stands on the socket. */
export function messageBytes(
  request: number,
  payload: Uint8Array,
  flags = 0,
  size = payload.length,
): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(Header.SIZE + payload.length);
  const view = new DataView(bytes.buffer);
  view.setUint32(Header.request, request, true);
  view.setUint32(Header.flags, flags | VERSION, true);
  view.setUint32(Header.size, size, true);
  bytes.set(payload, Header.SIZE);
  return bytes;
}

/** Sends bytes on a socket, file descriptors with them. */
export function sendBytes(fd: number, bytes: Uint8Array, fds: readonly number[] = []): void {
  const libc = requireLibc();
  const control = 128;
  const controlLen = fds.length === 0 ? 0 : 16 + fds.length * 4;
  const data = control + Math.ceil((16 + fds.length * 4) / 8) * 8;
  const view = new DataView(new ArrayBuffer(Math.max(256, data + bytes.length)));
  const address = libc.addressOf(view.buffer);
  new Uint8Array(view.buffer).set(bytes, data);
  view.setBigUint64(16, address + 64n, true);
  view.setBigUint64(24, 1n, true);
  view.setBigUint64(64, address + BigInt(data), true);
  view.setBigUint64(72, BigInt(bytes.length), true);
  if (fds.length > 0) {
    view.setBigUint64(32, address + BigInt(control), true);
    view.setBigUint64(40, BigInt(controlLen), true);
    view.setBigUint64(control, BigInt(controlLen), true);
    view.setInt32(control + 8, SOL_SOCKET, true);
    view.setInt32(control + 12, SCM_RIGHTS, true);
    fds.forEach((each, i) => view.setInt32(control + 16 + 4 * i, each, true));
  }
  const sent = libc.sendmsg(fd, new Uint8Array(view.buffer, 0, 56), 0x4000);
  if (sent !== bytes.length) throw new Error(`Cannot send ${bytes.length} bytes: ${sent} sent`);
}

/** Two sockets that are connected. */
export function socketPair(): [number, number] {
  symbols ??= open();
  const fds = new Int32Array(2);
  check(
    symbols.socketpair(1, 1 | O_NONBLOCK_CLOEXEC, 0, new Uint8Array(fds.buffer)),
    "make sockets",
  );
  return [fds[0], fds[1]];
}

/** Says that nothing more will be sent on a socket. */
export function endSending(fd: number): void {
  symbols ??= open();
  check(symbols.shutdown(fd, 1), "shut a socket down");
}
