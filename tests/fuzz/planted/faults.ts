/**
 * Faults to plant: each a bug of a kind that has been shipped by others (CVE numbers where it has one),
 * as a piece of the source and what stands there instead.
 *
 * @module
 */

/** One fault. */
export interface Fault {
  readonly name: string;
  /** The case that it is an instance of, in the words of the list of hostile cases. */
  readonly like: string;
  /** Below the project's root. */
  readonly file: string;
  /** Stands exactly once in the file. */
  readonly find: string;
  readonly replace: string;
}

const ENGINE = "device/engine/engine.ts";
const TABLE = "device/engine/session_table.ts";
const REQUEST = "device/services/request.ts";
const CIPHER = "device/services/cipher_service.ts";
const CHAIN = "device/services/chain_service.ts";
const AEAD = "device/services/aead_service.ts";
const DEVICE_HALF = "device/ring/split_device_queue.ts";
const REMOTE = "gateway/remote_device.ts";

/** All of them. */
export const FAULTS: readonly Fault[] = [
  {
    name: "a result may be longer than W",
    like: "dst_data_len and hash_result_len beyond W (CVE-2020-14377)",
    file: REQUEST,
    find: "resultLen + 1 <= this.writable.length",
    replace: "resultLen <= this.writable.length",
  },
  {
    name: "a source may be longer than R",
    like: "key, iv, aad, src shorter than declared",
    file: REQUEST,
    find: "readableLen <= this.variableLen",
    replace: "readableLen <= this.variableLen + 1",
  },
  {
    name: "the sum of lengths may be one over max_size",
    like: "the sum at max_size and one over (CVE-2025-14876)",
    file: REQUEST,
    find: "readableLen + resultLen + 1 <= this.maxSize",
    replace: "readableLen + resultLen <= this.maxSize",
  },
  {
    name: "a chain's offset and length wrap at 2^32",
    like: "chain offsets that wrap, exceed src (CVE-2017-5931)",
    file: CHAIN,
    find: "params.cipherStartSrcOffset + lenToCipher <= srcDataLen",
    replace: "((params.cipherStartSrcOffset + lenToCipher) >>> 0) <= srcDataLen",
  },
  {
    name: "dst may be shorter than src",
    like: "dst shorter and longer than src (CVE-2023-3180)",
    file: CHAIN,
    find: "params.dstDataLen >= srcDataLen",
    replace: "params.dstDataLen + 1 >= srcDataLen",
  },
  {
    name: "the last byte behind a short result keeps what was there",
    like: "bytes outside the cipher region copied through, not zeroed; a stale byte",
    file: CIPHER,
    find: "dstDataLen > srcDataLen",
    replace: "dstDataLen > srcDataLen + 1",
  },
  {
    name: "a result over part of its source is not told from one elsewhere",
    like: "dst = src",
    file: CIPHER,
    find: "if (overlapsPartly(src, dst)) {",
    replace: "if (overlapsPartly(src, dst) && src.length === 0) {",
  },
  {
    name: "requests of a row are encrypted under one iv",
    like: "an iv that is used twice",
    file: "device/services/row.ts",
    find: "this.#ivs.piece(at * MAX_IV_LEN",
    replace: "this.#ivs.piece(0 * MAX_IV_LEN",
  },
  {
    name: "plaintext whose tag is forged is released",
    like: "AEAD plaintext released with a forged tag",
    file: AEAD,
    find: "return Status.BADMSG;",
    replace: "writable.copyFrom(0, src);",
  },
  {
    name: "an AEAD's plaintext may have any length with CCM",
    like: "iv_len 0, 1, 15, 17, 33 for every algorithm (CVE-2020-14376)",
    file: AEAD,
    find: "!algorithm.ivLens.includes(lens.iv)",
    replace: "lens.iv > 16",
  },
  {
    name: "used.len is one more than was written",
    like: "used.len never more than was written",
    file: ENGINE,
    find: "request.resultLen + 1 : 1",
    replace: "request.resultLen + 2 : 1",
  },
  {
    name: "a failed request has used.len 0 beside its status",
    like: "used.len never 0 beside a status",
    file: ENGINE,
    find: "request.resultLen + 1 : 1",
    replace: "request.resultLen + 1 : 0",
  },
  {
    name: "the status stands behind the result, not last",
    like: "the status byte alone in its descriptor, in a zero-length last descriptor, split off",
    file: ENGINE,
    find: "writable.setByte(writable.length - 1, status)",
    replace: "writable.setByte(request.resultLen, status)",
  },
  {
    name: "a create reply that does not fit leaves a session",
    like: "a create reply that does not fit leaves no session",
    file: ENGINE,
    find: "writable.length < SessionInput.SIZE",
    // A session comes to be before anybody looks whether its number can be told.
    replace: "writable.length < SessionInput.SIZE && [this.#create(request, code)]" +
      '.every((made) => typeof made === "number" || this.#sessions.add(made) > 0)',
  },
  {
    name: "a session of another service runs",
    like: "op of another service or direction",
    file: ENGINE,
    find: "session === undefined || session.service !== service",
    replace: "session === undefined",
  },
  {
    name: "a session is destroyed through another service",
    like: "destroy of an id of another service",
    file: ENGINE,
    find: "?.service !== service",
    replace: " === undefined",
  },
  {
    name: "sessions live on after a reset",
    like: "reset ends all sessions",
    file: ENGINE,
    find: "this.#sessions.clear(this.#onFault);",
    replace: "",
  },
  {
    name: "keys stay in private memory",
    like: "key material gone after its request",
    file: ENGINE,
    find: "request.staging.wipe();",
    replace: "",
  },
  {
    name: "large plaintexts stay in private memory",
    like: "key material and plaintext gone after their request",
    file: "device/memory/staging.ts",
    find: "this.#bulk.wipe();",
    replace: "",
  },
  {
    name: "a session's number is used again",
    like: "destroy of an id twice, use after destroy: a reused id",
    file: TABLE,
    find: "this.#numbers[slot] += this.#capacity;",
    replace: "",
  },
  {
    name: "there is room for one session more than there is",
    like: "exhaustion, then recovery",
    file: TABLE,
    find: "this.#size < this.#capacity",
    replace: "this.#size <= this.#capacity",
  },
  {
    name: "a session's record stays in the journal after its end",
    like: "key material gone after destroy",
    file: "device/engine/session_journal.ts",
    find: "this.#records.fill(0, offset, offset + len);",
    replace: "",
  },
  {
    name: "a request is completed twice",
    like: "a double completion",
    file: "device/crypto_device.ts",
    find: "queue.push(chain.head, usedLen);",
    replace: "queue.push(chain.head, usedLen); queue.push(chain.head, usedLen);",
  },
  {
    name: "a queue goes on that its driver has reset from the interrupt",
    like: "reset with requests in flight: no late write",
    file: "device/crypto_device.ts",
    find: "this.virtio.queue(index) === queue && queue.enableNotification()",
    replace: "queue.enableNotification()",
  },
  {
    name: "the device goes to sleep without another look at the ring",
    like: "a lost kick",
    file: DEVICE_HALF,
    find: "return Atomics.load(this.#avail, 1) !== this.#lastAvail;",
    replace: "return false;",
  },
  {
    name: "the event index is compared without wrapping",
    like: "event-index wrap",
    file: "device/ring/split_layout.ts",
    find: "((now - event - 1) & 0xffff)",
    replace: "(now - event - 1)",
  },
  {
    name: "the available index does not wrap",
    like: "wrap at 65535",
    file: DEVICE_HALF,
    find: "this.#lastAvail = (this.#lastAvail + 1) & 0xffff;",
    replace: "this.#lastAvail = this.#lastAvail + 1;",
  },
  {
    name: "an available index one too far ahead is taken",
    like: "avail.idx ahead of the size",
    file: DEVICE_HALF,
    find: "ahead > this.size",
    replace: "ahead > this.size + 1",
  },
  {
    name: "a loop in an indirect table ends the chain",
    like: "indirect tables of bad length, nested, loops; a bad descriptor as end of chain",
    file: DEVICE_HALF,
    find: "if (num > limit) {",
    replace: "if (num > limit) return; else if (num < 0) {",
  },
  {
    name: "an index one behind an indirect table is followed",
    like: "next out of range",
    file: DEVICE_HALF,
    find: "index >= numEntries",
    replace: "index > numEntries",
  },
  {
    name: "a readable descriptor without bytes may follow a writable one",
    like: "readable behind writable",
    file: DEVICE_HALF,
    find: "else if (chain.hasWritable)",
    replace: "else if (chain.hasWritable && len > 0)",
  },
  {
    name: "the driver's half believes a device that gives a chain back twice",
    like: "the client clamps what a device claims",
    file: "device/ring/split_driver_queue.ts",
    find: "head >= this.size || this.#chainLen[head] === 0",
    replace: "head >= this.size",
  },
  {
    name: "requests stay in device memory when they are done",
    like: "nothing leaked: keys in device memory",
    file: "gateway/arena.ts",
    find: "wipe(this.memory.bytes, this.#wipeStart, this.#wipeEnd)",
    replace: "wipe(this.memory.bytes, this.#wipeStart, this.#wipeStart)",
  },
  {
    name: "requests in flight live on after a reset",
    like: "reset with requests in flight: no late write",
    file: REMOTE,
    find: 'this.#refuseAll(this.#queues.abandonAll(), "The device has been reset");',
    replace: "",
  },
  {
    name: "a failed request's answer carries what was in memory",
    like: "a driver never sees another request's bytes",
    file: "gateway/remote_queue.ts",
    find: "from + writableLen - 1",
    replace: "from + usedLen - 1",
  },
  {
    name: "a device thread goes on one request too early",
    like: "a double completion, in a thread",
    file: "device/threads/thread_run.ts",
    find: "QueueWord.POSITION, queue.lastAvail",
    replace: "QueueWord.POSITION, queue.lastAvail - 1",
  },
  {
    name: "a record may reach 8 bytes past its message",
    like: "records with size 0, 15, 2^32-1, past the message",
    file: "gateway/records.ts",
    find: "size > remaining",
    replace: "size > remaining + 8",
  },
  {
    name: "a fragment's later chunks are unmasked from the mask's start",
    like: "a byte at a time",
    file: "gateway/websocket/frames.ts",
    find: "this.#assembly.subarray(this.#messageLen, end), this.#maskKey, this.#payloadDone",
    replace: "this.#assembly.subarray(this.#messageLen, end), this.#maskKey, 0",
  },
  {
    name: "bytes that are not hexadecimal are a fault of ours",
    like: "malformed JSON bodies",
    file: "gateway/routes/crypto.ts",
    find: "throw new Problem(400, `${name}: Not ${encoding}`);",
    replace: "throw new Error(name);",
  },
];
