/**
 * The numbers of the virtio-crypto specification (VIRTIO, "Crypto Device").
 *
 * Each constant set is named after the specification's prefix: `CipherAlgo.AES_CBC` is
 * `VIRTIO_CRYPTO_CIPHER_AES_CBC`.
 *
 * @module
 */

/** Virtio device type of a crypto device ("Device ID"). */
export const DEVICE_ID = 20;

/** `VIRTIO_CRYPTO_SERVICE_*`: bit numbers of `crypto_services`, and bits 8..15 of an opcode. */
export const Service = { CIPHER: 0, HASH: 1, MAC: 2, AEAD: 3 } as const;
/** One of {@link Service}. */
export type Service = (typeof Service)[keyof typeof Service];
/** Services this device knows, in the order of their numbers. */
export const SERVICES: readonly Service[] = [0, 1, 2, 3];

/** Low byte of an opcode: what is asked of the service. */
export const Op = { ENCRYPT: 0, DECRYPT: 1, CREATE_SESSION: 2, DESTROY_SESSION: 3 } as const;

/** `VIRTIO_CRYPTO_OPCODE(service, op)`. */
export function opcode(service: number, op: number): number {
  return (service << 8) | op;
}

/** Opcodes of the data queues: `VIRTIO_CRYPTO_CIPHER_ENCRYPT` and its kin. */
export const DataOpcode = {
  CIPHER_ENCRYPT: 0x0000,
  CIPHER_DECRYPT: 0x0001,
  HASH: 0x0100,
  MAC: 0x0200,
  AEAD_ENCRYPT: 0x0300,
  AEAD_DECRYPT: 0x0301,
} as const;

/** Opcodes of the control queue: `VIRTIO_CRYPTO_CIPHER_CREATE_SESSION` and its kin. */
export const ControlOpcode = {
  CIPHER_CREATE_SESSION: 0x0002,
  CIPHER_DESTROY_SESSION: 0x0003,
  HASH_CREATE_SESSION: 0x0102,
  HASH_DESTROY_SESSION: 0x0103,
  MAC_CREATE_SESSION: 0x0202,
  MAC_DESTROY_SESSION: 0x0203,
  AEAD_CREATE_SESSION: 0x0302,
  AEAD_DESTROY_SESSION: 0x0303,
} as const;

/** `enum VIRTIO_CRYPTO_STATUS`: the outcome of one request. */
export const Status = { OK: 0, ERR: 1, BADMSG: 2, NOTSUPP: 3, INVSESS: 4, NOSPC: 5 } as const;
/** One of {@link Status}. */
export type Status = (typeof Status)[keyof typeof Status];

/** Name of a status, `"UNKNOWN"` for a number the specification does not define. */
export function statusName(status: number): keyof typeof Status | "UNKNOWN" {
  for (const [name, value] of Object.entries(Status)) {
    if (value === status) return name as keyof typeof Status;
  }
  return "UNKNOWN";
}

/** `VIRTIO_CRYPTO_CIPHER_*` ("CIPHER services"). */
export const CipherAlgo = {
  ARC4: 1,
  AES_ECB: 2,
  AES_CBC: 3,
  AES_CTR: 4,
  DES_ECB: 5,
  DES_CBC: 6,
  "3DES_ECB": 7,
  "3DES_CBC": 8,
  "3DES_CTR": 9,
  KASUMI_F8: 10,
  SNOW3G_UEA2: 11,
  AES_F8: 12,
  AES_XTS: 13,
  ZUC_EEA3: 14,
} as const;

/** `VIRTIO_CRYPTO_HASH_*` ("HASH services"). */
export const HashAlgo = {
  MD5: 1,
  SHA1: 2,
  SHA_224: 3,
  SHA_256: 4,
  SHA_384: 5,
  SHA_512: 6,
  SHA3_224: 7,
  SHA3_256: 8,
  SHA3_384: 9,
  SHA3_512: 10,
  SHA3_SHAKE128: 11,
  SHA3_SHAKE256: 12,
} as const;

/** `VIRTIO_CRYPTO_MAC_*` ("MAC services"). */
export const MacAlgo = {
  HMAC_MD5: 1,
  HMAC_SHA1: 2,
  HMAC_SHA_224: 3,
  HMAC_SHA_256: 4,
  HMAC_SHA_384: 5,
  HMAC_SHA_512: 6,
  CMAC_3DES: 25,
  CMAC_AES: 26,
  KASUMI_F9: 27,
  SNOW3G_UIA2: 28,
  GMAC_AES: 41,
  GMAC_TWOFISH: 42,
  CBCMAC_AES: 49,
  CBCMAC_KASUMI_F9: 50,
  XCBC_AES: 53,
  ZUC_EIA3: 54,
} as const;

/** `VIRTIO_CRYPTO_AEAD_*` ("AEAD services"). */
export const AeadAlgo = { GCM: 1, CCM: 2, CHACHA20_POLY1305: 3 } as const;

/** `VIRTIO_CRYPTO_OP_*`: the direction in a session or a stateless request. */
export const Direction = { ENCRYPT: 1, DECRYPT: 2 } as const;

/** `VIRTIO_CRYPTO_SYM_OP_*`: what a CIPHER service request is made of. */
export const SymOp = { NONE: 0, CIPHER: 1, ALGORITHM_CHAINING: 2 } as const;

/** `VIRTIO_CRYPTO_SYM_ALG_CHAIN_ORDER_*`. */
export const ChainOrder = { HASH_THEN_CIPHER: 1, CIPHER_THEN_HASH: 2 } as const;

/** `VIRTIO_CRYPTO_SYM_HASH_MODE_*`. */
export const HashMode = { PLAIN: 1, AUTH: 2, NESTED: 3 } as const;

/** `flag` of the data header, read only when MUX_MODE is negotiated. */
export const Flag = { STATELESS_MODE: 0, SESSION_MODE: 1 } as const;

/** `VIRTIO_CRYPTO_S_HW_READY`: the only bit of the configuration's `status`. */
export const S_HW_READY = 1;

/** `VIRTIO_CRYPTO_F_*`: bit numbers of the device's own features ("Feature bits"). */
export const CryptoFeature = {
  MUX_MODE: 0,
  CIPHER_STATELESS_MODE: 1,
  HASH_STATELESS_MODE: 2,
  MAC_STATELESS_MODE: 3,
  AEAD_STATELESS_MODE: 4,
} as const;

/** `VIRTIO_F_*`: bit numbers of the features that every virtio device has ("Reserved Feature Bits"). */
export const VirtioFeature = {
  RING_INDIRECT_DESC: 28,
  RING_EVENT_IDX: 29,
  VERSION_1: 32,
  RING_RESET: 40,
} as const;

/** Longest `hash_result_len` an extendable-output function may be asked for, in bytes. */
export const MAX_XOF_LEN = 65536;
