import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { findPages, orderPages, readTitle, type SidebarItem, toAnchor } from "../../site/pages.js";

const ROOT = join(__dirname, "../..");

const listLinks = (items: readonly SidebarItem[]): string[] =>
  items.flatMap(({ link, items: below = [] }) => [...(link === undefined ? [] : [link]), ...listLinks(below)]);

describe("the pages of the repository", () => {
  const pages = findPages(ROOT);

  test("are all in the sidebar, each once", () => {
    const links = listLinks(orderPages(pages));
    expect(links).toHaveLength(pages.length);
    expect(new Set(links).size).toBe(pages.length);
  });

  test("begin with the README, and have the messages among the reference", () => {
    const [start, ...others] = orderPages(pages);
    expect(start?.items?.[0]?.link).toBe("/");
    const reference = others.find(({ text }) => text === "Reference");
    expect(reference?.items?.[0]).toEqual({ text: "Messages", link: "/messages.md" });
  });
});

describe("in a repository", () => {
  let root: string;
  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), "pages-"));
  });
  afterEach(() => rmSync(root, { recursive: true }));

  const write = (files: Record<string, string>) => {
    for (const [file, text] of Object.entries(files)) {
      mkdirSync(dirname(join(root, file)), { recursive: true });
      writeFileSync(join(root, file), text);
    }
  };

  test("a README is the index of its folder, docs/ is the site's root, and TypeDoc's pages are below it", () => {
    write({
      "README.md": "# A",
      "CHANGELOG.md": "# B",
      "docs/x.md": "# C",
      "docs/decisions/README.md": "# D",
      "build/typescript/classes/Thing.md": "# E",
      "examples/README.md": "# no page",
    });
    expect(Object.fromEntries(findPages(root).map(({ file, path }) => [file, path]))).toEqual({
      "README.md": "index.md",
      "CHANGELOG.md": "changelog.md",
      "docs/x.md": "x.md",
      "docs/decisions/README.md": "decisions/index.md",
      "build/typescript/classes/Thing.md": "reference/typescript/classes/Thing.md",
    });
  });

  test("a new guide is in the sidebar by its title, without being named anywhere", () => {
    write({ "docs/guides/b.md": "# Alpha & <b>\n", "docs/guides/a.md": "---\nx: 1\n---\n\n# Beta\n" });
    expect(orderPages(findPages(root))).toEqual([
      {
        text: "Guides",
        collapsed: false,
        items: [
          { text: "Alpha &amp; &lt;b>", link: "/guides/b.md" },
          { text: "Beta", link: "/guides/a.md" },
        ],
      },
    ]);
  });

  test("a page in a folder that no group has is an error", () => {
    write({ "docs/attic/old.md": "# Old" });
    expect(() => orderPages(findPages(root))).toThrow("No group of site/pages.ts has docs/attic/old.md.");
  });

  test("two files for one page are an error", () => {
    write({ "README.md": "# A", "docs/README.md": "# B" });
    expect(() => findPages(root)).toThrow("README.md and docs/README.md would be one page of the site: index.md.");
  });

  test("the pages of Pulumi's registry are no pages of the site", () => {
    write({ "docs/_index.md": "no title", "docs/installation-configuration.md": "no title" });
    expect(findPages(root)).toEqual([]);
  });
});

test.each([
  ["# `code` and *words*\n", "code and words"],
  ["# [A link](x.md), a\\_name\n", "A link, a_name"],
  ["text\n\n# Later\n", "Later"],
])("the title of %j is %s", (text, title) => expect(readTitle(text)).toBe(title));

test("a page without a title is an error", () => expect(() => readTitle("## Second\n")).toThrow("no title"));

test.each([
  ["A plan, in a preview and an update", "a-plan-in-a-preview-and-an-update"],
  ["`wait`: how long?", "wait-how-long"],
  ["QuotaExceeded.Refresh", "quotaexceededrefresh"],
  ["a_b – c", "a_b--c"],
])("the anchor of %j is %s, as on GitHub", (heading, anchor) => expect(toAnchor(heading)).toBe(anchor));
