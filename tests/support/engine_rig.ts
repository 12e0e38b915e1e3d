/**
 * An engine without rings: requests go in as bytes cut anyhow, and what every answer must keep to is
 * checked on each: lengths as promised, the status last, nothing else written.
 */

import { strict as assert } from "node:assert";
import { type Algorithm, AlgorithmSet, ALL_ALGORITHMS, Service, Status } from "../../device/mod.ts";
import { Engine } from "../../device/engine/engine.ts";
import { MemoryBytes } from "../../device/memory/memory_bytes.ts";
import { SegmentList } from "../../device/memory/segment_list.ts";
import {
  build,
  createAeadSession,
  createChainSession,
  createCipherSession,
  createHashSession,
  createMacSession,
  destroySession,
  parseSessionInput,
  type RequestFormat,
  type WireLayout,
  type WireMode,
} from "../../device/wire/requests.ts";
import { Random } from "./random.ts";

/** What W is filled with before the engine sees it. */
export const UNWRITTEN = 0xee;

/** What became of a data request. */
export interface DataAnswer {
  readonly usedLen: number;
  readonly status: number;
  /** The `used.len - 1` bytes in front of the status. */
  readonly result: Uint8Array;
  /** All of W. */
  readonly writable: Uint8Array;
}

/** How an engine under test is made. */
export interface EngineRigOptions {
  /** Whether MUX_MODE is negotiated; default true. */
  readonly mux?: boolean;
  /** Services whose stateless bit is negotiated; default all under MUX. */
  readonly stateless?: readonly number[];
  readonly layout?: WireLayout;
  readonly maxSize?: number;
  readonly maxSessions?: number;
  readonly algorithms?: readonly Algorithm[];
}

/** The builders of session creations, by what they are for. */
export const CREATE = {
  cipher: createCipherSession,
  chain: createChainSession,
  hash: createHashSession,
  mac: createMacSession,
  aead: createAeadSession,
} as const;

/** See the module's comment. */
export class EngineRig {
  readonly engine: Engine;
  readonly mode: WireMode;
  readonly faults: unknown[] = [];
  readonly #random: Random = new Random(7);

  constructor(options: EngineRigOptions = {}) {
    const { mux = true, layout = "v19", algorithms } = options;
    const stateless = options.stateless ?? (mux ? [0, 1, 2, 3] : []);
    this.mode = { mux, layout };
    this.engine = new Engine({
      algorithms: algorithms === undefined ? ALL_ALGORITHMS : new AlgorithmSet(algorithms),
      maxSize: options.maxSize ?? 4 << 20,
      maxSessions: options.maxSessions ?? 1024,
      layout,
      onFault: (fault) => this.faults.push(fault),
    });
    this.engine.negotiate({ mux, stateless: [0, 1, 2, 3].map((s) => stateless.includes(s)) });
  }

  /** Bytes in random pieces, each at an odd place among canaries. */
  cut(bytes: Uint8Array): { list: SegmentList; join: () => Uint8Array; check: () => void } {
    const list = new SegmentList();
    const pieces: { array: Uint8Array; start: number; len: number }[] = [];
    let at = 0;
    const cuts = this.#random.below(2) === 0 ? [bytes.length] : this.#random.cuts(bytes.length);
    for (const len of cuts) {
      const start = this.#random.below(9);
      const array = new Uint8Array(new SharedArrayBuffer(start + len + 4)).fill(0xc5);
      array.set(bytes.subarray(at, at + len), start);
      list.push(new MemoryBytes(array), start, len);
      pieces.push({ array, start, len });
      at += len;
    }
    const join = () => list.slice();
    const check = () => {
      for (const { array, start, len } of pieces) {
        const around = [...array.subarray(0, start), ...array.subarray(start + len)];
        assert.ok(around.every((byte) => byte === 0xc5), "Bytes outside a buffer were written");
      }
    };
    return { list, join, check };
  }

  /** Sends a request to a data queue. */
  data(readable: Uint8Array, writableLen: number): DataAnswer {
    const input = this.cut(readable);
    const output = this.cut(new Uint8Array(writableLen).fill(UNWRITTEN));
    const usedLen = this.engine.data(input.list, output.list);
    input.check();
    output.check();
    assert.deepEqual(input.join(), readable, "R was changed");
    const writable = output.join();
    const status = writable.at(-1) ?? NaN;
    const isOk = status === Status.OK;
    if (writableLen === 0) assert.equal(usedLen, 0);
    else if (!isOk) assert.equal(usedLen, 1);
    const rest = writable.subarray(Math.max(0, usedLen - 1), -1);
    if (this.faults.length === 0) {
      assert.ok(rest.every((byte) => byte === UNWRITTEN), "More was written than is told");
    }
    return { usedLen, status, result: writable.slice(0, Math.max(0, usedLen - 1)), writable };
  }

  /** Sends a request to the control queue. */
  control(readable: Uint8Array, writableLen: number): { usedLen: number; writable: Uint8Array } {
    const input = this.cut(readable);
    const output = this.cut(new Uint8Array(writableLen).fill(UNWRITTEN));
    const usedLen = this.engine.control(input.list, output.list);
    input.check();
    output.check();
    const writable = output.join();
    assert.ok(writable.subarray(usedLen).every((byte) => byte === UNWRITTEN), "Written too much");
    return { usedLen, writable };
  }

  /** Builds a data request, lets a test spoil it, and sends it. */
  run<Options>(
    format: RequestFormat<Options>,
    options: Options,
    spoil: (view: DataView) => void = () => {},
    writableLen?: number,
  ): DataAnswer {
    const request = build(format, options, this.mode);
    spoil(new DataView(request.readable.buffer));
    return this.data(request.readable, writableLen ?? request.writableLen);
  }

  /** Builds a control request, lets a test spoil it, and gives the status of its answer. */
  tryCreate<Options>(
    format: RequestFormat<Options>,
    options: Options,
    spoil: (view: DataView) => void = () => {},
  ): number {
    const request = build(format, options, this.mode);
    spoil(new DataView(request.readable.buffer));
    const { usedLen, writable } = this.control(request.readable, 16);
    assert.equal(usedLen, 16);
    const { status, sessionId } = parseSessionInput(writable);
    if (status !== Status.OK) assert.equal(sessionId, 0, "A session without success");
    return status;
  }

  /** Creates a session that must come to be. */
  create<Options>(format: RequestFormat<Options>, options: Options): number {
    const request = build(format, options, this.mode);
    const { status, sessionId } = parseSessionInput(this.control(request.readable, 16).writable);
    assert.equal(status, Status.OK, "The session was refused");
    return sessionId;
  }

  /** Destroys a session; the status of the answer. */
  destroy(service: number, sessionId: number): number {
    const request = build(destroySession, { service, sessionId }, this.mode);
    const { usedLen, writable } = this.control(request.readable, request.writableLen);
    assert.equal(usedLen, 8);
    return new DataView(writable.buffer).getUint32(0, true);
  }
}

/** Services by the names of {@link CREATE}. */
export const SERVICE_OF = {
  cipher: Service.CIPHER,
  chain: Service.CIPHER,
  hash: Service.HASH,
  mac: Service.MAC,
  aead: Service.AEAD,
} as const;
