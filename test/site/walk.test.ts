/** The documentation site, built as it is published, and walked in a browser as readers do. */
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync, statSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { delimiter, extname, join } from "node:path";
import axe, { type AxeResults } from "axe-core";
import { type Browser, type BrowserContext, chromium, type Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { findPages } from "../../site/pages.js";

const ROOT = join(__dirname, "../..");
const SITE = join(ROOT, "build/docs");
/** Below a folder, as a project's site is published. */
const BASE = "/pulumi-alicloud-vod/";

/** Whoever reads on a desk has light, and whoever reads on a phone has dark: each page is read in both ways. */
const READERS = {
  desk: { colorScheme: "light", viewport: { width: 1280, height: 800 } },
  phone: { colorScheme: "dark", viewport: { width: 360, height: 740 } },
} as const;

const TYPES: Readonly<Record<string, string>> = {
  ".css": "text/css",
  ".html": "text/html",
  ".js": "text/javascript",
  ".json": "application/json",
  ".svg": "image/svg+xml",
  ".woff2": "font/woff2",
};

/** What of a page matters beside its looks, asked in the browser. */
const LAYOUT = `({
  width: document.documentElement.scrollWidth,
  hrefs: [...document.querySelectorAll("a[href]")].map(({ href }) => href),
  ids: [...document.querySelectorAll("[id]")].map(({ id }) => id),
})`;

const browserPath = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"]
  .flatMap((name) => (process.env.PATH ?? "").split(delimiter).map((folder) => join(folder, name)))
  .find((path) => existsSync(path));
if (browserPath === undefined) console.warn("The site isn't walked: there is no Chromium on the PATH.");

let server: Server;
let origin: string;

beforeAll(async () => {
  execFileSync(process.execPath, [join(ROOT, "build/site/main.js")], {
    env: { ...process.env, SITE_BASE: BASE },
    stdio: ["ignore", "ignore", "inherit"],
  });
  server = createServer(({ url = "" }, response) => {
    const path = decodeURI(url.replace(/[?#].*/, ""));
    const file = join(SITE, path.slice(BASE.length).replace(/(^|\/)$/, "$1index.html"));
    const found = path.startsWith(BASE) && statSync(file, { throwIfNoEntry: false })?.isFile() === true;
    response.writeHead(found ? 200 : 404, { "Content-Type": TYPES[extname(file)] ?? "application/octet-stream" });
    response.end(found ? readFileSync(file) : "");
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});

afterAll(() => new Promise((resolve) => server.close(resolve)));

const urlOf = (path: string) => `${origin}${BASE}${path.replace(/(^|\/)index\.md$/, "$1").replace(/\.md$/, ".html")}`;

test("every page of the repository and of TypeDoc is built", () => {
  const pages = findPages(ROOT);
  expect(pages.filter(({ file }) => file.startsWith("build/typescript/")).length).toBeGreaterThan(20);
  const missing = pages.filter(({ path }) => !existsSync(join(SITE, path.replace(/\.md$/, ".html"))));
  expect(missing).toEqual([]);
});

describe.skipIf(browserPath === undefined)("in Chromium", () => {
  let browser: Browser;
  /** What went wrong in any page, since the last look. */
  let complaints: string[] = [];

  beforeAll(async () => {
    // Chromium refuses its sandbox to root.
    const args = process.getuid?.() === 0 ? ["--no-sandbox"] : [];
    browser = await chromium.launch({ executablePath: browserPath as string, args });
  });
  afterAll(() => browser.close());

  async function open(reader: keyof typeof READERS): Promise<{ context: BrowserContext; page: Page }> {
    const context = await browser.newContext({ ...READERS[reader], reducedMotion: "reduce" });
    const page = await context.newPage();
    page.on("console", (message) => {
      if (["error", "warning"].includes(message.type())) complaints.push(`${page.url()}: ${message.text()}`);
    });
    page.on("pageerror", (error) => complaints.push(`${page.url()}: ${error.message}`));
    page.on("request", (request) => {
      if (!request.url().startsWith(origin) && !request.url().startsWith("data:")) {
        complaints.push(`${page.url()} asks for ${request.url()}`);
      }
    });
    page.on("response", (response) => {
      if (response.status() >= 400) complaints.push(`${page.url()}: ${response.status()} for ${response.url()}`);
    });
    await context.addInitScript({ content: axe.source });
    return { context, page };
  }

  /** Findings of axe-core that keep somebody from reading: those it calls serious or critical. */
  async function findBarriers(page: Page): Promise<string[]> {
    const { violations } = await page.evaluate<AxeResults>(`axe.run(document, { resultTypes: ["violations"] })`);
    return violations
      .filter(({ impact }) => impact === "serious" || impact === "critical")
      .flatMap(({ id, nodes }) => nodes.map(({ html, target }) => `${id}: ${target.join(" ")} ${html.slice(0, 200)}`));
  }

  const links = new Map<string, Set<string>>();
  const anchors = new Map<string, Set<string>>();

  test.each(["desk", "phone"] as const)("every page reads well at the %s", async (reader) => {
    complaints = [];
    const { context, page } = await open(reader);
    const findings: Record<string, string[]> = {};
    for (const { path } of findPages(ROOT)) {
      const url = urlOf(path);
      await page.goto(url, { waitUntil: "load" });
      await page.waitForFunction(`document.querySelector("#app").__vue_app__`);
      const { width, hrefs, ids } = await page.evaluate<{ width: number; hrefs: string[]; ids: string[] }>(LAYOUT);
      anchors.set(url, new Set(ids));
      for (const href of hrefs) links.set(href, (links.get(href) ?? new Set()).add(url));
      const found = await findBarriers(page);
      if (width > READERS[reader].viewport.width) found.push(`is ${width} pixels wide`);
      if (found.length > 0) findings[path] = found;
    }
    await context.close();
    expect({ findings, complaints }).toEqual({ findings: {}, complaints: [] });
  });

  test("no link within the site leads nowhere", () => {
    const own = [...links].filter(([href]) => href.startsWith(origin));
    expect(own.length).toBeGreaterThan(100);
    const broken = own.filter(([href]) => {
      const [, target = "", anchor = ""] = /^([^#]*)#?(.*)$/.exec(href) ?? [];
      const ids = anchors.get(target.replace(/\/index\.html$/, "/"));
      const file = join(SITE, target.slice(origin.length + BASE.length));
      return ids === undefined ? !existsSync(file) : anchor !== "" && !ids.has(decodeURIComponent(anchor));
    });
    expect(broken.map(([href, from]) => `${href}, from ${[...from].join(", ")}`)).toEqual([]);
  });

  test.each(["desk", "phone"] as const)(
    "the search at the %s finds QuotaExceeded, and needs nothing but the site",
    async (reader) => {
      complaints = [];
      const { context, page } = await open(reader);
      await page.goto(urlOf("index.md"));
      await page.getByRole("button", { name: "Search" }).first().click();
      await page.locator("#localsearch-input").fill("QuotaExceeded");
      const result = page.locator(".VPLocalSearchBox .result").filter({ hasText: "Messages" }).first();
      await result.waitFor();
      expect(await findBarriers(page)).toEqual([]);
      await result.click();
      await page.waitForURL(/\/messages\.html#/);
      const anchor = new URL(page.url()).hash.slice(1);
      await page.locator(`[id="${anchor}"]`).filter({ hasText: "QuotaExceeded" }).waitFor();
      expect(complaints).toEqual([]);
      await context.close();
    },
  );

  test("a phone's menu leads to every page", async () => {
    const { context, page } = await open("phone");
    await page.goto(urlOf("index.md"));
    await page.getByRole("button", { name: "Menu" }).click();
    const hrefs = await page.evaluate<string[]>(
      `[...document.querySelectorAll(".VPSidebar a")].map(({ href }) => href)`,
    );
    const missing = findPages(ROOT)
      .map(({ path }) => urlOf(path))
      .filter((url) => !hrefs.includes(url));
    expect(missing).toEqual([]);
    expect(await findBarriers(page)).toEqual([]);
    await context.close();
  });
});
