/** The page of all messages is what the functions say, and no sentence of the source is missing from it. */
import { readdirSync, readFileSync } from "node:fs";
import { join, sep } from "node:path";
import { beforeAll, expect, test } from "vitest";
import { credentialsSection } from "./messages/credentials.js";
import { filesSection } from "./messages/files.js";
import { inputsSection } from "./messages/inputs.js";
import { formatPage } from "./messages/page.js";
import { pluginSection } from "./messages/plugin.js";
import { previewSection } from "./messages/preview.js";
import { programSection } from "./messages/program.js";
import { runningSection } from "./messages/running.js";
import { findSentences } from "./messages/sentences.js";
import { connectionSection, serviceSection } from "./messages/service.js";
import { verifyingSection } from "./messages/verifying.js";

const ROOT = join(__dirname, "../..");
const PAGE = join(ROOT, "docs/messages.md");

const INTRO =
  "Everything that this package prints, with example values: search here for the words of a message. Each error says what happened, then what " +
  "to do, and ends in a code. Lines stand beside their resource; `warning:` marks those that " +
  "Pulumi counts as warnings. A test writes this page from the functions themselves.";

let page: string;
beforeAll(async () => {
  page = formatPage(INTRO, [
    previewSection(),
    await runningSection(),
    await verifyingSection(),
    await inputsSection(),
    await credentialsSection(),
    await filesSection(),
    await serviceSection(),
    await connectionSection(),
    await programSection(),
    await pluginSection(),
  ]);
});

// Paths and the errors of a system are those of Linux and macOS.
test.skipIf(process.platform === "win32")(
  "docs/messages.md has every message as it is printed (-u writes it)",
  async () => {
    await expect(page).toMatchFileSnapshot(PAGE);
  },
);

/** Whose sentences stand elsewhere: in the report and the summary of a step, and in the schema of the package. */
const ELSEWHERE =
  /^provider\/resource\/(report-entry|report-table|step-summary)\.ts$|^provider\/schema\/(report|outputs)\.ts$|^provider\/native\/package-schema\.ts$/;

/** What only documentation says. */
const DOCUMENTATION = [
  "What to do when the day's quota can't hold what is due",
  "How many the account has each day, if Alibaba Cloud raised the quota",
];

const sources = ["provider", "sdk"].flatMap((area) =>
  readdirSync(join(ROOT, area), { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".ts"))
    .map((name) => `${area}/${name.replaceAll(sep, "/")}`)
    .filter((file) => !ELSEWHERE.test(file)),
);

test("docs/messages.md has every sentence of the source", () => {
  const shown = page.toLowerCase();
  const missing = sources.flatMap((file) =>
    findSentences(readFileSync(join(ROOT, file), "utf8"))
      .filter(({ text }) => !shown.includes(text.toLowerCase()) && !DOCUMENTATION.includes(text))
      .map(({ line, text }) => `${file}:${line}: ${text}`),
  );
  expect(missing).toEqual([]);
});

test.each([
  ['log.info("a new line of words");', ["a new line of words"]],
  [
    `throw new VodError(\`The \${thing} is not there any more.\`, \`Look for \${it} in the other place.\`, {});`,
    ["is not there any more", "in the other place"],
  ],
  [
    'row(404, "What the service itself says.", "{Domain} has gone away.", "Look for it elsewhere.")',
    ["has gone away", "Look for it elsewhere"],
  ],
  ['z.string().meta({ description: "What an input is about.", mustBe: "a name of a thing" })', ["a name of a thing"]],
  ['throw new TypeError("No user ever sees this.");', []],
  ['const name = "two words";', []],
])("a sentence of the source is found in %s", (source, texts) => {
  expect(findSentences(source).map(({ text }) => text)).toEqual(texts);
});
