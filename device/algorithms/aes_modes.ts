import { AesCbcDecrypt, AesCbcEncrypt, AesCtr, AesEcb } from "../accelerators/noble/aes_modes.ts";
import { CipherAlgo, Service } from "../wire/constants.ts";
import type { CipherAlgorithm } from "./algorithm.ts";

const KEY_LENS = [16, 24, 32];

/** AES_ECB, AES_CBC and AES_CTR: NIST SP 800-38A, without padding. */
export const AES_MODES: readonly CipherAlgorithm[] = [
  {
    service: Service.CIPHER,
    id: CipherAlgo.AES_ECB,
    name: "AES_ECB",
    standard: "NIST SP 800-38A, 6.1",
    knownAnswer: {
      key: "7723d87d773a8bbfe1ae5b081235b566",
      src: "1b0a69b7bc534c16cecffae02cc5323190ceb413f1db3e9f0f79ba654c54b60e",
      result: "ad5b089515e7821087c61652dc477ab1f2cc6331a70dfc59c9ffb0c723c682f6",
    },
    weakness: "ECB shows which blocks are equal",
    keyLens: KEY_LENS,
    ivLen: 0,
    blockLen: 16,
    minLen: 0,
    implementations: [
      { accelerator: "noble", open: (key, decrypt) => new AesEcb(key, decrypt) },
    ],
  },
  {
    service: Service.CIPHER,
    id: CipherAlgo.AES_CBC,
    name: "AES_CBC",
    standard: "NIST SP 800-38A, 6.2",
    knownAnswer: {
      key: "0700d603a1c514e46b6191ba430a3a0c",
      iv: "aad1583cd91365e3bb2f0c3430d065bb",
      src: "068b25c7bfb1f8bdd4cfc908f69dffc5ddc726a197f0e5f720f730393279be91",
      result: "c4dc61d9725967a3020104a9738f23868527ce839aab1752fd8bdb95a82c4d00",
    },
    keyLens: KEY_LENS,
    ivLen: 16,
    blockLen: 16,
    minLen: 0,
    implementations: [
      {
        accelerator: "noble",
        open: (key, decrypt) => decrypt ? new AesCbcDecrypt(key) : new AesCbcEncrypt(key),
      },
    ],
  },
  {
    service: Service.CIPHER,
    id: CipherAlgo.AES_CTR,
    name: "AES_CTR",
    standard: "NIST SP 800-38A, 6.5",
    knownAnswer: {
      key: "7691be035e5020a8ac6e618529f9a0dc",
      iv: "00e0017b27777f3f4a1786f000000001",
      src: "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f20212223",
      result: "c1cf48a89f2ffdd9cf4652e9efdb72d74540a42bde6d7836d59a5ceaaef3105325b2072f",
    },
    keyLens: KEY_LENS,
    ivLen: 16,
    blockLen: 1,
    minLen: 0,
    implementations: [{ accelerator: "noble", open: (key) => new AesCtr(key) }],
  },
];
