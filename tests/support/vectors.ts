/**
 * The vector files as jobs for a device: what to ask, and what must come back.
 *
 * Every case becomes jobs or a reason why wire.md cannot express it; a field that nobody reads is an
 * error. The mapping is that of the vectors' own notes: tests/vectors/README.md.
 */

import { strict as assert } from "node:assert";
import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { Direction, Service, Status } from "../../device/mod.ts";

const DIRECTORY = new URL("../vectors/", import.meta.url);
const SERVICE_DIRECTORIES = ["cipher", "hash", "mac", "aead"];

interface Repeat {
  readonly unit: string;
  readonly len: number;
}

type Case = Readonly<Record<string, unknown>> & {
  readonly id: string;
  readonly result: "valid" | "invalid";
};

interface VectorFile {
  readonly service: string;
  readonly algorithm: string;
  readonly virtio: { readonly service: keyof typeof Service; readonly id: number };
  readonly count: number;
  readonly cases: readonly Case[];
}

/** One request that a case asks for. */
export interface Job {
  /** File and case, for messages. */
  readonly name: string;
  readonly service: Service;
  readonly algo: number;
  /** {@link Direction}; of no meaning for HASH and MAC. */
  readonly op: number;
  readonly key: Uint8Array;
  readonly iv: Uint8Array;
  readonly aad: Uint8Array;
  /** What is encrypted (without its tag), decrypted (its tag behind it), digested. */
  readonly src: Uint8Array;
  /** Bytes of result wanted, HASH and MAC; bytes of tag, AEAD. */
  readonly resultLen: number;
  /** The result's bytes, a check of them, or the status of a refusal. */
  readonly expected:
    | { readonly bytes: Uint8Array; readonly bits?: number }
    | { readonly digest: { readonly sha256: string; readonly head: string; readonly tail: string } }
    | { readonly notBytes: Uint8Array }
    | { readonly status: Status };
}

/** Jobs of all files, and how many cases each reason kept out. */
export interface Jobs {
  readonly jobs: Job[];
  readonly numCases: number;
  readonly skipped: Map<string, number>;
}

// Read by nobody, and why: they describe what `iv` or `msg` already hold, or how a case came about.
const DESCRIPTIVE = new Set([
  "id",
  "comment",
  "count",
  "bearer",
  "direction",
  "fresh",
  "salt",
  "padded",
  "dataUnitSeqNumber",
  "officialOffsets",
]);

/** Reads the vectors of every algorithm that `isOffered`. */
export function loadJobs(isOffered: (service: Service, algo: number) => boolean): Jobs {
  const all: Jobs = { jobs: [], numCases: 0, skipped: new Map() };
  let numCases = 0;
  for (const directory of SERVICE_DIRECTORIES) {
    const folder = new URL(`${directory}/`, DIRECTORY);
    for (const name of readdirSync(folder).filter((name) => name.endsWith(".json")).sort()) {
      const file: VectorFile = JSON.parse(readFileSync(new URL(name, folder), "utf8"));
      assert.equal(file.cases.length, file.count, `${name} is cut short`);
      const service = Service[file.virtio.service];
      if (!isOffered(service, file.virtio.id)) continue;
      for (const entry of file.cases) {
        numCases++;
        const made = makeJobs(`${directory}/${name} ${entry.id}`, service, file.virtio.id, entry);
        if (typeof made === "string") all.skipped.set(made, (all.skipped.get(made) ?? 0) + 1);
        else all.jobs.push(...made);
      }
    }
  }
  return { ...all, numCases };
}

// A reader that notes which fields were asked for.
class Fields {
  readonly #entry: Case;
  readonly #unread: Set<string>;

  constructor(entry: Case) {
    this.#entry = entry;
    this.#unread = new Set(Object.keys(entry).filter((field) => !DESCRIPTIVE.has(field)));
  }

  has(field: string): boolean {
    return field in this.#entry;
  }

  raw(field: string): unknown {
    this.#unread.delete(field);
    return this.#entry[field];
  }

  bytes(field: string): Uint8Array {
    const repeat = this.raw(`${field}Repeat`) as Repeat | undefined;
    if (repeat !== undefined) return expand(repeat);
    return Uint8Array.fromHex((this.raw(field) as string | undefined) ?? "");
  }

  number(field: string): number | undefined {
    return this.raw(field) as number | undefined;
  }

  flags(): readonly string[] {
    return (this.raw("flags") as string[] | undefined) ?? [];
  }

  assertAllRead(name: string): void {
    assert.deepEqual([...this.#unread], [], `${name} has fields that nobody reads`);
  }
}

function expand({ unit, len }: Repeat): Uint8Array {
  const bytes = Uint8Array.fromHex(unit);
  return new Uint8Array(len).map((_, i) => bytes[i % bytes.length]);
}

function makeJobs(name: string, service: Service, algo: number, entry: Case): Job[] | string {
  const fields = new Fields(entry);
  const result = fields.raw("result") as string;
  const make = { [0]: cipherJobs, [1]: hashJobs, [2]: macJobs, [3]: aeadJobs }[service];
  const empty = new Uint8Array(0);
  const base = { name, service, algo, op: Direction.ENCRYPT, iv: empty, aad: empty, key: empty };
  const made = make(base, fields, result === "valid");
  if (typeof made !== "string") fields.assertAllRead(name);
  return made;
}

type Base = Omit<Job, "src" | "resultLen" | "expected">;

function cipherJobs(base: Base, fields: Fields): Job[] | string {
  const flags = fields.flags();
  const key = Uint8Array.of(...fields.bytes("key"), ...fields.bytes("keymask"));
  const iv = fields.bytes("iv");
  const msg = fields.bytes("msg");
  const bits = fields.number("bits");
  const job = { ...base, key, iv, resultLen: 0 };
  if (flags.includes("IdenticalKeyHalves")) {
    fields.bytes("ct");
    return [{ ...job, src: msg, expected: { status: Status.ERR } }];
  }
  const valid = bits === undefined ? {} : { bits };
  if (fields.has("ctSha256")) {
    const digest = {
      sha256: fields.raw("ctSha256") as string,
      head: fields.raw("ctHead") as string,
      tail: fields.raw("ctTail") as string,
    };
    return [{ ...job, src: msg, expected: { digest } }];
  }
  const ct = fields.bytes("ct");
  return [
    { ...job, src: msg, expected: { bytes: ct, ...valid } },
    { ...job, op: Direction.DECRYPT, src: ct, expected: { bytes: msg, ...valid } },
  ];
}

function hashJobs(base: Base, fields: Fields): Job[] {
  const md = fields.bytes("md");
  const resultLen = fields.number("outLen") ?? md.length;
  return [{ ...base, src: fields.bytes("msg"), resultLen, expected: { bytes: md } }];
}

const MAC_IV_LEN: Readonly<Record<number, number>> = { 28: 16, 41: 12, 42: 12, 54: 16 };
const KASUMI_F9 = 27;
const UIA2_EIA3 = [28, 54];
const HMAC_MAX = 6;

function macJobs(base: Base, fields: Fields, isValid: boolean): Job[] | string {
  const { algo } = base;
  if (base.name.includes(".f9-core.")) return "another reading of CBCMAC_KASUMI_F9";
  fields.flags();
  fields.raw("j0");
  const key = fields.bytes("key");
  const bits = fields.number("bits");
  const iv = fields.bytes("iv");
  if (algo === 53 && key.length !== 16) return "XCBC with a key that RFC 3566 does not have";
  if (algo <= HMAC_MAX && (key.length < 1 || key.length > 512)) return "HMAC key beyond 512 bytes";
  if (UIA2_EIA3.includes(algo) && bits !== undefined && bits % 8 !== 0) {
    return "message of UIA2 or EIA3 that is not whole bytes";
  }
  const tag = fields.bytes("tag");
  const resultLen = fields.number("tagLen") ?? tag.length;
  const expected = fields.raw("reject") === "parameter"
    ? { status: Status.ERR }
    : isValid
    ? { bytes: tag }
    : { notBytes: tag };
  const msg = algo === KASUMI_F9 ? f9Input(fields, bits) : fields.bytes("msg");
  const ivLen = MAC_IV_LEN[algo];
  if (ivLen !== undefined && iv.length !== ivLen) return "iv that is not as long as the MAC's";
  const src = ivLen === undefined ? msg : Uint8Array.of(...iv, ...msg);
  return [{ ...base, key, src, resultLen, expected }];
}

// The caller formats the input: COUNT, FRESH, message, DIRECTION bit, a 1, zeros to a whole byte.
function f9Input(fields: Fields, bits: number | undefined): Uint8Array {
  const msg = fields.bytes("msg");
  if (fields.has("qatMsg")) return fields.bytes("qatMsg");
  assert.ok(bits === undefined || bits % 8 === 0);
  const view = new DataView(new ArrayBuffer(8));
  view.setUint32(0, Number.parseInt(fields.raw("count") as string, 16));
  view.setUint32(4, Number.parseInt(fields.raw("fresh") as string, 16));
  const direction = fields.raw("direction") as number;
  return Uint8Array.of(...new Uint8Array(view.buffer), ...msg, (direction << 7) | 0x40);
}

const GCM = 1;

function aeadJobs(base: Base, fields: Fields, isValid: boolean): Job[] | string {
  fields.flags();
  const key = fields.bytes("key");
  const nonce = fields.bytes("iv");
  const j0 = fields.bytes("j0");
  const iv = base.algo === GCM && nonce.length !== 12 && j0.length === 16 ? j0 : nonce;
  const aad = fields.bytes("aad");
  const tag = fields.bytes("tag");
  const resultLen = fields.number("tagLen") ?? tag.length;
  const job = { ...base, key, iv, aad, resultLen };
  const msg = fields.bytes("msg");
  if (fields.raw("reject") === "parameter") {
    fields.bytes("ct");
    return [{ ...job, src: msg, expected: { status: Status.ERR } }];
  }
  if (fields.has("ctSha256")) {
    const digest = {
      sha256: fields.raw("ctSha256") as string,
      head: fields.raw("ctHead") as string,
      tail: fields.raw("ctTail") as string,
    };
    return [{ ...job, src: msg, expected: { digest, tag } } as Job];
  }
  const sealed = Uint8Array.of(...fields.bytes("ct"), ...tag);
  const opening = { ...job, op: Direction.DECRYPT, src: sealed };
  if (!isValid) return [{ ...opening, expected: { status: Status.BADMSG } }];
  return [
    { ...job, src: msg, expected: { bytes: sealed } },
    { ...opening, expected: { bytes: msg } },
  ];
}

/** Fails unless a request's outcome is what the case says. */
export function checkJob(job: Job, status: number, output: Uint8Array): void {
  const { expected, name } = job;
  if ("status" in expected) {
    assert.equal(status, expected.status, `${name}: status`);
    return;
  }
  assert.equal(status, Status.OK, `${name}: status`);
  if ("notBytes" in expected) {
    assert.notDeepEqual(output, expected.notBytes, `${name}: a forged tag came out`);
  } else if ("digest" in expected) {
    checkDigest(job, output, expected.digest);
  } else {
    const bits = expected.bits ?? expected.bytes.length * 8;
    assert.equal(masked(output, bits).toHex(), masked(expected.bytes, bits).toHex(), name);
  }
}

function checkDigest(
  job: Job,
  output: Uint8Array,
  digest: { sha256: string; head: string; tail: string },
): void {
  const text = output.subarray(0, job.src.length);
  assert.equal(createHash("sha256").update(text).digest("hex"), digest.sha256, job.name);
  assert.equal(text.subarray(0, 64).toHex(), digest.head, job.name);
  assert.equal(text.subarray(-64).toHex(), digest.tail, job.name);
  const { tag } = job.expected as { tag?: Uint8Array };
  if (tag !== undefined) assert.deepEqual(output.subarray(job.src.length), tag, job.name);
}

function masked(bytes: Uint8Array, bits: number): Uint8Array {
  const copy = bytes.slice(0, Math.ceil(bits / 8));
  if (bits % 8 !== 0) copy[copy.length - 1] &= 0xff << (8 - bits % 8);
  return copy;
}
