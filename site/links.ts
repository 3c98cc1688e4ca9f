/** Links as pages have them, which are those of the repository, and as the site has them. */
import { posix } from "node:path";
import type { Page } from "./pages.js";

/** What a link may lead to. */
export interface Targets {
  pages: readonly Page[];
  /** Whether the repository has a file. */
  hasFile: (file: string) => boolean;
  /** Where a reader finds the files of the repository. */
  repository?: string | undefined;
}

/**
 * Turns a link of a page into one of the site: to a page, to a file beside the pages, or into the repository. A link into a repository
 * whose address nobody knows has no target.
 */
export function toSiteLink(href: string, file: string, { pages, hasFile, repository }: Targets): string | undefined {
  if (/^(?:[a-z][\w+.-]*:|\/\/|#)/i.test(href)) return href;
  const [, path = "", hash = ""] = /^([^#]*)(.*)$/.exec(href) ?? [];
  const target = posix.join(posix.dirname(file), decodeURI(path)).replace(/\/$/, "");
  const page = pages.find((one) => one.file === target || one.file === `${target}/README.md`);
  if (page !== undefined) return `/${page.path}${hash}`;
  if (target.startsWith("docs/") && hasFile(target)) return `/${target.slice("docs/".length)}`;
  return repository && `${repository}/blob/HEAD/${target}${hash}`;
}

/** A token of markdown-it, as far as links are concerned. */
interface Token {
  type: string;
  children: Token[] | null;
  attrGet(name: string): string | null;
  attrSet(name: string, value: string): void;
}

/** Gives the links of a page their targets in the site. A link without one leaves its text. */
export function turnLinks(tokens: Token[], toLink: (href: string) => string | undefined): Token[] {
  let dropped = false;
  return tokens.filter((token) => {
    if (token.children) token.children = turnLinks(token.children, toLink);
    if (token.type === "link_close" && dropped) {
      dropped = false;
      return false;
    }
    if (token.type !== "link_open") return true;
    const link = toLink(token.attrGet("href") ?? "");
    dropped = link === undefined;
    if (link !== undefined) token.attrSet("href", link);
    return !dropped;
  });
}
