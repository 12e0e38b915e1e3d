/**
 * Runs vector jobs as raw requests over anything that exchanges R for what the device wrote.
 */

import { Direction, Service, Status } from "../../device/mod.ts";
import {
  aeadData,
  aeadStateless,
  build,
  cipherData,
  cipherStateless,
  createAeadSession,
  createCipherSession,
  createHashSession,
  createMacSession,
  destroySession,
  hashData,
  hashStateless,
  macData,
  macStateless,
  parseSessionInput,
  type Request,
  type WireMode,
} from "../../device/wire/requests.ts";
import { checkJob, type Job } from "./vectors.ts";

/** Sends R to a queue and resolves to the `used.len` bytes that the device wrote. */
export type Exchange = (
  queue: number,
  readable: Uint8Array,
  writableLen: number,
) => Promise<Uint8Array>;

/** Where and how jobs are run. */
export interface Lane {
  readonly exchange: Exchange;
  readonly controlQueue: number;
  readonly mode: WireMode;
  readonly stateless: boolean;
}

// Jobs under way at once: enough to fill messages, few enough to find the one that failed.
const AT_ONCE = 64;

/** Runs all jobs and fails with the first whose outcome is not what its case says. */
export async function runJobs(jobs: readonly Job[], lane: Lane): Promise<void> {
  for (let i = 0; i < jobs.length; i += AT_ONCE) {
    await Promise.all(jobs.slice(i, i + AT_ONCE).map((job, n) => runJob(job, lane, n)));
  }
}

async function runJob(job: Job, lane: Lane, number: number): Promise<void> {
  const queue = number % lane.controlQueue;
  if (lane.stateless) {
    const request = statelessRequest(job, lane.mode);
    const written = await lane.exchange(queue, request.readable, request.writableLen);
    return check(job, written);
  }
  const create = createRequest(job, lane.mode);
  const answer = await lane.exchange(lane.controlQueue, create.readable, create.writableLen);
  const { status, sessionId } = parseSessionInput(answer);
  if (status !== Status.OK) return checkJob(job, status, new Uint8Array(0));
  const request = dataRequest(job, sessionId, lane.mode);
  const written = await lane.exchange(queue, request.readable, request.writableLen);
  const destroy = build(destroySession, { service: job.service, sessionId }, lane.mode);
  await lane.exchange(lane.controlQueue, destroy.readable, destroy.writableLen);
  check(job, written);
}

// A data request's status is the last byte written.
function check(job: Job, written: Uint8Array): void {
  checkJob(job, written[written.length - 1], written.subarray(0, written.length - 1));
}

function createRequest(job: Job, mode: WireMode): Request {
  const { algo, op, key, resultLen } = job;
  switch (job.service) {
    case Service.CIPHER:
      return build(createCipherSession, { algo, op, key }, mode);
    case Service.HASH:
      return build(createHashSession, { algo, hashResultLen: resultLen }, mode);
    case Service.MAC:
      return build(createMacSession, { algo, hashResultLen: resultLen, authKey: key }, mode);
    case Service.AEAD:
      return build(createAeadSession, { algo, op, key, tagLen: resultLen }, mode);
  }
}

function dataRequest(job: Job, sessionId: number, mode: WireMode): Request {
  const { op, iv, aad, src, resultLen } = job;
  switch (job.service) {
    case Service.CIPHER:
      return build(cipherData, { sessionId, op, iv, src }, mode);
    case Service.HASH:
      return build(hashData, { sessionId, src, hashResultLen: resultLen }, mode);
    case Service.MAC:
      return build(macData, { sessionId, src, hashResultLen: resultLen }, mode);
    case Service.AEAD:
      return build(aeadData, {
        sessionId,
        op,
        iv,
        aad,
        src,
        tagLen: resultLen,
        dstDataLen: aeadDstLen(job),
      }, mode);
  }
}

function statelessRequest(job: Job, mode: WireMode): Request {
  const { algo, op, key, iv, aad, src, resultLen } = job;
  switch (job.service) {
    case Service.CIPHER:
      return build(cipherStateless, { algo, op, key, iv, src }, mode);
    case Service.HASH:
      return build(hashStateless, { algo, src, hashResultLen: resultLen }, mode);
    case Service.MAC:
      return build(macStateless, { algo, authKey: key, src, hashResultLen: resultLen }, mode);
    case Service.AEAD:
      return build(aeadStateless, {
        algo,
        op,
        key,
        iv,
        aad,
        src,
        tagLen: resultLen,
        dstDataLen: aeadDstLen(job),
      }, mode);
  }
}

// Named, since a forged message may be shorter than its tag.
function aeadDstLen(job: Job): number {
  return job.op === Direction.DECRYPT
    ? Math.max(0, job.src.length - job.resultLen)
    : job.src.length + job.resultLen;
}
