/** A report as a table: whatever names and errors hold, it stays a table of plain texts. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { planBatches } from "../../../provider/plan/batches.js";
import { planRefresh } from "../../../provider/plan/plan.js";
import { endedEntry, planEntry, startedEntry } from "../../../provider/resource/report-entry.js";
import { escapeMarkdown, renderTable } from "../../../provider/resource/report-table.js";
import { REFRESH, readInputs } from "../../../provider/schema/inputs.js";
import { type ReportEntry, reportSchema } from "../../../provider/schema/report.js";
import { nothingSent } from "../../../provider/tasks/submit.js";
import { rememberSecrets } from "../../../provider/text/show.js";
import { VodError } from "../../../provider/vod/errors.js";

const NOW = new Date("2026-11-24T09:00:00Z");
const NONE = { taskIds: [], paths: [], isOverdue: false };

interface Story {
  name: string;
  paths: readonly string[];
  message: string;
  secretPaths?: boolean;
  description?: string;
}

/** The entry of an update that failed, of which the outside world chose the texts. */
function fail({ name, paths, message, secretPaths = false, description = "the stack's key" }: Story): ReportEntry {
  const subject = { kind: REFRESH, name, urn: `urn:pulumi:dev::x::y::${name}`, secretPaths };
  const inputs = readInputs({ paths: [...paths], contentHash: "1" }, REFRESH);
  if (inputs === undefined) throw new Error("These inputs are complete.");
  const plan = planRefresh(undefined, inputs, new Map(paths.map((path) => [path, "1"])));
  const batchPlan = planBatches(plan, inputs, () => true, undefined);
  const source = { description, get: () => Promise.reject(new Error("Nothing is sent.")) };
  const planned = planEntry(
    subject,
    { state: undefined, plan, held: new Map(), reserve: {}, outstanding: NONE },
    { batchPlan, quota: undefined },
    { source, endpoint: "https://vod.cn-shanghai.aliyuncs.com" },
    NOW,
  );
  const failure = new VodError(message, "Do something.", { code: "Brand.New", requestId: message });
  const end = {
    status: "Incomplete" as const,
    submission: { ...nothingSent(plan, NOW, NONE), failure },
    pending: plan.paths,
    unconfirmed: plan.paths,
    held: new Map(),
    warns: false,
    isMissing: false,
  };
  return endedEntry(startedEntry(planned, true, NOW.toISOString()), subject, end, NOW);
}

/** Everything of an entry that is written anywhere. */
function write(entry: ReportEntry): string {
  const report = { version: 1, writtenAt: NOW.toISOString(), resources: [entry], markdown: renderTable([entry]) };
  return JSON.stringify(reportSchema.parse(report));
}

const PATH = "https://vod.example.com/a.js";
const nasty = fc.oneof(
  fc.string({ unit: "binary", maxLength: 80 }),
  fc.stringMatching(/^[|`<>&@\\[\]()*_~#\n\r\u202e!-]{0,40}$/),
);

test("whatever names and errors hold, a row has six cells of plain text on one line", () => {
  fc.assert(
    fc.property(nasty, nasty, (name, message) => {
      const lines = renderTable([fail({ name, message, paths: [PATH] })]).split("\n");
      expect(lines).toHaveLength(6);
      const row = lines[4] ?? "";
      // What is left without escapes has no character by which Markdown or HTML would begin, except for the table's own.
      const plain = row.replace(/\\[\\`*_{}[\]()#+\-.!|~:]/g, "").replace(/&(amp|lt|gt|#64);/g, "");
      expect(plain.split("|")).toHaveLength(8);
      expect(plain.replace("**failed**", "")).not.toMatch(/[\\`*_{}[\]()<>&@~#+!\n\r\u202e-]/);
    }),
  );
});

test("an escaped text is the same text for whoever reads the page", () => {
  const ENTITIES: Record<string, string> = { amp: "&", lt: "<", gt: ">", "#64": "@" };
  const render = (text: string) =>
    text.replace(/\\([\\`*_{}[\]()#+\-.!|~:])|&(amp|lt|gt|#64);/g, (_, escaped, entity) => escaped ?? ENTITIES[entity]);
  fc.assert(fc.property(fc.string(), (text) => render(escapeMarkdown(text)) === text));
});

test("a table has a hundred rows, and says how many more resources there are", () => {
  const entries = Array.from({ length: 1_105 }, () =>
    fail({ name: "site", message: "No.".repeat(500), paths: [PATH] }),
  );
  const table = renderTable(entries);
  expect(table.match(/^\| site /gm)).toHaveLength(100);
  expect(table).toContain("\nAnd 1,005 more resources.\n");
  expect(table.length).toBeLessThan(65_536);
});

describe("nothing secret is in a report", () => {
  const secret = fc.stringMatching(/^[A-Za-z0-9]{16,40}$/);

  test("no key, token or signature of the run, wherever it turns up", () => {
    fc.assert(
      fc.property(secret, (key) => {
        rememberSecrets([key]);
        const path = `https://vod.example.com/${key}/a.js`;
        const texts = { name: `site ${key}`, message: `The key ${key} is unknown.`, description: `a file with ${key}` };
        expect(write(fail({ ...texts, paths: [path] }))).not.toContain(key);
      }),
    );
  });

  test("no user name, password, query or fragment of a path", () => {
    fc.assert(
      fc.property(secret, fc.constantFrom("?", "#", "?auth_key=", "?a=b&token="), (planted, before) => {
        const paths = [`${PATH}${before}${planted}`, `https://${planted}:${planted}@vod.example.com/b.js`];
        expect(write(fail({ name: "site", message: "No.", paths }))).not.toContain(planted);
      }),
    );
  });

  test("nothing of a secret path, but how many there are", () => {
    fc.assert(
      fc.property(fc.uniqueArray(secret, { minLength: 1, maxLength: 5 }), (names) => {
        const paths = names.map((name) => `https://${name}.example.com/${name}`);
        const entry = fail({ name: "site", message: "No.", paths, secretPaths: true });
        for (const name of names) expect(write(entry)).not.toContain(name);
        expect(entry.pending).toEqual({ count: paths.length, paths: ["[secret]"] });
        expect(entry.due).toMatchObject({ count: paths.length, paths: ["[secret]"] });
      }),
    );
  });
});
