/** The files of a source on the disk: hashed for `check`, and kept in memory for the plan that follows. */
import { hash } from "node:crypto";
import { join } from "node:path";
import { ContentHashError } from "../content/files.js";
import { HASH_CHARACTERS } from "../manifest/hash.js";
import type { Manifest } from "../manifest/manifest.js";
import type { Source } from "../schema/content-inputs.js";
import type { Log } from "../text/log.js";
import { describeLeft, estimateLeft, keepPace } from "../text/progress.js";
import { hideQuoted } from "../text/show.js";
import { VodError } from "../vod/errors.js";
import { formatNumber, pluralize } from "../vod/format.js";
import { digestRows, type Rows } from "./directory-digests.js";
import { type FilterFindings, inspectFilter } from "./filter.js";
import type { Hashing } from "./hash-pool.js";
import { scanSource } from "./scan.js";
import { listNames, listUrls } from "./urls.js";

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
  /** Shows how far a long scan is. */
  log?: Pick<Log, "progress"> | undefined;
  /** Whether no error may name a file or a directory. Default: false. */
  secretPaths?: boolean | undefined;
}

export class SourceScanner {
  private readonly last = new Map<string, ScannedSource>();

  /** @param without `directories` for a resource that takes no URL with `/` at its end. Default: nothing. */
  constructor(private readonly without?: "directories") {}

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

  private async scanNow(source: Source, { log, secretPaths }: ScanContext): Promise<ScannedSource> {
    try {
      const { directory, include, exclude, followSymlinks } = source;
      const onProgress = log && progressReporter(log);
      const files = await scanSource({ directory, include, exclude, followSymlinks, onProgress });
      const manifest = manifestFromFiles(source, files);
      if (this.without === "directories")
        for (const url of manifest.keys()) if (url.endsWith("/")) manifest.delete(url);
      const filter = await inspectFilter(source, [...files.keys()]);
      return { manifest, files: digestRows(files), filter };
    } catch (error) {
      if (!(error instanceof ContentHashError)) throw error;
      const why = secretPaths ? hideQuoted(error.message) : error.message;
      throw new VodError("The files of source could not be hashed.", why, { code: "UnreadableSource" });
    }
  }
}

/** Shows lines of how far the hashing is, at a steady pace. */
function progressReporter(log: Pick<Log, "progress">): (hashing: Hashing) => void {
  const isDue = keepPace(0);
  return (hashing) => {
    if (isDue(hashing.elapsedMs)) log.progress(describeHashing(hashing));
  };
}

/** "hashed 1,204 of 5,000 files, 40% overall, about 12 s left": the percentage is that of the work, since files have different sizes. */
export function describeHashing({ done, total, part, elapsedMs }: Hashing): string {
  const left = describeLeft(estimateLeft(part, 1 - part, elapsedMs));
  const parts = [
    `hashed ${formatNumber(done)} of ${pluralize(total, "file")}`,
    `${Math.floor(part * 100)}% overall`,
    left,
  ];
  return parts.filter((one) => one !== undefined).join(", ");
}

function buildKey(source: Source): string {
  const { directory, baseUrl, include, exclude, indexDocument, cleanUrls, followSymlinks } = source;
  return JSON.stringify([directory, baseUrl, include, exclude, indexDocument, cleanUrls, followSymlinks]);
}

/** The files that a source may serve at a URL. */
export function candidateFiles(source: Source, url: string): string[] {
  return listNames(source, url).map((name) => join(source.directory, name));
}

/**
 * The current hash of every URL at which the files of a source are served. If several may answer at a URL, such as
 * `about.html` and `about/index.html`, its hash is another whenever that of one of them is.
 */
export function manifestFromFiles(source: Source, files: ReadonlyMap<string, string>): Map<string, string> {
  const manifest = new Map<string, string>();
  const shared = new Map<string, string[]>();
  for (const [name, content] of files) {
    const hash = content.slice(0, HASH_CHARACTERS);
    for (const url of listUrls(source, name)) {
      const other = manifest.get(url);
      if (other !== undefined) shared.set(url, [...(shared.get(url) ?? [other]), hash]);
      manifest.set(url, hash);
    }
  }
  for (const [url, hashes] of shared) manifest.set(url, hashText(hashes.sort().join(" ")));
  return manifest;
}

function hashText(text: string): string {
  return hash("sha256", text, "base64url").slice(0, HASH_CHARACTERS);
}
