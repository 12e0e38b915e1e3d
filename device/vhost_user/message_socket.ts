/**
 * Messages on a vhost-user socket, with the file descriptors that come along.
 *
 * @module
 */

import { type Libc, WOULD_BLOCK } from "./libc.ts";
import { Header, MAX_PAYLOAD, MAX_REGIONS, VERSION, VERSION_MASK } from "./protocol.ts";

/** The front-end does what vhost-user does not allow: its connection ends. */
export class ProtocolError extends Error {
  constructor(what: string) {
    super(what);
    this.name = "ProtocolError";
  }
}

/** One message as it has come. It is valid until the next one is received. */
export interface Message {
  readonly request: number;
  readonly flags: number;
  /** The payload. */
  readonly body: DataView<ArrayBuffer>;
  /** File descriptors. Whoever keeps one takes it out with `takeFd()`; the others are closed. */
  readonly fds: number[];
}

const MSG_CTRUNC = 0x8;
const MSG_DONTWAIT = 0x40;
const MSG_NOSIGNAL = 0x4000;
const MSG_CMSG_CLOEXEC = 0x40000000;
const SOL_SOCKET = 1;
const SCM_RIGHTS = 1;
const FD_SIZE = 4;

// One buffer holds all that recvmsg and sendmsg are told by address: msghdr, iovec, control data, payload.
const Msghdr = { name: 0, namelen: 8, iov: 16, iovlen: 24, control: 32, controllen: 40, flags: 48 };
const MSGHDR_SIZE = 56;
const IOV = 64;
const CONTROL = 128;
const CMSG_HEADER = 16;
const CONTROL_LEN = CMSG_HEADER + MAX_REGIONS * FD_SIZE;
const DATA = 256;
const DATA_LEN = Header.SIZE + MAX_PAYLOAD;

/** The socket of one connection. */
export class MessageSocket {
  readonly fd: number;
  readonly #libc: Libc;
  readonly #view: DataView<ArrayBuffer> = new DataView(new ArrayBuffer(DATA + DATA_LEN));
  readonly #msghdr: Uint8Array<ArrayBuffer>;
  readonly #data: Uint8Array<ArrayBuffer>;
  readonly #address: bigint;
  #received = 0;
  #fds: number[] = [];

  constructor(libc: Libc, fd: number) {
    this.#libc = libc;
    this.fd = fd;
    const { buffer } = this.#view;
    this.#msghdr = new Uint8Array(buffer, 0, MSGHDR_SIZE);
    this.#data = new Uint8Array(buffer, DATA, DATA_LEN);
    this.#address = libc.addressOf(buffer);
    this.#view.setBigUint64(Msghdr.iov, this.#address + BigInt(IOV), true);
    this.#view.setBigUint64(Msghdr.iovlen, 1n, true);
  }

  /**
   * Receives what has come of a message.
   *
   * @returns the message when it is whole, null while it is not, or the end of the connection
   * @throws {ProtocolError} when it can be none
   */
  receive(): Message | null | "end" {
    if (this.#received < Header.SIZE) {
      const state = this.#receiveUpTo(Header.SIZE);
      if (state !== "whole") return state;
    }
    const { buffer } = this.#view;
    const header = new DataView(buffer, DATA, Header.SIZE);
    const flags = header.getUint32(Header.flags, true);
    const size = header.getUint32(Header.size, true);
    const request = header.getUint32(Header.request, true);
    if ((flags & VERSION_MASK) !== VERSION) {
      throw new ProtocolError(`Message of version ${flags & VERSION_MASK}, want ${VERSION}`);
    }
    if (size > MAX_PAYLOAD) {
      throw new ProtocolError(`Request ${request} of ${size} bytes, ${MAX_PAYLOAD} at most`);
    }
    const state = this.#receiveUpTo(Header.SIZE + size);
    if (state !== "whole") return state;
    const fds = this.#fds;
    this.#received = 0;
    this.#fds = [];
    return { request, flags, fds, body: new DataView(buffer, DATA + Header.SIZE, size) };
  }

  /**
   * Sends a message.
   *
   * @param fd where to; this socket without it
   * @throws {ProtocolError} when the other side does not take it: it has left its answers unread
   */
  send(request: number, flags: number, payload: Uint8Array, fd = this.fd): void {
    const view = new DataView(
      new ArrayBuffer(Math.max(256, IOV + 16 + Header.SIZE + payload.length)),
    );
    const at = IOV + 16;
    view.setUint32(at + Header.request, request, true);
    view.setUint32(at + Header.flags, flags | VERSION, true);
    view.setUint32(at + Header.size, payload.length, true);
    new Uint8Array(view.buffer).set(payload, at + Header.SIZE);
    const address = this.#libc.addressOf(view.buffer);
    const len = Header.SIZE + payload.length;
    view.setBigUint64(Msghdr.iov, address + BigInt(IOV), true);
    view.setBigUint64(Msghdr.iovlen, 1n, true);
    view.setBigUint64(IOV, address + BigInt(at), true);
    view.setBigUint64(IOV + 8, BigInt(len), true);
    const msghdr = new Uint8Array(view.buffer, 0, MSGHDR_SIZE);
    const sent = this.#libc.sendmsg(fd, msghdr, MSG_DONTWAIT | MSG_NOSIGNAL);
    new Uint8Array(view.buffer).fill(0);
    if (sent !== len) throw new ProtocolError(`Request ${request}: the answer is not taken`);
  }

  /** Overwrites the message last received: it may have carried keys. */
  wipe(): void {
    this.#data.fill(0);
  }

  /** Closes the socket and what has come on it and not been taken. */
  close(): void {
    for (const fd of this.#fds) this.#libc.close(fd);
    this.#fds = [];
    this.wipe();
    this.#libc.close(this.fd);
  }

  #receiveUpTo(len: number): "whole" | null | "end" {
    while (this.#received < len) {
      const num = this.#receiveSome(len - this.#received);
      if (num === WOULD_BLOCK) return null;
      if (num === 0) {
        if (this.#received === 0) return "end";
        throw new ProtocolError(`Connection closed after ${this.#received} bytes of a message`);
      }
      this.#received += num;
    }
    return "whole";
  }

  #receiveSome(len: number): number {
    const view = this.#view;
    const base = this.#address;
    view.setBigUint64(IOV, base + BigInt(DATA + this.#received), true);
    view.setBigUint64(IOV + 8, BigInt(len), true);
    view.setBigUint64(Msghdr.control, base + BigInt(CONTROL), true);
    view.setBigUint64(Msghdr.controllen, BigInt(CONTROL_LEN), true);
    view.setUint32(Msghdr.flags, 0, true);
    const num = this.#libc.recvmsg(this.fd, this.#msghdr, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
    if (num === WOULD_BLOCK) return num;
    this.#takeFds(Number(view.getBigUint64(Msghdr.controllen, true)));
    if ((view.getUint32(Msghdr.flags, true) & MSG_CTRUNC) !== 0 || this.#fds.length > MAX_REGIONS) {
      throw new ProtocolError(`More than ${MAX_REGIONS} file descriptors in a message`);
    }
    return num;
  }

  #takeFds(controlLen: number): void {
    const view = this.#view;
    for (let at = CONTROL; at + CMSG_HEADER <= CONTROL + controlLen;) {
      const len = Number(view.getBigUint64(at, true));
      if (len < CMSG_HEADER) return;
      const isFds = view.getInt32(at + 8, true) === SOL_SOCKET &&
        view.getInt32(at + 12, true) === SCM_RIGHTS;
      for (let fd = at + CMSG_HEADER; isFds && fd + FD_SIZE <= at + len; fd += FD_SIZE) {
        this.#fds.push(view.getInt32(fd, true));
      }
      at += Math.ceil(len / 8) * 8;
    }
  }
}
