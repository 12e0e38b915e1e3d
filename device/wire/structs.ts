/**
 * The structures of the specification, as offsets (VIRTIO, "Device Operation").
 *
 * Every layout is named after its C structure. Sizes that depend on the negotiated mode stand in
 * {@link CTRL_BODY_SIZE} and {@link DATA_BODY_SIZE}.
 *
 * @module
 */

import { layout, U16, U32, U64, U8 } from "./layout.ts";

/** `struct virtio_crypto_ctrl_header`, 16 B. */
export const CtrlHeader = layout({ opcode: U32, algo: U32, flag: U32, queueId: U32 });

/** `struct virtio_crypto_op_header`, 24 B. */
export const OpHeader = layout({
  opcode: U32,
  algo: U32,
  sessionId: U64,
  flag: U32,
  padding: U32,
});

/** `struct virtio_crypto_session_input`, 16 B: the answer to a session's creation. */
export const SessionInput = layout({ sessionId: U64, status: U32, padding: U32 });

/** Device-readable part of `struct virtio_crypto_destroy_session_req`, 8 B. */
export const DestroySessionReq = layout({ sessionId: U64 });

/** `struct virtio_crypto_cipher_session_para`, 16 B. */
export const CipherSessionPara = layout({ algo: U32, keylen: U32, op: U32, padding: U32 });

/** `struct virtio_crypto_hash_session_para`, 8 B. */
export const HashSessionPara = layout({ algo: U32, hashResultLen: U32 });

/** `struct virtio_crypto_mac_session_para`, 16 B. */
export const MacSessionPara = layout({
  algo: U32,
  hashResultLen: U32,
  authKeyLen: U32,
  padding: U32,
});

/** `struct virtio_crypto_alg_chain_session_para`, 48 B. `hashParam` is the union of hash and mac. */
export const AlgChainSessionPara = layout({
  algChainOrder: U32,
  hashMode: U32,
  cipherParam: CipherSessionPara.SIZE,
  hashParam: MacSessionPara.SIZE,
  aadLen: U32,
  padding: U32,
});

/** `struct virtio_crypto_sym_create_session_req` without its keys and answer, 56 B. */
export const SymCreateSessionReq = layout({
  u: AlgChainSessionPara.SIZE,
  opType: U32,
  padding: U32,
});

/** `struct virtio_crypto_aead_session_para`, 24 B. */
export const AeadSessionPara = layout({
  algo: U32,
  keyLen: U32,
  tagLen: U32,
  aadLen: U32,
  op: U32,
  padding: U32,
});

/** `struct virtio_crypto_cipher_para`, 16 B. */
export const CipherPara = layout({ ivLen: U32, srcDataLen: U32, dstDataLen: U32, padding: U32 });

/** `struct virtio_crypto_alg_chain_data_para`, 40 B. */
export const AlgChainDataPara = layout({
  ivLen: U32,
  srcDataLen: U32,
  dstDataLen: U32,
  cipherStartSrcOffset: U32,
  lenToCipher: U32,
  hashStartSrcOffset: U32,
  lenToHash: U32,
  aadLen: U32,
  hashResultLen: U32,
  reserved: U32,
});

/** `struct virtio_crypto_sym_data_req` without its data, 48 B. */
export const SymDataReq = layout({ u: AlgChainDataPara.SIZE, opType: U32, padding: U32 });

/** `struct virtio_crypto_hash_para`, 8 B; also `struct virtio_crypto_mac_para`. */
export const HashPara = layout({ srcDataLen: U32, hashResultLen: U32 });

/** `struct virtio_crypto_aead_para`, 24 B. */
export const AeadPara = layout({
  ivLen: U32,
  aadLen: U32,
  srcDataLen: U32,
  dstDataLen: U32,
  tagLen: U32,
  reserved: U32,
});

/** `struct virtio_crypto_cipher_para_stateless`, 24 B. */
export const CipherParaStateless = layout({
  algo: U32,
  keylen: U32,
  op: U32,
  ivLen: U32,
  srcDataLen: U32,
  dstDataLen: U32,
});

/** `struct virtio_crypto_alg_chain_data_para_stateless`, 72 B. */
export const AlgChainDataParaStateless = layout({
  algChainOrder: U32,
  sessAadLen: U32,
  cipherAlgo: U32,
  keylen: U32,
  op: U32,
  hashAlgo: U32,
  authKeyLen: U32,
  hashMode: U32,
  ivLen: U32,
  srcDataLen: U32,
  dstDataLen: U32,
  cipherStartSrcOffset: U32,
  lenToCipher: U32,
  hashStartSrcOffset: U32,
  lenToHash: U32,
  aadLen: U32,
  hashResultLen: U32,
  reserved: U32,
});

/** `struct virtio_crypto_sym_data_req_stateless` without its data, 80 B. */
export const SymDataReqStateless = layout({
  u: AlgChainDataParaStateless.SIZE,
  opType: U32,
  queueId: U32,
});

/** The same as virtio 1.1 has it, without `queue_id`: 76 B (`--layout 1.1`). */
export const SymDataReqStateless11 = layout({ u: AlgChainDataParaStateless.SIZE, opType: U32 });

/** `struct virtio_crypto_hash_para_stateless`, 16 B. */
export const HashParaStateless = layout({
  algo: U32,
  srcDataLen: U32,
  hashResultLen: U32,
  reserved: U32,
});

/** `struct virtio_crypto_mac_para_stateless`, 16 B. */
export const MacParaStateless = layout({
  algo: U32,
  authKeyLen: U32,
  srcDataLen: U32,
  hashResultLen: U32,
});

/** `struct virtio_crypto_aead_para_stateless`, 32 B. */
export const AeadParaStateless = layout({
  algo: U32,
  keyLen: U32,
  op: U32,
  ivLen: U32,
  tagLen: U32,
  aadLen: U32,
  srcDataLen: U32,
  dstDataLen: U32,
});

/** `struct virtio_crypto_inhdr`, 1 B: the last device-writable byte of a data request. */
export const Inhdr = layout({ status: U8 });

/** Bytes of every control body when MUX_MODE is not negotiated (`virtio_crypto_op_ctrl_req.u`). */
export const CTRL_BODY_SIZE = 56;
/** Bytes of every data body when MUX_MODE is not negotiated (`virtio_crypto_op_data_req.u`). */
export const DATA_BODY_SIZE = 48;
/** Longest fixed part of any request: data header and stateless chain body. */
export const MAX_FIXED_SIZE = OpHeader.SIZE + SymDataReqStateless.SIZE;

/** `struct virtio_crypto_config`, 56 B ("Device configuration layout"). */
export const Config = layout({
  status: U32,
  maxDataqueues: U32,
  cryptoServices: U32,
  cipherAlgoL: U32,
  cipherAlgoH: U32,
  hashAlgo: U32,
  macAlgoL: U32,
  macAlgoH: U32,
  aeadAlgo: U32,
  maxCipherKeyLen: U32,
  maxAuthKeyLen: U32,
  reserved: U32,
  maxSize: U64,
});

/** `struct virtq_desc`, 16 B ("The Virtqueue Descriptor Table"). */
export const VirtqDesc = layout({ addr: U64, len: U32, flags: U16, next: U16 });
