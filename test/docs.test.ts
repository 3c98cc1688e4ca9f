import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join, sep } from "node:path";
import { expect, test } from "vitest";
import { ERROR_TABLE } from "../provider/vod/error-table.js";
import { toAnchor } from "../site/pages.js";

const contract = readFileSync(join(__dirname, "../docs/contract.md"), "utf8");

test.each(Object.entries(ERROR_TABLE))("docs/contract.md has what the provider says of %s", (code, error) => {
  const happened = error.happened.replace("{Domain}", "vod.example.com").replace("{Path}", "https://vod.example.com/a");
  const cells = [`\`${code}\``, error.status, happened, error.remedy, error.retryable ? "yes" : "no"];
  expect(contract.split("\n")).toContain(`| ${cells.join(" | ")} |`);
});

const testFiles = readdirSync(__dirname, { recursive: true, encoding: "utf8" }).map((file) =>
  file.replaceAll(sep, "/"),
);
// For example, `preload-client.test.ts` "a preload on the wire": a file below test/, and optionally a title in it.
const named = [...contract.matchAll(/`(?:test\/)?([\w./-]+\.test\.ts)`(?: "([^"]+)")?/g)];
test.each(named.map(([, file = "", title]) => [file, title]))(
  "docs/contract.md names the test %s, %s, which exists",
  (file, title = "") => {
    const found = testFiles.filter((path) => `/${path}`.endsWith(`/${file}`));
    expect(found.map((path) => readFileSync(join(__dirname, path), "utf8")).join("")).toContain(title);
    expect(found).not.toEqual([]);
  },
);

test("docs/dependencies.md has a reason for each dependency", () => {
  const { dependencies, peerDependencies, devDependencies } = JSON.parse(
    readFileSync(join(__dirname, "../package.json"), "utf8"),
  );
  const reasons = readFileSync(join(__dirname, "../docs/dependencies.md"), "utf8");
  for (const name of Object.keys({ ...dependencies, ...peerDependencies, ...devDependencies })) {
    expect(reasons).toMatch(new RegExp(`^\\|.*\`${name}\``, "m"));
  }
});

const ROOT = join(__dirname, "..");
const guides = readdirSync(join(ROOT, "docs"), { recursive: true, encoding: "utf8" })
  .filter((file) => file.endsWith(".md"))
  .map((file) => `docs/${file.replaceAll(sep, "/")}`);
const documents = [...readdirSync(ROOT).filter((file) => file.endsWith(".md")), ...guides].sort();

test.each(documents)("%s links only to files and headings that exist", (document) => {
  const text = readFileSync(join(ROOT, document), "utf8");
  for (const [link, path = "", anchor] of text.matchAll(/\]\((?!https?:)([^)#]*)(?:#([^)]+))?\)/g)) {
    const target = path === "" ? document : join(dirname(document), path);
    expect(existsSync(join(ROOT, target)), link).toBe(true);
    if (anchor === undefined) continue;
    const headings = [...readFileSync(join(ROOT, target), "utf8").matchAll(/^#+ (.*)$/gm)];
    expect(headings.map(([, heading = ""]) => toAnchor(heading))).toContain(anchor);
  }
});

const SOURCES = /^(?:provider|sdk|test|bench|examples|docs)\//;
const forContributors = /^(?:ARCHITECTURE|CONTRIBUTING|docs\/decisions\/.*)\.md$/;

test.each(documents)("%s names only files, symbols and scripts that exist", (document) => {
  const text = readFileSync(join(ROOT, document), "utf8");
  const paths = [...text.matchAll(/`((?:[\w.-]+\/)*[\w.-]+\.(?:ts|mts|md|json|yml)|(?:[\w.-]+\/)+)`/g)];
  // Guides also name a user's files.
  const files = paths
    .map(([, path = ""]) => path)
    .filter((path) => forContributors.test(document) || SOURCES.test(path));
  expect(files.filter((file) => !existsSync(join(ROOT, file)))).toEqual([]);
  // For example, `cheapestCover` in `provider/plan/collapse.ts`.
  for (const [, names = "", file = ""] of text.matchAll(/`([\w.]+)`\s+in\s+`([\w./-]+\.ts)`/g)) {
    for (const name of names.split("."))
      expect(readFileSync(join(ROOT, file), "utf8")).toMatch(new RegExp(`\\b${name}\\b`));
  }
  const { scripts } = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8"));
  const named = [...text.matchAll(/npm run (?:--silent )?([\w:-]+)/g)].map(([, script = ""]) => script);
  expect(named.filter((script) => !(script in scripts))).toEqual([]);
});
