import { strict as assert } from "node:assert";
import { VirtqDesc } from "../../../device/wire/structs.ts";
import { FrontEnd } from "../../kernel/front_end/front_end.ts";
import { readPipe } from "../../kernel/front_end/libc.ts";
import { encrypts, openSession } from "./requests.ts";
import { serveVhost, vhostTest } from "./support.ts";

interface Breakage {
  readonly name: string;
  readonly reason: RegExp;
  /** Publishes something malformed on queue 0. */
  publish(ring: RawRing): void;
}

interface Descriptor {
  readonly address: number;
  readonly len: number;
  readonly flags?: number;
  readonly next?: number;
}

// Writes a ring's words as a hostile driver could.
class RawRing {
  readonly #view: DataView;
  readonly #parts: { desc: number; driver: number };
  readonly start: number;
  readonly end: number;

  constructor(frontEnd: FrontEnd) {
    const { region } = frontEnd.memory;
    const { desc, driver } = frontEnd.ringParts(0);
    this.#view = region.view;
    this.#parts = { desc: desc - region.start, driver: driver - region.start };
    this.start = region.start;
    this.end = region.end;
  }

  /** Somewhere to put things. */
  get free(): number {
    return this.start + (this.end - this.start) / 2;
  }

  descriptor(index: number, { address, len, flags = 0, next = 0 }: Descriptor): void {
    this.entry(this.#parts.desc + index * VirtqDesc.SIZE + this.start, {
      address,
      len,
      flags,
      next,
    });
  }

  entry(at: number, { address, len, flags = 0, next = 0 }: Descriptor): void {
    const view = this.#view;
    const offset = at - this.start;
    view.setBigUint64(offset + VirtqDesc.addr, BigInt(address), true);
    view.setUint32(offset + VirtqDesc.len, len, true);
    view.setUint16(offset + VirtqDesc.flags, flags, true);
    view.setUint16(offset + VirtqDesc.next, next, true);
  }

  publish(idx: number, head: number): void {
    this.#view.setUint16(this.#parts.driver + 4, head, true);
    this.#view.setUint16(this.#parts.driver + 2, idx, true);
  }
}

const NEXT = 1;
const WRITE = 2;
const INDIRECT = 4;

const BREAKAGES: readonly Breakage[] = [
  {
    name: "An index ahead of the ring",
    reason: /avail\.idx is 5000 ahead in a queue of 256$/,
    publish: (ring) => ring.publish(5000, 0),
  },
  {
    name: "A head beyond the ring",
    reason: /head 256 in a queue of 256$/,
    publish: (ring) => ring.publish(1, 256),
  },
  {
    name: "A chain that loops",
    reason: /chain of more than 256 descriptors$/,
    publish: (ring) => {
      ring.descriptor(0, { address: ring.free, len: 1, flags: NEXT, next: 0 });
      ring.publish(1, 0);
    },
  },
  {
    name: "A next beyond the ring",
    reason: /next 300 in a queue of 256$/,
    publish: (ring) => {
      ring.descriptor(0, { address: ring.free, len: 1, flags: NEXT, next: 300 });
      ring.publish(1, 0);
    },
  },
  {
    name: "An address below the guest's memory",
    reason: /address 4096 outside memory$/,
    publish: (ring) => {
      ring.descriptor(0, { address: 4096, len: 16 });
      ring.publish(1, 0);
    },
  },
  {
    name: "A buffer that runs out of the guest's memory",
    reason: /address \d+ outside memory$/,
    publish: (ring) => {
      ring.descriptor(0, { address: ring.end - 8, len: 16, flags: WRITE });
      ring.publish(1, 0);
    },
  },
  {
    name: "An address that wraps",
    reason: /address 184467440737095\d+ outside memory$/,
    publish: (ring) => {
      ring.descriptor(0, { address: 2 ** 64 - 2048, len: 4096 });
      ring.publish(1, 0);
    },
  },
  {
    name: "A readable descriptor behind a writable one",
    reason: /readable descriptor behind a writable one$/,
    publish: (ring) => {
      ring.descriptor(0, { address: ring.free, len: 1, flags: WRITE | NEXT, next: 1 });
      ring.descriptor(1, { address: ring.free, len: 1 });
      ring.publish(1, 0);
    },
  },
  {
    name: "An indirect table outside the guest's memory",
    reason: /indirect table at 64 outside memory$/,
    publish: (ring) => {
      ring.descriptor(0, { address: 64, len: 32, flags: INDIRECT });
      ring.publish(1, 0);
    },
  },
  {
    name: "An indirect table within another",
    reason: /nested indirect table$/,
    publish: (ring) => {
      ring.entry(ring.free, { address: ring.free, len: 16, flags: INDIRECT });
      ring.descriptor(0, { address: ring.free, len: 16, flags: INDIRECT });
      ring.publish(1, 0);
    },
  },
  {
    name: "A buffer larger than the guest's memory",
    reason: /outside memory$/,
    publish: (ring) => {
      ring.descriptor(0, { address: ring.start, len: 0xffff_ffff });
      ring.publish(1, 0);
    },
  },
];

vhostTest(
  "A broken ring ends its connection alone, and its front-end is told before",
  async (context) => {
    await using host = await serveVhost();
    const unharmed = await FrontEnd.start(host.otherPath);
    const sessionId = await openSession(unharmed);
    for (const { name, reason, publish } of BREAKAGES) {
      await context.step(name, async () => {
        const frontEnd = await FrontEnd.start(host.path);
        const { errFd } = frontEnd.rings[0];

        publish(new RawRing(frontEnd));
        frontEnd.kick(0);
        await frontEnd.ended();
        const isToldOfError = readPipe(errFd) === 8;
        await encrypts(unharmed, sessionId);

        frontEnd.close();
        const told = await host.nextReason();
        assert.match(told, reason);
        assert.ok(told.startsWith("Cannot go on with the ring: "));
        assert.ok(isToldOfError);
      });
    }
    unharmed.close();
  },
);
