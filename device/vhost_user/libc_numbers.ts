/**
 * The C library in numbers: how its functions are called, and Linux's constants, which agree on x86-64 and
 * AArch64.
 *
 * @module
 */

/** Functions of the C library, as FFI declares them. */
export const SYMBOLS = {
  __errno_location: { parameters: [], result: "pointer" },
  socket: { parameters: ["i32", "i32", "i32"], result: "i32" },
  bind: { parameters: ["i32", "buffer", "u32"], result: "i32" },
  listen: { parameters: ["i32", "i32"], result: "i32" },
  connect: { parameters: ["i32", "buffer", "u32"], result: "i32" },
  accept4: { parameters: ["i32", "pointer", "pointer", "i32"], result: "i32" },
  // Lengths under 2^31: what comes back fits 32 bits, and a number is faster than a bigint.
  recvmsg: { parameters: ["i32", "buffer", "i32"], result: "i32" },
  sendmsg: { parameters: ["i32", "buffer", "i32"], result: "i32" },
  read: { parameters: ["i32", "buffer", "usize"], result: "i32" },
  write: { parameters: ["i32", "buffer", "usize"], result: "i32" },
  close: { parameters: ["i32"], result: "i32" },
  poll: { parameters: ["buffer", "usize", "i32"], result: "i32" },
  pollAsync: {
    name: "poll",
    parameters: ["buffer", "usize", "i32"],
    result: "i32",
    nonblocking: true,
  },
  eventfd: { parameters: ["u32", "i32"], result: "i32" },
  fcntl: { parameters: ["i32", "i32", "i32"], result: "i32" },
  fchmod: { parameters: ["i32", "u32"], result: "i32" },
  unlink: { parameters: ["buffer"], result: "i32" },
  statx: { parameters: ["i32", "buffer", "i32", "u32", "buffer"], result: "i32" },
  mmap: { parameters: ["pointer", "usize", "i32", "i32", "i32", "i64"], result: "pointer" },
  munmap: { parameters: ["pointer", "usize"], result: "i32" },
} as const;

/** The C library's name. */
export const SONAME = "libc.so.6";

/** Linux's constants, by their names there. */
export const Linux = {
  AF_UNIX: 1,
  SOCK_STREAM: 1,
  SOCK_NONBLOCK: 0o4000,
  SOCK_CLOEXEC: 0o2000000,
  EFD_NONBLOCK: 0o4000,
  EFD_CLOEXEC: 0o2000000,
  F_SETFD: 2,
  FD_CLOEXEC: 1,
  F_GETFL: 3,
  F_SETFL: 4,
  O_NONBLOCK: 0o4000,
  F_GET_SEALS: 1034,
  F_SEAL_SHRINK: 2,
  PROT_READ_WRITE: 3,
  MAP_SHARED: 1,
  MAP_FAILED: 0xffff_ffff_ffff_ffffn,
  AT_FDCWD: -100,
  AT_SYMLINK_NOFOLLOW: 0x100,
  AT_EMPTY_PATH: 0x1000,
  STATX_BASIC_STATS: 0x7ff,
  S_IFMT: 0o170000,
  S_IFSOCK: 0o140000,
} as const;

/** `struct statx`: what is read of its 256 bytes. */
export const Statx = {
  blksize: 4,
  mode: 28,
  ino: 32,
  size: 40,
  devMajor: 136,
  devMinor: 140,
  SIZE: 256,
} as const;

/** Bytes of the path in a `struct sockaddr_un`, its end included. */
export const SUN_PATH_LEN = 108;

/** Bytes that an eventfd is read and written with. */
export const EVENT_LEN = 8n;
