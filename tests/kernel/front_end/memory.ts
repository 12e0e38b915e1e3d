/**
 * The memory of a front-end's guest: a file that is mapped here and shared with the back-end, and buffers
 * in it with gaps between them.
 */

import { strict as assert } from "node:assert";
import { type Buffer, MemoryRegion } from "../../../device/mod.ts";
import { type Address, detach, requireLibc } from "../../../device/vhost_user/libc.ts";
import { MemRegion, MemTable } from "../../../device/vhost_user/protocol.ts";
import { memfd } from "./libc.ts";

/** How a guest's memory is made. */
export interface SharedMemoryOptions {
  /** Bytes. */
  readonly len?: number;
  readonly guestAddr?: number;
  readonly userAddr?: number;
  /** Where it begins in its file. */
  readonly mmapOffset?: number;
  readonly sealed?: boolean;
}

/** See the module's comment. */
export class SharedMemory {
  readonly fd: number;
  readonly region: MemoryRegion;
  readonly userAddr: number;
  readonly mmapOffset: number;
  readonly #address: Address;
  readonly #mappedLen: number;
  // Below are the rings.
  readonly #buffersAt: number;
  #next: number;

  constructor(options: SharedMemoryOptions = {}) {
    const { len = 8 << 20, guestAddr = 0x4000_0000, userAddr = 0x7f12_0000_0000 } = options;
    const { mmapOffset = 0x3000, sealed = true } = options;
    const libc = requireLibc();
    this.userAddr = userAddr;
    this.mmapOffset = mmapOffset;
    this.#mappedLen = mmapOffset + len;
    this.fd = memfd(this.#mappedLen, sealed);
    this.#address = libc.map(this.fd, this.#mappedLen);
    const buffer = libc.buffer(this.#address, mmapOffset, len);
    this.region = new MemoryRegion(guestAddr, new Uint8Array(buffer));
    this.#buffersAt = guestAddr + len / 4;
    this.#next = this.#buffersAt;
  }

  /** The front-end's own address of a guest's. */
  user(address: number): number {
    return address - this.region.start + this.userAddr;
  }

  /** A buffer of that length, at an odd address. */
  place(len: number): Buffer {
    const gap = 1 + (this.#next * 7) % 13;
    if (this.#next + gap + len > this.region.end) this.#next = this.#buffersAt;
    const address = this.#next + gap;
    assert.ok(address + len <= this.region.end, "The guest's memory is too small");
    this.#next = address + len;
    return { address, len };
  }

  store({ address }: Buffer, bytes: Uint8Array): void {
    this.region.bytes.set(bytes, address - this.region.start);
  }

  load({ address, len }: Buffer): Uint8Array {
    return this.region.bytes.slice(address - this.region.start, address - this.region.start + len);
  }

  close(): void {
    const libc = requireLibc();
    detach(this.region.bytes.buffer as ArrayBuffer);
    libc.unmap(this.#address, this.#mappedLen);
    libc.close(this.fd);
  }
}

/** A row of a memory table. */
export interface Row {
  readonly guestAddr: number;
  readonly size: number;
  readonly userAddr: number;
  readonly mmapOffset: number;
}

/** The row of a guest's memory. */
export function rowOf({ region, userAddr, mmapOffset }: SharedMemory): Row {
  return { guestAddr: region.start, size: region.bytes.length, userAddr, mmapOffset };
}

/** The payload of SET_MEM_TABLE, with room for `numRows` rows. */
export function memTable(rows: readonly Row[], numRows = rows.length): Uint8Array {
  const view = new DataView(new ArrayBuffer(MemTable.SIZE + numRows * MemRegion.SIZE));
  view.setUint32(MemTable.numRegions, rows.length, true);
  rows.slice(0, numRows).forEach((row, i) => {
    const at = MemTable.SIZE + i * MemRegion.SIZE;
    view.setBigUint64(at + MemRegion.guestAddr, BigInt(row.guestAddr), true);
    view.setBigUint64(at + MemRegion.size, BigInt(row.size), true);
    view.setBigUint64(at + MemRegion.userAddr, BigInt(row.userAddr), true);
    view.setBigUint64(at + MemRegion.mmapOffset, BigInt(row.mmapOffset), true);
  });
  return new Uint8Array(view.buffer);
}
