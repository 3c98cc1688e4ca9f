/** The shape of a report, as the package documents it. */
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { z } from "zod";
import { reportSchema } from "../../../provider/schema/report.js";
import { ENTRY_FIELDS, REPORT_VERSION } from "../../../provider/schema/report-form.js";

const DOCS = join(__dirname, "../../../docs");
const jsonSchema = {
  title: "A report of pulumi-alicloud-vod",
  ...z.toJSONSchema(reportSchema, {
    override: ({ jsonSchema: part }) => {
      // A later version of the package may add fields.
      if (part.additionalProperties === false) delete part.additionalProperties;
      // The format says it in a word.
      if (part.format === "date-time") delete part.pattern;
    },
  }),
};
type Properties = Record<string, { items?: { properties: Properties } }>;
const { resources } = jsonSchema.properties as Properties;

test("docs/report.schema.json is the schema of a report; `npx vitest run -u` writes it", async () => {
  const text = `${JSON.stringify(jsonSchema, undefined, 2)}\n`;
  await expect(text).toMatchFileSnapshot(join(DOCS, "report.schema.json"));
});

test("the fields are written in the order of the schema", () => {
  expect(ENTRY_FIELDS).toEqual(Object.keys(resources?.items?.properties ?? {}));
});

test("the provider never builds the schema, which would take milliseconds of every start", () => {
  const load = `require("${join(__dirname, "../../../dist/provider/dynamic/index.js").replaceAll("\\", "/")}");`;
  const loaded = execFileSync(process.execPath, ["-e", `${load} console.log(Object.keys(require.cache).join("\\n"))`]);
  const files = loaded.toString().replaceAll("\\", "/");
  expect(files).toContain("dist/provider/schema/report-form.js");
  expect(files).not.toContain("dist/provider/schema/report.js");
});

test("docs/report.md has a row for each field of an entry", () => {
  const guide = readFileSync(join(DOCS, "report.md"), "utf8");
  const rows = [...guide.matchAll(/^\| ((?:`\w+`(?:, )?)+) \|/gm)].flatMap(([, names = ""]) =>
    [...names.matchAll(/\w+/g)].map(([name]) => name),
  );
  expect(rows.sort()).toEqual(Object.keys(resources?.items?.properties ?? {}).sort());
});

test("the examples of docs/report.md are reports of this version", () => {
  const guide = readFileSync(join(DOCS, "report.md"), "utf8");
  const examples = [...guide.matchAll(/```json\n(.*?)```/gs)].map(([, text = ""]) => JSON.parse(text));
  expect(examples.length).toBeGreaterThan(0);
  for (const example of examples) expect(reportSchema.parse(example).version).toBe(REPORT_VERSION);
});
