/** The files of a source on the disk: hashed for `check`, and kept in memory for the plan that follows. */
import { ContentHashError } from "../content/files.js";
import { HASH_CHARACTERS } from "../manifest/hash.js";
import type { Manifest } from "../manifest/manifest.js";
import type { Source } from "../schema/inputs.js";
import { VodError } from "../vod/errors.js";
import { encodeName } from "../vod/paths.js";
import { digestRows, type Rows } from "./directory-digests.js";
import { type FilterFindings, inspectFilter } from "./filter.js";
import { scanSource } from "./scan.js";

/** What a scan of a source found. */
interface ScannedSource {
  /** The hash of every URL. */
  manifest: Manifest;
  /** The digests of up to 200 directories, which the inputs keep. */
  files: Rows;
  /** What the patterns of the source match. */
  filter: FilterFindings;
}

/** Is called every few seconds of a long scan, with how many files are done. */
type OnProgress = (done: number, total: number) => void;

export class SourceScanner {
  private readonly last = new Map<string, ScannedSource>();

  /**
   * Hashes the files of a source. A file whose size and times are those of the last scan isn't read.
   *
   * @throws VodError UnreadableSource, with the file and what to do.
   */
  async scan(source: Source, onProgress?: OnProgress): Promise<ScannedSource> {
    const scanned = await this.scanNow(source, onProgress);
    this.last.set(buildKey(source), scanned);
    return scanned;
  }

  /** What this process found last, even if the files can't be read any more; a scan if there was none. */
  async cached(source: Source, onProgress?: OnProgress): Promise<ScannedSource> {
    return this.last.get(buildKey(source)) ?? this.scan(source, onProgress);
  }

  private async scanNow(
    { directory, include, exclude, ...urls }: Source,
    onProgress: OnProgress | undefined,
  ): Promise<ScannedSource> {
    try {
      const files = await scanSource({
        directory,
        ...(include ? { include } : {}),
        ...(exclude ? { exclude } : {}),
        onProgress,
      });
      const manifest = manifestFromFiles({ directory, ...urls }, files);
      const filter = await inspectFilter({ directory, include, exclude }, [...files.keys()]);
      return { manifest, files: digestRows(files), filter };
    } catch (error) {
      if (!(error instanceof ContentHashError)) throw error;
      throw new VodError("The files of source can't be hashed.", error.message, { code: "UnreadableSource" });
    }
  }
}

function buildKey(source: Source): string {
  const { directory, baseUrl, include, exclude, indexDocument } = source;
  return JSON.stringify([directory, baseUrl, include, exclude, indexDocument]);
}

/** The current hash of every URL at which the files of a source are served. */
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
