/** The hashes that a manifest keeps. */

/** Stands for a hash where the edge may hold anything: it differs from every hash, and from itself. */
export const UNKNOWN_HASH = "";

/**
 * How many base64url characters of a hash are kept: 42 bits. A changed file gets the hash that it had before, so that
 * its old copy stays at the edge, once in 4,400,000,000,000 changes: once in 12,000 years at a million changed files a
 * day. With 12 characters, the state of a site of 100,000 files would be half as large again.
 */
export const HASH_CHARACTERS = 7;

/**
 * Stands for the hash of a path that was sent while nobody read its content: another content makes it due, whatever its
 * hash. That of a file is never this, or once in the changes above.
 */
export const UNREAD_HASH = "-".repeat(HASH_CHARACTERS);

/** Whether the edge has to fetch a file again whose hash was the one and is the other. */
export function hashDiffers(hash: string, other: string): boolean {
  return hash !== other || hash === UNKNOWN_HASH;
}
