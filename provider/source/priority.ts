/** In which order URLs are sent: by the globs of `priority`, or else index documents and playlists first. */
import { compileSelection } from "../content/files.js";
import { isPlaylist } from "../plan/playlists.js";
import { getContent, type Inputs } from "../schema/inputs.js";
import { listNames } from "./urls.js";

type Rank = (url: string) => number;

/** Compiles how early a URL is sent: the lowest rank first. Undefined of `paths`, whose order is the program's. */
export async function compileRank(inputs: Inputs): Promise<Rank | undefined> {
  if (getContent(inputs).mode === "paths") return undefined;
  const indexDocument = inputs.source?.indexDocument;
  const { priority } = inputs;
  if (priority === undefined) {
    return (url) => {
      const name = findName(url, inputs);
      const last = name.slice(name.lastIndexOf("/") + 1);
      if (last === "" || last === indexDocument || /^index\.html?$/i.test(last)) return 0;
      return isPlaylist(url) ? 1 : 2;
    };
  }
  const matchers = await Promise.all(priority.map((glob) => compileGlob(glob, inputs)));
  return (url) => {
    const rank = matchers.findIndex((matches) => matches(url));
    return rank < 0 ? matchers.length : rank;
  };
}

/**
 * Compiles a glob of `priority` to a test of URLs, with the rules of `include`.
 *
 * @throws ContentHashError if it can match nothing.
 */
export async function compileGlob(glob: string, inputs: Pick<Inputs, "source">): Promise<(url: string) => boolean> {
  const isSelected = await compileSelection({ include: [glob] });
  const { source } = inputs;
  const indexDocument = source?.indexDocument ?? "index.html";
  return (url) => {
    const name = findName(url, inputs);
    // A name without an ending can be a page's clean URL.
    const isClean = source?.cleanUrls === true && /(^|\/)[^/.]+$/.test(name);
    if (isClean && listNames(source, url).some(isSelected)) return true;
    return isSelected(/(^|\/)$/.test(name) ? name + indexDocument : name);
  };
}

/** The first paths first, those of one rank in the order given. */
export function sortByRank(paths: readonly string[], rank: Rank): string[] {
  const ranks = new Map(paths.map((path) => [path, rank(path)]));
  return [...paths].sort((one, other) => (ranks.get(one) ?? 0) - (ranks.get(other) ?? 0));
}

/** The name of the file that a URL stands for: below the base URL of the source, else below the domain. */
function findName(url: string, { source }: Pick<Inputs, "source">): string {
  const isBelow = source !== undefined && url.startsWith(source.baseUrl);
  const encoded = isBelow ? url.slice(source.baseUrl.length) : url.replace(/^(?:https?:\/\/)?[^/]*\//i, "");
  const bare = encoded.replace(/[?#].*$/s, "");
  try {
    return decodeURIComponent(bare);
  } catch {
    return bare;
  }
}
