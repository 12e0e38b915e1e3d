/**
 * The client: a crypto device at the other end of a WebSocket, of HTTP, or in the same process.
 *
 * Runs in browsers, Deno, Node.js and Bun; needs nothing but the Web's own interfaces.
 *
 * @example
 * ```ts
 * import { connect } from "./mod.ts";
 * async function seal(key: Uint8Array, iv: Uint8Array, src: Uint8Array): Promise<Uint8Array> {
 *   await using device = await connect("wss://crypto.example.org");
 *   await using session = await device.aeadSession({ algorithm: "gcm", op: "encrypt", key });
 *   return await session.run({ iv, src });
 * }
 * ```
 *
 * @module
 */

export type { AlgorithmSpec, ChainDigestOptions, ChainOrderName, Operation } from "./algorithms.ts";
export type { CallOptions } from "./answers.ts";
export type { DeviceConfig } from "./config.ts";
export { connect, type ConnectOptions, gatewayUrl } from "./connect.ts";
export { Device } from "./device.ts";
export {
  AlgorithmError,
  ConnectionError,
  CryptoError,
  FeatureError,
  NeedsResetError,
  RefusedError,
} from "./errors.ts";
export type { CryptoFeatureName, FeatureName } from "./features.ts";
export { HttpTransport } from "./http.ts";
export { type AnswerSink, InProcessTransport, type RecordDevice } from "./in_process.ts";
export type { DeviceOptions } from "./link.ts";
export { NodeSocketTransport } from "./node_socket.ts";
export type { ChainResult, SubmitResult } from "./results.ts";
export type {
  AeadRunOptions,
  AeadSession,
  ChainRunOptions,
  ChainSession,
  CipherRunOptions,
  CipherSession,
  HashRunOptions,
  HashSession,
  MacRunOptions,
  MacSession,
} from "./sessions.ts";
export type {
  AeadOptions,
  AeadSpec,
  ChainOptions,
  ChainSpec,
  CipherOptions,
  CipherSpec,
  HashOptions,
  HashSpec,
  MacOptions,
  MacSpec,
} from "./specs.ts";
export type { Transport, TransportEvents } from "./transport.ts";
export { WebSocketTransport } from "./web_socket.ts";
export {
  AeadAlgo,
  ChainOrder,
  CipherAlgo,
  HashAlgo,
  HashMode,
  MacAlgo,
  Service,
  Status,
} from "../../device/wire/constants.ts";
export { algorithmNames, nameOf, parseName } from "../../device/wire/names.ts";
