/**
 * The files that one resource keeps fresh, at the origin of the emulator and in a local directory, from which `source`
 * reads them. The files of a site lie below `/r<index>/` of each domain, so that no two sites share a URL.
 */
import { createHash } from "node:crypto";
import { mkdirSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { BASES } from "./coverage.js";
import type { Kind } from "./program.js";
import type { Random } from "./random.js";

/** Enough domains for a call to be split: it may carry 10. */
export const DOMAINS = Array.from({ length: 14 }, (_, index) => `d${index}.example.com`);

export type Shape = "small" | "wide" | "deep";

/** Two names differ in case, one needs encoding, and one is a file or a directory by turns. */
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

/** Later than any file on this machine. */
const DATE = Date.UTC(2030, 0, 1) / 1000;
/** Each publication has a modification time of its own. */
let lastModified = DATE;

export class Site {
  /** The URLs that are online, with their content. */
  readonly files = new Map<string, string>();
  /** Every URL that may ever be online. */
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
    /** Whether the origin tells by Last-Modified that a file changed; otherwise all its files have the same. */
    readonly hasDates: boolean,
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
    for (const base of BASES[shape]) mkdirSync(join(directory, base), { recursive: true });
  }

  get name(): string {
    return `site${this.index}`;
  }

  owns(url: string): boolean {
    return new RegExp(`^https?://[^/]+/r${this.index}/`).test(url);
  }

  /** Returns the hash that a program gives for the content of a URL. */
  hash(url: string): string {
    return digest(this.files.get(url) ?? "");
  }

  /**
   * Returns the hash of all content. A program may keep it while paths come and go (`loose`), like a version number,
   * but not if a URL comes back: nobody would notice its content.
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

  /** Publishes a new content of a URL, or one of its earlier ones. */
  write(url: string, random: Random): "changed" | "reverted" {
    const earlier = (this.history.get(url) ?? []).filter((content) => content !== this.files.get(url));
    const reverts = earlier.length > 0 && random.chance(0.3);
    const content = reverts ? random.pick(earlier) : `${url} ${++this.versions}`;
    for (const other of [...this.files.keys()]) {
      // A file and a directory can't have the same name.
      if (other.startsWith(`${url}/`) || url.startsWith(`${other}/`)) this.remove(other);
    }
    for (const path of this.listPlaces(url)) {
      rmSync(path, { recursive: true, force: true });
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(path, content);
      const isUndated = !this.hasDates && path.startsWith(this.origin);
      const time = isUndated ? DATE : ++lastModified;
      utimesSync(path, time, time);
    }
    this.files.set(url, content);
    this.history.set(url, [...(this.history.get(url) ?? []), content]);
    return reverts ? "reverted" : "changed";
  }

  remove(url: string): void {
    for (const path of this.listPlaces(url)) rmSync(path, { force: true });
    this.files.delete(url);
  }

  /** Lists where a URL's file lies: at the origin, and in the directory if `source` covers it. */
  private listPlaces(url: string): string[] {
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
