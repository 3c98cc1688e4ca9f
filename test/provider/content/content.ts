import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { expect, onTestFinished } from "vitest";
import { ContentHashError } from "../../../provider/content/files.js";

export const isWindows = process.platform === "win32";
export const isLinux = process.platform === "linux";

export const SITE = {
  "index.html": "<p>hello</p>",
  "player/app.js": "play()",
  ".well-known/app.json": "{}",
};
/** The hash that coreutils print for the site; the documentation of `hashFiles` has the command. */
export const SITE_HASH = "sha256:c8bf388a4abf80fe42c1646aa756506abbf788f9d9be3ba838cfb03ccc403530";

/** Makes a directory with files, by name; it is removed when the test ends. */
export function temporaryDirectory(files: Record<string, string | Uint8Array> = {}): string {
  const directory = realpathSync(mkdtempSync(join(tmpdir(), "hash-")));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  writeFiles(directory, files);
  return directory;
}

export function writeFiles(directory: string, files: Record<string, string | Uint8Array>): void {
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(dirname(join(directory, name)), { recursive: true });
    writeFileSync(join(directory, name), content);
  }
}

/** The message of the rejection, which has to be a `ContentHashError`. */
export async function messageOf(promise: Promise<unknown>): Promise<string> {
  const error = await promise.then(
    () => expect.unreachable("it should have been refused"),
    (error) => error,
  );
  expect(error).toBeInstanceOf(ContentHashError);
  return error.message;
}
