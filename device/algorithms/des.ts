import { DesCbc, DesCtr, DesEcb } from "../accelerators/typescript/des.ts";
import { CipherAlgo, Service } from "../wire/constants.ts";
import type { CipherAlgorithm, KnownAnswer, OpenCipher } from "./algorithm.ts";

const SHORT_KEY = "56-bit keys can be searched";
const SHORT_BLOCK = "64-bit blocks collide after some 32 GiB";
const STANDARDS = { DES: "FIPS 46-3", "3DES": "NIST SP 800-67" } as const;

interface Facts {
  readonly name: keyof typeof CipherAlgo;
  readonly standard: string;
  readonly knownAnswer: KnownAnswer;
  readonly weakness: string;
  readonly keyLen: 8 | 24;
  readonly ivLen: 0 | 8;
  readonly blockLen: 1 | 8;
  readonly open: OpenCipher;
}

const openEcb: OpenCipher = (key, decrypt) => new DesEcb(key, decrypt);
const openCbc: OpenCipher = (key, decrypt) => new DesCbc(key, decrypt);

const FACTS: readonly Facts[] = [
  {
    name: "DES_ECB",
    standard: `${STANDARDS.DES}; SP 800-38A, 6.1`,
    knownAnswer: {
      key: "c1cbfde65b5298ae",
      src: "e4f2c8b45536719b42cae8dec1b91b844be76d386ff7084cc76b70ff2c0d5efb268ecb22a66e4b8a",
      result: "fa0c0d54d3340acbebf9ed6b78aa4c1a91ab7d992ea7f65976ba5678e3209fc1938e12a56210cfff",
    },
    weakness: SHORT_KEY,
    keyLen: 8,
    ivLen: 0,
    blockLen: 8,
    open: openEcb,
  },
  {
    name: "DES_CBC",
    standard: `${STANDARDS.DES}; SP 800-38A, 6.2`,
    knownAnswer: {
      key: "b3f4cb6d51b6fea8",
      iv: "588936a36e8ba91c",
      src: "ed2ebfbd9e9d2a94148ab44168bbddd8b0fd0ab723baceb87ece67aba6978c038e4b66cf5b8fdcec",
      result: "b2a0bab958ea358c02444ca1b625cbcc402855f0686acf3cf50e868efd15bc3ca12f12b14d836b31",
    },
    weakness: SHORT_KEY,
    keyLen: 8,
    ivLen: 8,
    blockLen: 8,
    open: openCbc,
  },
  {
    name: "3DES_ECB",
    standard: `${STANDARDS["3DES"]}; SP 800-38A, 6.1`,
    knownAnswer: {
      key: "32325e8583e597296e52c7fbe01a5dad32325e8583e59729",
      src: "c8f97e987da45d96ed5878e565faac36e55f0da3300f93921f4810dd3a46653089c2f6b2a8b95be7",
      result: "2c125b84ff980e01d11ac40e2588002a28d30e1013e8e106b2e8347d064b52ef20def27628887605",
    },
    weakness: `${SHORT_BLOCK}; ECB shows which blocks are equal`,
    keyLen: 24,
    ivLen: 0,
    blockLen: 8,
    open: openEcb,
  },
  {
    name: "3DES_CBC",
    standard: `${STANDARDS["3DES"]}; SP 800-38A, 6.2`,
    knownAnswer: {
      key: "a173545b265875ba852331fbb95b49a8a173545b265875ba",
      iv: "ab385756391d364c",
      src: "d08894c565608d9ae51dda63b85b3b33b1703bb5e4f1abcbb8794e743da5d6f3bf630f2e9b6d5b54",
      result: "370b47acf89ac6bdbb13c9a7336787dc41e1ad8beead32281d0609fb54968404bdf2894892590658",
    },
    weakness: SHORT_BLOCK,
    keyLen: 24,
    ivLen: 8,
    blockLen: 8,
    open: openCbc,
  },
  {
    name: "3DES_CTR",
    standard: `${STANDARDS["3DES"]}; SP 800-38A, 6.5`,
    knownAnswer: {
      key: "5bdf49e94a8fa86e9173a49279d9a2da8c4970cb34c42952",
      iv: "ca2fefd1a0e250d7",
      src: "3e4bd3bffa4675c5",
      result: "cd74674608ef1b49",
    },
    weakness: SHORT_BLOCK,
    keyLen: 24,
    ivLen: 8,
    blockLen: 1,
    open: (key) => new DesCtr(key),
  },
];

/** DES_ECB, DES_CBC, 3DES_ECB, 3DES_CBC and 3DES_CTR, without padding; parity bits are ignored. */
export const DES: readonly CipherAlgorithm[] = FACTS.map((facts): CipherAlgorithm => ({
  service: Service.CIPHER,
  id: CipherAlgo[facts.name],
  name: facts.name,
  standard: facts.standard,
  knownAnswer: facts.knownAnswer,
  weakness: facts.weakness,
  keyLens: [facts.keyLen],
  ivLen: facts.ivLen,
  blockLen: facts.blockLen,
  minLen: 0,
  implementations: [{ accelerator: "typescript", open: facts.open }],
}));
