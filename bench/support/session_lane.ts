/**
 * Requests of one session over the rings of a device in this process, whatever their service.
 */

import { strict as assert } from "node:assert";
import {
  type AlgorithmSet,
  CryptoDevice,
  GuestMemory,
  type SplitDriverQueue,
  Status,
} from "../../device/mod.ts";
import { parseSessionInput, type Request } from "../../device/wire/requests.ts";
import { startUp } from "./layers.ts";

const BUFFERS = 1 << 18;

/** One session, and one request of it that is run again and again. */
export class SessionLane {
  readonly #device: CryptoDevice;
  readonly #ring: SplitDriverQueue;
  readonly #bytes: Uint8Array;
  readonly #readableAt: number;
  readonly #readableLen: number;
  readonly #writableAt: number;
  readonly #writableLen: number;
  readonly #num: number;

  /**
   * @param num requests in a batch, 512 at most
   * @param alignedAt position in R that lies on a multiple of 64, as a driver would place its data
   */
  constructor(
    algorithms: AlgorithmSet,
    create: Request,
    dataOf: (sessionId: number) => Request,
    num: number,
    alignedAt = 0,
  ) {
    const memory = new GuestMemory();
    // Room for the largest request of the benches, 1 MiB there and back.
    this.#bytes = new Uint8Array(new SharedArrayBuffer(BUFFERS + (3 << 20)));
    memory.add(0, this.#bytes);
    this.#num = num;
    const onFault = (fault: unknown) => assert.fail(String(fault));
    this.#device = new CryptoDevice({ memory, queues: 1, algorithms, onFault });
    const [data, control] = startUp(this.#device);
    this.#ring = data;

    this.#bytes.set(create.readable, BUFFERS);
    control.addPair(BUFFERS, create.readable.length, BUFFERS + 4096, create.writableLen);
    control.publish();
    this.#device.drain(1);
    const answer = parseSessionInput(this.#bytes.slice(BUFFERS + 4096, BUFFERS + 4112));
    assert.equal(answer.status, Status.OK);

    const request = dataOf(answer.sessionId);
    this.#readableAt = BUFFERS + (64 - alignedAt % 64) % 64;
    this.#bytes.set(request.readable, this.#readableAt);
    this.#readableLen = request.readable.length;
    this.#writableAt = BUFFERS + Math.ceil((64 + request.readable.length) / 64) * 64;
    this.#writableLen = request.writableLen;
  }

  /** Runs the batch. */
  run(): void {
    const ring = this.#ring;
    for (let i = 0; i < this.#num; i++) {
      ring.addPair(this.#readableAt, this.#readableLen, this.#writableAt, this.#writableLen);
    }
    ring.publish();
    this.#device.drain(0);
    while (ring.popUsed() >= 0);
  }

  /** The last result without its status, which was OK. */
  result(): Uint8Array {
    const written = this.#bytes.slice(this.#writableAt, this.#writableAt + this.#writableLen);
    assert.equal(written[written.length - 1], Status.OK);
    return written.subarray(0, -1);
  }

  close(): void {
    this.#device.close();
  }
}
