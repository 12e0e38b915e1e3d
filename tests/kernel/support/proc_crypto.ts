/** What a guest says of itself. */

/** One paragraph of /proc/crypto: its fields by their names. */
export type CipherEntry = Readonly<Record<string, string>>;

/** The paragraphs of /proc/crypto as a guest printed it between its marks. */
export function procCrypto(output: string): CipherEntry[] {
  const text = /^== crypto\n([\s\S]*?)^== end$/m.exec(output)?.[1];
  if (text === undefined) {
    throw new Error(`Cannot find /proc/crypto in what the guest printed:\n${output}`);
  }
  return text.trim().split(/\n\n+/).map((paragraph) =>
    Object.fromEntries(
      paragraph.split("\n").filter((line) => line.includes(":")).map((line) => {
        const [name, ...value] = line.split(":");
        return [name.trim(), value.join(":").trim()];
      }),
    )
  );
}

/** The paragraph of a driver, or none when it is not registered. */
export function driverOf(output: string, driver: string): CipherEntry | undefined {
  return procCrypto(output).find((entry) => entry.driver === driver);
}

/** The driver of virtio-crypto's AES in CBC mode. */
export const AES_CBC_DRIVER = "virtio_crypto_aes_cbc";

/** A shell command for guests: prints /proc/crypto for {@link procCrypto}. */
export const PRINT_PROC_CRYPTO = "echo '== crypto'; cat /proc/crypto; echo '== end'";
