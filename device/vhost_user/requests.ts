/**
 * What each request of a front-end does, as a table (QEMU, "Vhost-user Protocol").
 *
 * @module
 */

import { FeatureSet, isLegalSelection } from "../virtio/features.ts";
import { CryptoFeature, VirtioFeature } from "../wire/constants.ts";
import type { WireMode } from "../wire/requests.ts";
import type { VhostBackend } from "./backend.ts";
import { closeRequest, isClosed, parseSessionMessage } from "./crypto_session.ts";
import { parseMemTable, type TableRow } from "./mapped_memory.ts";
import { type Message, ProtocolError } from "./message_socket.ts";
import {
  ConfigHeader,
  type FrontEndRequestName,
  HeaderFlag,
  PROTOCOL_FEATURES,
  PROTOCOL_FEATURES_BIT,
  ProtocolFeature,
  VringAddr,
  VringFd,
  VringState,
} from "./protocol.ts";
import type { RingFd, Vring } from "./vring.ts";

/** What requests work on: a connection, from inside. */
export interface ConnectionState {
  readonly backend: VhostBackend;
  readonly vrings: readonly Vring[];
  /** Features of the device that are accepted; null before SET_FEATURES. */
  features: FeatureSet | null;
  protocolFeatures: number;
  /** Whether VHOST_USER_F_PROTOCOL_FEATURES is accepted. */
  acceptsProtocolFeatures: boolean;
  hasProtocolFeature(bit: number): boolean;
  /** Rings that the front-end may set up. */
  readonly numRings: number;
  /** The ring of that number. */
  vring(index: number): Vring;
  /** Sees to it that reading and writing a file descriptor never waits. */
  prepareEventFd(fd: number): void;
  setBackendFd(fd: number): void;
  mapMemory(rows: readonly TableRow[], fds: readonly number[]): void;
  /** Lets all queues run that can. */
  startQueues(): void;
  /** Stops those of the rings that run; goes on when the backend has let go of them. */
  stopQueues(vrings: readonly Vring[], then: () => void): void;
  /**
   * Answers the message when `done` is called, at once or later, and only then reads the next. Its file
   * descriptors are closed then.
   */
  later(run: (done: (reply?: Uint8Array) => void) => void, message: Message): typeof LATER;
}

/** What a handler returns whose answer is seen to. */
export const LATER: unique symbol = Symbol("later");

/** Does what a request asks for; the bytes it returns are the payload of its own answer. */
export type Handler = (
  state: ConnectionState,
  message: Message,
) => Uint8Array | typeof LATER | void;

/** By the request's name; its shape has been checked. */
export const HANDLERS: Readonly<Record<FrontEndRequestName, Handler>> = {
  GET_FEATURES({ backend: { features } }) {
    return u64(features.low | 2 ** PROTOCOL_FEATURES_BIT, features.high);
  },
  SET_FEATURES: setFeatures,
  SET_OWNER() {},
  // Deprecated; of what back-ends have made of it, to stop all rings does no harm.
  RESET_OWNER: stopAll,
  SET_MEM_TABLE(state, message) {
    const rows = parseMemTable(message.body);
    const fds = [...message.fds];
    return restart(state, message, state.vrings, () => state.mapMemory(rows, fds));
  },
  SET_VRING_NUM(state, { body }) {
    const { vring, num } = vringState(state, body);
    vring.size = num;
  },
  SET_VRING_ADDR(state, message) {
    const { body } = message;
    const vring = state.vring(body.getUint32(VringAddr.index, true));
    const address = (field: number) => Number(body.getBigUint64(field, true));
    const addresses = {
      desc: address(VringAddr.descUserAddr),
      avail: address(VringAddr.availUserAddr),
      used: address(VringAddr.usedUserAddr),
    };
    return restart(state, message, [vring], () => vring.addresses = addresses);
  },
  SET_VRING_BASE(state, { body }) {
    const { vring, num } = vringState(state, body);
    vring.base = num;
  },
  GET_VRING_BASE(state, message) {
    const { vring } = vringState(state, message.body);
    return state.later((done) =>
      state.stopQueues([vring], () => {
        vring.setFd("kick", -1);
        vring.setFd("call", -1);
        done(pair(vring.index, vring.base));
      }), message);
  },
  SET_VRING_KICK(state, message) {
    const { vring, fd } = vringFd(state, message);
    if (fd < 0) throw new ProtocolError(`Ring ${vring.index} without a kick: rings are not polled`);
    setFd(state, vring, "kick", fd);
    if (!isEnabledByMessage(state)) vring.isEnabled = true;
    state.startQueues();
  },
  SET_VRING_CALL(state, message) {
    const { vring, fd } = vringFd(state, message);
    setFd(state, vring, "call", fd);
    // What the one before was signalled may never have reached the guest.
    if (vring.queue !== null) vring.signal("call");
  },
  SET_VRING_ERR(state, message) {
    const { vring, fd } = vringFd(state, message);
    setFd(state, vring, "err", fd);
  },
  GET_PROTOCOL_FEATURES() {
    return u64(PROTOCOL_FEATURES, 0);
  },
  SET_PROTOCOL_FEATURES(state, { body }) {
    const features = Number(body.getBigUint64(0, true));
    if (body.getUint32(4, true) !== 0 || (features & ~PROTOCOL_FEATURES) !== 0) {
      throw new ProtocolError(`Protocol features ${features}, which are not offered`);
    }
    state.protocolFeatures = features;
  },
  GET_QUEUE_NUM(state) {
    return u64(state.numRings, 0);
  },
  SET_VRING_ENABLE(state, message) {
    const { vring, num } = vringState(state, message.body);
    vring.isEnabled = num === 1;
    if (!vring.isEnabled) return state.later((done) => state.stopQueues([vring], done), message);
    state.startQueues();
  },
  SET_BACKEND_REQ_FD(state, { fds }) {
    const fd = fds.pop();
    if (fd === undefined) throw new ProtocolError("SET_BACKEND_REQ_FD without a file descriptor");
    state.setBackendFd(fd);
  },
  GET_CONFIG({ backend }, { body }) {
    const { offset, size } = configRange(body);
    const bytes = backend.readConfig(offset, size);
    // An answer without payload is the protocol's way to say that there is no such part.
    if (bytes === undefined) return new Uint8Array(0);
    const payload = new Uint8Array(ConfigHeader.SIZE + size);
    new DataView(payload.buffer).setUint32(ConfigHeader.offset, offset, true);
    new DataView(payload.buffer).setUint32(ConfigHeader.size, size, true);
    payload.set(bytes, ConfigHeader.SIZE);
    return payload;
  },
  // No field of a crypto device's is the driver's to write ("Device configuration layout").
  SET_CONFIG(_, { body }) {
    configRange(body);
  },
  CREATE_CRYPTO_SESSION(state, message) {
    const { request, answer } = parseSessionMessage(message.body, wireMode(state));
    const none = new Uint8Array(0);
    if (request === null) return answer(none);
    return state.later((done) => {
      const { readable, writableLen } = request;
      state.backend.control(readable, writableLen, (written) => {
        const reply = answer(written);
        readable.fill(0);
        done(reply);
      });
    }, message);
  },
  CLOSE_CRYPTO_SESSION(state, message) {
    const { readable, writableLen } = closeRequest(message.body, wireMode(state));
    const wantsAck = state.hasProtocolFeature(ProtocolFeature.REPLY_ACK) && needsReply(message);
    return state.later((done) => {
      state.backend.control(readable, writableLen, (written) => {
        done(wantsAck ? u64(isClosed(written) ? 0 : 1, 0) : undefined);
      });
    }, message);
  },
  RESET_DEVICE(state, message) {
    return state.later((done) =>
      state.stopQueues(state.vrings, () => {
        for (const vring of state.vrings) vring.isEnabled = false;
        state.backend.reset();
        done();
      }), message);
  },
};

function setFeatures(state: ConnectionState, message: Message): typeof LATER {
  const low = message.body.getUint32(0, true);
  const high = message.body.getUint32(4, true);
  const transport = 2 ** PROTOCOL_FEATURES_BIT;
  // Rings are little-endian whatever is accepted; QEMU tells a crypto back-end of no feature at all.
  const version1 = FeatureSet.of([VirtioFeature.VERSION_1]);
  const accepted = new FeatureSet(low & ~transport, high | version1.high);
  const { features: offered } = state.backend;
  if (!isLegalSelection(offered, accepted)) {
    const names = accepted.names().join(", ");
    throw new ProtocolError(`Features ${low}, ${high} (${names}), which are no legal selection`);
  }
  const isSame = state.features?.includes(accepted) && accepted.includes(state.features);
  return restart(state, message, isSame ? [] : state.vrings, () => {
    state.acceptsProtocolFeatures = (low & transport) !== 0;
    state.features = accepted;
    state.backend.negotiated(accepted);
  });
}

function stopAll(state: ConnectionState, message: Message): typeof LATER {
  return state.later((done) =>
    state.stopQueues(state.vrings, () => {
      for (const vring of state.vrings) vring.isEnabled = false;
      done();
    }), message);
}

// Changes what queues run on: they stand still meanwhile, and go on where they were.
function restart(
  state: ConnectionState,
  message: Message,
  vrings: readonly Vring[],
  change: () => void,
): typeof LATER {
  return state.later((done) =>
    state.stopQueues(vrings, () => {
      change();
      state.startQueues();
      done();
    }), message);
}

// QEMU's crypto front-end sends no SET_VRING_ENABLE: its rings are enabled when they get their kick, as
// they are without VHOST_USER_F_PROTOCOL_FEATURES.
function isEnabledByMessage(state: ConnectionState): boolean {
  return state.acceptsProtocolFeatures &&
    !state.hasProtocolFeature(ProtocolFeature.CRYPTO_SESSION);
}

function vringState(state: ConnectionState, body: DataView): { vring: Vring; num: number } {
  return {
    vring: state.vring(body.getUint32(VringState.index, true)),
    num: body.getUint32(VringState.num, true),
  };
}

// Takes the file descriptor out of the message; -1 when the front-end has sent none on purpose.
function vringFd(state: ConnectionState, { body, fds }: Message): { vring: Vring; fd: number } {
  const word = Number(body.getBigUint64(0, true));
  const isNone = word >= VringFd.NOFD;
  if (word > (VringFd.NOFD | VringFd.INDEX_MASK) || fds.length !== (isNone ? 0 : 1)) {
    throw new ProtocolError(`${fds.length} file descriptors for ring ${word}`);
  }
  const vring = state.vring(word & VringFd.INDEX_MASK);
  return { vring, fd: fds.pop() ?? -1 };
}

function setFd(state: ConnectionState, vring: Vring, kind: RingFd, fd: number): void {
  vring.setFd(kind, fd);
  if (fd >= 0) state.prepareEventFd(fd);
}

function configRange(body: DataView): { offset: number; size: number } {
  const size = body.getUint32(ConfigHeader.size, true);
  if (body.byteLength !== ConfigHeader.SIZE + size) {
    throw new ProtocolError(`Configuration of ${size} bytes in a message of ${body.byteLength}`);
  }
  return { offset: body.getUint32(ConfigHeader.offset, true), size };
}

// The forms of sessions do not depend on the layout: that of stateless requests alone does.
function wireMode({ features }: ConnectionState): WireMode {
  return { mux: features?.has(CryptoFeature.MUX_MODE) === true, layout: "v19" };
}

function u64(low: number, high: number): Uint8Array {
  return pair(low, high);
}

function pair(first: number, second: number): Uint8Array {
  const view = new DataView(new ArrayBuffer(8));
  view.setUint32(0, first, true);
  view.setUint32(4, second, true);
  return new Uint8Array(view.buffer);
}

function needsReply({ flags }: Message): boolean {
  return (flags & HeaderFlag.NEED_REPLY) !== 0;
}
