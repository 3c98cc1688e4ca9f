/**
 * The origin that the edge asks: a directory with a folder for each domain.
 */
import { readFileSync, statSync } from "node:fs";
import { extname, join } from "node:path";

export interface OriginResponse {
  status: 200 | 404;
  body: Buffer;
  contentType: string;
  /** As in the HTTP header: whole seconds. Undefined for a 404. */
  lastModified: string | undefined;
}

const CONTENT_TYPES: Record<string, string> = {
  ".css": "text/css",
  ".html": "text/html",
  ".js": "text/javascript",
  ".json": "application/json",
  ".m3u8": "application/vnd.apple.mpegurl",
  ".mp4": "video/mp4",
  ".png": "image/png",
  ".ts": "video/mp2t",
  ".txt": "text/plain",
};

const NOT_FOUND: OriginResponse = {
  status: 404,
  body: Buffer.from("The origin has no such file.\n"),
  contentType: "text/plain",
  lastModified: undefined,
};

/**
 * Returns what the origin answers for a path. A directory is a 404: the origin has no index files. It reads
 * synchronously, so that no refresh happens between the reading of a file and its caching.
 *
 * @param pathAndQuery as sent; the origin ignores the query
 */
export function readOrigin(directory: string, domain: string, pathAndQuery: string): OriginResponse {
  const name = fileName(pathAndQuery);
  if (name === undefined) return NOT_FOUND;
  try {
    const file = join(directory, domain, name);
    const lastModified = statSync(file).mtime.toUTCString();
    const contentType = CONTENT_TYPES[extname(file)] ?? "application/octet-stream";
    return { status: 200, body: readFileSync(file), contentType, lastModified };
  } catch {
    return NOT_FOUND;
  }
}

/** Decodes a path; returns undefined for a directory, and for a path that could lead out of the domain's folder. */
function fileName(pathAndQuery: string): string | undefined {
  try {
    const path = decodeURIComponent(pathAndQuery.split("?")[0] ?? "");
    const leadsOut = path.split(/[\\/]/).includes("..") || path.includes("\0");
    return leadsOut || path.endsWith("/") ? undefined : path;
  } catch {
    return undefined;
  }
}
