/** The files of a source as they are on the disk: hashed for the check, and kept for the plan that follows it. */
import { ContentHashError } from "../content/files.js";
import { HASH_CHARACTERS } from "../manifest/hash.js";
import type { Manifest } from "../manifest/manifest.js";
import type { Source } from "../schema/inputs.js";
import { VodError } from "../vod/errors.js";
import { encodeName } from "../vod/paths.js";
import { digestRows, type Rows } from "./directory-digests.js";
import { scanSource } from "./scan.js";

/** What a source holds at a moment. */
export interface ScannedSource {
  /** The hash of every URL. */
  manifest: Manifest;
  /** A digest for each of up to 200 directories, as they stand in the inputs. */
  files: Rows;
}

export class SourceScanner {
  private readonly found = new Map<string, ScannedSource>();

  /** @param onProgress gets how far a long scan is, every few seconds. */
  constructor(private readonly onProgress: (done: number, total: number) => void) {}

  /**
   * Hashes the files of a source, those that didn't change since the last time by their size and times alone.
   *
   * @param known what was found before, if anything was: `files` is the same if they say the same.
   * @throws VodError UnreadableSource, with the file and what to do.
   */
  async scan(source: Source, known?: Rows): Promise<ScannedSource> {
    const found = await this.scanNow(source, known);
    this.found.set(keyOf(source), found);
    return found;
  }

  /** The same, as this process found it last, even if it can't be read any more. */
  async cached(source: Source): Promise<ScannedSource> {
    return this.found.get(keyOf(source)) ?? this.scan(source);
  }

  private async scanNow(
    { directory, include, exclude, ...urls }: Source,
    known: Rows | undefined,
  ): Promise<ScannedSource> {
    try {
      const files = await scanSource({
        directory,
        ...(include ? { include } : {}),
        ...(exclude ? { exclude } : {}),
        onProgress: this.onProgress,
      });
      return { manifest: manifestFromFiles({ directory, ...urls }, files), files: digestRows(files, { known }) };
    } catch (error) {
      if (!(error instanceof ContentHashError)) throw error;
      throw new VodError("The files of source can't be hashed.", error.message, { code: "UnreadableSource" });
    }
  }
}

function keyOf(source: Source): string {
  const { directory, baseUrl, include, exclude, indexDocument } = source;
  return JSON.stringify([directory, baseUrl, include, exclude, indexDocument]);
}

/** The present hash of every URL at which the files of a source are served. */
export function manifestFromFiles(
  { baseUrl, indexDocument }: Source,
  files: ReadonlyMap<string, string>,
): Map<string, string> {
  const manifest = new Map<string, string>();
  for (const [name, content] of files) {
    const hash = content.slice(0, HASH_CHARACTERS);
    manifest.set(baseUrl + encodeName(name), hash);
    if (indexDocument === undefined) continue;
    const slash = name.lastIndexOf("/") + 1;
    if (name.slice(slash) === indexDocument) manifest.set(baseUrl + encodeName(name.slice(0, slash)), hash);
  }
  return manifest;
}
