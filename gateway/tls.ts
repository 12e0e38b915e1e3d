/**
 * The certificate a gateway shows, and its key.
 *
 * @module
 */

import { createPrivateKey, type KeyObject, X509Certificate } from "node:crypto";
import { readFile } from "node:fs/promises";
import { errorMessage } from "./log.ts";
import { OptionError } from "./options.ts";

/** A certificate chain and its key, PEM. */
export interface Tls {
  readonly cert: string;
  readonly key: string;
}

/**
 * Reads and checks certificate and key: the listener itself would only fail when the first client
 * comes.
 *
 * @returns `null` when none are given
 * @throws OptionError for a file that cannot be read, is not PEM, or a key of another certificate
 */
export async function loadTls(
  options: { readonly tlsCert?: string; readonly tlsKey?: string },
): Promise<Tls | null> {
  const { tlsCert, tlsKey } = options;
  if (tlsCert === undefined || tlsKey === undefined) return null;
  const cert = await readPem("tlsCert", tlsCert);
  const key = await readPem("tlsKey", tlsKey);
  let certificate: X509Certificate;
  let privateKey: KeyObject;
  try {
    certificate = new X509Certificate(cert);
  } catch {
    throw new OptionError("tlsCert", `Not a certificate in PEM: ${tlsCert}`);
  }
  try {
    privateKey = createPrivateKey(key);
  } catch {
    throw new OptionError("tlsKey", `Not a private key in PEM: ${tlsKey}`);
  }
  if (!certificate.checkPrivateKey(privateKey)) {
    throw new OptionError("tlsKey", `Not the key of the certificate ${tlsCert}: ${tlsKey}`);
  }
  return { cert, key };
}

async function readPem(option: string, path: string): Promise<string> {
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    throw new OptionError(option, `Cannot read ${option}: ${errorMessage(error)}`);
  }
}
