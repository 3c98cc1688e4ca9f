/** The pages of the site: which files they are, where the site has them, and in which order its sidebar does. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join, posix, sep } from "node:path";

/** Where TypeDoc writes the reference of the TypeScript package, from the root of the repository. */
export const TYPESCRIPT = "build/typescript";

/** Files that aren't pages of this site: they are those of the package in Pulumi's registry. */
export const OF_REGISTRY: readonly string[] = ["docs/_index.md", "docs/installation-configuration.md"];

export interface Page {
  /** From the root of the repository. */
  file: string;
  /** In the site, such as `guides/ci.md`. */
  path: string;
  title: string;
}

/** As VitePress takes it. */
export interface SidebarItem {
  text: string;
  link?: string;
  collapsed?: boolean;
  items?: SidebarItem[];
}

interface Group {
  text: string;
  /** These come first, in this order. */
  first?: readonly string[];
  /** All other pages directly in this folder follow, by title. */
  folder?: string;
  collapsed?: boolean;
  groups?: readonly Group[];
}

const GROUPS: readonly Group[] = [
  { text: "Start", first: ["README.md", "docs/languages.md", "docs/credentials.md"] },
  { text: "Guides", folder: "docs/guides", first: ["docs/guides/README.md"] },
  {
    text: "In detail",
    folder: "docs",
    first: [
      "docs/refreshing.md",
      "docs/changes-and-quota.md",
      "docs/preloading.md",
      "docs/reliability.md",
      "docs/report.md",
    ],
  },
  {
    text: "Reference",
    first: ["docs/messages.md"],
    folder: "docs/reference",
    groups: [
      {
        text: "TypeScript",
        first: [`${TYPESCRIPT}/README.md`],
        groups: [
          { text: "Classes", folder: `${TYPESCRIPT}/classes` },
          { text: "Functions", folder: `${TYPESCRIPT}/functions` },
          { text: "Interfaces", folder: `${TYPESCRIPT}/interfaces`, collapsed: true },
        ],
      },
    ],
  },
  {
    text: "Project",
    collapsed: true,
    first: [
      "CHANGELOG.md",
      "SECURITY.md",
      "ARCHITECTURE.md",
      "CONTRIBUTING.md",
      "docs/contract.md",
      "docs/dependencies.md",
    ],
    groups: [{ text: "Decisions", first: ["docs/decisions/README.md"], folder: "docs/decisions", collapsed: true }],
  },
];

/** Finds every page below a root: its own Markdown files, those of `docs/`, and TypeDoc's. */
export function findPages(root: string): Page[] {
  const files = [
    ...readdirSync(root).filter((name) => name.endsWith(".md")),
    ...["docs", TYPESCRIPT].flatMap((folder) => listMarkdown(root, folder)),
  ].filter((file) => !OF_REGISTRY.includes(file));
  const pages = files.map((file) => ({
    file,
    path: toPath(file),
    title: readTitle(readFileSync(join(root, file), "utf8")),
  }));
  for (const { file, path } of pages) {
    const other = pages.find((page) => page.path === path && page.file !== file);
    if (other !== undefined) throw new Error(`${file} and ${other.file} would be one page of the site: ${path}.`);
  }
  return pages;
}

function listMarkdown(root: string, folder: string): string[] {
  if (!existsSync(join(root, folder))) return [];
  return readdirSync(join(root, folder), { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".md"))
    .map((name) => posix.join(folder, name.replaceAll(sep, "/")))
    .sort();
}

/** Where the site has a file. A README is the index of its folder. */
function toPath(file: string): string {
  const inSite = file.startsWith("docs/")
    ? file.slice("docs/".length)
    : file.startsWith(`${TYPESCRIPT}/`)
      ? `reference/typescript/${file.slice(TYPESCRIPT.length + 1)}`
      : file;
  const named = inSite.replace(/(^|\/)README\.md$/, "$1index.md");
  return named.includes("/") ? named : named.toLowerCase();
}

/** The first heading, without its marks. */
export function readTitle(text: string): string {
  const [, heading] = /^# +(.+?) *$/m.exec(text.replace(/^---\n.*?\n---\n/s, "")) ?? [];
  if (heading === undefined) throw new Error("A page has no title: a line that begins with one # and a space.");
  return heading.replace(/\[([^\]]*)\]\([^)]*\)/g, "$1").replace(/\\(.)|[`*]/g, "$1");
}

/** Orders pages for the sidebar. None is left out: what no group takes is an error. */
export function orderPages(pages: readonly Page[]): SidebarItem[] {
  const named = new Set(GROUPS.flatMap(listFirst));
  const taken = new Set<Page>();
  const toItems = ({ first = [], folder, groups = [] }: Group): SidebarItem[] => {
    const ahead = first.flatMap((file) => pages.find((page) => page.file === file) ?? []);
    const others = pages
      .filter(({ file }) => posix.dirname(file) === folder && !named.has(file))
      .sort((a, b) => a.title.localeCompare(b.title, "en"));
    const own = [...ahead, ...others];
    for (const page of own) taken.add(page);
    // VitePress takes the text for HTML.
    const toText = (title: string) => title.replaceAll("&", "&amp;").replaceAll("<", "&lt;");
    return [
      ...own.map(({ title, path }) => ({ text: toText(title), link: `/${path.replace(/(^|\/)index\.md$/, "$1")}` })),
      ...toGroups(groups),
    ];
  };
  const toGroups = (groups: readonly Group[]): SidebarItem[] =>
    groups
      .map((group) => ({ text: group.text, collapsed: group.collapsed ?? false, items: toItems(group) }))
      .filter(({ items }) => items.length > 0);
  const items = toGroups(GROUPS);
  const missing = pages.filter((page) => !taken.has(page)).map(({ file }) => file);
  if (missing.length > 0) throw new Error(`No group of site/pages.ts has ${missing.join(", ")}.`);
  return items;
}

const listFirst = ({ first = [], groups = [] }: Group): string[] => [...first, ...groups.flatMap(listFirst)];

/** The anchor of a heading, as GitHub makes it: links work there and in the site. */
export function toAnchor(heading: string): string {
  return heading
    .toLowerCase()
    .replace(/[^\p{L}\p{N}_ -]/gu, "")
    .replaceAll(" ", "-");
}
