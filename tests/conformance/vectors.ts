/** Fixed official answers: a job and the result bytes the named document gives for it. */
import { type Bytes, concat, EMPTY, hex, utf8 } from "./bytes.ts";
import { aeadJob, cipherJob, hashJob, type Job, macJob } from "./jobs.ts";
import { Aead, Cipher, Hash, Mac } from "./wire.ts";

/** One answer of an official document. */
export interface Vector {
  readonly source: string;
  readonly job: Job;
  readonly result: Bytes;
}

function cipherVector(source: string, algo: number, text: string): Vector {
  const [key, iv, src, result] = text.split(":").map(hex);
  return { source, job: cipherJob({ algo, key, iv, src }), result };
}

function aeadVector(source: string, algo: number, text: string): Vector {
  const [key, iv, aad, src, sealed, tag] = text.split(":").map(hex);
  const job = aeadJob({ algo, key, iv, aad, src, tagLen: tag.length });
  return { source, job, result: concat(sealed, tag) };
}

function macVector(source: string, algo: number, text: string): Vector {
  const [key, src, result] = text.split(":").map(hex);
  return { source, job: macJob({ algo, key, src, resultLen: result.length }), result };
}

function hashVector(source: string, algo: number, src: Bytes, digest: string): Vector {
  const result = hex(digest);
  return { source, job: hashJob({ algo, src, resultLen: result.length }), result };
}

/** Ciphers: `key : iv : plaintext : ciphertext`. */
const CIPHER_VECTORS: readonly Vector[] = [
  cipherVector(
    "RFC 3602 4, case 1",
    Cipher.AES_CBC,
    `06a9214036b8a15b512e03d534120006:3dafba429d9eb430b422da802c9fac41:53696e676c6520626c
     6f636b206d7367:e353779c1079aeb82708942dbe77181a`,
  ),
  cipherVector(
    "RFC 3602 4, case 2",
    Cipher.AES_CBC,
    `c286696d887c9aa0611bbb3e2025a45a:562e17996d093d28ddb3ba695a2e6f58:000102030405060708
     090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f:d296cd94c2cccf8a3a863028b5e1dc0a75866
     02d253cfff91b8266bea6d61ab1`,
  ),
  cipherVector(
    "RFC 3602 4, case 3",
    Cipher.AES_CBC,
    `6c3ea0477630ce21a2ce334aa746c2cd:c782dc4c098c66cbd9cd27d825682c81:546869732069732061
     2034382d62797465206d657373616765202865786163746c7920332041455320626c6f636b7329:d0a02
     b3836451753d493665d33f0e8862dea54cdb293abc7506939276772f8d5021c19216bad525c8579695d8
     3ba2684`,
  ),
  cipherVector(
    "SP 800-38A F-CBC-192",
    Cipher.AES_CBC,
    `8e73b0f7da0e6452c810f32b809079e562f8ead2522c6b7b:000102030405060708090a0b0c0d0e0f:6b
     c1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e5130c81c46a35ce411e5fbc1
     191a0a52eff69f2445df4f9b17ad2b417be66c3710:4f021db243bc633d7178183a9fa071e8b4d9ada9a
     d7dedf4e5e738763f69145a571b242012fb7ae07fa9baac3df102e008b0e27988598881d920a9e64f561
     5cd`,
  ),
  cipherVector(
    "SP 800-38A F-CBC-256",
    Cipher.AES_CBC,
    `603deb1015ca71be2b73aef0857d77811f352c073b6108d72d9810a30914dff4:0001020304050607080
     90a0b0c0d0e0f:6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e5130c81c
     46a35ce411e5fbc1191a0a52eff69f2445df4f9b17ad2b417be66c3710:f58c4c04d6e5f1ba779eabfb5
     f7bfbd69cfc4e967edb808d679f777bc6702c7d39f23369a9d9bacfa530e26304231461b2eb05e2c39be
     9fcda6c19078c6a9d1b`,
  ),
  cipherVector(
    "SP 800-38A F-CTR-128",
    Cipher.AES_CTR,
    `2b7e151628aed2a6abf7158809cf4f3c:f0f1f2f3f4f5f6f7f8f9fafbfcfdfeff:6bc1bee22e409f96e9
     3d7e117393172aae2d8a571e03ac9c9eb76fac45af8e5130c81c46a35ce411e5fbc1191a0a52eff69f24
     45df4f9b17ad2b417be66c3710:874d6191b620e3261bef6864990db6ce9806f66b7970fdff8617187bb
     9fffdff5ae4df3edbd5d35e5b4f09020db03eab1e031dda2fbe03d1792170a0f3009cee`,
  ),
  cipherVector(
    "SP 800-38A F-CTR-192",
    Cipher.AES_CTR,
    `8e73b0f7da0e6452c810f32b809079e562f8ead2522c6b7b:f0f1f2f3f4f5f6f7f8f9fafbfcfdfeff:6b
     c1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e5130c81c46a35ce411e5fbc1
     191a0a52eff69f2445df4f9b17ad2b417be66c3710:1abc932417521ca24f2b0459fe7e6e0b090339ec0
     aa6faefd5ccc2c6f4ce8e941e36b26bd1ebc670d1bd1d665620abf74f78a7f6d29809585a97daec58c6b
     050`,
  ),
  cipherVector(
    "SP 800-38A F-CTR-256",
    Cipher.AES_CTR,
    `603deb1015ca71be2b73aef0857d77811f352c073b6108d72d9810a30914dff4:f0f1f2f3f4f5f6f7f8f
     9fafbfcfdfeff:6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e5130c81c
     46a35ce411e5fbc1191a0a52eff69f2445df4f9b17ad2b417be66c3710:601ec313775789a5b7a7f504b
     bf3d228f443e3ca4d62b59aca84e990cacaf5c52b0930daa23de94ce87017ba2d84988ddfc9c58db67aa
     da613c2dd08457941a6`,
  ),
  cipherVector(
    "SP 800-38A F-ECB-128",
    Cipher.AES_ECB,
    `2b7e151628aed2a6abf7158809cf4f3c::6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9e
     b76fac45af8e5130c81c46a35ce411e5fbc1191a0a52eff69f2445df4f9b17ad2b417be66c3710:3ad77
     bb40d7a3660a89ecaf32466ef97f5d3d58503b9699de785895a96fdbaaf43b1cd7f598ece23881b00e3e
     d0306887b0c785e27e8ad3f8223207104725dd4`,
  ),
  cipherVector(
    "SP 800-38A F-ECB-192",
    Cipher.AES_ECB,
    `8e73b0f7da0e6452c810f32b809079e562f8ead2522c6b7b::6bc1bee22e409f96e93d7e117393172aae
     2d8a571e03ac9c9eb76fac45af8e5130c81c46a35ce411e5fbc1191a0a52eff69f2445df4f9b17ad2b41
     7be66c3710:bd334f1d6e45f25ff712a214571fa5cc974104846d0ad3ad7734ecb3ecee4eefef7afd227
     0e2e60adce0ba2face6444e9a4b41ba738d6c72fb16691603c18e0e`,
  ),
  cipherVector(
    "SP 800-38A F-ECB-256",
    Cipher.AES_ECB,
    `603deb1015ca71be2b73aef0857d77811f352c073b6108d72d9810a30914dff4::6bc1bee22e409f96e9
     3d7e117393172aae2d8a571e03ac9c9eb76fac45af8e5130c81c46a35ce411e5fbc1191a0a52eff69f24
     45df4f9b17ad2b417be66c3710:f3eed1bdb5d2a03c064b5a7e3db181f8591ccb10d410ed26dc5ba74a3
     1362870b6ed21b99ca6f4f9f153e7b1beafed1d23304b7a39f9f3ff067d8d8f9e24ecc7`,
  ),
];

/** AEADs: `key : iv : aad : plaintext : ciphertext : tag`; a 16-byte iv of GCM is J0. */
const AEAD_VECTORS: readonly Vector[] = [
  aeadVector(
    "GCM specification, g2-tc6",
    Aead.GCM,
    `00000000000000000000000000000000:000000000000000000000000::0000000000000000000000000
     0000000:0388dace60b6a392f328c2b971b2fe78:ab6e47d42cec13bdf53a67b21257bddf`,
  ),
  aeadVector(
    "GCM specification, g2-tc8",
    Aead.GCM,
    `feffe9928665731c6d6a8f9467308308:cafebabefacedbaddecaf888:feedfacedeadbeeffeedfacede
     adbeefabaddad2:d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a721c3c0
     c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39:42831ec2217774244b7221b784d0d49c
     e3aa212f2c02a4e035c17e2329aca12e21d514b25466931c7d8f6a5aac84aa051ba30b396a0aac973d58
     e091:5bc94fbc3221a5db94fae95ae7121a47`,
  ),
  aeadVector(
    "GCM specification, g3-tc11",
    Aead.GCM,
    `feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308:cafebabefacedbaddec
     af888:feedfacedeadbeeffeedfacedeadbeefabaddad2:d9313225f88406e5a55909c5aff5269a86a7a
     9531534f7da2e4c303d8a318a721c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39:
     522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa8cb08e48590dbb3da7b0
     8b1056828838c5f61e6393ba7a0abcc9f662:76fc6ece0f4e1768cddf8853bb2d551b`,
  ),
  aeadVector(
    "GCM specification, g4-tc12",
    Aead.GCM,
    `feffe9928665731c6d6a8f9467308308feffe9928665731c:cafebabefacedbaddecaf888:0000a5f800
     00000a:45000028a4ad4000400678800a01038f0a010612802306b8cb712602dd6bb03e501016d075680
     001:a5b1f8066029aea40e598b8122de02420938b3ab33f828e687b8858b5bfbdbd0315b27452144cc77
     :95457b9652037f5318027b5b4cd7a636`,
  ),
  aeadVector(
    "GCM specification, g5-tc13",
    Aead.GCM,
    `feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308:cafebabefacedbaddec
     af888:feedfacedeadbeeffeedfacedeadbeefabaddad2:d9313225f88406e5a55909c5aff5269a86a7a
     9531534f7da2e4c303d8a318a721c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39:
     522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa8cb08e48590dbb3da7b0
     8b1056828838c5f61e6393ba7a0abcc9f662:76fc6ece`,
  ),
  aeadVector(
    "GCM specification, g7-tc15",
    Aead.GCM,
    `feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308:cafebabefacedbaddec
     af888:feedfacedeadbeeffeedfacedeadbeefabaddad2:d9313225f88406e5a55909c5aff5269a86a7a
     9531534f7da2e4c303d8a318a721c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39:
     522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa8cb08e48590dbb3da7b0
     8b1056828838c5f61e6393ba7a0abcc9f662:76fc6ece0f4e1768cddf8853bb2d`,
  ),
  aeadVector(
    "GCM specification, g9-tc19",
    Aead.GCM,
    `000102030405060708090a0b0c0d0e0f:000102030405060708090a0b::::435b9ba12d75a4be8a977ea
     3cd011890`,
  ),
  aeadVector(
    "GCM specification, g9-tc21",
    Aead.GCM,
    `7680c5d3ca6154758e510f4d25b98820:f8f105f9c3df4965780321f8:c94c410194c765e3dcc7964379
     758ed3:::94dca8edfcf90bb74b153c8d48a17930`,
  ),
  aeadVector(
    "GCM specification, J0 of g11-tc22",
    Aead.GCM,
    `feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308:0095df49dd90abe3e4d
     252475748f5d4:feedfacedeadbeeffeedfacedeadbeefabaddad2:d9313225f88406e5a55909c5aff52
     69a86a7a9531534f7da2e4c303d8a318a721c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657b
     a637b39:c3762df1ca787d32ae47c13bf19844cbaf1ae14d0b976afac52ff7d79bba9de0feb582d33934
     a4f0954cc2363bc73f7862ac430e64abe499f47c9b1f:3a337dbf46a792c45e454913fe2ea8f2`,
  ),
  aeadVector(
    "GCM specification, J0 of g13-tc24",
    Aead.GCM,
    `8b1c63bccb5579e5887f5bf7b2bd0cbcff136d40d7b61ab2:98474d186058b06ba50b918c0b7b841a:8f
     be5a21a65bddd0331604c917839cf7:224f5f2a237b307c7842de75d9d1bb65:8349e3a48f5d89d942c2
     4d80aefb1c5f:3d49e3d43f9a4a964c6d844d60b4ef1e`,
  ),
  aeadVector(
    "GCM specification, J0 of g15-tc26",
    Aead.GCM,
    `feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308:0cd953e2140a5976079
     f8e2406bc8eb4:feedfacedeadbeeffeedfacedeadbeefabaddad2:d9313225f88406e5a55909c5aff52
     69a86a7a9531534f7da2e4c303d8a318a721c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657b
     a637b39:5a8def2f0c9e53f1f75d7853659e2a20eeb2b22aafde6419a058ab4f6f746bf40fc0c3b780f2
     44452da3ebf1c5d82cdea2418997200ef82e44ae7e3f:a44a8266ee1c8eb0c8b5d4cf5ae9f19a`,
  ),
  aeadVector(
    "GCM counter wrap from J0, k128-1",
    Aead.GCM,
    `f3f89ec8764bd0b73d8d4d7f4ee93efe:bb3f6fbd8887a2c693fc8078fffffffe:134112b072aad8af25
     a8bb0002456c4b3c2de3cb:c4d68c387e71f62603b17e454dd177239c5d01df44d80920c5031e0e91236
     13308:b3227c94c97738f77b26c064a5d477e33e90180fb2bb18be7021f0d9aaf2b16290:0e341000aa1
     26fbef38ff658bcadd754`,
  ),
  aeadVector(
    "GCM counter wrap from J0, k192-0",
    Aead.GCM,
    `1aad28635f019c7aa5b79aa3d05f5da23bc6814523062ad8:3efd753c1edecfcf71428f2dffffffff:6e
     4d2df2edc8ef64109d1afc722cc54c5474ddba:eaf17767c762fa014298e58167be9fac102d190ba1417
     e15dd74054dc6810a8cedbc696637c97d3e01676fb57e9bd2c71bf99e2cd97d88b7aba5eeed2da9d8268
     0832abebc4234ae5800778bf90f96df72661ec8c8fd40c8796f3dfba3c492fe1032022a:c68bc15276ff
     e91399bfea061d306f71e79f448d1416bd6fa233f7c35eaeb15768efdee93ba7b773cc7e4acdd418cabe
     582a975785c90b931e88de2ff0bc3ce9bff5bdfb70c3ad6792c087ab5a9715204e06924e4462ef7d8bf1
     385bc4398e65f4f371a7:b667291a82908dcbb400bf77714263c1`,
  ),
  aeadVector(
    "GCM counter wrap from J0, k256-6",
    Aead.GCM,
    `567846435a865613449f5f22e374154c066370593214d640ac86950b51b5dd77:cb110703130a92fda41
     e57056e95fd3e:930a93c5f78a72c49e77eb37fd90aaec85964e2e:6d02b4247f81623de787e5607097f
     d0420b7ebab6f143a81ebe2b7f9f8758eb65de254480ea6803e4a36e840688cd17f35899d9cb5bb2f117
     733cbb1e31efd1f:c7990f2f3fbdec3820094550afd7d198a4df836077110c960c8c3828740a181dc386
     fc1c027d96b07ef8d0c0d5da8a89ac453c8336697c2dd301584c0e68d19e:924533e3b8e5adf0a0cea42
     4e630ea4f`,
  ),
  aeadVector(
    "SP 800-38C ex2",
    Aead.CCM,
    `404142434445464748494a4b4c4d4e4f:1011121314151617:000102030405060708090a0b0c0d0e0f:2
     02122232425262728292a2b2c2d2e2f:d2a1f0e051ea5f62081a7792073d593d:1fc64fbfaccd`,
  ),
  aeadVector(
    "SP 800-38C ex3",
    Aead.CCM,
    `404142434445464748494a4b4c4d4e4f:101112131415161718191a1b:000102030405060708090a0b0c
     0d0e0f10111213:202122232425262728292a2b2c2d2e2f3031323334353637:e3b201a9f5b71a7a9b1c
     eaeccd97e70b6176aad9a4428aa5:484392fbc1b09951`,
  ),
  aeadVector(
    "RFC 3610 128-g0-tc1",
    Aead.CCM,
    `c0c1c2c3c4c5c6c7c8c9cacbcccdcecf:00000003020100a0a1a2a3a4a5:0001020304050607:08090a0
     b0c0d0e0f101112131415161718191a1b1c1d1e:588c979a61c663d2f066d0c2c0f989806d5f6b61dac3
     84:17e8d12cfdf926e0`,
  ),
  aeadVector(
    "RFC 3610 128-g0-tc2",
    Aead.CCM,
    `c0c1c2c3c4c5c6c7c8c9cacbcccdcecf:00000004030201a0a1a2a3a4a5:0001020304050607:08090a0
     b0c0d0e0f101112131415161718191a1b1c1d1e1f:72c91a36e135f8cf291ca894085c87e3cc15c439c9
     e43a3b:a091d56e10400916`,
  ),
  aeadVector(
    "RFC 8439 2.8.2",
    Aead.CHACHA20_POLY1305,
    `808182838485868788898a8b8c8d8e8f909192939495969798999a9b9c9d9e9f:0700000040414243444
     54647:50515253c0c1c2c3c4c5c6c7:4c616469657320616e642047656e746c656d656e206f662074686
     520636c617373206f66202739393a204966204920636f756c64206f6666657220796f75206f6e6c79206
     f6e652074697020666f7220746865206675747572652c2073756e73637265656e20776f756c642062652
     069742e:d31a8d34648e60db7b86afbc53ef7ec2a4aded51296e08fea9e2b5a736ee62d63dbea45e8ca9
     671282fafb69da92728b1a71de0a9e060b2905d6a5b67ecd3b3692ddbd7f2d778b8c9803aee328091b58
     fab324e4fad675945585808b4831d7bc3ff4def08e4b7a9de576d26586cec64b6116:1ae10b594f09e26
     a7e902ecbd0600691`,
  ),
];

/** MACs: `key : data : tag`. */
const MAC_VECTORS: readonly Vector[] = [
  macVector(
    "RFC 4231, rfc-1",
    Mac.HMAC_SHA_224,
    `0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b:4869205468657265:896fb1128abbdf196832107cd4
     9df33f47b4b1169912ba4f53684b22`,
  ),
  macVector(
    "RFC 4231, rfc-2",
    Mac.HMAC_SHA_224,
    `4a656665:7768617420646f2079612077616e7420666f72206e6f7468696e673f:a30e01098bc6dbbf45
     690f3a7e9e6d0f8bbea2a39e6148008fd05e44`,
  ),
  macVector(
    "RFC 4231, rfc-6",
    Mac.HMAC_SHA_224,
    `aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa
     aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa
     aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa
     aaaaaaaaaa:5468697320697320612074657374207573696e672061206c6172676572207468616e20626
     c6f636b2d73697a65206b657920616e642061206c6172676572207468616e20626c6f636b2d73697a652
     0646174612e20546865206b6579206e6565647320746f20626520686173686564206265666f726520626
     5696e6720757365642062792074686520484d414320616c676f726974686d2e:3a854166ac5d9f023f54
     d517d0b39dbd946770db9c2b95c9f6f565d1`,
  ),
  macVector(
    "RFC 4231, rfc-tc5-truncated",
    Mac.HMAC_SHA_224,
    `0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c:546573742057697468205472756e636174696f6e:0e
     2aea68a90c8d37c988bcdb9fca6fa8`,
  ),
  macVector(
    "RFC 4231, rfc-1",
    Mac.HMAC_SHA_256,
    `0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b:4869205468657265:b0344c61d8db38535ca8afceaf
     0bf12b881dc200c9833da726e9376c2e32cff7`,
  ),
  macVector(
    "RFC 4231, rfc-2",
    Mac.HMAC_SHA_256,
    `4a656665:7768617420646f2079612077616e7420666f72206e6f7468696e673f:5bdcc146bf60754e6a
     042426089575c75a003f089d2739839dec58b964ec3843`,
  ),
  macVector(
    "RFC 4231, rfc-6",
    Mac.HMAC_SHA_256,
    `aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa
     aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa
     aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa
     aaaaaaaaaa:5468697320697320612074657374207573696e672061206c6172676572207468616e20626
     c6f636b2d73697a65206b657920616e642061206c6172676572207468616e20626c6f636b2d73697a652
     0646174612e20546865206b6579206e6565647320746f20626520686173686564206265666f726520626
     5696e6720757365642062792074686520484d414320616c676f726974686d2e:9b09ffa71b942fcb2763
     5fbcd5b0e944bfdc63644f0713938a7f51535c3a35e2`,
  ),
  macVector(
    "RFC 4231, rfc-tc5-truncated",
    Mac.HMAC_SHA_256,
    `0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c:546573742057697468205472756e636174696f6e:a3
     b6167473100ee06e0c796c2955552b`,
  ),
  macVector(
    "RFC 4231, rfc-1",
    Mac.HMAC_SHA_384,
    `0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b:4869205468657265:afd03944d84895626b0825f4ab
     46907f15f9dadbe4101ec682aa034c7cebc59cfaea9ea9076ede7f4af152e8b2fa9cb6`,
  ),
  macVector(
    "RFC 4231, rfc-2",
    Mac.HMAC_SHA_384,
    `4a656665:7768617420646f2079612077616e7420666f72206e6f7468696e673f:af45d2e37648403161
     7f78d2b58a6b1b9c7ef464f5a01b47e42ec3736322445e8e2240ca5e69e2c78b3239ecfab21649`,
  ),
  macVector(
    "RFC 4231, rfc-6",
    Mac.HMAC_SHA_384,
    `aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa
     aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa
     aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa
     aaaaaaaaaa:5468697320697320612074657374207573696e672061206c6172676572207468616e20626
     c6f636b2d73697a65206b657920616e642061206c6172676572207468616e20626c6f636b2d73697a652
     0646174612e20546865206b6579206e6565647320746f20626520686173686564206265666f726520626
     5696e6720757365642062792074686520484d414320616c676f726974686d2e:6617178e941f020d351e
     2f254e8fd32c602420feb0b8fb9adccebb82461e99c5a678cc31e799176d3860e6110c46523e`,
  ),
  macVector(
    "RFC 4231, rfc-tc5-truncated",
    Mac.HMAC_SHA_384,
    `0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c:546573742057697468205472756e636174696f6e:3a
     bf34c3503b2a23a46efc619baef897`,
  ),
  macVector(
    "RFC 4231, rfc-1",
    Mac.HMAC_SHA_512,
    `0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b:4869205468657265:87aa7cdea5ef619d4ff0b4241a
     1d6cb02379f4e2ce4ec2787ad0b30545e17cdedaa833b7d6b8a702038b274eaea3f4e4be9d914eeb61f1
     702e696c203a126854`,
  ),
  macVector(
    "RFC 4231, rfc-2",
    Mac.HMAC_SHA_512,
    `4a656665:7768617420646f2079612077616e7420666f72206e6f7468696e673f:164b7a7bfcf819e2e3
     95fbe73b56e0a387bd64222e831fd610270cd7ea2505549758bf75c05a994a6d034f65f8f0e6fdcaeab1
     a34d4a6b4b636e070a38bce737`,
  ),
  macVector(
    "RFC 4231, rfc-6",
    Mac.HMAC_SHA_512,
    `aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa
     aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa
     aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa
     aaaaaaaaaa:5468697320697320612074657374207573696e672061206c6172676572207468616e20626
     c6f636b2d73697a65206b657920616e642061206c6172676572207468616e20626c6f636b2d73697a652
     0646174612e20546865206b6579206e6565647320746f20626520686173686564206265666f726520626
     5696e6720757365642062792074686520484d414320616c676f726974686d2e:e37b6a775dc87dbaa4df
     a9f96e5e3ffddebd71f8867289865df5a32d20cdc944b6022cac3c4982b10d5eeb55c3e4de15134676fb
     6de0446065c97440fa8c6a58`,
  ),
  macVector(
    "RFC 4231, rfc-tc5-truncated",
    Mac.HMAC_SHA_512,
    `0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c:546573742057697468205472756e636174696f6e:41
     5fad6271580a531d4179bc891d87a6`,
  ),
  macVector(
    "RFC 2202, rfc-1",
    Mac.HMAC_MD5,
    "0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b:4869205468657265:9294727a3638bb1c13f48ef8158bfc9d",
  ),
  macVector(
    "RFC 2202, rfc-2",
    Mac.HMAC_MD5,
    `4a656665:7768617420646f2079612077616e7420666f72206e6f7468696e673f:750c783e6ab0b503ea
     a86e310a5db738`,
  ),
  macVector(
    "RFC 2202, rfc-1",
    Mac.HMAC_SHA1,
    `0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b:4869205468657265:b617318655057264e28bc0b6fb
     378c8ef146be00`,
  ),
  macVector(
    "RFC 2202, rfc-2",
    Mac.HMAC_SHA1,
    `4a656665:7768617420646f2079612077616e7420666f72206e6f7468696e673f:effcdf6ae5eb2fa2d2
     7416d5f184df9c259a7c79`,
  ),
  macVector(
    "SP 800-38B aes128-0",
    Mac.CMAC_AES,
    "2b7e151628aed2a6abf7158809cf4f3c::bb1d6929e95937287fa37d129b756746",
  ),
  macVector(
    "SP 800-38B aes128-1",
    Mac.CMAC_AES,
    `2b7e151628aed2a6abf7158809cf4f3c:6bc1bee22e409f96e93d7e117393172a:070a16b46b4d4144f7
     9bdd9dd04a287c`,
  ),
  macVector(
    "SP 800-38B aes128-2",
    Mac.CMAC_AES,
    `2b7e151628aed2a6abf7158809cf4f3c:6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb
     76fac45af8e5130c81c46a35ce411:dfa66747de9ae63030ca32611497c827`,
  ),
  macVector(
    "SP 800-38B aes128-3",
    Mac.CMAC_AES,
    `2b7e151628aed2a6abf7158809cf4f3c:6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb
     76fac45af8e5130c81c46a35ce411e5fbc1191a0a52eff69f2445df4f9b17ad2b417be66c3710:51f0be
     bf7e3b9d92fc49741779363cfe`,
  ),
  macVector(
    "SP 800-38B aes192-0",
    Mac.CMAC_AES,
    "8e73b0f7da0e6452c810f32b809079e562f8ead2522c6b7b::d17ddf46adaacde531cac483de7a9367",
  ),
  macVector(
    "SP 800-38B aes192-1",
    Mac.CMAC_AES,
    `8e73b0f7da0e6452c810f32b809079e562f8ead2522c6b7b:6bc1bee22e409f96e93d7e117393172a:9e
     99a7bf31e710900662f65e617c5184`,
  ),
  macVector(
    "SP 800-38B aes192-2",
    Mac.CMAC_AES,
    `8e73b0f7da0e6452c810f32b809079e562f8ead2522c6b7b:6bc1bee22e409f96e93d7e117393172aae2
     d8a571e03ac9c9eb76fac45af8e5130c81c46a35ce411:8a1de5be2eb31aad089a82e6ee908b0e`,
  ),
  macVector(
    "SP 800-38B aes192-3",
    Mac.CMAC_AES,
    `8e73b0f7da0e6452c810f32b809079e562f8ead2522c6b7b:6bc1bee22e409f96e93d7e117393172aae2
     d8a571e03ac9c9eb76fac45af8e5130c81c46a35ce411e5fbc1191a0a52eff69f2445df4f9b17ad2b417
     be66c3710:a1d5df0eed790f794d77589659f39a11`,
  ),
  macVector(
    "SP 800-38B aes256-0",
    Mac.CMAC_AES,
    `603deb1015ca71be2b73aef0857d77811f352c073b6108d72d9810a30914dff4::028962f61b7bf89efc
     6b551f4667d983`,
  ),
  macVector(
    "SP 800-38B aes256-1",
    Mac.CMAC_AES,
    `603deb1015ca71be2b73aef0857d77811f352c073b6108d72d9810a30914dff4:6bc1bee22e409f96e93
     d7e117393172a:28a7023f452e8f82bd4bf28d8c37c35c`,
  ),
  macVector(
    "SP 800-38B aes256-2",
    Mac.CMAC_AES,
    `603deb1015ca71be2b73aef0857d77811f352c073b6108d72d9810a30914dff4:6bc1bee22e409f96e93
     d7e117393172aae2d8a571e03ac9c9eb76fac45af8e5130c81c46a35ce411:aaf3d8f1de5640c232f5b1
     69b9c911e6`,
  ),
  macVector(
    "SP 800-38B aes256-3",
    Mac.CMAC_AES,
    `603deb1015ca71be2b73aef0857d77811f352c073b6108d72d9810a30914dff4:6bc1bee22e409f96e93
     d7e117393172aae2d8a571e03ac9c9eb76fac45af8e5130c81c46a35ce411e5fbc1191a0a52eff69f244
     5df4f9b17ad2b417be66c3710:e1992190549f6ed5696a2c056c315410`,
  ),
];

const ABC = utf8("abc");

/** Hashes of "abc" and of nothing. */
const HASH_VECTORS: readonly Vector[] = [
  hashVector("FIPS 180 example", Hash.SHA1, ABC, "a9993e364706816aba3e25717850c26c9cd0d89d"),
  hashVector(
    "FIPS 180 example",
    Hash.SHA_224,
    ABC,
    "23097d223405d8228642a477bda255b32aadbce4bda0b3f7e36c9da7",
  ),
  hashVector(
    "FIPS 180 example",
    Hash.SHA_256,
    ABC,
    "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
  ),
  hashVector(
    "FIPS 180 example",
    Hash.SHA_384,
    ABC,
    `cb00753f45a35e8bb5a03d699ac65007272c32ab0eded1631a8b605a43ff5bed8086072ba1e7cc2358ba
     eca134c825a7`,
  ),
  hashVector(
    "FIPS 180 example",
    Hash.SHA_512,
    ABC,
    `ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a274fc1a836ba
     3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f`,
  ),
  hashVector(
    "FIPS 202 example",
    Hash.SHA3_224,
    ABC,
    "e642824c3f8cf24ad09234ee7d3c766fc9a3a5168d0c94ad73b46fdf",
  ),
  hashVector(
    "FIPS 202 example",
    Hash.SHA3_256,
    ABC,
    "3a985da74fe225b2045c172d6bd390bd855f086e3e9d525b46bfe24511431532",
  ),
  hashVector(
    "FIPS 202 example",
    Hash.SHA3_384,
    ABC,
    `ec01498288516fc926459f58e2c6ad8df9b473cb0fc08c2596da7cf0e49be4b298d88cea927ac7f539f1
     edf228376d25`,
  ),
  hashVector(
    "FIPS 202 example",
    Hash.SHA3_512,
    ABC,
    `b751850b1a57168a5693cd924b6b096e08f621827444f70d884f5d0240d2712e10e116e9192af3c91a7e
     c57647e3934057340b4cf408d5a56592f8274eec53f0`,
  ),
  hashVector(
    "FIPS 202 example",
    Hash.SHA3_SHAKE128,
    ABC,
    "5881092dd818bf5cf8a3ddb793fbcba74097d5c526a6d35f97b83351940f2cc8",
  ),
  hashVector(
    "FIPS 202 example",
    Hash.SHA3_SHAKE256,
    ABC,
    `483366601360a8771c6863080cc4114d8db44530f8f1e1ee4f94ea37e78b5739d5a15bef186a5386c757
     44c0527e1faa9f8726e462a12a4feb06bd8801e751e4`,
  ),
  hashVector("RFC 1321 A.5", Hash.MD5, ABC, "900150983cd24fb0d6963f7d28e17f72"),
  hashVector(
    "FIPS 202 example",
    Hash.SHA3_SHAKE128,
    EMPTY,
    "7f9c2ba4e88f827d616045507605853ed73b8093f6efbc88eb1a6eacfa66ef26",
  ),
  hashVector(
    "FIPS 202 example",
    Hash.SHA3_SHAKE256,
    EMPTY,
    `46b9dd2b0ba88d13233b3feb743eeb243fcd52ea62b81b82b50c27646ed5762fd75dc4ddd8c0f200cb05
     019d67b592f6fc821c49479ab48640292eacb3b7c4be`,
  ),
];

/** Every fixed answer. */
export const VECTORS: readonly Vector[] = [
  ...CIPHER_VECTORS,
  ...AEAD_VECTORS,
  ...MAC_VECTORS,
  ...HASH_VECTORS,
];
