/** The files of a source on the disk: hashed for `check`, and kept in memory for the plan that follows. */
import { ContentHashError } from "../content/files.js";
import { HASH_CHARACTERS } from "../manifest/hash.js";
import type { Manifest } from "../manifest/manifest.js";
import type { Source } from "../schema/inputs.js";
import { hideQuoted } from "../text/show.js";
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

/** What comes with a scan. */
interface ScanContext {
  /** Is called every few seconds of a long scan, with how many files are done. Default: nobody is. */
  onHashed?: ((done: number, total: number) => void) | undefined;
  /** Whether no error may name a file or a directory. Default: false. */
  secretPaths?: boolean | undefined;
}

export class SourceScanner {
  private readonly last = new Map<string, ScannedSource>();

  /**
   * Hashes the files of a source. A file whose size and times are those of the last scan isn't read.
   *
   * @throws VodError UnreadableSource, with the file (unless it is secret) and what to do.
   */
  async scan(source: Source, context: ScanContext = {}): Promise<ScannedSource> {
    const scanned = await this.scanNow(source, context);
    this.last.set(buildKey(source), scanned);
    return scanned;
  }

  /** What this process found last, even if the files can't be read any more; a scan if there was none. */
  async cached(source: Source, context?: ScanContext): Promise<ScannedSource> {
    return this.last.get(buildKey(source)) ?? this.scan(source, context);
  }

  private async scanNow(
    { directory, include, exclude, ...urls }: Source,
    { onHashed, secretPaths }: ScanContext,
  ): Promise<ScannedSource> {
    try {
      const files = await scanSource({
        directory,
        ...(include ? { include } : {}),
        ...(exclude ? { exclude } : {}),
        onProgress: onHashed,
      });
      const manifest = manifestFromFiles({ directory, ...urls }, files);
      const filter = await inspectFilter({ directory, include, exclude }, [...files.keys()]);
      return { manifest, files: digestRows(files), filter };
    } catch (error) {
      if (!(error instanceof ContentHashError)) throw error;
      const why = secretPaths ? hideQuoted(error.message) : error.message;
      throw new VodError("The files of source could not be hashed.", why, { code: "UnreadableSource" });
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
