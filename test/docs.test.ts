import { readdirSync, readFileSync } from "node:fs";
import { join, sep } from "node:path";
import { expect, test } from "vitest";
import { ERROR_TABLE } from "../provider/vod/errors.js";

const contract = readFileSync(join(__dirname, "../docs/contract.md"), "utf8");

test.each(Object.entries(ERROR_TABLE))("docs/contract.md tells what the provider says of %s", (code, error) => {
  const happened = error.happened.replace("{Domain}", "vod.example.com").replace("{Path}", "https://vod.example.com/a");
  const cells = [`\`${code}\``, error.status, happened, error.remedy, error.retryable ? "yes" : "no"];
  expect(contract.split("\n")).toContain(`| ${cells.join(" | ")} |`);
});

const testFiles = readdirSync(__dirname, { recursive: true, encoding: "utf8" }).map((file) =>
  file.replaceAll(sep, "/"),
);
// Such as `preload-client.test.ts` "a preload on the wire": a file somewhere below test/, and perhaps a title in it.
const named = [...contract.matchAll(/`(?:test\/)?([\w./-]+\.test\.ts)`(?: "([^"]+)")?/g)];
test.each(named.map(([, file = "", title]) => [file, title]))(
  "docs/contract.md names %s, %s, which is there",
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
