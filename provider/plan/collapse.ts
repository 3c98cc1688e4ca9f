/**
 * Collapses URLs into directories, so that what is left of the day's quota holds them at the lowest cost.
 *
 * A directory costs the same whatever lies below it. If a cover has a directory, moving it up until it holds all URLs
 * of its host costs nothing, and saves every other directory and every single URL of that host. So the cheapest cover
 * has, for each host, either every URL by itself or one directory for all of them: the search over the directory tree
 * comes down to which hosts get a directory. Hosts with more URLs gain more. So they come first, and the first host
 * whose directory doesn't pay ends the search.
 */
import { directoryOf, parentOf } from "../vod/paths.js";
import type { RefreshQuota } from "../vod/quota.js";

/** What to refresh instead of a list of URLs. */
export interface Cover {
  /** The URLs that are refreshed by themselves, in the order given. */
  urls: string[];
  /** The directories that hold all other URLs, each with a "/" at its end, sorted by code units. */
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

/** The scheme, if there is one, and the host, up to the first "/" of the URL's path. */
const ROOT = /^(?:https?:\/\/)?[^/]*\//;

/**
 * Finds the cheapest way to refresh URLs, each by itself or by a directory above it. A URL costs 1/`urls.quota` of a
 * day and a directory 1/`directories.quota`. What is left of each quota is a hard bound, and a quota of 0 can't be
 * used.
 *
 * Of covers with the same cost it takes the one that makes the edge check the least again: the one with the fewest
 * directories, then the one with the deepest. Each directory is the deepest that holds the URLs it stands for, none
 * lies below another, and the order of the URLs doesn't change the directories.
 *
 * It takes nearly linear time: it looks at each URL once, a tree's directory only moves up, and only the hosts are
 * sorted.
 *
 * @param urls as normalizePath returns them (`https://host/path?query`, or without the scheme), without duplicates.
 * URLs that differ in scheme, host or port share no directory; a URL that ends in "/" lies in that directory.
 * @param quota the day's quotas and what is left of them.
 * @param options.maxDirectories the most directories to use. Default: as many as are left.
 * @param options.isAlone whether a URL is always refreshed by itself. Default: none is.
 * @returns `undefined` if no cover fits into what is left.
 */
export function cheapestCover(
  urls: readonly string[],
  quota: RefreshQuota,
  options: { maxDirectories?: number; isAlone?: (url: string) => boolean } = {},
): Cover | undefined {
  const maxUrls = countUsable(quota.urls);
  const maxDirectories = Math.min(countUsable(quota.directories), options.maxDirectories ?? Number.POSITIVE_INFINITY);

  const chosen = new Map<string, Tree>();
  let single = urls.length;
  const { isAlone = () => false } = options;
  for (const tree of buildTrees(urls.filter((url) => !isAlone(url))).sort(compareGain)) {
    // Compares the costs n/urls.quota and 1/directories.quota, multiplied out, since fractions aren't exact.
    const pays = tree.count * quota.directories.quota > quota.urls.quota;
    if (single <= maxUrls && !pays) break;
    if (chosen.size + 1 > maxDirectories) break;
    chosen.set(tree.root, tree);
    single -= tree.count;
  }
  if (single > maxUrls) return undefined;

  return {
    urls: urls.filter((url) => isAlone(url) || !chosen.has(findRoot(url))),
    directories: [...chosen.values()].map((tree) => tree.directory).sort(),
  };
}

function countUsable({ quota, remain }: RefreshQuota["urls"]): number {
  return quota > 0 ? Math.max(remain, 0) : 0;
}

function buildTrees(urls: readonly string[]): Tree[] {
  const trees = new Map<string, Tree>();
  for (const url of urls) {
    const root = findRoot(url);
    const tree = trees.get(root);
    if (tree === undefined) {
      trees.set(root, { root, directory: directoryOf(url), count: 1, depth: 0 });
    } else {
      // A directory has no "?", so that it can only be the beginning of a URL's path. The loop ends at the root. Since
      // the directory only moves up, all URLs of a tree together take no more steps than the tree is deep.
      while (!url.startsWith(tree.directory)) tree.directory = parentOf(tree.directory);
      tree.count += 1;
    }
  }
  for (const tree of trees.values()) tree.depth = tree.directory.slice(tree.root.length).split("/").length - 1;
  return [...trees.values()];
}

/**
 * Sorts the trees with the most URLs first; of trees with as many URLs, the one with the deepest directory, then the
 * first by name.
 */
function compareGain(a: Tree, b: Tree): number {
  return b.count - a.count || b.depth - a.depth || (a.root < b.root ? -1 : 1);
}

function findRoot(url: string): string {
  return ROOT.exec(url)?.[0] ?? url;
}
