/** The requests that ask for a job, in each mode (wire.md 1 and 2). */
import { type Bytes, concat, EMPTY } from "./bytes.ts";
import type { AeadJob, ChainJob, Job } from "./jobs.ts";
import {
  Body,
  controlRequest,
  dataRequest,
  encode,
  type Fields,
  Flag,
  type Framing,
  Op,
  Opcode,
  OpType,
  type Structure,
} from "./wire.ts";

/** What to send otherwise than the job says. */
export interface Changes {
  readonly opcode?: number;
  readonly flag?: number;
  /** Fields of the body by name. */
  readonly body?: Fields;
  /** Replaces the variable part. */
  readonly variable?: Bytes;
  /** Bytes behind the last field. */
  readonly tail?: Bytes;
}

/** Service number of a job; a chain is a request of the CIPHER service. */
export function serviceOf(job: Job): number {
  return { cipher: 0, chain: 0, hash: 1, mac: 2, aead: 3 }[job.service];
}

/** Result bytes of a job: dst and digest, without the status. */
export function resultLenOf(job: Job): number {
  return ("dstLen" in job ? job.dstLen : 0) + ("resultLen" in job ? job.resultLen : 0);
}

/** Room a job needs in W. */
export function writableLenOf(job: Job): number {
  return resultLenOf(job) + 1;
}

/** `R` that creates a session for a job. */
export function createRequest(framing: Framing, job: Job, changes: Changes = {}): Bytes {
  const [body, fields, keys] = createParts(job);
  const opcode = changes.opcode ?? (serviceOf(job) << 8) | 2;
  const variable = concat(changes.variable ?? keys, changes.tail ?? EMPTY);
  const header = { opcode, flag: changes.flag };
  return controlRequest(framing, header, encode(body, { ...fields, ...changes.body }), variable);
}

/** `R` that runs a job in a session. */
export function sessionRequest(
  framing: Framing,
  job: Job,
  sessionId: bigint,
  changes: Changes = {},
): Bytes {
  const [body, fields, data] = sessionParts(job);
  const header = {
    opcode: changes.opcode ?? dataOpcode(job),
    sessionId,
    flag: changes.flag ?? Flag.SESSION,
  };
  const variable = concat(changes.variable ?? data, changes.tail ?? EMPTY);
  return dataRequest(framing, header, encode(body, { ...fields, ...changes.body }), variable);
}

/** `R` that runs a job without a session; MUX framing. */
export function statelessRequest(
  layout: Framing["layout"],
  job: Job,
  changes: Changes = {},
): Bytes {
  const [body, fields, data] = statelessParts(job, layout);
  const header = {
    opcode: changes.opcode ?? dataOpcode(job),
    flag: changes.flag ?? Flag.STATELESS,
  };
  const variable = concat(changes.variable ?? data, changes.tail ?? EMPTY);
  const bytes = encode(body, { ...fields, ...changes.body });
  return dataRequest({ mux: true, layout }, header, bytes, variable);
}

/** Opcode of a job's data request. */
export function dataOpcode(job: Job): number {
  const decrypts = "op" in job && job.op === Op.DECRYPT;
  return (serviceOf(job) << 8) | (decrypts ? Opcode.CIPHER_DECRYPT : Opcode.CIPHER_ENCRYPT);
}

type Parts = readonly [body: Structure, fields: Fields, variable: Bytes];

function createParts(job: Job): Parts {
  const { algo } = job;
  switch (job.service) {
    case "cipher": {
      const fields = { algo, keylen: job.key.length, op: job.op, opType: OpType.CIPHER };
      return [Body.createCipher, fields, job.key];
    }
    case "chain": {
      const fields = {
        algChainOrder: job.order,
        hashMode: job.hashMode,
        algo,
        keylen: job.key.length,
        op: job.op,
        hashAlgo: job.hashAlgo,
        hashResultLen: job.resultLen,
        authKeyLen: job.authKey.length,
        aadLen: job.aad.length,
        opType: OpType.CHAIN,
      };
      return [Body.createChain, fields, concat(job.key, job.authKey)];
    }
    case "hash":
      return [Body.createHash, { algo, hashResultLen: job.resultLen }, EMPTY];
    case "mac": {
      const fields = { algo, hashResultLen: job.resultLen, authKeyLen: job.key.length };
      return [Body.createMac, fields, job.key];
    }
    case "aead": {
      const { aad, tagLen, op } = job;
      const fields = { algo, keyLen: job.key.length, tagLen, aadLen: aad.length, op };
      return [Body.createAead, fields, job.key];
    }
  }
}

function chainLengths(job: ChainJob): Fields {
  return {
    ivLen: job.iv.length,
    srcDataLen: job.src.length,
    dstDataLen: job.dstLen,
    cipherStart: job.cipherStart,
    lenToCipher: job.lenToCipher,
    hashStart: job.hashStart,
    lenToHash: job.lenToHash,
    aadLen: job.aad.length,
    hashResultLen: job.resultLen,
    opType: OpType.CHAIN,
  };
}

function sessionParts(job: Job): Parts {
  const srcDataLen = job.src.length;
  switch (job.service) {
    case "cipher": {
      const fields = {
        ivLen: job.iv.length,
        srcDataLen,
        dstDataLen: job.dstLen,
        opType: OpType.CIPHER,
      };
      return [Body.cipher, fields, concat(job.iv, job.src)];
    }
    case "chain":
      return [Body.chain, chainLengths(job), concat(job.iv, job.src, job.aad)];
    case "hash":
      return [Body.hash, { srcDataLen, hashResultLen: job.resultLen }, job.src];
    case "mac":
      return [Body.mac, { srcDataLen, hashResultLen: job.resultLen }, job.src];
    case "aead":
      return [Body.aead, aeadLengths(job), concat(job.ivField ?? job.iv, job.src, job.aad)];
  }
}

function aeadLengths(job: AeadJob): Fields {
  return {
    ivLen: job.iv.length,
    aadLen: job.aad.length,
    srcDataLen: job.src.length,
    dstDataLen: job.dstLen,
    tagLen: job.tagLen,
  };
}

function statelessParts(job: Job, layout: Framing["layout"]): Parts {
  const { algo } = job;
  const old = layout === "1.1";
  switch (job.service) {
    case "cipher": {
      const [, lengths, data] = sessionParts(job);
      const fields = { ...lengths, algo, keylen: job.key.length, op: job.op };
      return [old ? Body.cipherStateless11 : Body.cipherStateless, fields, concat(job.key, data)];
    }
    case "chain": {
      const { order, hashMode, op, hashAlgo } = job;
      const keys = { algo, keylen: job.key.length, op, hashAlgo, authKeyLen: job.authKey.length };
      const fields = { algChainOrder: order, hashMode, ...keys, ...chainLengths(job) };
      const data = concat(job.key, job.authKey, job.iv, job.aad, job.src);
      return [old ? Body.chainStateless11 : Body.chainStateless, fields, data];
    }
    case "hash":
      return [Body.hashStateless, { algo, ...sessionParts(job)[1] }, job.src];
    case "mac": {
      const fields = { algo, authKeyLen: job.key.length, ...sessionParts(job)[1] };
      return [Body.macStateless, fields, concat(job.key, job.src)];
    }
    case "aead": {
      const fields = { algo, keyLen: job.key.length, op: job.op, ...aeadLengths(job) };
      return [Body.aeadStateless, fields, concat(job.key, sessionParts(job)[2])];
    }
  }
}
