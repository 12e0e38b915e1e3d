/** Requests that violate two checks of wire.md 3 at once, with the status of the earlier one. */
import { pattern } from "./bytes.ts";
import { aeadJob, chainJob, cipherJob, hashJob, type Job, macJob } from "./jobs.ts";
import type { Changes } from "./requests.ts";
import { Aead, Cipher, Hash, HashMode, Mac, Op, Status } from "./wire.ts";

/** The job of each service the cases vary. */
export const CIPHER = cipherJob({
  algo: Cipher.AES_CBC,
  key: pattern(16),
  iv: pattern(16),
  src: pattern(32),
});
/** See CIPHER. */
export const HASH = hashJob({ algo: Hash.SHA_256, src: pattern(32), resultLen: 32 });
/** See CIPHER. */
export const MAC = macJob({
  algo: Mac.HMAC_SHA_256,
  key: pattern(32),
  src: pattern(32),
  resultLen: 32,
});
/** See CIPHER. */
export const AEAD = aeadJob({
  algo: Aead.GCM,
  key: pattern(16),
  iv: pattern(12),
  src: pattern(32),
});
/** See CIPHER. */
export const CHAIN = chainJob({
  algo: Cipher.AES_CBC,
  key: pattern(16),
  iv: pattern(16),
  hashAlgo: Hash.SHA_256,
  src: pattern(32),
  resultLen: 32,
});
/** All of them. */
export const JOBS: readonly Job[] = [CIPHER, HASH, MAC, AEAD, CHAIN];
/** The largest length a field holds. */
export const HUGE = 0xffffffff;

/** A request: the job, whether it has a session, what is changed, how much of R is sent, room in W. */
export interface Case {
  readonly name: string;
  readonly job: Job;
  readonly changes?: Changes;
  /** Id in place of a session's own. */
  readonly id?: bigint;
  /** R is cut to this many bytes. */
  readonly cut?: number;
  readonly writableLen?: number;
  readonly status: number;
}

/** Requests in a session, in every mode. */
export const SESSION_CASES: readonly Case[] = [
  {
    name: "1 before 2: header cut, unknown opcode",
    job: HASH,
    changes: { opcode: 0x9900 },
    cut: 23,
    status: Status.ERR,
  },
  {
    name: "1 before 4: header cut, unknown session",
    job: HASH,
    id: 99n,
    cut: 23,
    status: Status.ERR,
  },
  { name: "1: R of no bytes", job: HASH, cut: 0, status: Status.ERR },
  {
    name: "2 before 3: unknown opcode, flag 2",
    job: HASH,
    changes: { opcode: 0x0401, flag: 2 },
    status: Status.NOTSUPP,
  },
  {
    name: "2 before 4: unknown opcode, unknown session",
    job: HASH,
    changes: { opcode: 0x01ff },
    id: 99n,
    status: Status.NOTSUPP,
  },
  {
    name: "2 before 4: HASH has no decrypt",
    job: HASH,
    changes: { opcode: 0x0101 },
    id: 99n,
    status: Status.NOTSUPP,
  },
  {
    name: "2 before 5: a control opcode on a data queue, no body",
    job: CIPHER,
    changes: { opcode: 0x0002 },
    cut: 24,
    status: Status.NOTSUPP,
  },
  {
    name: "2 before 5: a destroy opcode on a data queue, no body",
    job: CIPHER,
    changes: { opcode: 0x0003 },
    cut: 24,
    status: Status.NOTSUPP,
  },
  {
    name: "2: opcode bits above 16 count",
    job: HASH,
    changes: { opcode: 0x10100 },
    status: Status.NOTSUPP,
  },
  {
    name: "4 before 5: unknown session, no body",
    job: CIPHER,
    id: 99n,
    cut: 24,
    status: Status.INVSESS,
  },
  {
    name: "4 before 6: unknown session, op_type 9",
    job: CIPHER,
    id: 99n,
    changes: { body: { opType: 9 } },
    status: Status.INVSESS,
  },
  {
    name: "4 before 9: unknown session, huge lengths",
    job: HASH,
    id: 99n,
    changes: { body: { srcDataLen: HUGE, hashResultLen: HUGE } },
    status: Status.INVSESS,
  },
  {
    name: "4 before 9: unknown session, W of 1",
    job: HASH,
    id: 99n,
    writableLen: 1,
    status: Status.INVSESS,
  },
  {
    name: "4 before 10: session 0",
    job: HASH,
    id: 0n,
    changes: { body: { hashResultLen: 0 } },
    status: Status.INVSESS,
  },
  {
    name: "5 before 6: body cut, op_type 9",
    job: CIPHER,
    changes: { body: { opType: 9 } },
    cut: 24 + 47,
    status: Status.ERR,
  },
  {
    name: "6 before 8: op_type 0, other direction",
    job: CIPHER,
    changes: { opcode: 1, body: { opType: 0 } },
    status: Status.NOTSUPP,
  },
  {
    name: "6 before 9: op_type 3, huge lengths",
    job: CIPHER,
    changes: { body: { opType: 3, srcDataLen: HUGE } },
    status: Status.NOTSUPP,
  },
  {
    name: "6 before 9: op_type 2^32 - 1, W of 1",
    job: CIPHER,
    changes: { body: { opType: HUGE } },
    writableLen: 1,
    status: Status.NOTSUPP,
  },
  {
    name: "6: a chain's op_type in a cipher session",
    job: CIPHER,
    changes: { body: { opType: 2 } },
    status: Status.ERR,
  },
  {
    name: "6: a cipher's op_type in a chain session",
    job: CHAIN,
    changes: { body: { opType: 1 } },
    status: Status.ERR,
  },
  {
    name: "8: decrypt opcode in an encrypt session",
    job: CIPHER,
    changes: { opcode: 1 },
    status: Status.ERR,
  },
  {
    name: "8: decrypt opcode in an encrypt chain session",
    job: CHAIN,
    changes: { opcode: 1 },
    status: Status.ERR,
  },
  {
    name: "8 before 12: decrypt opcode in an AEAD encrypt session, a tag that would not verify",
    job: AEAD,
    changes: { opcode: 0x301 },
    status: Status.ERR,
  },
];

/** Requests without a session. */
export const STATELESS_CASES: readonly Case[] = [
  {
    name: "2 before 7: unknown opcode, unknown algorithm",
    job: HASH,
    changes: { opcode: 0x0700, body: { algo: 63 } },
    status: Status.NOTSUPP,
  },
  {
    name: "3 before 5: flag 2, no body",
    job: HASH,
    changes: { flag: 2 },
    cut: 24,
    status: Status.ERR,
  },
  {
    name: "3 before 7: flag 2, unknown algorithm",
    job: HASH,
    changes: { flag: 2, body: { algo: 63 } },
    status: Status.ERR,
  },
  { name: "3: flag 2^32 - 1", job: HASH, changes: { flag: HUGE }, status: Status.ERR },
  {
    name: "5 before 6: body cut, op_type 9",
    job: CIPHER,
    changes: { body: { opType: 9 } },
    cut: 24 + 79,
    status: Status.ERR,
  },
  {
    name: "5 before 7: body cut, unknown hash",
    job: HASH,
    changes: { body: { algo: 63 } },
    cut: 24 + 15,
    status: Status.ERR,
  },
  {
    name: "5 before 7: body cut, unknown MAC",
    job: MAC,
    changes: { body: { algo: 63 } },
    cut: 24 + 15,
    status: Status.ERR,
  },
  {
    name: "5 before 7: body cut, unknown AEAD",
    job: AEAD,
    changes: { body: { algo: 63 } },
    cut: 24 + 31,
    status: Status.ERR,
  },
  {
    name: "6 before 8: op_type 0, op 0",
    job: CIPHER,
    changes: { body: { opType: 0, op: 0 } },
    status: Status.NOTSUPP,
  },
  {
    name: "6 before 9: op_type 3, huge lengths",
    job: CIPHER,
    changes: { body: { opType: 3, srcDataLen: HUGE } },
    status: Status.NOTSUPP,
  },
  {
    name: "7 before 8: unknown cipher, op 3",
    job: CIPHER,
    changes: { body: { algo: 31, op: 3 } },
    status: Status.NOTSUPP,
  },
  {
    name: "7 before 9: unknown cipher, huge key",
    job: CIPHER,
    changes: { body: { algo: 0, keylen: HUGE } },
    status: Status.NOTSUPP,
  },
  {
    name: "7 before 9: unknown hash, huge src",
    job: HASH,
    changes: { body: { algo: 13, srcDataLen: HUGE } },
    status: Status.NOTSUPP,
  },
  {
    name: "7 before 9: unknown hash, W of 1",
    job: HASH,
    changes: { body: { algo: HUGE } },
    writableLen: 1,
    status: Status.NOTSUPP,
  },
  {
    name: "7 before 9: unknown MAC, huge key",
    job: MAC,
    changes: { body: { algo: 7, authKeyLen: HUGE } },
    status: Status.NOTSUPP,
  },
  {
    name: "7 before 8: unknown AEAD, op 0",
    job: AEAD,
    changes: { body: { algo: 4, op: 0 } },
    status: Status.NOTSUPP,
  },
  {
    name: "7 before 10: unknown AEAD, tag of 3",
    job: AEAD,
    changes: { body: { algo: 0, tagLen: 3 } },
    status: Status.NOTSUPP,
  },
  {
    name: "7 before 8: chain order 3, op 0",
    job: CHAIN,
    changes: { body: { algChainOrder: 3, op: 0 } },
    status: Status.NOTSUPP,
  },
  {
    name: "7 before 8: chain order 0, op 0",
    job: CHAIN,
    changes: { body: { algChainOrder: 0, op: 0 } },
    status: Status.NOTSUPP,
  },
  {
    name: "7 before 9: hash mode 0, huge src",
    job: CHAIN,
    changes: { body: { hashMode: 0, srcDataLen: HUGE } },
    status: Status.NOTSUPP,
  },
  {
    name: "7 before 9: hash mode 4, huge src",
    job: CHAIN,
    changes: { body: { hashMode: 4, srcDataLen: HUGE } },
    status: Status.NOTSUPP,
  },
  {
    name: "7 before 10: chain of an unknown hash, bad offsets",
    job: CHAIN,
    changes: { body: { hashAlgo: 13, cipherStart: 99 } },
    status: Status.NOTSUPP,
  },
  {
    name: "7 before 10: chain of an unknown cipher, iv of 3",
    job: CHAIN,
    changes: { body: { algo: 15, ivLen: 3 } },
    status: Status.NOTSUPP,
  },
  {
    name: "7: a HASH number that is no MAC under AUTH",
    job: CHAIN,
    changes: { body: { hashMode: HashMode.AUTH, hashAlgo: Hash.SHA3_224 } },
    status: Status.NOTSUPP,
  },
  {
    name: "8: op 2 with the encrypt opcode",
    job: CIPHER,
    changes: { body: { op: Op.DECRYPT } },
    status: Status.ERR,
  },
  { name: "8: op 3", job: CIPHER, changes: { body: { op: 3 } }, status: Status.ERR },
  {
    name: "8: chain op 2 with the encrypt opcode",
    job: CHAIN,
    changes: { body: { op: Op.DECRYPT } },
    status: Status.ERR,
  },
  {
    name: "8 before 12: AEAD op 1 with the decrypt opcode, no valid tag",
    job: AEAD,
    changes: { opcode: 0x301 },
    status: Status.ERR,
  },
  {
    name: "10: auth_key_len of a PLAIN chain",
    job: { ...CHAIN, authKey: pattern(4) },
    status: Status.ERR,
  },
  {
    name: "10: auth_key_len of a NESTED chain",
    job: { ...CHAIN, authKey: pattern(4), hashMode: HashMode.NESTED },
    status: Status.ERR,
  },
];
