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
    keyLens: KEY_LENS,
    ivLen: 16,
    blockLen: 1,
    minLen: 0,
    implementations: [{ accelerator: "noble", open: (key) => new AesCtr(key) }],
  },
];
