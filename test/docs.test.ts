import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { ERROR_TABLE } from "../provider/vod/errors.js";

const contract = readFileSync(join(__dirname, "../docs/contract.md"), "utf8");

test.each(Object.entries(ERROR_TABLE))("docs/contract.md tells what the provider says of %s", (code, error) => {
  const happened = error.happened.replace("{Domain}", "vod.example.com").replace("{Path}", "https://vod.example.com/a");
  const cells = [`\`${code}\``, error.status, happened, error.remedy, error.retryable ? "yes" : "no"];
  expect(contract.split("\n")).toContain(`| ${cells.join(" | ")} |`);
});

// Such as `preload-client.test.ts` "a preload on the wire": a file of test/provider/ or test/, and perhaps a title in it.
const named = [...contract.matchAll(/`(?:test\/)?([\w./-]+\.test\.ts)`(?: "([^"]+)")?/g)];
test.each(named.map(([, file = "", title]) => [file, title]))(
  "docs/contract.md names %s, %s, which is there",
  (file, title = "") => {
    const paths = ["provider", ".", "emulator"].map((folder) => join(__dirname, folder, file));
    const path = paths.find((candidate) => existsSync(candidate));
    expect(path === undefined ? undefined : readFileSync(path, "utf8")).toContain(title);
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
