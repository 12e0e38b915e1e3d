/** Every way to break a split ring that virtio-core.md and wire.md, section 3, name. */

import { BUFFERS, INDIRECT, NEXT, RawRing, WRITE } from "./raw_ring.ts";

const TABLE = 0x40000;

/** How a ring of 8 is broken, in words and in deeds, and what the error says. */
export const BREAKAGES: readonly {
  readonly what: string;
  readonly says: RegExp;
  readonly breakIt: (ring: RawRing) => void;
}[] = [
  {
    what: "an index one more ahead than the queue is long",
    says: /avail\.idx is 9 ahead/,
    breakIt: (ring) => ring.availIdx(9),
  },
  {
    what: "an index that steps back",
    says: /avail\.idx is 65535 ahead/,
    breakIt: (ring) => ring.availIdx(0xffff),
  },
  {
    what: "a head beyond the queue",
    says: /head 8 in a queue of 8/,
    breakIt: (ring) => ring.offer(8),
  },
  {
    what: "a next beyond the queue",
    says: /next 8 in a queue of 8/,
    breakIt: (ring) => {
      ring.desc(0, { addr: BUFFERS, len: 1, flags: NEXT, next: 8 });
      ring.offer(0);
    },
  },
  {
    what: "a descriptor that is its own next",
    says: /chain of more than 8/,
    breakIt: (ring) => {
      ring.desc(3, { addr: BUFFERS, len: 1, flags: NEXT, next: 3 });
      ring.offer(3);
    },
  },
  {
    what: "a loop of two descriptors of length 0",
    says: /chain of more than 8/,
    breakIt: (ring) => {
      ring.desc(0, { flags: NEXT, next: 1 });
      ring.desc(1, { flags: NEXT, next: 0 });
      ring.offer(0);
    },
  },
  {
    what: "an address outside memory",
    says: /address 1048576 outside memory/,
    breakIt: (ring) => {
      ring.desc(0, { addr: 0x100000, len: 1 });
      ring.offer(0);
    },
  },
  {
    what: "a buffer that runs one byte out of memory",
    says: /outside memory/,
    breakIt: (ring) => {
      ring.desc(0, { addr: ring.region.end - 4, len: 5 });
      ring.offer(0);
    },
  },
  ...[2n ** 53n, 2n ** 53n + 1n, 2n ** 63n, 2n ** 64n - 1n, 2n ** 64n - 16n].map((addr) => ({
    what: `the address ${addr}`,
    says: /outside memory/,
    breakIt: (ring: RawRing) => {
      ring.desc(0, { addr, len: 16, flags: WRITE });
      ring.offer(0);
    },
  })),
  {
    what: "a readable descriptor behind a writable one",
    says: /readable descriptor behind a writable one/,
    breakIt: (ring) => {
      ring.desc(0, { addr: BUFFERS, len: 1, flags: WRITE | NEXT, next: 1 });
      ring.desc(1, { addr: BUFFERS, len: 1 });
      ring.offer(0);
    },
  },
  {
    what: "a readable descriptor behind a writable one of length 0",
    says: /readable descriptor behind a writable one/,
    breakIt: (ring) => {
      ring.desc(0, { flags: WRITE | NEXT, next: 1 });
      ring.desc(1, { addr: BUFFERS, len: 1 });
      ring.offer(0);
    },
  },
  {
    what: "a readable descriptor of length 0 behind a writable one",
    says: /readable descriptor behind a writable one/,
    breakIt: (ring) => {
      ring.desc(0, { addr: BUFFERS, len: 1, flags: WRITE | NEXT, next: 1 });
      ring.desc(1, {});
      ring.offer(0);
    },
  },
  {
    what: "a readable indirect descriptor behind a writable direct one",
    says: /readable descriptor behind a writable one/,
    breakIt: (ring) => {
      ring.desc(0, { addr: BUFFERS, len: 1, flags: WRITE | NEXT, next: 1 });
      ring.desc(1, { addr: TABLE, len: 16, flags: INDIRECT });
      ring.desc(0, { addr: BUFFERS, len: 1 }, TABLE);
      ring.offer(0);
    },
  },
  ...[0, 1, 15, 17, 24].map((len) => ({
    what: `an indirect table of ${len} bytes`,
    says: /indirect table of/,
    breakIt: (ring: RawRing) => {
      ring.desc(0, { addr: TABLE, len, flags: INDIRECT });
      ring.offer(0);
    },
  })),
  {
    what: "an indirect table that runs out of memory",
    says: /indirect table at \d+ outside memory/,
    breakIt: (ring) => {
      ring.desc(0, { addr: ring.region.end - 16, len: 32, flags: INDIRECT });
      ring.offer(0);
    },
  },
  {
    what: "an indirect table of 4 GiB less 16 bytes",
    says: /indirect table at \d+ outside memory/,
    breakIt: (ring) => {
      ring.desc(0, { addr: TABLE, len: 0xfffffff0, flags: INDIRECT });
      ring.offer(0);
    },
  },
  {
    what: "a nested indirect table",
    says: /nested indirect table/,
    breakIt: (ring) => {
      ring.desc(0, { addr: TABLE, len: 16, flags: INDIRECT });
      ring.desc(0, { addr: TABLE, len: 16, flags: INDIRECT }, TABLE);
      ring.offer(0);
    },
  },
  {
    what: "INDIRECT with NEXT",
    says: /INDIRECT with NEXT/,
    breakIt: (ring) => {
      ring.desc(0, { addr: TABLE, len: 16, flags: INDIRECT | NEXT, next: 1 });
      ring.desc(0, { addr: BUFFERS, len: 1 }, TABLE);
      ring.offer(0);
    },
  },
  {
    what: "a next beyond the indirect table",
    says: /next 2 in an indirect table of 2/,
    breakIt: (ring) => {
      ring.desc(0, { addr: TABLE, len: 32, flags: INDIRECT });
      ring.desc(0, { addr: BUFFERS, len: 1, flags: NEXT, next: 2 }, TABLE);
      ring.offer(0);
    },
  },
  {
    what: "a loop in an indirect table",
    says: /indirect chain of more than/,
    breakIt: (ring) => {
      ring.desc(0, { addr: TABLE, len: 64, flags: INDIRECT });
      ring.desc(0, { addr: BUFFERS, len: 1, flags: NEXT, next: 1 }, TABLE);
      ring.desc(1, { addr: BUFFERS, len: 1, flags: NEXT, next: 0 }, TABLE);
      ring.offer(0);
    },
  },
  {
    what: "an indirect chain of 1025 descriptors",
    says: /indirect chain of more than 1024/,
    breakIt: (ring) => offerIndirect(ring, 1025),
  },
];

/** Offers a chain of so many writable descriptors of one byte in an indirect table. */
export function offerIndirect(ring: RawRing, num: number): void {
  for (let i = 0; i < num; i++) {
    const next = i + 1 < num ? { flags: NEXT | WRITE, next: i + 1 } : { flags: WRITE };
    ring.desc(i, { addr: BUFFERS + i, len: 1, ...next }, TABLE);
  }
  ring.desc(0, { addr: TABLE, len: 16 * num, flags: INDIRECT });
  ring.offer(0);
}
