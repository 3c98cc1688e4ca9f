/** Puts files on the origin, as an upload does. */
import { mkdirSync, utimesSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";

/**
 * The Last-Modified time of what was published last, in seconds since the epoch. Each publication has one of its own, however
 * quickly one follows another: with the same time, the edge would take the new version for the old one.
 */
let lastModified = Date.UTC(2020, 0, 1) / 1000;

/** Puts a file of a domain there, as `vod.example.com/a/b.txt`; `seconds` is its Last-Modified time. */
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
