/**
 * The words that the thread with the sockets and the device threads share. All are read and written
 * with Atomics: what was written to device memory before a word changed is seen by who sees the change.
 *
 * @module
 */

/** Words of the pool: {@link PoolWord}, then {@link ThreadWord} of each thread. */
export const PoolWord = {
  /** Grows when a thread has something to tell. */
  EVENTS: 0,
  /** Queues that wait for a thread: while there are any, a turn has an end. */
  WAITING: 1,
  /** 1: threads end after the request they are at. */
  STOP: 2,
  SIZE: 16,
} as const;

/** Words of one thread, a cache line of its own. */
export const ThreadWord = {
  /** Grows when there is a message or a queue for the thread. */
  DOORBELL: 0,
  /** 1 while the thread has a queue: set with the two below, cleared by the thread. */
  BUSY: 1,
  /** Number of the run whose queue it is. */
  RUN: 2,
  QUEUE: 3,
  /** One of {@link ThreadReady}. */
  READY: 4,
  /** Runs, and sessions in them, that the thread holds. */
  NUM_RUNS: 5,
  NUM_SESSIONS: 6,
  /** Messages that the thread has taken. */
  NUM_TAKEN: 7,
  SIZE: 16,
} as const;

/** How far a thread is: it starts, takes queues, has ended. */
export const ThreadReady = { STARTING: 0, READY: 1, ENDED: 2 } as const;

/** Words of a run: {@link RunWord}, then {@link QueueWord} of each queue. */
export const RunWord = {
  /** 1: nothing of this run is to be done any more, and nothing written. */
  CLOSED: 0,
  /** Grows when memory, rings or the journal change; the news were sent before. */
  VERSION: 1,
  /** 1: somebody waits for requests to begin. */
  WATCHED: 2,
  SIZE: 4,
} as const;

/** Words of one queue of a run. */
export const QueueWord = {
  /** 1 while a thread has the queue, or is to have it; cleared by the thread. */
  AWAY: 0,
  /** Where the device stands in both rings: what it took is given back and published. */
  POSITION: 1,
  /** Index behind the last request that has been begun. */
  BEGUN: 2,
  /** 1: the thread gives the queue back after the request it is at. */
  STOP: 3,
  SIZE: 4,
} as const;

/** Where the words of a thread start. */
export function threadWords(thread: number): number {
  return PoolWord.SIZE + thread * ThreadWord.SIZE;
}

/** Where the words of a queue start. */
export function queueWords(queue: number): number {
  return RunWord.SIZE + queue * QueueWord.SIZE;
}

/**
 * A thread's bit in a session journal. Beyond 32 threads some share one, and are told of more ends of
 * sessions than concern them.
 */
export function openerBit(thread: number): number {
  return 1 << (thread % 32);
}
