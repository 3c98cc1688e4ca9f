/** The URLs at which a source serves a file, and the files that a URL can stand for: one is the reverse of the other. */
import type { Source } from "../schema/content-inputs.js";
import { encodeName, withoutScheme } from "../vod/paths.js";

/** Where files are served. */
type Places = Pick<Source, "baseUrl" | "indexDocument" | "cleanUrls">;

/** What a page's URL may leave out. */
const PAGE = ".html";

/** Lists the URLs of a file: that of its name first. */
export function listUrls({ baseUrl, indexDocument, cleanUrls = false }: Places, name: string): string[] {
  const urls = [baseUrl + encodeName(name)];
  const start = name.lastIndexOf("/") + 1;
  const file = name.slice(start);
  if (cleanUrls && isPage(file)) urls.push(baseUrl + encodeName(name.slice(0, -PAGE.length)));
  if (file !== indexDocument) return urls;
  const directory = baseUrl + encodeName(name.slice(0, start));
  urls.push(directory);
  if (cleanUrls && !isRoot(directory)) urls.push(directory.slice(0, -1));
  return urls;
}

/** Lists the names of the files that may answer at a URL. */
export function listNames({ baseUrl, indexDocument, cleanUrls = false }: Places, url: string): string[] {
  const index = indexDocument === undefined ? [] : [indexDocument];
  if (isBareBase({ baseUrl, cleanUrls }, url)) return index;
  const name = url.startsWith(baseUrl) ? decodeName(url.slice(baseUrl.length)) : undefined;
  if (name === undefined) return [];
  if (name === "" || name.endsWith("/")) return index.map((file) => name + file);
  if (!cleanUrls) return [name];
  const page = name + PAGE;
  const isServed = isPage(page.slice(page.lastIndexOf("/") + 1));
  return [name, ...(isServed ? [page] : []), ...index.map((file) => `${name}/${file}`)];
}

/** Whether a URL is the base URL without its slash, which no directory below the base URL holds. */
function isBareBase({ baseUrl, cleanUrls }: Omit<Places, "indexDocument">, url: string): boolean {
  return cleanUrls === true && `${url}/` === baseUrl && !isRoot(baseUrl);
}

/** Whether a file has a name without `.html` that a URL can end in: "." and ".." are no names there. */
function isPage(file: string): boolean {
  return file.endsWith(PAGE) && !["", ".", ".."].includes(file.slice(0, -PAGE.length));
}

/** Whether a directory is the first of its domain, whose URL can't be without the slash. */
function isRoot(directory: string): boolean {
  const path = withoutScheme(directory);
  return path.indexOf("/") === path.length - 1;
}

/** The name of the file, or of the directory, that a URL stands for; undefined if no file can have it. */
function decodeName(encoded: string): string | undefined {
  try {
    return decodeURIComponent(encoded);
  } catch {
    return undefined;
  }
}
