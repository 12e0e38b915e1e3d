/**
 * A vhost-user front-end with its guest's driver: what QEMU or User-Mode Linux and their kernel would be.
 */

import { strict as assert } from "node:assert";
import {
  FeatureSet,
  MAX_DATA_QUEUES,
  placeQueue,
  SplitDriverQueue,
  VirtioFeature,
} from "../../../device/mod.ts";
import { type Libc, requireLibc } from "../../../device/vhost_user/libc.ts";
import { type Message, MessageSocket } from "../../../device/vhost_user/message_socket.ts";
import { PollSet } from "../../../device/vhost_user/poll_set.ts";
import {
  FrontEndRequest,
  type FrontEndRequestName,
  HeaderFlag,
  PROTOCOL_FEATURES_BIT,
  ProtocolFeature,
  VringAddr,
} from "../../../device/vhost_user/protocol.ts";
import { messageBytes, sendBytes, socketPair } from "./libc.ts";
import { memTable, rowOf, SharedMemory, type SharedMemoryOptions } from "./memory.ts";

/** How a front-end starts up. */
export interface FrontEndOptions {
  /** Data queues that are set up; the control queue comes on top. Default 2, as the devices have. */
  readonly queues?: number;
  readonly queueSize?: number;
  /** Bits of the features accepted besides VERSION_1. */
  readonly accept?: readonly number[];
  /** Bits of the protocol features accepted. */
  readonly protocol?: readonly number[];
  readonly memory?: SharedMemoryOptions;
}

/** Protocol features that a front-end accepts which uses all there is but sessions by message. */
export const USUAL_PROTOCOL: readonly number[] = [
  ProtocolFeature.MQ,
  ProtocolFeature.REPLY_ACK,
  ProtocolFeature.BACKEND_REQ,
  ProtocolFeature.CONFIG,
];

// How long anything may take before a test has failed.
const PATIENCE_MS = 20_000;
const UNWRITTEN = 0xee;

/** What became of one request. */
export interface Outcome {
  readonly usedLen: number;
  /** All of W as it stands in memory. */
  readonly writable: Uint8Array;
}

interface Ring {
  readonly kickFd: number;
  readonly callFd: number;
  readonly errFd: number;
  queue: SplitDriverQueue;
  readonly pending: Map<number, (usedLen: number) => void>;
}

/** See the module's comment. */
export class FrontEnd {
  readonly libc: Libc = requireLibc();
  readonly rings: Ring[] = [];
  readonly memory: SharedMemory;
  readonly controlQueue: number;
  readonly queueSize: number;
  /** Where the back-end sends its requests; -1 without BACKEND_REQ. */
  backendSocket: MessageSocket | null = null;
  readonly #options: FrontEndOptions;
  readonly #socket: MessageSocket;
  readonly #set: PollSet = new PollSet(this.libc, MAX_DATA_QUEUES + 4);
  #pumping: Promise<void> | null = null;

  private constructor(path: string, options: FrontEndOptions) {
    this.#options = options;
    this.controlQueue = options.queues ?? 2;
    this.queueSize = options.queueSize ?? 256;
    this.memory = new SharedMemory(options.memory);
    const fd = this.libc.socket();
    this.#socket = new MessageSocket(this.libc, fd);
    const errno = this.libc.connect(fd, path);
    if (errno !== 0) {
      this.close();
      throw new Error(`Cannot connect to ${path}: errno ${errno}`);
    }
  }

  /** Connects, and says nothing yet. */
  static connect(path: string, options: FrontEndOptions = {}): FrontEnd {
    return new FrontEnd(path, options);
  }

  /** Connects and starts the device up. */
  static async start(path: string, options: FrontEndOptions = {}): Promise<FrontEnd> {
    const frontEnd = new FrontEnd(path, options);
    try {
      await frontEnd.startUp();
      return frontEnd;
    } catch (error) {
      frontEnd.close();
      throw error;
    }
  }

  get socketFd(): number {
    return this.#socket.fd;
  }

  /** Sends a request. */
  send(
    name: FrontEndRequestName,
    payload: Uint8Array = NOTHING,
    fds: readonly number[] = [],
    flags = 0,
  ): void {
    sendBytes(this.socketFd, messageBytes(FrontEndRequest[name], payload, flags), fds);
  }

  /** Sends a request that has an answer, and gives the answer's payload. */
  async ask(
    name: FrontEndRequestName,
    payload: Uint8Array = NOTHING,
    fds: readonly number[] = [],
    flags = 0,
  ): Promise<Uint8Array> {
    this.send(name, payload, fds, flags);
    const answer = await this.receive();
    assert.ok(answer !== "end", `Connection ended instead of an answer to ${name}`);
    assert.equal(answer.request, FrontEndRequest[name]);
    assert.equal(answer.flags & HeaderFlag.REPLY, HeaderFlag.REPLY);
    const { buffer, byteOffset, byteLength } = answer.body;
    return new Uint8Array(buffer, byteOffset, byteLength).slice();
  }

  /** Sends a request and waits until it is acknowledged (REPLY_ACK). */
  async acknowledged(
    name: FrontEndRequestName,
    payload: Uint8Array = NOTHING,
    fds: readonly number[] = [],
  ): Promise<void> {
    const answer = await this.ask(name, payload, fds, HeaderFlag.NEED_REPLY);
    assert.deepEqual(answer, u64(0));
  }

  /** The back-end's next message, or the end of the connection. */
  async receive(socket: MessageSocket = this.#socket): Promise<Message | "end"> {
    const set = new PollSet(this.libc, 1);
    const deadline = performance.now() + PATIENCE_MS;
    for (;;) {
      const message = await receiveOrEnd(socket);
      if (message !== null) return message;
      assert.ok(performance.now() < deadline, "The back-end does not answer");
      set.clear();
      set.add(socket.fd);
      await set.waitAsync(1000);
    }
  }

  /** Waits until the back-end has closed the connection. */
  async ended(): Promise<void> {
    for (let num = 0; num < 1000; num++) if (await this.receive() === "end") return;
    assert.fail("The back-end goes on talking");
  }

  async startUp(): Promise<void> {
    const { protocol = USUAL_PROTOCOL } = this.#options;
    this.send("SET_OWNER");
    await this.ask("GET_FEATURES");
    await this.ask("GET_PROTOCOL_FEATURES");
    this.send("SET_PROTOCOL_FEATURES", u64(FeatureSet.of(protocol).low));
    if (protocol.includes(ProtocolFeature.BACKEND_REQ)) this.#openBackendSocket();
    this.setFeatures();
    this.setMemory();
    for (let i = 0; i <= this.controlQueue; i++) this.setUpRing(i);
    // When this is answered, all before it has been done.
    await this.ask("GET_QUEUE_NUM");
  }

  setFeatures(accept: readonly number[] = this.#options.accept ?? []): void {
    const bits = [...accept, VirtioFeature.VERSION_1, PROTOCOL_FEATURES_BIT];
    const { low, high } = FeatureSet.of(bits);
    this.send("SET_FEATURES", u64(low, high));
  }

  setMemory(memory: SharedMemory = this.memory): void {
    this.send("SET_MEM_TABLE", memTable([rowOf(memory)]), [memory.fd]);
  }

  /** Places a ring in the memory and lets it run. */
  setUpRing(index: number, base = 0): void {
    const { queue } = this.#layOut(index);
    const libc = this.libc;
    const ring = this.rings[index] ??= {
      kickFd: libc.eventfd(),
      callFd: libc.eventfd(),
      errFd: libc.eventfd(),
      queue,
      pending: new Map(),
    };
    ring.queue = queue;
    this.send("SET_VRING_CALL", u64(index), [ring.callFd]);
    this.send("SET_VRING_ERR", u64(index), [ring.errFd]);
    this.send("SET_VRING_NUM", pair(index, this.queueSize));
    this.send("SET_VRING_BASE", pair(index, base));
    this.send("SET_VRING_ADDR", this.ringAddresses(index));
    this.send("SET_VRING_KICK", u64(index), [ring.kickFd]);
    const { protocol = USUAL_PROTOCOL } = this.#options;
    if (!protocol.includes(ProtocolFeature.CRYPTO_SESSION)) {
      this.send("SET_VRING_ENABLE", pair(index, 1));
    }
  }

  /** The payload of SET_VRING_ADDR. */
  ringAddresses(index: number, memory = this.memory): Uint8Array {
    const { addresses } = placeQueue(this.#ringAt(index, memory), this.queueSize);
    const view = new DataView(new ArrayBuffer(VringAddr.SIZE));
    view.setUint32(VringAddr.index, index, true);
    view.setBigUint64(VringAddr.descUserAddr, BigInt(memory.user(addresses.desc)), true);
    view.setBigUint64(VringAddr.availUserAddr, BigInt(memory.user(addresses.driver)), true);
    view.setBigUint64(VringAddr.usedUserAddr, BigInt(memory.user(addresses.device)), true);
    return new Uint8Array(view.buffer);
  }

  /** Where the parts of a ring lie, as the guest has them. */
  ringParts(index: number): { desc: number; driver: number; device: number } {
    return placeQueue(this.#ringAt(index, this.memory), this.queueSize).addresses;
  }

  kick(queue: number): void {
    this.libc.signal(this.rings[queue].kickFd);
  }

  /** Puts a request on a ring, its bytes in another memory if need be; its outcome is the promise's. The caller kicks. */
  begin(
    queue: number,
    readable: Uint8Array,
    writableLen: number,
    memory = this.memory,
  ): Promise<Outcome> {
    const ring = this.rings[queue];
    const input = memory.place(readable.length);
    const output = memory.place(writableLen);
    memory.store(input, readable);
    memory.store(output, new Uint8Array(writableLen).fill(UNWRITTEN));
    const head = ring.queue.addPair(input.address, input.len, output.address, output.len);
    assert.ok(head >= 0, "The ring is full");
    return new Promise((resolve) => {
      ring.pending.set(
        head,
        (usedLen) => resolve({ usedLen, writable: memory.load(output) }),
      );
    });
  }

  /** Runs a request and waits for what becomes of it. */
  async submit(queue: number, readable: Uint8Array, writableLen: number): Promise<Outcome> {
    const outcome = this.begin(queue, readable, writableLen);
    if (this.rings[queue].queue.publish()) this.kick(queue);
    void this.pump();
    return await outcome;
  }

  /** The same for runJobs(): what was written, its status last. */
  async exchange(queue: number, readable: Uint8Array, writableLen: number): Promise<Uint8Array> {
    const { usedLen, writable } = await this.submit(queue, readable, writableLen);
    if (queue !== this.controlQueue && usedLen > 0) {
      writable[usedLen - 1] = writable[writableLen - 1];
    }
    return writable.slice(0, usedLen);
  }

  /** Takes completions until none is waited for. */
  pump(): Promise<void> {
    return this.#pumping ??= this.#pump();
  }

  /** Takes what has been completed; whether anything is still waited for. */
  collect(): boolean {
    let isWaiting = false;
    for (const { queue, pending } of this.rings) {
      do {
        for (let head = queue.popUsed(); head >= 0; head = queue.popUsed()) {
          pending.get(head)?.(queue.usedLen);
          pending.delete(head);
        }
      } while (queue.enableInterrupt());
      isWaiting ||= pending.size > 0;
    }
    return isWaiting;
  }

  /** Vanishes: the socket is closed first, as by the kernel after a crash. */
  close(): void {
    this.#socket.close();
    this.backendSocket?.close();
    for (const { kickFd, callFd, errFd } of this.rings) {
      for (const fd of [kickFd, callFd, errFd]) this.libc.close(fd);
    }
    this.rings.length = 0;
    this.memory.close();
  }

  async #pump(): Promise<void> {
    const set = this.#set;
    const deadline = performance.now() + PATIENCE_MS;
    // Those who submit in one turn of the event loop wait together.
    await Promise.resolve();
    try {
      while (this.collect()) {
        assert.ok(performance.now() < deadline, "The device does not answer");
        set.clear();
        for (const { callFd } of this.rings) set.add(callFd);
        await set.waitAsync(1000);
        for (const { callFd } of this.rings) this.libc.takeEvent(callFd);
      }
    } finally {
      // In the same step as the last look: who submits after it starts anew.
      this.#pumping = null;
    }
  }

  #openBackendSocket(): void {
    const [ours, theirs] = socketPair();
    this.send("SET_BACKEND_REQ_FD", NOTHING, [theirs]);
    this.libc.close(theirs);
    this.backendSocket = new MessageSocket(this.libc, ours);
  }

  #layOut(index: number): { queue: SplitDriverQueue } {
    const { region } = this.memory;
    const at = this.#ringAt(index, this.memory);
    const { addresses, len } = placeQueue(at, this.queueSize);
    region.bytes.fill(0, at - region.start, at - region.start + len);
    const eventIdx = (this.#options.accept ?? []).includes(VirtioFeature.RING_EVENT_IDX);
    return { queue: new SplitDriverQueue(region, addresses, this.queueSize, eventIdx) };
  }

  #ringAt(index: number, memory: SharedMemory): number {
    const { len } = placeQueue(0, this.queueSize);
    return memory.region.start + index * Math.ceil(len / 4096) * 4096;
  }
}

const NOTHING: Uint8Array = new Uint8Array(0);

// A reset is an end too: what was sent last has not been read.
async function receiveOrEnd(socket: MessageSocket): Promise<Message | "end" | null> {
  await Promise.resolve();
  try {
    return socket.receive();
  } catch (error) {
    if (error instanceof Error && error.message.includes("ECONNRESET")) return "end";
    throw error;
  }
}

/** A `u64` payload. */
export function u64(low: number, high = 0): Uint8Array {
  return pair(low, high);
}

/** Two `u32`. */
export function pair(first: number, second: number): Uint8Array {
  return new Uint8Array(new Uint32Array([first, second]).buffer);
}
