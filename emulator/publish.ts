/** Puts files on the origin, as an upload does. */
import { mkdirSync, utimesSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";

/**
 * The Last-Modified time of the last publication, in seconds since the epoch. Each publication has its own, since the
 * edge would take a new version with the same time for the old one.
 */
let lastModified = Date.UTC(2020, 0, 1) / 1000;

/** Publishes a file such as `vod.example.com/a/b.txt`; `seconds` is its Last-Modified time. */
export function publish(
  { origin }: { origin: string },
  name: string,
  content: string,
  seconds: number = ++lastModified,
): void {
  const file = join(origin, name);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, content);
  utimesSync(file, seconds, seconds);
}
