/**
 * OpenSSL 3's libcrypto, found on the machine and opened through Deno's FFI.
 *
 * Everything here fails softly: without the library, without the permission, in a runtime without
 * FFI there is a reason instead of a library, and the other accelerators serve.
 *
 * @module
 */

import { gcmIvParam } from "./gcm_iv.ts";
import { type GcmMethods, gcmMethods, type MethodSymbols } from "./gcm_method.ts";
import { type IvSymbols, keepsIvInPlace } from "./iv_place.ts";
import { OctetParam } from "./octet_param.ts";
import {
  BULK_SYMBOLS,
  INIT_NO_ATEXIT,
  IV_SYMBOLS,
  METHOD_SYMBOLS,
  SYMBOLS,
  VERSION_SYMBOLS,
} from "./symbols.ts";

/** A handle that libcrypto gave out. */
export type Handle = Deno.PointerObject;

/** The library's functions. */
export type Symbols = Deno.DynamicLibrary<typeof SYMBOLS>["symbols"];

/** What works on many bytes fast. */
export interface Bulk {
  /** Copies all of `source` to the start of `target`, which is long enough; they may overlap. */
  copy(target: Uint8Array, source: Uint8Array): void;
  /** Overwrites all bytes with zeros. */
  wipe(target: Uint8Array): void;
}

/** Functions that a library may lack; null for those that are not to be used. */
export interface OptionalSymbols {
  readonly iv?: IvSymbols | null;
  readonly method?: MethodSymbols | null;
}

/** A library, or why there is none. */
export type LibcryptoResult =
  | { readonly library: Libcrypto }
  | { readonly library: null; readonly reason: string };

// Where the library is looked for: by its soname, which the loader resolves, then where macOS's
// package managers keep it, out of the loader's sight.
const PLACES: Readonly<Record<string, readonly string[]>> = {
  linux: ["libcrypto.so.3"],
  darwin: [
    "libcrypto.3.dylib",
    "/opt/homebrew/opt/openssl@3/lib/libcrypto.3.dylib",
    "/usr/local/opt/openssl@3/lib/libcrypto.3.dylib",
    "/opt/local/libexec/openssl3/lib/libcrypto.3.dylib",
  ],
};

const MIN_MAJOR = 3;
const ERROR_TEXT_LEN = 256;
const OUT_LEN_ROOM = 64;
const TAG_LEN = 16;

/** An open libcrypto. Each thread opens its own. */
export class Libcrypto {
  /** What was opened: a soname or a path. */
  readonly path: string;
  /** Such as `3.0.19`. */
  readonly version: string;
  readonly symbols: Symbols;
  /** Copies and overwrites of many bytes; null where the library shows no memmove. */
  readonly bulk: Bulk | null;
  /**
   * Where libcrypto writes how many bytes it has written, which nobody needs to read; there is room for a block,
   * which a final call of a cipher that pads nothing does not write.
   */
  readonly outLenAt: Handle;
  /** Reads the 16 bytes of an AEAD's tag. */
  readonly tag: OctetParam;
  /** Sets the iv of an AES-GCM message; null where only EVP_CipherInit_ex does. */
  readonly gcmIv: OctetParam | null;
  /** Finds and sets an iv in a context; null where only EVP_CipherInit_ex does. */
  readonly ivSymbols: IvSymbols | null;
  /** AES-GCM's methods; null where the provider's cipher serves. */
  readonly gcmMethods: GcmMethods | null;
  // A library context of our own: what openssl.cnf or others in the process do to the default one
  // does not reach it, and threads do not share its locks.
  readonly #context: Handle;
  // What has been found out of ciphers.
  readonly #inPlace = new Map<Handle, boolean>();

  /**
   * @param optional those to use instead of the library's
   * @throws {Error} when the default provider does not load
   */
  constructor(path: string, version: string, symbols: Symbols, optional: OptionalSymbols = {}) {
    const { iv = symbolsIfThere(path, IV_SYMBOLS) } = optional;
    const { method = symbolsIfThere(path, METHOD_SYMBOLS) } = optional;
    this.path = path;
    this.version = version;
    this.symbols = symbols;
    this.ivSymbols = iv;
    this.bulk = openBulk(path);
    // Of libcrypto's memory: the address of our own is only told to those with all of --allow-ffi.
    const outLenAt = symbols.CRYPTO_malloc(OUT_LEN_ROOM, null, 0);
    if (outLenAt === null) throw this.error("allocate memory");
    this.outLenAt = outLenAt;
    const context = symbols.OSSL_LIB_CTX_new();
    if (context === null) throw this.error("make a library context");
    this.#context = context;
    // Named, for loading the legacy provider ends the default one's loading by itself.
    if (symbols.OSSL_PROVIDER_load(context, cString("default")) === null) {
      throw this.error("load the default provider");
    }
    // DES and ARC4; without it they are left to others.
    symbols.OSSL_PROVIDER_load(context, cString("legacy"));
    symbols.ERR_clear_error();
    this.tag = new OctetParam(symbols, "tag", TAG_LEN);
    this.gcmIv = gcmIvParam(this);
    this.gcmMethods = gcmMethods(this, method);
  }

  /** A cipher by OpenSSL's name, such as `AES-128-CBC`; null when no provider has it. */
  fetchCipher(name: string): Handle | null {
    const cipher = this.symbols.EVP_CIPHER_fetch(this.#context, cString(name), null);
    if (cipher === null) this.symbols.ERR_clear_error();
    return cipher;
  }

  /** A digest by OpenSSL's name, such as `SHA2-256`; null when no provider has it. */
  fetchDigest(name: string): Handle | null {
    const digest = this.symbols.EVP_MD_fetch(this.#context, cString(name), null);
    if (digest === null) this.symbols.ERR_clear_error();
    return digest;
  }

  /** Whether an iv may be set where contexts of a cipher keep it: tried once, with a key and an iv of so many bytes. */
  keepsIvInPlace(cipher: Handle, keyLen: number, ivLen: number): boolean {
    let isGood = this.#inPlace.get(cipher);
    if (isGood === undefined) {
      isGood = keepsIvInPlace(this, cipher, keyLen, ivLen);
      this.#inPlace.set(cipher, isGood);
    }
    return isGood;
  }

  /** The error to throw when a function has failed, with what libcrypto says about it. */
  error(doing: string): Error {
    const code = this.symbols.ERR_get_error();
    const text = new Uint8Array(ERROR_TEXT_LEN);
    this.symbols.ERR_error_string_n(code, text, text.length);
    this.symbols.ERR_clear_error();
    const said = new TextDecoder().decode(text.subarray(0, text.indexOf(0)));
    return new Error(`Cannot ${doing} with libcrypto: ${said}`);
  }
}

const opened = new Map<string, Libcrypto>();

/**
 * Opens libcrypto.
 *
 * A library that was opened stays open until its thread ends, and is opened once: calls to one set of
 * functions are what V8 makes fast.
 *
 * @param path a soname or file to open instead of looking in the usual places
 *
 * @example
 * ```ts
 * import { openLibcrypto } from "./library.ts";
 * const { library } = openLibcrypto("/nowhere/libcrypto.so.3");
 * library; // null
 * ```
 */
export function openLibcrypto(path?: string): LibcryptoResult {
  if (typeof Deno === "undefined" || typeof Deno.dlopen !== "function") {
    return { library: null, reason: "This runtime has no FFI" };
  }
  const places = path === undefined ? PLACES[Deno.build.os] ?? [] : [path];
  let reason = `No usual place is known on ${Deno.build.os}`;
  for (const place of places) {
    const known = opened.get(place);
    if (known !== undefined) return { library: known };
    const library = tryOpen(place);
    if (typeof library !== "string") {
      opened.set(place, library);
      return { library };
    }
    // The first place's reason says most: those behind it are guesses.
    if (place === places[0]) reason = library;
  }
  return { library: null, reason };
}

function tryOpen(path: string): Libcrypto | string {
  try {
    // Asked for beforehand: dlopen would ask whoever sits at the terminal.
    const { state } = Deno.permissions.querySync({ name: "ffi", path });
    if (state !== "granted") return `FFI is not permitted for ${path}`;
    const number = versionNumber(path);
    const version = `${number >>> 28}.${(number >>> 20) & 0xff}.${(number >>> 4) & 0xffff}`;
    if (number >>> 28 < MIN_MAJOR) return `${path} is of version ${version}, before ${MIN_MAJOR}.0`;
    const { symbols } = Deno.dlopen(path, SYMBOLS);
    // First of all: cleaning up at the process's end it would free what a thread that ends at the same time frees,
    // too, and abort the process.
    if (symbols.OPENSSL_init_crypto(INIT_NO_ATEXIT, null) !== 1) return `${path} does not start`;
    return new Libcrypto(path, version, symbols);
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

// What a library depends on is found with it, on Linux and macOS.
function openBulk(path: string): Bulk | null {
  const symbols = symbolsIfThere(path, BULK_SYMBOLS);
  if (symbols === null) return null;
  const { memmove, memset } = symbols;
  return {
    copy: (target, source) => memmove(target, source, source.length),
    wipe: (target) => memset(target, 0, target.length),
  };
}

// Null when one of them is missing.
function symbolsIfThere<S extends Deno.ForeignLibraryInterface>(
  path: string,
  symbols: S,
): Deno.DynamicLibrary<S>["symbols"] | null {
  try {
    return Deno.dlopen(path, symbols).symbols;
  } catch {
    return null;
  }
}

function versionNumber(path: string): number {
  const probe = Deno.dlopen(path, VERSION_SYMBOLS);
  try {
    return Number(probe.symbols.OpenSSL_version_num());
  } finally {
    probe.close();
  }
}

function cString(text: string): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(`${text}\0`);
}
