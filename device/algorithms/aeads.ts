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
    knownAnswer: {
      key: "feffe9928665731c6d6a8f9467308308feffe9928665731c",
      iv: "cafebabefacedbaddecaf888",
      aad: "0000a5f80000000a",
      src: "45000028a4ad4000400678800a01038f0a010612802306b8cb712602dd6bb03e501016d075680001",
      result: "a5b1f8066029aea40e598b8122de02420938b3ab33f828e687b8858b5bfbdbd0315b27452144" +
        "cc7795457b9652037f5318027b5b4cd7a636",
    },
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
    knownAnswer: {
      key: "2c9b9ff47d742c4ab224e9ca1ed57c4c",
      iv: "917962caf3932441c259282f",
      aad: "72175bdfdb4a23e97fdcbd263baf4316",
      src: "b542c2f3f81670ddf74f15184ab7de17e057cde9eef92babdb837500774c19",
      result: "320ae0c11e92d10d5bf5485c854b2d8f6318e33f16b520cffd35ada381c967a4866908e664ee" +
        "140c6ae2b9d2ab8416",
    },
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
    knownAnswer: {
      key: "6cbfd71c645d184cf5d23c402bdb0d25ec54898c8a0273d42eb5be109fdcb2ac",
      iv: "d4d807341683825b31cd4d95",
      aad: "b3e4064683b02d84",
      src: "a98995504df16f748bfb7785ff91eeb3b660ea9ed3450c3d5e7b0e79ef653659a9978d75542e" +
        "f91c456762215640b9",
      result: "a1ffed80761829ecce242e0e88b138049016bca018da2b6e19986b3e318cae8d806198fb4c52" +
        "7cc39350ebddeac573c4cbf0befda0b70242c640d7cd02d7a3",
    },
    keyLens: [32],
    ivLens: [12],
    tagLens: [16],
    paddedIvOffset: 0,
    // 2^32 - 1 blocks of 64 bytes (RFC 8439, 2.8).
    maxPlaintextLen: () => (2 ** 32 - 1) * 64,
    implementations: [{ accelerator: "noble", open: (key) => new ChaCha20Poly1305(key) }],
  },
];
