/**
 * Collapsing URLs into directories, so that what is left of a day's quota holds them at the least cost.
 *
 * A directory costs the same whatever lies below it. Where a cover has a directory, moving it up until it holds all
 * URLs of its host costs nothing, and saves every other directory and every single URL of that host. So a cheapest
 * cover has, for each host, either every URL by itself or one directory for all of them, and the search over the
 * directory tree comes down to which hosts get a directory. Those with the most URLs gain the most, so they come
 * first, and each further one gains no more than the one before: the first that doesn't pay ends the search.
 */
import type { RefreshQuota } from "../vod/quota.js";

/** What to refresh instead of a list of URLs. */
export interface Cover {
  /** The URLs that are refreshed by themselves, in the order given. */
  urls: string[];
  /** The directories that hold all other URLs, each ending in "/", sorted by name (code units). */
  directories: string[];
}

/** The URLs that one directory can hold: those of one scheme and host. */
interface Tree {
  /** The tree's first directory, such as "https://vod.example.com/". */
  root: string;
  /** The deepest directory that holds all URLs of the tree. */
  directory: string;
  /** How many URLs the tree has. */
  count: number;
  /** How many directories lie above `directory` in the tree. */
  depth: number;
}

/** A scheme, if there is one, and a host: up to the first "/" of the URL's path. */
const ROOT = /^(?:https?:\/\/)?[^/]*\//;

/**
 * The cheapest way to refresh these URLs: each by itself, or by a directory above it. A URL costs 1/`urls.quota` of a
 * day and a directory 1/`directories.quota`; what is left of each is a hard bound, and a quota of 0 can't be used.
 *
 * Among covers of equal cost it is the one that makes the edge check the least again: the fewest directories, then the
 * deepest. Each directory is the deepest that holds the URLs it stands for, none lies below another, and the same URLs
 * in another order have the same directories.
 *
 * Near linear: each URL is looked at once, each tree's directory only ever moves up, and only the hosts are sorted.
 *
 * @param urls as normalizePath returns them (`https://host/path?query`, or without the scheme), without duplicates;
 * what differs in scheme, host or port shares no directory, and a URL that ends in "/" lies in that directory
 * @param quota the day's quotas and what is left of them
 * @param options.maxDirectories the most directories to use, where that is fewer than are left. Defaults to no limit.
 * @returns `undefined` where no cover fits what is left
 */
export function cheapestCover(
  urls: readonly string[],
  quota: RefreshQuota,
  options: { maxDirectories?: number } = {},
): Cover | undefined {
  const maxUrls = usable(quota.urls);
  const maxDirectories = Math.min(usable(quota.directories), options.maxDirectories ?? Number.POSITIVE_INFINITY);

  const chosen = new Map<string, Tree>();
  let single = urls.length;
  for (const tree of buildTrees(urls).sort(byGain)) {
    // The costs n/urls.quota and 1/directories.quota, multiplied out: exact where fractions aren't.
    const pays = tree.count * quota.directories.quota > quota.urls.quota;
    if (single <= maxUrls && !pays) break;
    if (chosen.size + 1 > maxDirectories) break;
    chosen.set(tree.root, tree);
    single -= tree.count;
  }
  if (single > maxUrls) return undefined;

  return {
    urls: urls.filter((url) => !chosen.has(rootOf(url))),
    directories: [...chosen.values()].map((tree) => tree.directory).sort(),
  };
}

function usable({ quota, remain }: RefreshQuota["urls"]): number {
  return quota > 0 ? Math.max(remain, 0) : 0;
}

function buildTrees(urls: readonly string[]): Tree[] {
  const trees = new Map<string, Tree>();
  for (const url of urls) {
    const root = rootOf(url);
    const tree = trees.get(root);
    if (tree === undefined) {
      trees.set(root, { root, directory: directoryOf(url), count: 1, depth: 0 });
    } else {
      // A directory has no "?", so a URL that begins with it does so in its path, never in its query. The root ends
      // the loop, and since the directory only ever moves up, all URLs of a tree share the steps to it.
      while (!url.startsWith(tree.directory)) tree.directory = parentOf(tree.directory);
      tree.count += 1;
    }
  }
  for (const tree of trees.values()) tree.depth = tree.directory.slice(tree.root.length).split("/").length - 1;
  return [...trees.values()];
}

/** The most URLs first; with as many, the deepest directory, then the first by name, whatever the order given. */
function byGain(a: Tree, b: Tree): number {
  return b.count - a.count || b.depth - a.depth || (a.root < b.root ? -1 : 1);
}

function rootOf(url: string): string {
  return ROOT.exec(url)?.[0] ?? url;
}

function directoryOf(url: string): string {
  const path = url.split("?", 1)[0] ?? url;
  return path.slice(0, path.lastIndexOf("/") + 1);
}

function parentOf(directory: string): string {
  return directory.slice(0, directory.lastIndexOf("/", directory.length - 2) + 1);
}
