/**
 * AES-GCM, GMAC and ChaCha20-Poly1305 of libcrypto.
 *
 * @module
 */

import type { AeadContext, MacContext } from "../contexts.ts";
import { checkLens, closeCipherContext, closedError, openCipherContext } from "./contexts.ts";
import { GcmStart } from "./gcm_start.ts";
import type { Handle, Libcrypto, Symbols } from "./library.ts";
import type { OctetParam } from "./octet_param.ts";
import { Ctrl, Enc } from "./symbols.ts";

const TAG_LEN = 16;
const IV_LEN = 12;
const J0_LEN = 16;
const zeroIv = new Uint8Array(IV_LEN);

/** A keyed context for both directions, and the calls that make up a message. */
export class Keyed {
  readonly #library: Libcrypto;
  readonly #symbols: Symbols;
  readonly #outLenAt: Handle;
  readonly #tagParam: OctetParam | null;
  readonly #ivParam: OctetParam | null;
  #context: Handle | null;
  #ivLen = IV_LEN;
  // The direction of the last message; of none yet.
  #enc: number = Enc.UNCHANGED;

  /**
   * @param key not kept
   * @param tagParam gives the tag; null where EVP_CIPHER_CTX_ctrl does
   * @param ivParam sets an iv of 12 bytes; null where EVP_CipherInit_ex does
   */
  private constructor(
    library: Libcrypto,
    cipher: Handle,
    key: Uint8Array,
    tagParam: OctetParam | null,
    ivParam: OctetParam | null,
  ) {
    this.#library = library;
    this.#symbols = library.symbols;
    this.#outLenAt = library.outLenAt;
    this.#tagParam = tagParam;
    this.#ivParam = ivParam;
    this.#context = openCipherContext(library, (context) => {
      const { symbols } = library;
      if (symbols.EVP_CipherInit_ex(context, cipher, null, key, null, Enc.ENCRYPT) !== 1) {
        throw library.error("set a key");
      }
    });
  }

  /** One of a provider's cipher. */
  static of(library: Libcrypto, cipher: Handle, key: Uint8Array): Keyed {
    return new Keyed(library, cipher, key, library.tag, null);
  }

  /** One of AES-GCM, by its method where there is one; `cipher` is the provider's. */
  static gcm(library: Libcrypto, cipher: Handle, key: Uint8Array): Keyed {
    const method = library.gcmMethods?.get(key.length);
    return method === undefined
      ? new Keyed(library, cipher, key, library.tag, library.gcmIv)
      : new Keyed(library, method, key, null, null);
  }

  /** Begins a message. The context, for the calls that follow. */
  start(iv: Uint8Array, enc: number): Handle {
    const context = this.#context;
    if (context === null) throw closedError();
    if (iv.length !== this.#ivLen) this.#setIvLen(context, iv.length);
    const param = this.#ivParam;
    let isStarted: number;
    if (param !== null && enc === this.#enc && iv.length === IV_LEN) {
      const { bytes } = param;
      // set() takes longer.
      for (let i = 0; i < IV_LEN; i++) bytes[i] = iv[i];
      isStarted = this.#symbols.EVP_CIPHER_CTX_set_params(context, param.handle);
    } else {
      isStarted = this.#symbols.setIv(context, null, null, null, iv, enc);
    }
    if (isStarted !== 1) throw this.#library.error("start a message");
    this.#enc = enc;
    return context;
  }

  /** Adds associated data. */
  authenticate(context: Handle, aad: Uint8Array): void {
    if (aad.length === 0) return;
    if (this.#symbols.EVP_CipherUpdate(context, null, this.#outLenAt, aad, aad.length) !== 1) {
      throw this.#library.error("add associated data");
    }
  }

  /** Encrypts or decrypts the message, in one call. */
  transform(context: Handle, src: Uint8Array, dst: Uint8Array): void {
    if (src.length === 0) return;
    if (this.#symbols.EVP_CipherUpdate(context, dst, this.#outLenAt, src, src.length) !== 1) {
      throw this.#library.error("encrypt or decrypt");
    }
  }

  /** Ends an encryption and writes the tag's leftmost bytes, 16 at most. */
  finish(context: Handle, tag: Uint8Array): void {
    const symbols = this.#symbols;
    const param = this.#tagParam;
    const isMade = symbols.EVP_CipherFinal_ex(context, this.#outLenAt, this.#outLenAt) === 1 &&
      (param === null
          ? symbols.EVP_CIPHER_CTX_ctrl(context, Ctrl.GET_TAG, tag.length, tag)
          : symbols.EVP_CIPHER_CTX_get_params(context, param.handle)) === 1;
    if (!isMade) throw this.#library.error("make a tag");
    if (param === null) return;
    const { bytes } = param;
    for (let i = 0; i < tag.length; i++) tag[i] = bytes[i];
  }

  /** Overwrites what finish() has left of the tag in memory of the library's own. */
  forgetTag(): void {
    this.#tagParam?.bytes.fill(0);
  }

  /** Ends a decryption: whether the tag verifies. */
  verify(context: Handle, tag: Uint8Array): boolean {
    const symbols = this.#symbols;
    if (symbols.EVP_CIPHER_CTX_ctrl(context, Ctrl.SET_TAG, tag.length, tag) !== 1) {
      throw this.#library.error("set a tag");
    }
    if (symbols.EVP_CipherFinal_ex(context, this.#outLenAt, this.#outLenAt) === 1) return true;
    symbols.ERR_clear_error();
    return false;
  }

  close(): void {
    if (this.#context !== null) closeCipherContext(this.#library, this.#context);
    this.#context = null;
  }

  #setIvLen(context: Handle, ivLen: number): void {
    checkLens(ivLen === IV_LEN || ivLen === J0_LEN);
    if (this.#symbols.EVP_CIPHER_CTX_ctrl(context, Ctrl.SET_IVLEN, ivLen, null) !== 1) {
      throw this.#library.error("set the length of an iv");
    }
    this.#ivLen = ivLen;
  }
}

/** ChaCha20-Poly1305, and AES-GCM with ivs of 12 bytes. */
export class LibcryptoAead implements AeadContext {
  readonly inRow = true;
  readonly #keyed: Keyed;

  /** @param keyed this object's from now on: closed with it */
  constructor(keyed: Keyed) {
    this.#keyed = keyed;
  }

  seal(iv: Uint8Array, aad: Uint8Array, src: Uint8Array, dst: Uint8Array, tag: Uint8Array): void {
    checkLens(dst.length >= src.length && tag.length <= TAG_LEN);
    const keyed = this.#keyed;
    const context = keyed.start(this.ivFor(iv), Enc.ENCRYPT);
    keyed.authenticate(context, aad);
    keyed.transform(context, src, dst);
    keyed.finish(context, tag);
  }

  open(
    iv: Uint8Array,
    aad: Uint8Array,
    src: Uint8Array,
    tag: Uint8Array,
    dst: Uint8Array,
  ): boolean {
    checkLens(dst.length >= src.length && tag.length <= TAG_LEN);
    const keyed = this.#keyed;
    const context = keyed.start(this.ivFor(iv), Enc.DECRYPT);
    keyed.authenticate(context, aad);
    keyed.transform(context, src, dst);
    if (keyed.verify(context, tag)) return true;
    dst.fill(0);
    return false;
  }

  close(): void {
    this.#keyed.close();
  }

  /** The iv for libcrypto that means what `iv` means here. */
  protected ivFor(iv: Uint8Array): Uint8Array {
    checkLens(iv.length === IV_LEN);
    return iv;
  }

  /** The whole tag of a message of `aad` alone under an iv of zeros; nothing of it stays elsewhere. */
  protected tagOf(aad: Uint8Array, tag: Uint8Array): void {
    const context = this.#keyed.start(zeroIv, Enc.ENCRYPT);
    this.#keyed.authenticate(context, aad);
    this.#keyed.finish(context, tag);
    this.#keyed.forgetTag();
  }
}

/** AES-GCM; an iv of 16 bytes is J0 itself (struct virtio_crypto_aead_data_req). */
export class LibcryptoGcm extends LibcryptoAead {
  // Made with the first J0: most sessions never see one.
  #start: GcmStart | null = null;

  /** @param key not kept */
  constructor(library: Libcrypto, cipher: Handle, key: Uint8Array) {
    super(Keyed.gcm(library, cipher, key));
  }

  override close(): void {
    super.close();
    this.#start?.close();
  }

  protected override ivFor(iv: Uint8Array): Uint8Array {
    if (iv.length === IV_LEN) return iv;
    checkLens(iv.length === J0_LEN);
    this.#start ??= new GcmStart((aad, tag) => this.tagOf(aad, tag));
    return this.#start.ivOf(iv);
  }
}

/** GMAC: AES-GCM of associated data alone, with ivs of 12 bytes. */
export class LibcryptoGmac implements MacContext {
  readonly #keyed: Keyed;

  /** @param key not kept */
  constructor(library: Libcrypto, cipher: Handle, key: Uint8Array) {
    this.#keyed = Keyed.gcm(library, cipher, key);
  }

  compute(iv: Uint8Array, first: Uint8Array, second: Uint8Array, out: Uint8Array): void {
    checkLens(iv.length === IV_LEN && out.length <= TAG_LEN);
    const keyed = this.#keyed;
    const context = keyed.start(iv, Enc.ENCRYPT);
    keyed.authenticate(context, first);
    keyed.authenticate(context, second);
    keyed.finish(context, out);
  }

  close(): void {
    this.#keyed.close();
  }
}
