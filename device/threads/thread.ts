/**
 * A device thread: takes queues that the thread with the sockets hands over, one at a time, and runs what
 * waits on them.
 *
 * @module
 */

import { type MessagePort, receiveMessageOnPort } from "node:worker_threads";
import type { AlgorithmSet } from "../algorithms/selection.ts";
import { BrokenRingError } from "../ring/broken_ring_error.ts";
import { DescriptorChain } from "../ring/descriptor_chain.ts";
import type { StartMessage, ThreadMessage, ThreadReport } from "./messages.ts";
import { ThreadRun, type TurnHost } from "./thread_run.ts";
import { openerBit, PoolWord, ThreadReady, ThreadWord, threadWords } from "./words.ts";

class DeviceThread implements TurnHost {
  readonly #words: Int32Array;
  readonly #at: number;
  readonly #port: MessagePort;
  readonly #opener: number;
  readonly #algorithms: AlgorithmSet;
  readonly #chain: DescriptorChain = new DescriptorChain();
  readonly #runs = new Map<number, ThreadRun>();

  constructor({ words, thread, port }: StartMessage, algorithms: AlgorithmSet) {
    this.#words = new Int32Array(words);
    this.#at = threadWords(thread);
    this.#port = port;
    this.#opener = openerBit(thread);
    this.#algorithms = algorithms;
  }

  get isWanted(): boolean {
    return Atomics.load(this.#words, PoolWord.WAITING) > 0 || this.#isStopped;
  }

  get #isStopped(): boolean {
    return Atomics.load(this.#words, PoolWord.STOP) !== 0;
  }

  tell(): void {
    Atomics.add(this.#words, PoolWord.EVENTS, 1);
    Atomics.notify(this.#words, PoolWord.EVENTS);
  }

  takeMessages(): void {
    let received = receiveMessageOnPort(this.#port);
    for (; received !== undefined; received = receiveMessageOnPort(this.#port)) {
      this.#take(received.message as ThreadMessage);
      Atomics.add(this.#words, this.#at + ThreadWord.NUM_TAKEN, 1);
    }
  }

  /** Serves until it is stopped. */
  async serve(): Promise<void> {
    const words = this.#words;
    Atomics.store(words, this.#at + ThreadWord.READY, ThreadReady.READY);
    this.tell();
    while (!this.#isStopped) {
      const bell = Atomics.load(words, this.#at + ThreadWord.DOORBELL);
      this.takeMessages();
      if (Atomics.load(words, this.#at + ThreadWord.BUSY) === 1) this.#turn();
      // Not Atomics.wait: a thread that sleeps in it cannot be terminated and keeps its process from
      // ending (Deno 2.9.6). Waking up costs some 15 us more this way, of 100 us.
      const next = Atomics.waitAsync(words, this.#at + ThreadWord.DOORBELL, bell);
      if (next.async) await next.value;
    }
    for (const [number, run] of this.#runs) this.#leave(number, run);
    Atomics.store(words, this.#at + ThreadWord.READY, ThreadReady.ENDED);
    this.tell();
  }

  #turn(): void {
    const words = this.#words;
    const number = Atomics.load(words, this.#at + ThreadWord.RUN);
    // A run that has been left meanwhile is not here any more.
    const run = this.#runs.get(number);
    try {
      const index = Atomics.load(words, this.#at + ThreadWord.QUEUE);
      this.#counting(run, () => run?.turn(index, this.#chain, this));
    } catch (error) {
      if (!(error instanceof BrokenRingError)) throw error;
      this.#report("broken", number, error.message);
    }
    Atomics.store(words, this.#at + ThreadWord.BUSY, 0);
    this.tell();
  }

  #take(message: ThreadMessage): void {
    const number = message.run;
    const run = this.#runs.get(number);
    switch (message.kind) {
      case "run":
        if (run !== undefined) run.update(message);
        else {
          const onFault = (fault: unknown) => this.#report("fault", number, String(fault));
          this.#runs.set(number, new ThreadRun(message, this.#algorithms, this.#opener, onFault));
          Atomics.store(this.#words, this.#at + ThreadWord.NUM_RUNS, this.#runs.size);
        }
        return;
      case "leave":
        this.#leave(number, run);
        return;
      case "sweep":
        this.#counting(run, () => run?.sweep());
        return;
    }
  }

  #leave(number: number, run: ThreadRun | undefined): void {
    this.#counting(run, () => {
      this.#runs.delete(number);
      run?.close();
    });
  }

  #report(kind: ThreadReport["kind"], run: number, reason: string): void {
    this.#port.postMessage({ kind, run, reason } satisfies ThreadReport);
  }

  // Runs a part of the thread that may open or close sessions of a run.
  #counting(run: ThreadRun | undefined, part: () => void): void {
    const before = run?.numSessions ?? 0;
    try {
      part();
    } finally {
      const change = (run?.numSessions ?? 0) - before;
      if (change !== 0) Atomics.add(this.#words, this.#at + ThreadWord.NUM_SESSIONS, change);
      Atomics.store(this.#words, this.#at + ThreadWord.NUM_RUNS, this.#runs.size);
    }
  }
}

/**
 * Makes this worker a device thread: its first message tells the rest.
 *
 * @param algorithmsOf what the thread computes with, from the first message
 */
export function runDeviceThread(algorithmsOf: (message: StartMessage) => AlgorithmSet): void {
  globalThis.addEventListener("message", (event) => {
    const message = (event as MessageEvent<StartMessage>).data;
    const thread = new DeviceThread(message, algorithmsOf(message));
    void thread.serve();
  }, { once: true });
}
