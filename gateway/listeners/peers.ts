/**
 * The other listeners of a gateway. A device made over HTTP stays with the listener that made it, and its id
 * tells which that is; a call that comes to another is handed on.
 *
 * Listeners talk by message ports that the main thread made: there is nothing that others could connect to.
 *
 * @module
 */

import { Callee, type Serve } from "./callee.ts";
import { Caller } from "./caller.ts";

/** Hexadecimal digits of an id that tell the listener, behind the random ones. */
const INDEX_DIGITS = 2;
/** Random digits of an id. */
const RANDOM_DIGITS = 32;

/** One listener's ends of its two channels to another. */
export interface PeerPorts {
  /** Calls that this listener hands on. */
  readonly out: MessagePort;
  /** Calls that the other hands on. */
  readonly in: MessagePort;
}

/** Makes the channels between two listeners. */
export function connectPeers(): [PeerPorts, PeerPorts] {
  const forth = new MessageChannel();
  const back = new MessageChannel();
  return [
    { out: forth.port1, in: back.port2 },
    { out: back.port1, in: forth.port2 },
  ];
}

/** See the module's comment. */
export class Peers {
  /** What the ids of this listener's devices end with; nothing when there is no other. */
  readonly idSuffix: string;
  /** Runs the calls that others hand on. */
  serve: Serve = () => new Response(null, { status: 503 });
  readonly #index: number;
  readonly #num: number;
  readonly #others = new Map<number, { caller: Caller; callee: Callee }>();

  constructor(index: number, numListeners: number) {
    this.#index = index;
    this.#num = numListeners;
    this.idSuffix = numListeners === 1 ? "" : index.toString(16).padStart(INDEX_DIGITS, "0");
  }

  /** Calls handed on, and run for others, that have not ended. */
  get numCalls(): number {
    let num = 0;
    for (const { caller, callee } of this.#others.values()) {
      num += caller.numPending + callee.numServed;
    }
    return num;
  }

  /** Another listener is there, perhaps in the place of one that has ended. */
  connect(index: number, ports: PeerPorts): void {
    this.lose(index);
    this.#others.set(index, {
      caller: new Caller(ports.out),
      callee: new Callee(ports.in, (request, owner) => this.serve(request, owner)),
    });
  }

  /** Another listener has ended, and its devices with it. */
  lose(index: number): void {
    const other = this.#others.get(index);
    if (other === undefined) return;
    this.#others.delete(index);
    other.caller.close();
    other.callee.close();
  }

  /**
   * Where the calls for a device go.
   *
   * @returns null when it is here if anywhere, undefined when its listener is not there
   */
  ownerOf(id: string): Caller | null | undefined {
    if (this.#num === 1 || id.length !== RANDOM_DIGITS + INDEX_DIGITS) return null;
    const digits = id.slice(RANDOM_DIGITS);
    const index = /^[0-9a-f]{2}$/.test(digits) ? parseInt(digits, 16) : this.#index;
    if (index === this.#index || index >= this.#num) return null;
    return this.#others.get(index)?.caller;
  }

  /** Ends all calls; nothing is handed on afterwards. */
  close(): void {
    for (const index of [...this.#others.keys()]) this.lose(index);
  }
}
