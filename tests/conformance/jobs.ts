/** Operations to ask of the device, by service. */
import { type Bytes, EMPTY } from "./bytes.ts";
import { HashMode, Op, Order } from "./wire.ts";

/** A cipher over `src`. */
export interface CipherJob {
  readonly service: "cipher";
  readonly algo: number;
  readonly op: number;
  readonly key: Bytes;
  readonly iv: Bytes;
  readonly src: Bytes;
  readonly dstLen: number;
}

/** A hash of `src`. */
export interface HashJob {
  readonly service: "hash";
  readonly algo: number;
  readonly src: Bytes;
  readonly resultLen: number;
}

/** A MAC over `src`. */
export interface MacJob {
  readonly service: "mac";
  readonly algo: number;
  readonly key: Bytes;
  readonly src: Bytes;
  readonly resultLen: number;
}

/** An AEAD; to decrypt, `src` ends in the tag. */
export interface AeadJob {
  readonly service: "aead";
  readonly algo: number;
  readonly op: number;
  readonly key: Bytes;
  readonly iv: Bytes;
  /** Bytes to send where the iv goes, when they are not the iv itself. */
  readonly ivField: Bytes | null;
  readonly aad: Bytes;
  readonly src: Bytes;
  readonly tagLen: number;
  readonly dstLen: number;
}

/** A cipher chained with a hash or MAC. Offsets and lengths are in bytes of `src`. */
export interface ChainJob {
  readonly service: "chain";
  readonly order: number;
  readonly hashMode: number;
  readonly algo: number;
  readonly op: number;
  readonly key: Bytes;
  readonly iv: Bytes;
  /** A HASH for PLAIN and NESTED, a MAC for AUTH. */
  readonly hashAlgo: number;
  readonly authKey: Bytes;
  readonly src: Bytes;
  readonly aad: Bytes;
  readonly cipherStart: number;
  readonly lenToCipher: number;
  readonly hashStart: number;
  readonly lenToHash: number;
  readonly resultLen: number;
  readonly dstLen: number;
}

/** Any operation. */
export type Job = CipherJob | HashJob | MacJob | AeadJob | ChainJob;

/** A job's fields but for those with a default. */
type Given<J extends Job, Optional extends keyof J> =
  & Omit<J, "service" | Optional>
  & Partial<Pick<J, Optional>>;

/** A cipher job: encryption without iv, dst as long as src, unless said otherwise. */
export function cipherJob(given: Given<CipherJob, "op" | "iv" | "dstLen">): CipherJob {
  return { service: "cipher", op: Op.ENCRYPT, iv: EMPTY, dstLen: given.src.length, ...given };
}

/** A hash job. */
export function hashJob(given: Given<HashJob, never>): HashJob {
  return { service: "hash", ...given };
}

/** A MAC job. */
export function macJob(given: Given<MacJob, never>): MacJob {
  return { service: "mac", ...given };
}

/** An AEAD job: encryption without aad, a 16-byte tag, and a dst that just fits, unless said otherwise. */
export function aeadJob(
  given: Given<AeadJob, "op" | "aad" | "tagLen" | "dstLen" | "ivField">,
): AeadJob {
  const { op = Op.ENCRYPT, tagLen = 16 } = given;
  const dstLen = given.src.length + (op === Op.ENCRYPT ? tagLen : -tagLen);
  return { service: "aead", op, aad: EMPTY, tagLen, dstLen, ivField: null, ...given };
}

/** A chain job: cipher first, encryption, both regions all of src, PLAIN, no aad, unless said otherwise. */
export function chainJob(
  given: Given<
    ChainJob,
    | "op"
    | "order"
    | "hashMode"
    | "authKey"
    | "aad"
    | "cipherStart"
    | "lenToCipher"
    | "hashStart"
    | "lenToHash"
    | "dstLen"
  >,
): ChainJob {
  const len = given.src.length;
  return {
    service: "chain",
    op: Op.ENCRYPT,
    order: Order.CIPHER_THEN_HASH,
    hashMode: HashMode.PLAIN,
    authKey: EMPTY,
    aad: EMPTY,
    cipherStart: 0,
    lenToCipher: len,
    hashStart: 0,
    lenToHash: len,
    dstLen: len,
    ...given,
  };
}
