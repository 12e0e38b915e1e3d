/**
 * Sessions that a front-end makes by message, because it keeps the control queue to itself: QEMU's
 * cryptodev-vhost-user. Each becomes the request that a driver would have put on the control queue.
 *
 * @module
 */

import { ControlOpcode, Service, Status, SymOp } from "../wire/constants.ts";
import {
  build,
  createChainSession,
  createCipherSession,
  destroySession,
  parseSessionInput,
  type Request,
  type WireMode,
} from "../wire/requests.ts";
import { SessionInput } from "../wire/structs.ts";
import { ProtocolError } from "./message_socket.ts";
import {
  CryptoSession,
  CryptoSession72,
  SESSION_AUTH_KEY_LEN,
  SESSION_KEY_LEN,
  SymSession,
} from "./protocol.ts";

/** What stands in the answer for a session that there is not. */
const NO_SESSION = -1n;

/** A session that is asked for. */
export interface SessionMessage {
  /** The request of the control queue; null for one of a kind that no device of ours has. */
  readonly request: Request | null;
  /** The payload to answer with, given what the device wrote; it carries no keys. */
  answer(written: Uint8Array): Uint8Array;
}

/**
 * Reads CREATE_CRYPTO_SESSION, in the form of QEMU 7.2 or of newer ones: their sizes tell.
 *
 * @throws {ProtocolError} when it has neither size, or keys longer than there is room for
 */
export function parseSessionMessage(body: DataView, mode: WireMode): SessionMessage {
  const size = body.byteLength;
  if (size !== CryptoSession72.SIZE && size !== CryptoSession.SIZE) {
    throw new ProtocolError(`CREATE_CRYPTO_SESSION of ${size} bytes`);
  }
  const isNew = size === CryptoSession.SIZE;
  const idAt = isNew ? CryptoSession.sessionId : CryptoSession72.sessionId;
  const symAt = isNew ? CryptoSession.sym : CryptoSession72.sym;
  const opCode = isNew
    ? body.getBigUint64(CryptoSession.opCode, true)
    : BigInt(ControlOpcode.CIPHER_CREATE_SESSION);
  const isSym = opCode === BigInt(ControlOpcode.CIPHER_CREATE_SESSION);
  return {
    request: isSym ? symRequest(body, symAt, mode) : null,
    answer(written) {
      const payload = new Uint8Array(size);
      const view = new DataView(payload.buffer);
      if (isNew) view.setBigUint64(CryptoSession.opCode, opCode, true);
      view.setBigInt64(idAt, sessionIdOf(written), true);
      return payload;
    },
  };
}

/** The request that ends a session made by message. */
export function closeRequest(body: DataView, mode: WireMode): Request {
  const sessionId = Number(body.getBigUint64(0, true));
  return build(destroySession, { service: Service.CIPHER, sessionId }, mode);
}

/** Whether what was written to W says that the session has ended. */
export function isClosed(written: Uint8Array): boolean {
  return written.length > 0 && written[0] === Status.OK;
}

function sessionIdOf(written: Uint8Array): bigint {
  if (written.length < SessionInput.SIZE) return NO_SESSION;
  const { status, sessionId } = parseSessionInput(written);
  return status === Status.OK ? BigInt(sessionId) : NO_SESSION;
}

function symRequest(body: DataView, at: number, mode: WireMode): Request {
  const u32 = (field: number) => body.getUint32(at + field, true);
  const u8 = (field: number) => body.getUint8(at + field);
  const bytes = (field: number, len: number, room: number) => {
    if (len > room) throw new ProtocolError(`Key of ${len} bytes, room for ${room}`);
    return new Uint8Array(body.buffer, body.byteOffset + at + field, len);
  };
  const cipher = {
    algo: u32(SymSession.cipherAlg),
    op: u8(SymSession.direction),
    key: bytes(SymSession.cipherKey, u32(SymSession.keyLen), SESSION_KEY_LEN),
  };
  if (u8(SymSession.opType) !== SymOp.ALGORITHM_CHAINING) {
    return build(createCipherSession, cipher, mode);
  }
  return build(createChainSession, {
    algChainOrder: u8(SymSession.algChainOrder),
    hashMode: u8(SymSession.hashMode),
    cipher,
    hash: {
      algo: u32(SymSession.hashAlg),
      hashResultLen: u32(SymSession.hashResultLen),
      authKey: bytes(SymSession.authKey, u32(SymSession.authKeyLen), SESSION_AUTH_KEY_LEN),
    },
    aadLen: u32(SymSession.addLen),
  }, mode);
}
