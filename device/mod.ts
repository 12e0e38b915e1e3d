/**
 * A complete virtio-crypto device: guest memory, split virtqueues (both halves), status machine,
 * configuration space, register file, sessions and the four services.
 *
 * The device knows nothing of networks; the gateway remotes it, and tests or virtual machines may
 * drive it directly.
 *
 * @module
 */

export {
  type Libcrypto,
  type LibcryptoResult,
  openLibcrypto,
} from "./accelerators/libcrypto/library.ts";
export {
  type AcceleratorChoice,
  FASTEST,
  parseAcceleratorChoice,
} from "./algorithms/accelerator_choice.ts";
export * from "./algorithms/algorithm.ts";
export { AlgorithmChoiceError, chooseAlgorithms } from "./algorithms/choice.ts";
export { withLibcrypto } from "./algorithms/libcrypto.ts";
export { ALGORITHMS } from "./algorithms/list.ts";
export { AlgorithmSet, type ByNumber, type Mask, type Offered } from "./algorithms/selection.ts";
export {
  ALL_ALGORITHMS,
  CryptoDevice,
  type CryptoDeviceOptions,
  type DeviceCounters,
  MAX_DATA_QUEUES,
  QUEUE_NUM_MAX,
} from "./crypto_device.ts";
export type { WireLayout } from "./engine/engine.ts";
export { GuestMemory, MemoryRegion } from "./memory/guest_memory.ts";
export { wipe } from "./memory/copy.ts";
export { type ByteRange, copyBytes, MemoryBytes } from "./memory/memory_bytes.ts";
export { SegmentList } from "./memory/segment_list.ts";
export { BrokenRingError } from "./ring/broken_ring_error.ts";
export { DescriptorChain } from "./ring/descriptor_chain.ts";
export { SplitDeviceQueue, type SplitQueueConfig } from "./ring/split_device_queue.ts";
export { type Buffer, SplitDriverQueue } from "./ring/split_driver_queue.ts";
export { placeQueue, type QueueAddresses } from "./ring/split_layout.ts";
export {
  ALL_FEATURES,
  type Feature,
  featureByName,
  FEATURES,
  FeatureSet,
  isLegalSelection,
} from "./virtio/features.ts";
export { selfTest, type SelfTestFailure, type SelfTestResult } from "./self_test.ts";
export {
  DeviceThreads,
  type DeviceThreadsOptions,
  LOCAL_WORK,
  MAX_THREADS,
} from "./threads/pool.ts";
export type { MakeBackend, VhostBackend, VhostHost, VhostQueue } from "./vhost_user/backend.ts";
export { type Libc, type LibcResult, openLibc } from "./vhost_user/libc.ts";
export { VhostListener } from "./vhost_user/listener.ts";
export { acceptAsync, serveAsync, type ServeConnectionOptions } from "./vhost_user/serve.ts";
export { type VhostUserOptions, VhostUserServer } from "./vhost_user/server.ts";
export type { SocketEvent } from "./vhost_user/socket_thread.ts";
export { VirtioDevice } from "./virtio/virtio_device.ts";
export * from "./wire/constants.ts";
export { DeviceStatus, Interrupt, Register } from "./wire/registers.ts";
export * from "./wire/structs.ts";
