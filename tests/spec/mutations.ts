/**
 * Defects of the device, each with the MUSTs it breaks: what the cases are tested with.
 *
 * @module
 */

import type { Mode } from "./cases.ts";

/** One defect: a piece of the device's source, and what stands there instead. */
export interface Mutation {
  readonly name: string;
  /** Below `device/`. */
  readonly file: string;
  /** Stands exactly once in the file. */
  readonly find: string;
  readonly replace: string;
  /** Ids of the MUSTs that are broken. */
  readonly musts: readonly string[];
  /** Modes in which they are; all that the MUST is tested in by default. */
  readonly modes?: readonly Mode[];
}

const SESSION_MODES: readonly Mode[] = ["not-MUX", "MUX"];

const config = (n: number): string => `device-configuration-layout-${n}`;
const create = (n: number): string => `session-operation-create-session-${n}`;
const destroy = (n: number): string => `session-operation-destroy-session-${n}`;
const hash = (n: number): string => `hash-service-operation-${n}`;
const mac = (n: number): string => `mac-service-operation-${n}`;
const sym = (n: number): string => `symmetric-algorithms-operation-${n}`;
const aead = (n: number): string => `aead-service-operation-${n}`;

const MUX_BODIES = [hash(1), mac(1), sym(1), aead(1)];
const FIXED_BODIES = [hash(2), mac(2), sym(2), aead(2)];
const FLAGS = [hash(4), mac(3), sym(3), aead(3)];
const STATUSES = [hash(6), mac(5), sym(9), aead(6)];
const without = (ids: readonly string[], id: string): string[] => ids.filter((each) => each !== id);

const CONFIG_SPACE = "virtio/config_space.ts";
const ENGINE = "engine/engine.ts";
const SERVICES = "services/mod.ts";
const REQUEST = "services/request.ts";
const HASH = "services/hash_service.ts";
const MAC = "services/mac_service.ts";
const CIPHER = "services/cipher_service.ts";
const CHAIN = "services/chain_service.ts";
const AEAD = "services/aead_service.ts";

const CONFIGURATION: readonly Mutation[] = [
  {
    name: "max_dataqueues is one too small",
    file: CONFIG_SPACE,
    find: "Config.maxDataqueues, config.maxDataqueues,",
    replace: "Config.maxDataqueues, config.maxDataqueues - 1,",
    musts: [config(1)],
  },
  {
    name: "HW_READY is set whatever the accelerator says",
    file: CONFIG_SPACE,
    find: "config.ready ? S_HW_READY : 0",
    replace: "S_HW_READY",
    musts: [config(2)],
  },
  {
    name: "status has a flag that is not defined",
    file: CONFIG_SPACE,
    find: "config.ready ? S_HW_READY : 0",
    replace: "(config.ready ? S_HW_READY : 0) | 2",
    musts: [config(3)],
  },
  {
    name: "the second queue is never served",
    file: "virtio/virtio_device.ts",
    find: "if (this.running && this.isReady(index)) this.#backend",
    replace: "if (this.running && this.isReady(index) && index !== 1) this.#backend",
    musts: [config(4)],
  },
  {
    name: "crypto_services names every service",
    file: CONFIG_SPACE,
    find: "services |= 1 << service",
    replace: "services = 15",
    musts: [config(5)],
  },
  {
    name: "the masks lack bit 3",
    file: CONFIG_SPACE,
    find: "view.setUint32(low, mask.low, true)",
    replace: "view.setUint32(low, mask.low & ~8, true)",
    musts: [config(6)],
  },
  {
    name: "the masks lack their upper half",
    file: CONFIG_SPACE,
    find: "if (high !== undefined) view",
    replace: "if (high === -1) view",
    musts: [config(6)],
  },
  {
    name: "the masks have bit 31",
    file: CONFIG_SPACE,
    find: "view.setUint32(low, mask.low, true)",
    replace: "view.setUint32(low, mask.low | 1 << 31, true)",
    musts: [config(7)],
  },
  {
    name: "max_size is one too small",
    file: CONFIG_SPACE,
    find: "config.maxSize >>> 0",
    replace: "(config.maxSize - 1) >>> 0",
    musts: [config(8)],
  },
  {
    name: "the result does not count towards max_size",
    file: REQUEST,
    find: "readableLen + resultLen + 1 <= this.maxSize",
    replace: "readableLen <= this.maxSize",
    musts: [config(8)],
  },
  {
    name: "max_cipher_key_len is in 16-bit words",
    file: CONFIG_SPACE,
    find: "Config.maxCipherKeyLen, config.maxCipherKeyLen,",
    replace: "Config.maxCipherKeyLen, config.maxCipherKeyLen / 2,",
    musts: [config(9)],
  },
  {
    name: "max_auth_key_len is the cipher's",
    file: CONFIG_SPACE,
    find: "Config.maxAuthKeyLen, config.maxAuthKeyLen,",
    replace: "Config.maxAuthKeyLen, config.maxCipherKeyLen,",
    musts: [config(10)],
  },
];

const CONTROL: readonly Mutation[] = [
  {
    name: "create bodies are never padded",
    file: ENGINE,
    find: "this.#modes.mux ? CREATE_BODY_SIZE[service] : CTRL_BODY_SIZE",
    replace: "CREATE_BODY_SIZE[service]",
    musts: [create(1)],
    modes: ["not-MUX"],
  },
  {
    name: "create bodies are always padded",
    file: ENGINE,
    find: "this.#modes.mux ? CREATE_BODY_SIZE[service] : CTRL_BODY_SIZE",
    replace: "CTRL_BODY_SIZE",
    musts: [create(1)],
    modes: ["MUX"],
  },
  {
    name: "a MAC session is made of the HASH structure",
    file: SERVICES,
    find: "[Service.MAC]: createMacSession",
    replace: "[Service.MAC]: createHashSession",
    musts: [create(1)],
  },
  {
    name: "a full table is NOSPC without MUX_MODE too",
    file: ENGINE,
    find: "this.#modes.mux ? Status.NOSPC : Status.ERR",
    replace: "Status.NOSPC",
    musts: [create(2)],
    modes: ["not-MUX"],
  },
  {
    name: "a full table is ERR with MUX_MODE too",
    file: ENGINE,
    find: "this.#modes.mux ? Status.NOSPC : Status.ERR",
    replace: "Status.ERR",
    musts: [create(2)],
    modes: ["MUX"],
  },
  {
    name: "a session of an unknown MAC is ERR",
    file: MAC,
    find: "[request.u32(MacSessionPara.algo)];\n  if (mac === undefined) return Status.NOTSUPP;",
    replace: "[request.u32(MacSessionPara.algo)];\n  if (mac === undefined) return Status.ERR;",
    musts: [create(2)],
  },
  {
    name: "a session with an illegal tag_len is OK",
    file: AEAD,
    find: "if (!algorithm.tagLens.includes(tagLen)) return Status.ERR;",
    replace: "",
    musts: [create(2)],
  },
  {
    name: "a destroyed session's id is used again",
    file: "engine/session_table.ts",
    find: "this.#numbers[slot] += this.#capacity;",
    replace: "",
    musts: [create(3)],
  },
  {
    name: "a refused session has an id",
    file: ENGINE,
    find: "isSession ? this.#keep(request, created) : 0",
    replace: "isSession ? this.#keep(request, created) : 1",
    musts: [create(3)],
  },
  {
    name: "the end of an unknown session is OK",
    file: ENGINE,
    find: "if (this.#sessions.find(number)?.service !== service) return Status.ERR;",
    replace: "if (this.#sessions.find(number)?.service !== service) return Status.OK;",
    musts: [destroy(1)],
  },
  {
    name: "a session outlives its end",
    file: ENGINE,
    find: "this.#sessions.remove(number);\n      return Status.OK;",
    replace: "return Status.OK;",
    musts: [destroy(1)],
  },
  {
    name: "any service ends any session",
    file: ENGINE,
    find: "if (this.#sessions.find(number)?.service !== service) return Status.ERR;",
    replace: "if (this.#sessions.find(number) === undefined) return Status.ERR;",
    musts: [destroy(1)],
  },
  {
    name: "destroy bodies are always padded",
    file: ENGINE,
    find: "this.#modes.mux ? DestroySessionReq.SIZE : CTRL_BODY_SIZE",
    replace: "CTRL_BODY_SIZE",
    musts: [destroy(1)],
    modes: ["MUX"],
  },
];

const DATA: readonly Mutation[] = [
  {
    name: "bodies of sessions are always padded",
    file: ENGINE,
    find: "mux ? DATA_BODY_SIZES[service] : DATA_BODY_SIZE",
    replace: "DATA_BODY_SIZE",
    musts: without(MUX_BODIES, sym(1)),
    modes: ["MUX"],
  },
  {
    name: "a CIPHER body under MUX_MODE is as short as a HASH body",
    file: "engine/opcodes.ts",
    find: "  SymDataReq.SIZE,\n  HashPara.SIZE,",
    replace: "  HashPara.SIZE,\n  HashPara.SIZE,",
    musts: [sym(1)],
    modes: ["MUX"],
  },
  {
    name: "bodies of sessions are never padded",
    file: ENGINE,
    find: "mux ? DATA_BODY_SIZES[service] : DATA_BODY_SIZE",
    replace: "DATA_BODY_SIZES[service]",
    musts: without(FIXED_BODIES, sym(2)),
  },
  {
    name: "padded bodies have the size of the stateless union",
    file: "wire/structs.ts",
    find: "DATA_BODY_SIZE = 48",
    replace: "DATA_BODY_SIZE = 80",
    musts: FIXED_BODIES,
  },
  {
    name: "a stateless CIPHER body lacks queue_id",
    file: SERVICES,
    find: "[Service.CIPHER]: SymDataReqStateless.SIZE",
    replace: "[Service.CIPHER]: SymDataReqStateless.SIZE - 4",
    musts: [sym(1)],
    modes: ["stateless"],
  },
  {
    name: "a stateless HASH body is as short as a session's",
    file: SERVICES,
    find: "[Service.HASH]: HashParaStateless.SIZE",
    replace: "[Service.HASH]: HashSessionPara.SIZE",
    musts: [hash(1)],
    modes: ["stateless"],
  },
  {
    name: "a stateless MAC body is as short as a session's",
    file: SERVICES,
    find: "[Service.MAC]: MacParaStateless.SIZE",
    replace: "[Service.MAC]: HashSessionPara.SIZE",
    musts: [mac(1)],
    modes: ["stateless"],
  },
  {
    name: "a stateless AEAD body is as short as a session's",
    file: SERVICES,
    find: "[Service.AEAD]: AeadParaStateless.SIZE",
    replace: "[Service.AEAD]: AeadSessionPara.SIZE",
    musts: [aead(1)],
    modes: ["stateless"],
  },
  {
    name: "every request of a stateless service is stateless",
    file: ENGINE,
    find: "if (flag === Flag.STATELESS_MODE) {",
    replace: "if (stateless[service]) {",
    musts: FLAGS,
    modes: ["MUX", "stateless"],
  },
  {
    name: "a flag that is none means stateless",
    file: ENGINE,
    find: "if (flag === Flag.STATELESS_MODE) {",
    replace: "if (flag !== Flag.SESSION_MODE) {",
    musts: FLAGS,
    modes: ["stateless"],
  },
  {
    name: "a flag that is none means the session",
    file: ENGINE,
    find: "if (flag !== Flag.SESSION_MODE) return Status.ERR;",
    replace: "",
    musts: FLAGS,
    modes: ["MUX"],
  },
  {
    name: "a flag is read without MUX_MODE",
    file: ENGINE,
    find: "if (mux) {",
    replace: "if (mux || view.getUint32(OpHeader.flag, true) > 1) {",
    musts: FLAGS,
    modes: ["not-MUX"],
  },
  {
    name: "a session serves the requests of any service",
    file: ENGINE,
    find: "session === undefined || session.service !== service",
    replace: "session === undefined",
    musts: [hash(3), ...STATUSES],
    modes: SESSION_MODES,
  },
  {
    name: "a stateless HASH request is read as a MAC request",
    file: SERVICES,
    find: "[Service.HASH]: runStatelessHash",
    replace: "[Service.HASH]: runStatelessMac",
    musts: [hash(3)],
    modes: ["stateless"],
  },
  {
    name: "an unknown data opcode is ERR",
    file: ENGINE,
    find: "if (operation === undefined) return Status.NOTSUPP;",
    replace: "if (operation === undefined) return Status.ERR;",
    musts: STATUSES,
  },
  {
    name: "a data request of a disabled service is not NOTSUPP",
    file: ENGINE,
    find: "if (!this.#algorithms.offers(service)) return Status.NOTSUPP;",
    replace: "",
    musts: STATUSES,
    modes: SESSION_MODES,
  },
  {
    name: "an unknown session is ERR",
    file: ENGINE,
    find: "return Status.INVSESS;",
    replace: "return Status.ERR;",
    musts: STATUSES,
    modes: SESSION_MODES,
  },
  {
    name: "W need not have room for the status",
    file: REQUEST,
    find: "resultLen + 1 <= this.writable.length",
    replace: "resultLen <= this.writable.length",
    musts: STATUSES,
  },
];

const HASH_AND_MAC: readonly Mutation[] = [
  {
    name: "a digest is not copied to hash_result",
    file: HASH,
    find: "request.writable.copyFrom(0, result);",
    replace: "",
    musts: [hash(5)],
  },
  {
    name: "a digest is copied one byte too far",
    file: HASH,
    find: "request.writable.copyFrom(0, result);",
    replace: "request.writable.copyFrom(1, result);",
    musts: [hash(5)],
  },
  {
    name: "a stateless hash of no algorithm is ERR",
    file: HASH,
    find:
      "[request.u32(HashParaStateless.algo)];\n  if (hash === undefined) return Status.NOTSUPP;",
    replace: "[request.u32(HashParaStateless.algo)];\n  if (hash === undefined) return Status.ERR;",
    musts: [hash(6)],
    modes: ["stateless"],
  },
  {
    name: "a hash may be longer than its digest",
    file: HASH,
    find: "hashResultLen === 0 || hashResultLen > limit",
    replace: "hashResultLen === 0",
    musts: [hash(6)],
  },
  {
    name: "a MAC is not copied to hash_result",
    file: MAC,
    find: "request.writable.copyFrom(0, result);",
    replace: "",
    musts: [mac(4)],
  },
  {
    name: "a stateless MAC of no algorithm is ERR",
    file: MAC,
    find: "[request.u32(MacParaStateless.algo)];\n  if (mac === undefined) return Status.NOTSUPP;",
    replace: "[request.u32(MacParaStateless.algo)];\n  if (mac === undefined) return Status.ERR;",
    musts: [mac(5)],
    modes: ["stateless"],
  },
  {
    name: "a MAC may be longer than its tag",
    file: MAC,
    find: "hashResultLen > 0 && hashResultLen <= limit",
    replace: "hashResultLen > 0",
    musts: [mac(5)],
  },
];

const SYMMETRIC: readonly Mutation[] = [
  {
    name: "a cipher session takes the other direction's opcode",
    file: CIPHER,
    find: "if (request.decrypt !== this.#decrypt) return Status.ERR;",
    replace: "",
    musts: [sym(4)],
    modes: SESSION_MODES,
  },
  {
    name: "a chain session takes the other direction's opcode",
    file: CHAIN,
    find: "if (request.decrypt !== this.#decrypt) return Status.ERR;",
    replace: "",
    musts: [sym(4)],
    modes: SESSION_MODES,
  },
  {
    name: "a stateless cipher takes the other direction's opcode",
    file: CIPHER,
    find: "!isDirection(op) || (op === Direction.DECRYPT) !== request.decrypt",
    replace: "!isDirection(op)",
    musts: [sym(4)],
    modes: ["stateless"],
  },
  {
    name: "a chain's digest starts where its cipher does",
    file: CHAIN,
    find: "request.u32(at.hashStartSrcOffset)",
    replace: "request.u32(at.cipherStartSrcOffset)",
    musts: [sym(5)],
  },
  {
    name: "CIPHER_THEN_HASH digests the source",
    file: CHAIN,
    find: "if (!chain.hashFirst) chain.digest.compute(digestIv, aad, dst.subarray(",
    replace: "if (!chain.hashFirst) chain.digest.compute(digestIv, aad, src.subarray(",
    musts: [sym(5)],
  },
  {
    name: "a cipher's result is not copied to a scattered dst_data",
    file: CIPHER,
    find: "writable.copyFrom(0, result);",
    replace: "",
    musts: [sym(6)],
  },
  {
    name: "a chain's result is not copied to a scattered dst_data",
    file: CHAIN,
    find: "if (inPlace === null) writable.copyFrom(0, dst);",
    replace: "",
    musts: [sym(6)],
  },
  {
    name: "a chain digests 16 bytes of aad where aad_len is 0",
    file: CHAIN,
    find: "variable + aadAt + digestIvLen, aadLen - digestIvLen)",
    replace: "variable + aadAt + digestIvLen, aadLen === 0 ? 16 : aadLen - digestIvLen)",
    musts: [sym(7)],
  },
  {
    name: "a chain does not copy its digest to hash_result",
    file: CHAIN,
    find: "writable.copyFrom(dstDataLen, result);",
    replace: "",
    musts: [sym(8)],
  },
  {
    name: "hash_result follows the ciphered bytes rather than dst_data",
    file: CHAIN,
    find: "writable.copyFrom(dstDataLen, result);",
    replace: "writable.copyFrom(srcDataLen, result);",
    musts: [sym(8)],
  },
  {
    name: "a cipher session's dst_data may be too short",
    file: CIPHER,
    find: "if (dstDataLen < srcDataLen) return Status.ERR;",
    replace: "",
    musts: [sym(9)],
    modes: SESSION_MODES,
  },
  {
    name: "a chain's digest may reach beyond its source",
    file: CHAIN,
    find: "params.hashStartSrcOffset + lenToHash <= srcDataLen &&",
    replace: "",
    musts: [sym(9)],
  },
  {
    name: "a cipher session calls no operation an error",
    file: CIPHER,
    find: "return opType === SymOp.ALGORITHM_CHAINING ? Status.ERR : Status.NOTSUPP;",
    replace: "return Status.ERR;",
    musts: [sym(9)],
    modes: SESSION_MODES,
  },
  {
    name: "a stateless request of no operation is ERR",
    file: SERVICES,
    find: "return runStatelessChain(request, offered);\n    default:\n      return Status.NOTSUPP;",
    replace: "return runStatelessChain(request, offered);\n    default:\n      return Status.ERR;",
    musts: [sym(9)],
    modes: ["stateless"],
  },
];

const AEADS: readonly Mutation[] = [
  {
    name: "an AEAD session takes the other direction's opcode",
    file: AEAD,
    find: "if (request.decrypt !== this.#decrypt) return Status.ERR;",
    replace: "",
    musts: [aead(3)],
    modes: SESSION_MODES,
  },
  {
    name: "a stateless AEAD request takes the other direction's opcode",
    file: AEAD,
    find: "!isDirection(op) || (op === Direction.DECRYPT) !== request.decrypt",
    replace: "!isDirection(op)",
    musts: [aead(3)],
    modes: ["stateless"],
  },
  {
    name: "ciphertext is not copied to a scattered dst_data",
    file: AEAD,
    find: "writable.copyFrom(0, result);",
    replace: "",
    musts: [aead(4)],
  },
  {
    name: "plaintext is not copied to dst_data",
    file: AEAD,
    find: "writable.copyFrom(0, src);",
    replace: "",
    musts: [aead(4), aead(7)],
  },
  {
    name: "the tag stands at the end of dst_data",
    file: AEAD,
    find: "let tag = writable.view(lens.src, lens.tag);",
    replace: "let tag = writable.view(lens.dst - lens.tag, lens.tag);",
    musts: [aead(5)],
  },
  {
    name: "an AEAD request's dst_data need not hold the tag",
    file: AEAD,
    find: "lens.dst < (decrypt ? plaintextLen : lens.src + lens.tag)",
    replace: "lens.dst < plaintextLen",
    musts: [aead(6)],
  },
  {
    name: "a tag that does not verify is ERR",
    file: AEAD,
    find: "return Status.BADMSG;",
    replace: "return Status.ERR;",
    musts: [aead(6), aead(7)],
  },
  {
    name: "what does not verify is handed out",
    file: AEAD,
    find: "if (!context.open(iv, aad, src, tag, src)) return Status.BADMSG;",
    replace: "context.open(iv, aad, src, tag, src);",
    musts: [aead(6), aead(7)],
  },
];

/** Every mutation, by the specification's sections. */
export const MUTATIONS: readonly Mutation[] = [
  ...CONFIGURATION,
  ...CONTROL,
  ...DATA,
  ...HASH_AND_MAC,
  ...SYMMETRIC,
  ...AEADS,
];
