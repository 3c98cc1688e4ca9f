// The passphrase secrets provider: it encrypts the secrets of a state exactly as Pulumi does, so that the real CLI can
// read a state of the stand-in and the other way round.

import { createCipheriv, createDecipheriv, pbkdf2, randomBytes } from "node:crypto";
import { promisify } from "node:util";

// Pulumi's numbers (sdk/go/common/resource/config/crypt.go), which belong to the format.
const ROUNDS = 1_000_000;
const KEY_BYTES = 32;
const SALT_BYTES = 8;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
/** Pulumi encrypts this text next to the salt, to tell a wrong passphrase from a broken state. */
const PROOF = "pulumi";

export interface Crypter {
  /** `v1:<salt>:v1:<nonce>:<text>`, as in the state under `secrets_providers`. */
  readonly salt: string;
  encrypt(plaintext: string): string;
  decrypt(ciphertext: string): string;
}

// Deriving a key takes about 0.3 s. So a process with many engines, such as a test run, derives one key per passphrase
// and salt, and gives every new state the same salt.
const keys = new Map<string, Promise<Buffer>>();
const newSalt = randomBytes(SALT_BYTES).toString("base64");

function deriveKey(passphrase: string, salt: string): Promise<Buffer> {
  const id = JSON.stringify([passphrase, salt]);
  const known = keys.get(id);
  if (known) return known;
  const derived = promisify(pbkdf2)(passphrase, Buffer.from(salt, "base64"), ROUNDS, KEY_BYTES, "sha256");
  keys.set(id, derived);
  return derived;
}

function encrypt(key: Buffer, plaintext: string): string {
  const nonce = randomBytes(NONCE_BYTES);
  const cipher = createCipheriv("aes-256-gcm", key, nonce);
  const text = Buffer.concat([cipher.update(plaintext, "utf8"), cipher.final(), cipher.getAuthTag()]);
  return `v1:${nonce.toString("base64")}:${text.toString("base64")}`;
}

function decrypt(key: Buffer, ciphertext: string): string {
  const [version, nonce, encoded, ...rest] = ciphertext.split(":");
  if (version !== "v1" || nonce === undefined || encoded === undefined || rest.length > 0) {
    throw new Error("A secret in the state is not of the form v1:<nonce>:<text>.");
  }
  const text = Buffer.from(encoded, "base64");
  const decipher = createDecipheriv("aes-256-gcm", key, Buffer.from(nonce, "base64"));
  decipher.setAuthTag(text.subarray(-TAG_BYTES));
  return decipher.update(text.subarray(0, -TAG_BYTES), undefined, "utf8") + decipher.final("utf8");
}

function crypter(key: Buffer, salt: string): Crypter {
  return { salt, encrypt: (text) => encrypt(key, text), decrypt: (text) => decrypt(key, text) };
}

/** Makes a crypter for a new state. */
export async function newCrypter(passphrase: string): Promise<Crypter> {
  const key = await deriveKey(passphrase, newSalt);
  return crypter(key, `v1:${newSalt}:${encrypt(key, PROOF)}`);
}

/** Opens the crypter of a state with the state's salt. Throws if the passphrase is wrong. */
export async function openCrypter(passphrase: string, salt: string): Promise<Crypter> {
  const [version, encoded] = salt.split(":");
  if (version !== "v1" || encoded === undefined) {
    throw new Error("The state's secrets provider has a salt that is not of the form v1:<salt>:<proof>.");
  }
  const key = await deriveKey(passphrase, encoded);
  try {
    if (decrypt(key, salt.slice(version.length + encoded.length + 2)) === PROOF) return crypter(key, salt);
  } catch {
    // With a wrong key the text can't be authenticated, which is the same as a wrong proof.
  }
  throw new Error("The passphrase does not fit the state: incorrect passphrase.");
}
