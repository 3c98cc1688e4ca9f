/**
 * What one resource keeps fresh: its files at the origin of the emulator, and the same files in a directory of this machine,
 * from which `source` reads them. The files of a site lie below `/r<index>/` of each domain, so that no two sites share a URL.
 */
import { createHash } from "node:crypto";
import { mkdirSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import type { Kind } from "./program.js";
import type { Random } from "./random.js";

/** Enough for a call to be split: it may carry 10. */
export const DOMAINS = Array.from({ length: 14 }, (_, index) => `d${index}.example.com`);

export type Shape = "small" | "wide" | "deep";

/** Two that differ in case, one to be encoded, and one that is a file or a directory by turns. */
const SMALL = [
  "app.js",
  "App.js",
  "a/one.js",
  "a/two.js",
  "b/my%20clip%20%C3%A9.mp4",
  "b/list.m3u8",
  "x",
  "x/index.html",
];
const WIDE = ["app.js", "b/list.m3u8"];
const DEEP = Array.from({ length: 40 }, (_, index) => `deep/${index % 3}/segment-${index}.ts`);

/** Later than every file of the machine, so that each publication has a Last-Modified of its own. */
let lastModified = Date.UTC(2030, 0, 1) / 1000;

export class Site {
  /** The URLs that are online, with their content. */
  readonly files = new Map<string, string>();
  /** Every URL that may ever be. */
  readonly universe: readonly string[];
  /** Where the URLs of a `source` begin. */
  readonly baseUrl: string;
  private readonly history = new Map<string, string[]>();
  /** The content that the `contentHash` of each kind of resource stands for. */
  private readonly hashedBy = new Map<Kind, ReadonlyMap<string, string>>();
  private versions = 0;

  constructor(
    readonly index: number,
    readonly shape: Shape,
    private readonly origin: string,
    readonly directory: string,
  ) {
    const below = (domain: string) => `https://${domain}/r${index}/`;
    const first = index % DOMAINS.length;
    this.baseUrl = below(DOMAINS[first] as string);
    const [domains, names] = { small: [2, SMALL], wide: [DOMAINS.length, WIDE], deep: [1, DEEP] }[shape] as [
      number,
      string[],
    ];
    this.universe = DOMAINS.slice(first, first + domains).flatMap((domain) =>
      names.map((name) => below(domain) + name),
    );
    mkdirSync(directory, { recursive: true });
  }

  get name(): string {
    return `site${this.index}`;
  }

  owns(url: string): boolean {
    return new RegExp(`^https?://[^/]+/r${this.index}/`).test(url);
  }

  /** The text by which a program knows a content. */
  hashOf(url: string): string {
    return digest(this.files.get(url) ?? "");
  }

  /**
   * The hash of everything. A program may leave it as it is when paths come and go (`loose`), as with a version number, but
   * not for a URL that has been there before: its content would come back unseen.
   */
  contentHash(kind: Kind, urls: readonly string[], loose: boolean): string {
    let hashed = this.hashedBy.get(kind);
    const kept = [...(hashed ?? [])].every(([url, text]) => !this.files.has(url) || this.files.get(url) === text);
    const fresh = urls.every((url) => hashed?.has(url) || this.history.get(url)?.length === 1);
    if (!loose || !kept || !fresh || hashed === undefined)
      hashed = new Map(urls.map((url) => [url, this.files.get(url) ?? ""]));
    this.hashedBy.set(kind, hashed);
    return digest(JSON.stringify([...hashed].sort()));
  }

  /** Publishes a content that was never there, or one of its earlier ones. */
  write(url: string, random: Random): "changed" | "reverted" {
    const earlier = (this.history.get(url) ?? []).filter((content) => content !== this.files.get(url));
    const reverts = earlier.length > 0 && random.chance(0.3);
    const content = reverts ? random.pick(earlier) : `${url} ${++this.versions}`;
    for (const other of [...this.files.keys()]) {
      // Where there is a file there can't be a directory.
      if (other.startsWith(`${url}/`) || url.startsWith(`${other}/`)) this.remove(other);
    }
    for (const path of this.placesOf(url)) {
      rmSync(path, { recursive: true, force: true });
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(path, content);
      utimesSync(path, ++lastModified, lastModified);
    }
    this.files.set(url, content);
    this.history.set(url, [...(this.history.get(url) ?? []), content]);
    return reverts ? "reverted" : "changed";
  }

  remove(url: string): void {
    for (const path of this.placesOf(url)) rmSync(path, { force: true });
    this.files.delete(url);
  }

  /** At the origin, and in the directory if `source` has it. */
  private placesOf(url: string): string[] {
    const { host, pathname } = new URL(url);
    const own = url.startsWith(this.baseUrl)
      ? [join(this.directory, decodeURIComponent(url.slice(this.baseUrl.length)))]
      : [];
    return [join(this.origin, host, decodeURIComponent(pathname)), ...own];
  }
}

function digest(text: string): string {
  return createHash("sha256").update(text).digest("hex").slice(0, 16);
}
