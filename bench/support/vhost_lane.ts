/**
 * Requests of one session over vhost-user, 64 in flight: the guest in this thread, the device in its own.
 */

import { strict as assert } from "node:assert";
import {
  type AlgorithmSet,
  CipherAlgo,
  Direction,
  Status,
  VhostUserServer,
  VirtioFeature,
} from "../../device/mod.ts";
import {
  build,
  cipherData,
  createCipherSession,
  parseSessionInput,
} from "../../device/wire/requests.ts";
import { PollSet } from "../../device/vhost_user/poll_set.ts";
import { FrontEnd } from "../../tests/kernel/front_end/front_end.ts";

/** Requests in flight at a time. */
export const DEPTH = 64;

const MODE = { mux: false, layout: "v19" } as const;
// Where src starts in R: buffers are placed so that it lies as a guest's pages would.
const SRC_AT = 88;

/** A guest whose driver sends the same request again and again, from buffers of its own for each in flight. */
export class VhostLane {
  readonly #server: VhostUserServer;
  readonly #directory: string;
  readonly #frontEnd: FrontEnd;
  readonly #set: PollSet;
  readonly #readableAt: number[] = [];
  readonly #writableAt: number[] = [];
  readonly #slotOf: Int32Array;
  readonly #readableLen: number;
  readonly #writableLen: number;

  private constructor(
    server: VhostUserServer,
    directory: string,
    frontEnd: FrontEnd,
    request: { readonly readable: Uint8Array; readonly writableLen: number },
  ) {
    this.#server = server;
    this.#directory = directory;
    this.#frontEnd = frontEnd;
    this.#set = new PollSet(frontEnd.libc, 1);
    this.#slotOf = new Int32Array(frontEnd.queueSize);
    this.#readableLen = request.readable.length;
    this.#writableLen = request.writableLen;
    const { memory } = frontEnd;
    const { region } = memory;
    let at = region.start + region.bytes.length / 4;
    const place = (len: number, lead: number) => {
      const address = Math.ceil(at / 64) * 64 + (64 - lead % 64) % 64;
      at = address + len;
      assert.ok(at <= region.end);
      return address;
    };
    for (let slot = 0; slot < DEPTH; slot++) {
      const readableAt = place(request.readable.length, SRC_AT);
      memory.store({ address: readableAt, len: request.readable.length }, request.readable);
      this.#readableAt.push(readableAt);
      this.#writableAt.push(place(request.writableLen, 0));
    }
  }

  /** Starts a device and a guest with one session. */
  static async start(
    algorithms: AlgorithmSet,
    key: Uint8Array,
    iv: Uint8Array,
    src: Uint8Array,
  ): Promise<VhostLane> {
    const directory = await Deno.makeTempDir({ prefix: "ringway-" });
    const path = `${directory}/socket`;
    const server = await VhostUserServer.start({
      algorithms,
      sockets: [path],
      unsealedSockets: [],
      queues: 1,
      maxSize: 4 << 20,
      maxSessions: 16,
      layout: "v19",
      onEvent: () => {},
    });
    const frontEnd = await FrontEnd.start(path, {
      queues: 1,
      accept: [VirtioFeature.RING_EVENT_IDX],
      memory: { len: 32 << 20 },
    });
    const op = Direction.ENCRYPT;
    const create = build(createCipherSession, { algo: CipherAlgo.AES_CBC, op, key }, MODE);
    const answer = await frontEnd.exchange(1, create.readable, create.writableLen);
    const { status, sessionId } = parseSessionInput(answer);
    assert.equal(status, Status.OK);
    const request = build(cipherData, { sessionId, op, iv, src }, MODE);
    return new VhostLane(server, directory, frontEnd, request);
  }

  /** Runs so many requests, at least as many as are in flight at a time. */
  run(num: number): void {
    const { queue } = this.#frontEnd.rings[0];
    let begun = 0;
    for (; begun < DEPTH; begun++) this.#begin(begun);
    this.#publish();
    for (let done = 0; done < num;) {
      const before = done;
      for (let head = queue.popUsed(); head >= 0; head = queue.popUsed()) {
        done++;
        if (begun < num) {
          this.#begin(this.#slotOf[head]);
          begun++;
        }
      }
      if (done > before) this.#publish();
      else if (!queue.enableInterrupt()) this.#wait();
    }
  }

  /** The last slot's result without its status, which was OK. */
  result(): Uint8Array {
    const address = this.#writableAt[DEPTH - 1];
    const written = this.#frontEnd.memory.load({ address, len: this.#writableLen });
    assert.equal(written[written.length - 1], Status.OK);
    return written.subarray(0, -1);
  }

  /** Ends it as far as that is done at once: a bench's end does not wait. */
  close(): void {
    this.#frontEnd.close();
    void this.#server.close();
    Deno.removeSync(this.#directory, { recursive: true });
  }

  #begin(slot: number): void {
    const { queue } = this.#frontEnd.rings[0];
    const head = queue.addPair(
      this.#readableAt[slot],
      this.#readableLen,
      this.#writableAt[slot],
      this.#writableLen,
    );
    this.#slotOf[head] = slot;
  }

  #publish(): void {
    if (this.#frontEnd.rings[0].queue.publish()) this.#frontEnd.kick(0);
  }

  #wait(): void {
    const { callFd } = this.#frontEnd.rings[0];
    this.#set.clear();
    this.#set.add(callFd);
    this.#set.wait(1000);
    this.#frontEnd.libc.takeEvent(callFd);
  }
}
