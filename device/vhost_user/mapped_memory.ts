/**
 * The guest's memory, mapped from the files that a front-end has sent.
 *
 * What the mapping rests on: a page that the file no longer has is SIGBUS, an address that is no longer
 * mapped SIGSEGV, and neither can be caught. So the file cannot become shorter (F_SEAL_SHRINK), it is long
 * enough, and before a mapping goes its buffers are detached: a view forgotten somewhere has no bytes.
 *
 * @module
 */

import type { GuestMemory, MemoryRegion } from "../memory/guest_memory.ts";
import { type Address, detach, type Libc } from "./libc.ts";
import { ProtocolError } from "./message_socket.ts";
import { MAX_REGIONS, MemRegion, MemTable } from "./protocol.ts";

/** One row of a memory table, in bytes. */
export interface TableRow {
  readonly guestAddr: number;
  readonly size: number;
  /** Where the front-end has it: SET_VRING_ADDR's addresses are of this kind. */
  readonly userAddr: number;
  /** Where it begins in its file. */
  readonly mmapOffset: number;
}

interface Mapping {
  readonly address: Address;
  readonly len: number;
  readonly buffers: ArrayBuffer[];
  readonly regions: MemoryRegion[];
}

// Positions in a region stay 31-bit integers, V8's fast ones, however large the guest is. Nothing that a
// guest allocates in one piece crosses a multiple of this.
const CHUNK_LEN = 2 ** 31;
const REGION_ALIGNMENT = 16;
// Of one guest. A file may be larger than all memory there is: its mapping takes addresses from others.
const MAX_MEMORY_LEN = 2 ** 40;

/** Reads SET_MEM_TABLE. UML pads its table; what lies behind the last region is ignored. */
export function parseMemTable(body: DataView): TableRow[] {
  const num = body.getUint32(MemTable.numRegions, true);
  if (num < 1 || num > MAX_REGIONS) throw new ProtocolError(`Memory table of ${num} regions`);
  if (body.byteLength < MemTable.SIZE + num * MemRegion.SIZE) {
    throw new ProtocolError(`Memory table of ${num} regions in ${body.byteLength} bytes`);
  }
  return Array.from({ length: num }, (_, i) => {
    const at = MemTable.SIZE + i * MemRegion.SIZE;
    const u64 = (field: number) => Number(body.getBigUint64(at + field, true));
    return {
      guestAddr: u64(MemRegion.guestAddr),
      size: u64(MemRegion.size),
      userAddr: u64(MemRegion.userAddr),
      mmapOffset: u64(MemRegion.mmapOffset),
    };
  });
}

/** Memory of one guest. */
export class MappedMemory {
  readonly #libc: Libc;
  readonly #memory: GuestMemory;
  readonly #isUnsealed: boolean;
  #rows: readonly TableRow[] = [];
  #mappings: Mapping[] = [];

  /** @param isUnsealed whether files are taken that may become shorter */
  constructor(libc: Libc, memory: GuestMemory, isUnsealed: boolean) {
    this.#libc = libc;
    this.#memory = memory;
    this.#isUnsealed = isUnsealed;
  }

  /** Whether there is any. */
  get isMapped(): boolean {
    return this.#mappings.length > 0;
  }

  /**
   * Maps a table in place of the one before. The file descriptors remain the caller's.
   *
   * @throws {ProtocolError} when a row cannot be; what has been mapped before it is gone with {@link unmap}
   */
  map(rows: readonly TableRow[], fds: readonly number[]): void {
    if (fds.length !== rows.length) {
      throw new ProtocolError(
        `${fds.length} file descriptors for ${rows.length} regions of memory`,
      );
    }
    const len = rows.reduce((sum, { size, mmapOffset }) => sum + size + mmapOffset, 0);
    if (len > MAX_MEMORY_LEN) throw new ProtocolError(`Memory of ${len} bytes, over 1 TiB`);
    this.unmap();
    rows.forEach((row, i) => this.#mapRow(row, fds[i]));
    this.#rows = rows;
  }

  /** The guest's address of one of the front-end's. */
  guestAddress(userAddr: number): number {
    const row = this.#rows.find((each) =>
      userAddr >= each.userAddr && userAddr < each.userAddr + each.size
    );
    if (row === undefined) throw new ProtocolError(`Ring at ${userAddr} outside the memory table`);
    return row.guestAddr + userAddr - row.userAddr;
  }

  /** Takes all of it away. */
  unmap(): void {
    for (const { address, len, buffers, regions } of this.#mappings) {
      for (const region of regions) this.#memory.remove(region);
      for (const buffer of buffers) detach(buffer);
      this.#libc.unmap(address, len);
    }
    this.#mappings = [];
    this.#rows = [];
  }

  #mapRow(row: TableRow, fd: number): void {
    const { guestAddr, size, userAddr, mmapOffset } = row;
    const fits = [mmapOffset + size, guestAddr + size, userAddr + size].every(Number.isSafeInteger);
    const isAligned = guestAddr % REGION_ALIGNMENT === 0 && mmapOffset % REGION_ALIGNMENT === 0;
    if (size === 0 || !fits || !isAligned) {
      throw new ProtocolError(`Memory of ${size} bytes at ${guestAddr}, ${mmapOffset} in its file`);
    }
    // The seal first: a file that has it only grows from then on.
    if (!this.#isUnsealed && !this.#libc.isSealed(fd)) {
      throw new ProtocolError("Memory that could be truncated: it has no F_SEAL_SHRINK");
    }
    const file = this.#libc.statusOfFd(fd);
    if (file.size < mmapOffset + size) {
      throw new ProtocolError(`Memory up to ${mmapOffset + size} in a file of ${file.size} bytes`);
    }
    const len = Math.ceil((mmapOffset + size) / file.blockSize) * file.blockSize;
    const mapping = { address: this.#libc.map(fd, len), len, buffers: [], regions: [] };
    this.#mappings.push(mapping);
    this.#addRegions(mapping, row);
  }

  #addRegions({ address, buffers, regions }: Mapping, row: TableRow): void {
    const { guestAddr, size, mmapOffset } = row;
    const end = guestAddr + size;
    for (let at = guestAddr; at < end;) {
      const next = Math.min(end, (Math.floor(at / CHUNK_LEN) + 1) * CHUNK_LEN);
      const buffer = this.#libc.buffer(address, mmapOffset + at - guestAddr, next - at);
      buffers.push(buffer);
      try {
        regions.push(this.#memory.add(at, new Uint8Array(buffer)));
      } catch (error) {
        throw error instanceof RangeError ? new ProtocolError(error.message) : error;
      }
      at = next;
    }
  }
}
