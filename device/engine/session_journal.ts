/**
 * What the sessions of one device were made of, in shared memory: engines of other threads open them
 * from here, the moment their creation has completed.
 *
 * One thread writes, the one that runs the control queue. Others read, and may do so while it writes:
 * an entry's sequence number tells whether it changed meanwhile.
 *
 * @module
 */

/** Words in front of the entries: how many sessions have ended, then the slots of the last of them. */
const NUM_ENDED = 0;
const ENDED_LOG = 8;
const ENDED_LOG_LEN = 256;
const FIRST_ENTRY = ENDED_LOG + ENDED_LOG_LEN;

/** Words of an entry. `SEQUENCE` is odd while the session is open; `OPENERS` are bits of threads. */
const Entry = { SEQUENCE: 0, LOW: 1, HIGH: 2, OFFSET: 3, LEN: 4, OPENERS: 5, SIZE: 8 } as const;

const WORD_LEN = 4;
const MIN_ENTRIES = 16;
// Records of a few dozen bytes are the rule; the largest, ARC4 chained with HMAC, has 840.
const SIZE_CLASSES: readonly number[] = [64, 128, 256, 512, 1024];
const MIN_RECORDS_LEN = 4096;

/** The shared memory of a journal, as it is handed to other threads. */
export interface JournalMemory {
  readonly capacity: number;
  readonly directory: SharedArrayBuffer;
  readonly records: SharedArrayBuffer;
}

/**
 * The journal of one device.
 *
 * @example
 * ```ts
 * import { SessionJournal } from "./session_journal.ts";
 * const journal = SessionJournal.create(1024, () => {});
 * journal.add(1, Uint8Array.of(1, 2, 3));
 * const other = new SessionJournal(journal.memory); // in another thread
 * other.read(1); // 1, 2, 3
 * journal.remove(1);
 * other.read(1); // null
 * ```
 */
export class SessionJournal {
  readonly memory: JournalMemory;
  readonly #onEnd: (openers: number) => void;
  readonly #words: Int32Array;
  readonly #records: Uint8Array;
  // The writer's: offsets of free records by size class, and where none has been cut yet.
  readonly #free: number[][] = SIZE_CLASSES.map(() => []);
  #recordsEnd = 0;

  /** A journal of another thread's, to read. */
  constructor(memory: JournalMemory, onEnd: (openers: number) => void = () => {}) {
    this.memory = memory;
    this.#onEnd = onEnd;
    // Without a length: they grow with their memory.
    this.#words = new Int32Array(memory.directory);
    this.#records = new Uint8Array(memory.records);
  }

  /**
   * A new journal, which grows as sessions are added.
   *
   * @param capacity sessions open at a time
   * @param onEnd called when a session ends that other threads have opened, with the bits of those
   */
  static create(capacity: number, onEnd: (openers: number) => void): SessionJournal {
    const most = (FIRST_ENTRY + capacity * Entry.SIZE) * WORD_LEN;
    const least = (FIRST_ENTRY + Math.min(capacity, MIN_ENTRIES) * Entry.SIZE) * WORD_LEN;
    // A record's place goes to records of its own size again: each size may have been used by all
    // sessions at some time.
    const mostRecords = capacity * SIZE_CLASSES.reduce((sum, size) => sum + size, 0);
    return new SessionJournal({
      capacity,
      directory: new SharedArrayBuffer(least, { maxByteLength: most }),
      records: new SharedArrayBuffer(Math.min(mostRecords, MIN_RECORDS_LEN), {
        maxByteLength: mostRecords,
      }),
    }, onEnd);
  }

  /** Sessions that have ended so far, modulo 2^32. */
  get numEnded(): number {
    return Atomics.load(this.#words, NUM_ENDED);
  }

  /** The slot of a session's number: its place in the engine's table. */
  slotOf(number: number): number {
    return (number - 1) % this.memory.capacity;
  }

  /**
   * Notes a session before its creation completes.
   *
   * @param record what it was created from
   * @throws {RangeError} when there is no memory for it
   */
  add(number: number, record: Uint8Array): void {
    const at = this.#growTo(this.slotOf(number));
    const offset = this.#allocate(record.length);
    this.#records.set(record, offset);
    const words = this.#words;
    words[at + Entry.LOW] = number | 0;
    words[at + Entry.HIGH] = Math.floor(number / 2 ** 32);
    words[at + Entry.OFFSET] = offset;
    words[at + Entry.LEN] = record.length;
    Atomics.store(words, at + Entry.OPENERS, 0);
    Atomics.add(words, at + Entry.SEQUENCE, 1);
  }

  /** Forgets a session and overwrites its record. */
  remove(number: number): void {
    const at = this.#entryOf(number);
    if (at < 0 || !this.isOpen(number)) return;
    const words = this.#words;
    // The end first: nobody opens what is being overwritten.
    Atomics.add(words, at + Entry.SEQUENCE, 1);
    const offset = words[at + Entry.OFFSET];
    const len = words[at + Entry.LEN];
    this.#records.fill(0, offset, offset + len);
    this.#free[sizeClass(len)].push(offset);
    const ended = Atomics.load(words, NUM_ENDED);
    Atomics.store(words, ENDED_LOG + (ended & (ENDED_LOG_LEN - 1)), this.slotOf(number));
    Atomics.store(words, NUM_ENDED, (ended + 1) | 0);
    const openers = Atomics.load(words, at + Entry.OPENERS);
    if (openers !== 0) this.#onEnd(openers);
  }

  /** Ends all sessions and overwrites everything; the journal is not used afterwards. */
  clear(): void {
    const words = this.#words;
    for (let at = FIRST_ENTRY; at < words.length; at += Entry.SIZE) {
      if ((words[at + Entry.SEQUENCE] & 1) === 1) Atomics.add(words, at + Entry.SEQUENCE, 1);
    }
    this.#records.fill(0);
  }

  /** Whether the session of that number is open now. */
  isOpen(number: number): boolean {
    const at = this.#entryOf(number);
    if (at < 0) return false;
    const words = this.#words;
    const sequence = Atomics.load(words, at + Entry.SEQUENCE);
    return (sequence & 1) === 1 && this.#isNumber(at, number) &&
      Atomics.load(words, at + Entry.SEQUENCE) === sequence;
  }

  /**
   * A private copy of what an open session was created from, to be overwritten by the caller; null when
   * there is no such session.
   *
   * @param opener bit of the thread that is to be told of the session's end
   */
  read(number: number, opener = 0): Uint8Array<ArrayBuffer> | null {
    const at = this.#entryOf(number);
    if (at < 0 || !this.isOpen(number)) return null;
    const words = this.#words;
    const sequence = Atomics.load(words, at + Entry.SEQUENCE);
    Atomics.or(words, at + Entry.OPENERS, opener);
    const offset = words[at + Entry.OFFSET];
    const record = this.#records.slice(offset, offset + words[at + Entry.LEN]);
    // Only what did not change while it was copied is what it is said to be.
    const isSame = this.#isNumber(at, number) && (sequence & 1) === 1 &&
      Atomics.load(words, at + Entry.SEQUENCE) === sequence;
    if (isSame) return record;
    record.fill(0);
    return null;
  }

  /** The slot of the session that ended as the `index`-th; undefined when that is too long ago. */
  endedSlot(index: number): number | undefined {
    const slot = Atomics.load(this.#words, ENDED_LOG + (index & (ENDED_LOG_LEN - 1)));
    return ((this.numEnded - index) >>> 0) >= ENDED_LOG_LEN ? undefined : slot;
  }

  // Where the entry of a number is, or would be; -1 where the directory has none yet.
  #entryOf(number: number): number {
    if (!(number >= 1)) return -1;
    const at = FIRST_ENTRY + this.slotOf(number) * Entry.SIZE;
    return at < this.#words.length ? at : -1;
  }

  #isNumber(at: number, number: number): boolean {
    const words = this.#words;
    return (Atomics.load(words, at + Entry.LOW) >>> 0) +
        Atomics.load(words, at + Entry.HIGH) * 2 ** 32 === number;
  }

  #growTo(slot: number): number {
    const { directory } = this.memory;
    const end = (FIRST_ENTRY + (slot + 1) * Entry.SIZE) * WORD_LEN;
    grow(directory, end);
    return FIRST_ENTRY + slot * Entry.SIZE;
  }

  #allocate(len: number): number {
    const size = sizeClass(len);
    const free = this.#free[size].pop();
    if (free !== undefined) return free;
    const offset = this.#recordsEnd;
    grow(this.memory.records, offset + SIZE_CLASSES[size]);
    this.#recordsEnd = offset + SIZE_CLASSES[size];
    return offset;
  }
}

function sizeClass(len: number): number {
  const size = SIZE_CLASSES.findIndex((most) => len <= most);
  if (size < 0) throw new RangeError(`Cannot note a session made of ${len} bytes`);
  return size;
}

// Doubles, so that growing costs nothing to speak of however many sessions come.
function grow(memory: SharedArrayBuffer, len: number): void {
  if (len <= memory.byteLength) return;
  memory.grow(Math.min(memory.maxByteLength, Math.max(len, 2 * memory.byteLength)));
}
