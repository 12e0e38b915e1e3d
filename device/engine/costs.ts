/**
 * What requests cost, roughly: it decides whether one runs where it arrived or in a thread of its own.
 *
 * @module
 */

import type { AcceleratorName, Algorithm } from "../algorithms/algorithm.ts";
import type { AlgorithmSet, Offered } from "../algorithms/selection.ts";
import type { Request } from "../services/request.ts";
import { HashMode, Service, SymOp } from "../wire/constants.ts";
import {
  AeadParaStateless,
  AeadSessionPara,
  AlgChainDataParaStateless,
  AlgChainSessionPara,
  CipherParaStateless,
  CipherSessionPara,
  HashParaStateless,
  HashSessionPara,
  MacParaStateless,
  MacSessionPara,
  OpHeader,
  SymCreateSessionReq,
  SymDataReqStateless,
} from "../wire/structs.ts";

interface Costs {
  /** Of what is not listed. */
  readonly usual: number;
  readonly byName: Readonly<Record<string, number>>;
}

// Nanoseconds per byte, measured at 64 KiB in shared memory on one core of the machine this was built on
// and rounded. Only their order of size matters: other machines are two or three times as fast.
const COSTS: Readonly<Record<AcceleratorName, Costs>> = {
  typescript: {
    usual: 16,
    byName: {
      ARC4: 2,
      "3DES_ECB": 32,
      "3DES_CBC": 32,
      "3DES_CTR": 32,
      SNOW3G_UEA2: 3,
      ZUC_EEA3: 4,
      CMAC_3DES: 34,
      SNOW3G_UIA2: 3,
      GMAC_AES: 3,
      GMAC_TWOFISH: 3,
      CBCMAC_KASUMI_F9: 20,
      ZUC_EIA3: 11,
    },
  },
  noble: {
    usual: 10,
    byName: {
      AES_CTR: 15,
      SHA1: 4,
      SHA_224: 5,
      SHA_256: 5,
      SHA_384: 14,
      SHA_512: 14,
      SHA3_224: 37,
      SHA3_256: 30,
      SHA3_384: 40,
      SHA3_512: 60,
      SHA3_SHAKE128: 20,
      SHA3_SHAKE256: 27,
      HMAC_SHA1: 4,
      HMAC_SHA_224: 5,
      HMAC_SHA_256: 5,
      GCM: 14,
      CCM: 24,
      CHACHA20_POLY1305: 7,
    },
  },
  libcrypto: {
    usual: 1,
    byName: {
      AES_ECB: 0.2,
      AES_CBC: 0.8,
      AES_CTR: 0.2,
      AES_XTS: 0.2,
      GCM: 0.3,
      CHACHA20_POLY1305: 0.4,
      GMAC_AES: 0.2,
      DES_ECB: 13,
      DES_CBC: 13,
      "3DES_ECB": 31,
      "3DES_CBC": 31,
      CMAC_3DES: 32,
      SHA3_224: 3,
      SHA3_256: 3,
      SHA3_384: 4,
      SHA3_512: 4,
      SHA3_SHAKE128: 2,
      SHA3_SHAKE256: 2,
    },
  },
};

/** Nanoseconds per byte of a session that `request` has just created. */
export function sessionCost(request: Request, service: Service, offered: AlgorithmSet): number {
  switch (service) {
    case Service.CIPHER: {
      if (request.u32(SymCreateSessionReq.opType) === SymOp.CIPHER) {
        return costOf(offered.cipher[request.u32(CipherSessionPara.algo)]);
      }
      return chainCost(
        request.u32(AlgChainSessionPara.cipherParam + CipherSessionPara.algo),
        request.u32(AlgChainSessionPara.hashParam + HashSessionPara.algo),
        request.u32(AlgChainSessionPara.hashMode),
        offered,
      );
    }
    case Service.HASH:
      return costOf(offered.hash[request.u32(HashSessionPara.algo)]);
    case Service.MAC:
      return costOf(offered.mac[request.u32(MacSessionPara.algo)]);
    case Service.AEAD:
      return costOf(offered.aead[request.u32(AeadSessionPara.algo)]);
  }
}

/** Nanoseconds per byte of a stateless request; 0 for what is none. */
export function statelessCost(readable: Uint8Array, offered: AlgorithmSet): number {
  switch (readable[1]) {
    case Service.CIPHER: {
      if (bodyU32(readable, SymDataReqStateless.opType) === SymOp.CIPHER) {
        return costOf(offered.cipher[bodyU32(readable, CipherParaStateless.algo)]);
      }
      return chainCost(
        bodyU32(readable, AlgChainDataParaStateless.cipherAlgo),
        bodyU32(readable, AlgChainDataParaStateless.hashAlgo),
        bodyU32(readable, AlgChainDataParaStateless.hashMode),
        offered,
      );
    }
    case Service.HASH:
      return costOf(offered.hash[bodyU32(readable, HashParaStateless.algo)]);
    case Service.MAC:
      return costOf(offered.mac[bodyU32(readable, MacParaStateless.algo)]);
    case Service.AEAD:
      return costOf(offered.aead[bodyU32(readable, AeadParaStateless.algo)]);
    default:
      return 0;
  }
}

/** The little-endian 32-bit word at `at`; what lies behind the end reads 0. */
export function readU32(bytes: Uint8Array, at: number): number {
  return (bytes[at] | bytes[at + 1] << 8 | bytes[at + 2] << 16 | bytes[at + 3] << 24) >>> 0;
}

function bodyU32(readable: Uint8Array, offset: number): number {
  return readU32(readable, OpHeader.SIZE + offset);
}

function chainCost(cipher: number, digest: number, mode: number, offered: AlgorithmSet): number {
  return costOf(offered.cipher[cipher]) +
    costOf(mode === HashMode.AUTH ? offered.mac[digest] : offered.hash[digest]);
}

function costOf(offered: Offered<Algorithm, unknown> | undefined): number {
  if (offered === undefined) return 0;
  const { usual, byName } = COSTS[offered.accelerator];
  return byName[offered.algorithm.name] ?? usual;
}
