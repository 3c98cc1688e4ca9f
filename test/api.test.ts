/** The public API as a report that a change has to show in: `npx vitest run test/api.test.ts -u` writes it. */
import { mkdirSync, mkdtempSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { Extractor, ExtractorConfig, ExtractorLogLevel } from "@microsoft/api-extractor";
import { expect, test } from "vitest";

const ROOT = join(__dirname, "..");
const { exports } = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8"));
/** Those that a program imports. `./provider` is Pulumi's to load: its functions are in no program. */
const ENTRIES = Object.keys(exports).filter((entry) => !["./provider", "./package.json"].includes(entry));

/** @returns the report, and what the extractor warns of. */
function describeApi(entry: string): { report: string; warnings: string[] } {
  const name = basename(entry === "." ? "pulumi-alicloud-vod" : entry);
  const directory = mkdtempSync(join(tmpdir(), "api-"));
  mkdirSync(join(directory, "api"));
  const extractorConfig = ExtractorConfig.prepare({
    packageJsonFullPath: join(ROOT, "package.json"),
    configObjectFullPath: join(ROOT, "api-extractor.json"),
    configObject: {
      projectFolder: ROOT,
      mainEntryPointFilePath: join(ROOT, exports[entry].types),
      newlineKind: "lf",
      compiler: {
        overrideTsconfig: {
          compilerOptions: { ...readCompilerOptions(), rootDir: "." },
          files: [exports[entry].types],
        },
      },
      apiReport: {
        enabled: true,
        reportFileName: `${name}.api.md`,
        reportFolder: join(directory, "api"),
        reportTempFolder: directory,
        // What an exported type takes over from one that isn't is public as well.
        includeForgottenExports: true,
      },
      docModel: { enabled: false },
      dtsRollup: { enabled: false },
      tsdocMetadata: { enabled: false },
      messages: {
        // Docstrings are checked where the reference is made of them.
        tsdocMessageReporting: { default: { logLevel: ExtractorLogLevel.None } },
        extractorMessageReporting: {
          default: { logLevel: ExtractorLogLevel.Warning },
          "ae-forgotten-export": { logLevel: ExtractorLogLevel.None },
          "ae-missing-release-tag": { logLevel: ExtractorLogLevel.None },
          "ae-undocumented": { logLevel: ExtractorLogLevel.None },
        },
      },
    },
  });
  const warnings: string[] = [];
  Extractor.invoke(extractorConfig, {
    localBuild: true,
    messageCallback: (message) => {
      message.handled = true;
      const isOfCode = message.category === "Compiler" || message.category === "Extractor";
      if (isOfCode && ["warning", "error"].includes(message.logLevel)) warnings.push(message.text);
    },
  });
  return { report: readFileSync(join(directory, `${name}.api.md`), "utf8"), warnings };
}

function readCompilerOptions() {
  return JSON.parse(readFileSync(join(ROOT, "tsconfig.json"), "utf8")).compilerOptions;
}

test.each(ENTRIES)("the public API of %s is the one of its report", async (entry) => {
  const { report, warnings } = describeApi(entry);
  const name = entry === "." ? "index" : basename(entry);
  expect(warnings).toEqual([]);
  await expect(report).toMatchFileSnapshot(join(__dirname, `api/${name}.api.md`));
});
