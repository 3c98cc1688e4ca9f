/** Playlists and their segments, which belong together: a new playlist with old segments doesn't play. */
import { HIDDEN } from "../text/show.js";
import { pluralize } from "../vod/format.js";
import { directoriesAbove, directoryOf, listPaths } from "../vod/paths.js";

/** The formats of HLS and DASH. */
const PLAYLIST = /\.(m3u8|mpd)$/i;
const SEGMENT = /\.(ts|m4[sav]|mp[34]|cmf[atv]|aac|ac3|ec3|webm|vtt|key)$/i;

export function isPlaylist(url: string): boolean {
  return PLAYLIST.test(withoutQuery(url));
}

/**
 * Describes the playlists that are sent while segments below their directories are left; an empty text if there are none.
 *
 * @param areSecret whether no path may be named.
 */
export function describeTornPlaylists(sent: readonly string[], left: readonly string[], areSecret = false): string {
  const segments = left.filter((url) => SEGMENT.test(withoutQuery(url)));
  if (segments.length === 0) return "";
  const leftSet = new Set(left);
  const holders = new Set(segments.flatMap((url) => [...directoriesAbove(url)]));
  const torn = sent.filter((url) => isPlaylist(url) && !leftSet.has(url) && holders.has(directoryOf(url)));
  if (torn.length === 0) return "";
  const homes = new Set(torn.map(directoryOf));
  const below = segments.filter((url) => [...directoriesAbove(url)].some((directory) => homes.has(directory)));
  const named = areSecret ? HIDDEN : listPaths(torn);
  return (
    `${pluralize(torn.length, "playlist")} new at the edge (${named}) while ${pluralize(below.length, "segment")} below ` +
    `${torn.length === 1 ? "it" : "them"} may be old: players may fail until ${below.length === 1 ? "it is" : "they are"} sent`
  );
}

function withoutQuery(url: string): string {
  return url.replace(/[?#].*$/s, "");
}
