/**
 * What has broken other virtio-crypto devices, their drivers and remote crypto services, case by case, and
 * the tests here that show it does not break this one.
 *
 * A name stands for its tests on all lanes: ` (rings)`, ` (WebSocket)` and ` (HTTP)` are left out.
 */

/** One case, and the tests that send it. */
export interface HostileCase {
  readonly what: string;
  readonly tests: readonly string[];
}

const RACE =
  "rewritten while the device works with libcrypto: nothing is written where it may not be, " +
  "and the device lives";
const RACE_IN_THREADS =
  "rewritten while device threads work: nothing is written where it may not be, " +
  "and no thread dies";
const STOPS = "stops the device until its reset, and no other device";
const JSON_TAIL = "is a problem of 400 or 413 on every route that takes any (CVE-2026-13757)";
const UNCUT = "ends its own connection, behind the answers to what came before";

/** Every case, by the chapter it belongs to. */
export const HOSTILE_CASES: Readonly<Record<string, readonly HostileCase[]>> = {
  lengths: [
    {
      what: "every length field 0xFFFFFFFF",
      tests: [
        "every length field of a data request is 0xFFFFFFFF in turn: ERR (MUX)",
        "every length field of a data request is 0xFFFFFFFF in turn: ERR (not MUX)",
      ],
    },
    {
      what: "pairs summing to 2^32",
      tests: ["pairs of lengths that sum to 2^32, and would be 0 in 32 bits, are ERR"],
    },
    {
      what: "sums to 2^53 (CVE-2017-5931)",
      tests: [
        "all lengths at once as large as they get are ERR: their sum does not wrap (CVE-2017-5931)",
        "a key as long as 2^32 - 1 bytes, alone or with another, makes no session (CVE-2017-5931)",
        "a buffer outside memory, half outside it, or at an address near 2^53 and 2^64 stops the device (CVE-2017-5931)",
      ],
    },
    {
      what: "the sum at max_size and one over (CVE-2025-14876)",
      tests: [
        "lengths that sum to max_size are served, one byte over is ERR (CVE-2025-14876)",
        "keys that sum to max_size with their answer make a session, one byte over makes none (CVE-2025-14876)",
      ],
    },
    {
      what: "dst shorter and longer than src (CVE-2023-3180)",
      tests: ["dst shorter than src is ERR, longer is filled with zeros (CVE-2023-3180)"],
    },
    {
      what: "key, iv, aad, src shorter than declared",
      tests: ["key, iv, aad and src shorter than declared, by any number of bytes, are ERR"],
    },
    {
      what: "key length 0, over the maximum, wrong for the algorithm (CVE-2020-10724)",
      tests: [
        "a key of length 0, over the maximum, or wrong for its algorithm is ERR (CVE-2020-10724)",
      ],
    },
    {
      what: "iv_len 0, 1, 15, 17, 33, 2^31 for every algorithm (CVE-2020-14376)",
      tests: [
        "iv_len 0, 1, 15, 17, 33 and 2^31 is ERR for every algorithm that has another (CVE-2020-14376)",
        "iv_len 0, 1, 15, 17, 33 and 2^31 is ERR in a session of every algorithm, too (CVE-2020-14376)",
        "data shorter than the iv that a MAC finds in front of them are ERR (CVE-2020-14376)",
      ],
    },
    {
      what: "dst_data_len and hash_result_len beyond W (CVE-2020-14377)",
      tests: [
        "dst_data_len and hash_result_len beyond W are ERR, one byte or 4 GiB (CVE-2020-14377)",
        "a hash longer than its algorithm's, of 0 bytes or of 4 GiB is ERR",
      ],
    },
    {
      what: "a descriptor much larger or smaller than the declared length (CVE-2020-14374)",
      tests: [
        "room far beyond the declared lengths, for reading or writing, changes nothing (CVE-2020-14374)",
        "descriptors much larger and much smaller than what they carry change nothing (CVE-2020-14374)",
      ],
    },
    {
      what: "chain offsets that wrap or exceed src",
      tests: ["a chain's offsets that wrap or exceed src are ERR"],
    },
    {
      what:
        "chain regions that overlap or are empty; bytes outside the cipher region copied through",
      tests: [
        "a chain's regions may overlap, touch and be empty; what lies outside is copied, not zeroed",
      ],
    },
    {
      what: "no allocation before the bytes are present",
      tests: [
        "no memory is taken for bytes that have not come, whatever is declared",
        "a SUBMIT that asks for 4 GiB of room is REFUSED and takes no memory",
      ],
    },
  ],
  rings: [
    { what: "zero-length descriptors", tests: ["zero-length descriptors may stand anywhere"] },
    {
      what: "chains ending early",
      tests: [
        "a request without room for its status is executed not at all",
        "key, iv, aad and src shorter than declared, by any number of bytes, are ERR",
      ],
    },
    {
      what: "only-writable chains (CVE-2020-14378)",
      tests: [
        "chains with nothing to read are answered, chains with nothing at all come back (CVE-2020-14378)",
      ],
    },
    {
      what: "indirect tables of bad length",
      tests: [0, 1, 15, 17, 24].map((len) => `an indirect table of ${len} bytes ${STOPS}`),
    },
    {
      what: "indirect tables outside memory",
      tests: [
        "an indirect table outside memory, half outside it, or at an address near 2^64 stops the device",
      ],
    },
    { what: "nested indirect tables", tests: [`a nested indirect table ${STOPS}`] },
    { what: "INDIRECT with NEXT", tests: [`INDIRECT with NEXT ${STOPS}`] },
    {
      what: "next out of range",
      tests: [`a next beyond the queue ${STOPS}`, `a next beyond the indirect table ${STOPS}`],
    },
    {
      what: "loops",
      tests: [
        `a descriptor that is its own next ${STOPS}`,
        `a loop of two descriptors of length 0 ${STOPS}`,
        `a loop in an indirect table ${STOPS}`,
        `an indirect chain of 1025 descriptors ${STOPS}`,
      ],
    },
    {
      what: "readable behind writable",
      tests: [
        `a readable descriptor behind a writable one ${STOPS}`,
        `a readable descriptor behind a writable one of length 0 ${STOPS}`,
        `a readable descriptor of length 0 behind a writable one ${STOPS}`,
        `a readable indirect descriptor behind a writable direct one ${STOPS}`,
      ],
    },
    {
      what: "avail.idx ahead of the size",
      tests: [
        `an index one more ahead than the queue is long ${STOPS}`,
        `an index that steps back ${STOPS}`,
        "a broken ring of one client is told to it alone: other devices of the gateway work",
      ],
    },
    {
      what: "addresses unaligned",
      tests: ["descriptor table", "available ring", "used ring"].map((part) =>
        `a ${part} that is not aligned or not in memory stops the device`
      ),
    },
    {
      what: "addresses outside memory",
      tests: [
        "a buffer outside memory, half outside it, or at an address near 2^53 and 2^64 stops the device (CVE-2017-5931)",
      ],
    },
    {
      what: "addresses inside the ring itself (CVE-2024-3446)",
      tests: [
        "results written into the ring itself harm its own driver alone (CVE-2024-3446)",
        "a ring whose parts lie over each other harms its own driver alone (CVE-2024-3446)",
      ],
    },
    {
      what: "queue size 0 or not a power of 2",
      tests: [
        "a queue of 0 entries, or of a number that is no power of 2, or of too many does not become ready",
      ],
    },
    {
      what: "requests before DRIVER_OK",
      tests: ["requests before DRIVER_OK are not executed, whatever bits are set"],
    },
    {
      what: "wrap at 65535",
      tests: ["indices wrap at 65535: 70,000 requests on one queue are answered one by one"],
    },
    {
      what: "event-index wrap",
      tests: [
        "the event index wraps: each of 66,000 batches is notified of and interrupted for once",
        "without a wish for interrupts there are none while the event index wraps, and the next wish is heard",
      ],
    },
    {
      what: "32 submitters at once",
      tests: ["32 submitters at once all get their own results (a Linux hang)"],
    },
  ],
  "time of check": [
    {
      what: "another thread rewriting header, key, lengths and source (CVE-2020-14375)",
      tests: [
        `headers, lengths, keys and source data ${RACE}`,
        `headers, lengths, keys and source data ${RACE_IN_THREADS}`,
      ],
    },
    {
      what: "another thread rewriting descriptors",
      tests: [
        `descriptors and indirect tables ${RACE}`,
        `descriptors and indirect tables ${RACE_IN_THREADS}`,
      ],
    },
    {
      what: "another thread rewriting the ring",
      tests: [
        `indices and heads of the available ring ${RACE}`,
        `indices and heads of the available ring ${RACE_IN_THREADS}`,
        `everything at once ${RACE}`,
        `everything at once ${RACE_IN_THREADS}`,
        "an index that is taken back between two looks of a device thread runs no request twice",
        "a driver that adds a request whenever one is done does not hold the device beyond its deadline",
      ],
    },
    {
      what: "AEAD decryption of what is rewritten meanwhile",
      tests: ["GCM", "CCM", "ChaCha20-Poly1305"].flatMap((name) =>
        ["libcrypto", "noble,typescript"].flatMap((choice) =>
          ["the main thread", "device threads"].map((where) =>
            `sealed data forged while ${name} of ${choice} opens them in ${where}: what verified comes out, or nothing`
          )
        )
      ),
    },
    {
      what: "reset with requests in flight: no late write",
      tests: [
        "a reset from within the interrupt, requests behind it: nothing is written after the reset",
        "a reset with requests in flight in device threads: nothing of them is seen after it",
      ],
    },
  ],
  sessions: [
    {
      what: "destroy of an id never issued",
      tests: ["a session that was never issued is ERR to destroy and INVSESS to use"],
    },
    {
      what: "destroy of 2^64 - 1",
      tests: ["session 2^64 - 1 is ERR to destroy and INVSESS to use"],
    },
    {
      what: "destroy twice",
      tests: ["a session destroyed twice is ERR the second time, and not again found in its slot"],
    },
    {
      what: "destroy of another service",
      tests: ["a session of another service is ERR to destroy, and stays"],
    },
    {
      what: "destroy of another tenant (aborted QEMU)",
      tests: [
        "a session of another tenant is ERR to destroy and INVSESS to use; its owner's stays",
      ],
    },
    {
      what: "use after destroy",
      tests: ["a session is INVSESS to use once it is destroyed, from every queue"],
    },
    {
      what: "op of another service or direction",
      tests: [
        "a request of another service than its session's is INVSESS, of another direction ERR",
        "opcodes, services and algorithms that are none are NOTSUPP, and make no session",
      ],
    },
    {
      what: "two operations in flight on one session",
      tests: [
        "many operations in flight on one session, on all queues, do not disturb each other",
      ],
    },
    {
      what: "exhaustion, then recovery",
      tests: [
        "a full table of sessions is told as NOSPC, and room comes back session by session",
        "a full table of sessions is told as ERR, and room comes back session by session",
      ],
    },
    {
      what: "a create reply that does not fit leaves no session",
      tests: ["a create whose reply does not fit leaves no session and takes no room"],
    },
    {
      what: "in-flight work without end (CVE-2016-5403)",
      tests: ["work without end is taken in no faster than it is done (CVE-2016-5403)"],
    },
  ],
  shapes: [
    {
      what: "one bad request, then a hundred good ones",
      tests: [
        "one bad request of each kind, then a hundred good ones: none waits for ever",
        "bad requests between good ones take no good one with them",
      ],
    },
    {
      what: "the status byte alone in its descriptor",
      tests: ["the status byte may lie alone in its descriptor"],
    },
    {
      what: "the status byte in a zero-length last descriptor",
      tests: ["the status byte is found before a zero-length last descriptor"],
    },
    {
      what: "the status byte split off",
      tests: ["the status byte may be split off a result that is cut into single bytes"],
    },
    {
      what: "header over many 1-byte descriptors",
      tests: [
        "a header may lie in many descriptors of one byte",
        "a whole request may lie in descriptors of one byte in an indirect table",
      ],
    },
    {
      what: "everything in one descriptor",
      tests: [
        "everything may lie in one descriptor for reading and one for writing",
        "everything may lie in one descriptor of an indirect table",
      ],
    },
    {
      what: "dst = src",
      tests: ["dst may be src, to the byte and shifted by any number of bytes"],
    },
    {
      what: "used.len never more than was written, never 0 beside a status",
      tests: ["used.len is never more than was written, and never 0 beside a status"],
    },
    {
      what: "the client clamps what a device claims",
      tests: [
        ...[41, 4096, 0x7fffffff, 0xffffffff].map((claimed) =>
          `a device that claims ${claimed} bytes of 40 is believed 40`
        ),
        "a device that names a chain which is not in flight is not believed",
      ],
    },
  ],
  network: [
    {
      what: "records with size 0, 15, 2^32 - 1, past the message",
      tests: ["size 0", "size 15", "size 2^32 - 1", "a size one past the message"].flatMap(
        (what) => [
          `a record of ${what} ${UNCUT}`,
          `a body with a record of ${what} is 400 and none of it is executed`,
        ],
      ),
    },
    {
      what: "unknown kinds",
      tests: [
        "records of every unknown kind, with flags, or with a wrong payload are REFUSED one by one",
        "registers that are none, reads of 4 GiB and writes of any length are REFUSED or answered",
      ],
    },
    {
      what: "a byte at a time",
      tests: [
        "a message that comes a byte at a time is one message",
        "an HTTP request whose head and body come a byte at a time is one request",
      ],
    },
    {
      what: "huge messages",
      tests: [
        "a huge message is refused by its header, in one frame or in fragments, before it has come",
        "a body over the limit is 413, said in its header or found on the way",
      ],
    },
    {
      what: "slow readers",
      tests: [
        "a slow reader stops its own reading: what waits for it has a bound, others are served, all comes at last",
      ],
    },
    {
      what: "slow writers",
      tests: ["two hundred slow writers, each in the midst of something, hold up nobody"],
    },
    {
      what: "thousands of idle connections",
      tests: [
        "two thousand idle connections cost little and hold up nobody; one more than may be is turned away",
      ],
    },
    {
      what: "a client that vanishes mid-batch",
      tests: [
        "clients that vanish in the midst of a batch are forgotten with all they held",
      ],
    },
    {
      what: "recursion and size in JSON (CVE-2026-13757 in p11-kit)",
      tests: [
        "arrays a million deep",
        "objects a million deep",
        "seven million open brackets",
        "a million names",
        "a batch of a million items",
        "fifteen million quotes",
        "a string of 15 MB where a name should be",
      ].map((what) => `JSON of ${what} ${JSON_TAIL}`),
    },
    {
      what: "wrong and missing tokens on every route",
      tests: [
        "wrong and missing tokens are 401 on every route the gateway describes, and on the upgrade",
      ],
    },
    {
      what: "one tenant's load beside another's",
      tests: [
        "one tenant's load beside another's: the light one's answers come while the heavy one works",
        "10,000 malformed messages and 10,000 malformed bodies at full speed: 8 honest clients see right answers only",
      ],
    },
  ],
};
