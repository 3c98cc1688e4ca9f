import { cpSync, readFileSync, statSync } from "node:fs";
import { join, relative, sep } from "node:path";
import { fileURLToPath } from "node:url";
import { defineConfig } from "vitepress";
import { toSiteLink, turnLinks } from "../links.js";
import { findPages, OF_REGISTRY, orderPages, toAnchor } from "../pages.js";
import { accessible } from "./accessible.mjs";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const pages = findPages(ROOT);
const { description, repository } = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8")) as {
  description: string;
  repository?: { url: string };
};
const { GITHUB_SERVER_URL, GITHUB_REPOSITORY, SITE_BASE = "/" } = process.env;
const targets = {
  pages,
  hasFile: (file: string) => statSync(join(ROOT, file), { throwIfNoEntry: false })?.isFile() === true,
  repository:
    repository?.url.replace(/^git\+|\.git$/g, "") ?? (GITHUB_REPOSITORY && `${GITHUB_SERVER_URL}/${GITHUB_REPOSITORY}`),
};

export default defineConfig({
  title: "pulumi-alicloud-vod",
  description,
  lang: "en",
  base: SITE_BASE,
  head: [["link", { rel: "icon", type: "image/svg+xml", href: `${SITE_BASE}icon.svg` }]],
  srcDir: ROOT,
  // Whatever else is in the repository is no page.
  srcExclude: ["!(docs|build)/**/*", "build/!(typescript)/**/*", ...OF_REGISTRY],
  rewrites: (file) => pages.find((page) => page.file === file)?.path ?? file,
  outDir: join(ROOT, "build/docs"),
  cacheDir: join(ROOT, "build/docs-cache"),
  vite: { publicDir: join(ROOT, "site/public"), plugins: [accessible] },
  markdown: {
    theme: { light: "github-light-high-contrast", dark: "github-dark-high-contrast" },
    anchor: { slugify: toAnchor },
    // Braces are text, as they are on GitHub.
    attrs: { disable: true },
    config: (md) => {
      md.core.ruler.push("pages of the repository", (state) => {
        const file = relative(ROOT, state.env.realPath ?? state.env.path).replaceAll(sep, "/");
        state.tokens = turnLinks(state.tokens, (href) => toSiteLink(href, file, targets)) as typeof state.tokens;
        // What is indented scrolls by itself, as what is fenced does.
        for (const token of state.tokens) if (token.type === "code_block") token.type = "fence";
      });
    },
  },
  themeConfig: {
    logo: "/icon.svg",
    sidebar: orderPages(pages),
    outline: [2, 3],
    search: { provider: "local" },
    ...(targets.repository ? { socialLinks: [{ icon: "github", link: targets.repository }] } : {}),
  },
  // Files beside the pages, such as a JSON schema, are found beside them.
  buildEnd: ({ outDir }) =>
    cpSync(join(ROOT, "docs"), outDir, { recursive: true, filter: (path) => !path.endsWith(".md") }),
});
