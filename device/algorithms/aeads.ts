import { AesCcm } from "../accelerators/noble/ccm.ts";
import { ChaCha20Poly1305 } from "../accelerators/noble/chacha20_poly1305.ts";
import { AesGcm } from "../accelerators/noble/gcm.ts";
import { AeadAlgo, Service } from "../wire/constants.ts";
import type { AeadAlgorithm } from "./algorithm.ts";

const AES_KEY_LENS = [16, 24, 32];

/** GCM, CCM and CHACHA20_POLY1305. */
export const AEADS: readonly AeadAlgorithm[] = [
  {
    service: Service.AEAD,
    id: AeadAlgo.GCM,
    name: "GCM",
    standard: "NIST SP 800-38D",
    keyLens: AES_KEY_LENS,
    // 16 bytes are not an iv but J0 itself.
    ivLens: [12, 16],
    tagLens: [4, 8, 12, 13, 14, 15, 16],
    paddedIvOffset: 0,
    // 2^39 - 256 bits (SP 800-38D, 5.2.1.1).
    maxPlaintextLen: () => 2 ** 36 - 32,
    implementations: [{ accelerator: "noble", open: (key) => new AesGcm(key) }],
  },
  {
    service: Service.AEAD,
    id: AeadAlgo.CCM,
    name: "CCM",
    standard: "NIST SP 800-38C",
    keyLens: AES_KEY_LENS,
    ivLens: [7, 8, 9, 10, 11, 12, 13],
    tagLens: [4, 6, 8, 10, 12, 14, 16],
    // The first byte of a full iv field is left for the flags.
    paddedIvOffset: 1,
    maxPlaintextLen: (ivLen) => 2 ** (8 * (15 - ivLen)) - 1,
    implementations: [{ accelerator: "noble", open: (key) => new AesCcm(key) }],
  },
  {
    service: Service.AEAD,
    id: AeadAlgo.CHACHA20_POLY1305,
    name: "CHACHA20_POLY1305",
    standard: "RFC 8439",
    keyLens: [32],
    ivLens: [12],
    tagLens: [16],
    paddedIvOffset: 0,
    // 2^32 - 1 blocks of 64 bytes (RFC 8439, 2.8).
    maxPlaintextLen: () => (2 ** 32 - 1) * 64,
    implementations: [{ accelerator: "noble", open: (key) => new ChaCha20Poly1305(key) }],
  },
];
