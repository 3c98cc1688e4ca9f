/** What a check says of inputs: every input with a value of a wrong type, and every rule with an example. */
import { mkdirSync, mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { checkInputs, findLongUrls } from "../../../provider/resource/check.js";
import { describeEmptyContents, describeFilter } from "../../../provider/resource/check-filter.js";
import { describePriority } from "../../../provider/resource/check-priority.js";
import { findReportProblem, type ReportFiles } from "../../../provider/resource/report-file.js";
import {
  describeUnwritten,
  describeUnwrittenSummary,
  describeWrongSetting,
} from "../../../provider/resource/report-writer.js";
import { describeField } from "../../../provider/schema/fields.js";
import { PRELOAD, REFRESH, type ResourceKind } from "../../../provider/schema/inputs.js";
import type { FilterFindings } from "../../../provider/source/filter.js";
import type { Section } from "./page.js";

const URL_A = "https://vod.example.com/a.js";
const CONTENT = { paths: [URL_A], contentHash: "v1" };
const SOURCE = { directory: "./dist", baseUrl: "https://vod.example.com/" };

/** Valid values, for inputs with fields of which one is made wrong. */
const VALID: Readonly<Record<string, object>> = { source: SOURCE };
const WRONG: readonly unknown[] = ["yes", 5, true, [], {}, ""];

type Config = Readonly<Record<string, string>>;
interface Given {
  kind?: ResourceKind;
  config?: Config;
  environment?: Record<string, string>;
}

function check(news: Record<string, unknown>, { kind = REFRESH, config = {}, environment = {} }: Given = {}) {
  return checkInputs(news, environment, (key) => config[key], kind);
}
const problems = (news: Record<string, unknown>, given?: Given) => check(news, given).problems;
const warnings = (news: Record<string, unknown>) => check(news).warnings.map((warning) => `warning: ${warning}`);
const withPaths = (news: Record<string, unknown>, given?: Given) => problems({ ...CONTENT, ...news }, given);

/** One problem for each input and each field within one: a value of a wrong type. */
function wrongTypes(kind: ResourceKind): string[] {
  return Object.entries(kind.schemas).flatMap(([name, schema]) => {
    const content = ["paths", "contents", "source"].includes(name) ? {} : CONTENT;
    const wrong = (value: unknown) => problems({ ...content, contentHash: "v1", [name]: value }, { kind });
    // The fields of `refresh` are outputs of a resource, which no program writes.
    const { fields = {} } = name === "refresh" ? {} : describeField(schema);
    return [
      ...firstProblem(`${name} must`, wrong),
      ...Object.keys(fields).flatMap((field) =>
        firstProblem(`${name}.${field} must`, (value) => wrong({ ...VALID[name], [field]: value })),
      ),
    ];
  });
}

function firstProblem(start: string, wrong: (value: unknown) => string[]): string[] {
  for (const value of WRONG) {
    const found = wrong(value).find((problem) => problem.startsWith(start));
    if (found !== undefined) return [found];
  }
  throw new Error(`No value makes a problem that begins with "${start}".`);
}

const paths = (...given: string[]) => problems({ paths: given, contentHash: "v1" });
const pathAs = (objectType: string, path: string) => problems({ paths: [path], contentHash: "v1", objectType });
const urls = (count: number) => Array.from({ length: count }, (_, index) => `https://vod.example.com/${index}`);

async function order(): Promise<string[]> {
  const named = { ...CONTENT, source: { directory: "./dist", baseUrl: "https://vod.example.com/" } };
  const contents = { contents: { "https://vod.example.com/a.js": "1" } };
  const priority = ["*.htm", "*.js, *.css", "!*.js"];
  const remarks = [named, contents].map((inputs) => describePriority({ ...inputs, priority } as never, [URL_A]));
  return (await Promise.all(remarks)).flatMap(({ problems: wrong, warnings: odd }) => [
    ...wrong,
    ...odd.map((warning) => `warning: ${warning}`),
  ]);
}

const found = (more: Partial<FilterFindings>): FilterFindings => ({
  selected: 0,
  isEmpty: false,
  include: [],
  exclude: [],
  ...more,
});
const NEW = { created: true, operation: "refresh" } as const;
const filter = (
  source: object,
  findings: Partial<FilterFindings>,
  options: typeof NEW | { created: false; operation: "refresh" } = NEW,
) => {
  const remarks = describeFilter({ ...SOURCE, ...source }, found(findings), options);
  return [...remarks.problems, ...remarks.warnings.map((warning) => `warning: ${warning}`)];
};

/** What is said of the file of a report. */
async function reports(): Promise<string[]> {
  const root = mkdtempSync(join(tmpdir(), "site-"));
  mkdirSync(join(root, "dist"));
  const files = (code: string) => ({ tryToWrite: async () => code }) as unknown as ReportFiles;
  const find = (file: string, directory?: string, code = "EACCES") =>
    findReportProblem(file, "report", directory, files(code));
  const found = [
    await find("a\0b"),
    await find(join(root, "none/vod-report.json")),
    await find(`${root}/${"a".repeat(300)}/vod-report.json`),
    await find(join(root, "dist/vod-report.json"), join(root, "dist")),
    await find(join(root, "dist")),
    await find(join(root, "vod-report.json")),
  ];
  return [
    ...found.flatMap((problem) => problem ?? []),
    describeWrongSetting("yes"),
    ...[describeUnwritten("vod-report.json", "ENOSPC"), describeUnwrittenSummary("EACCES")].map(
      (text) => `warning: ${text}`,
    ),
  ].map((message) => message.replaceAll(root, "/home/me/site").replace(/a{99,}/, "…"));
}

export async function inputsSection(): Promise<Section> {
  const [js, quoted] = [{ pattern: "*.htm" }, { pattern: "*.js, *.css", parts: ["*.js", "*.css"] }];
  const long = new Map([[`https://vod.example.com/${"a".repeat(1_100)}`, "h"]]);
  return {
    title: "Inputs",
    intro:
      "A preview fails with one of these before anything is sent. Pulumi prints the type and the name of the resource before it: " +
      "`resource 'site' has a problem: …`. Warnings and the note on the region are lines beside the resource.",
    groups: [
      { title: "An input of VodCacheRefresh of a wrong type", messages: wrongTypes(REFRESH) },
      { title: "An input of VodCachePreload of a wrong type", messages: wrongTypes(PRELOAD) },
      {
        title: "A name or a value that doesn't exist",
        messages: [
          ...withPaths({ contentHsah: "v1" }),
          ...withPaths({ colour: "red" }),
          ...withPaths({ wait: { timeuot: 60 } }),
          ...withPaths({ retry: { pause: 60 } }),
          ...withPaths({ quota: { onExceeded: "partail" } }),
          ...withPaths({ quota: { onExceeded: "later" } }),
          ...withPaths({ contentHash: "" }),
          ...withPaths({ paths: [] }),
          ...withPaths({ paths: [URL_A, 5] }),
          ...problems({ contents: { [URL_A]: 5 } }),
          ...withPaths({ accessKey: "LTAI" }),
        ],
      },
      {
        title: "Headers",
        messages: [
          ...withPaths({ preload: { headers: { "a b": "1" } } }),
          ...withPaths({ preload: { headers: { Cookie: "" } } }),
          ...withPaths({ preload: { headers: { Cookie: "a\nb" } } }),
          ...withPaths({ preload: { headers: { Cookie: "a".repeat(1_025) } } }),
          ...withPaths({ verify: { headers: { Referer: 5 } } }),
          ...withPaths({ verify: { headers: { Host: "www.example.com" } } }),
        ],
      },
      {
        title: "Inputs that are missing or exclude each other",
        messages: [
          ...problems({}),
          ...problems({ paths: [URL_A] }),
          ...problems({ source: { directory: "./dist" } }),
          ...problems({ ...CONTENT, source: SOURCE }),
          ...problems({ source: SOURCE, contentHash: "v1" }),
          ...problems({ contents: { [URL_A]: "1" }, contentHash: "v1" }),
          ...problems({ source: SOURCE, objectType: "Directory" }),
          ...withPaths({ quota: { collapse: "never", onExceeded: "collapse" } }),
          ...withPaths({ preload: true, objectType: "IgnoreParams" }),
          ...withPaths({ preload: true, wait: false }),
          ...withPaths({ verify: true, wait: false }),
          ...withPaths({ preload: true, paths: ["https://vod.example.com/"] }),
          ...withPaths({ preload: { include: ["*.ts"] } }),
        ],
      },
      {
        title: "Paths",
        note: "The same is said of the URLs in `contents` and of `source.baseUrl`. The first twenty paths with the same mistake are listed, then how many more there are.",
        messages: [
          ...paths(""),
          ...paths("https://vod.example.com/a\nhttps://vod.example.com/b"),
          ...paths("https://vod.example.com/\u0007"),
          ...paths("https://vod.example.com/my video.mp4"),
          ...paths("https://vod.example.com/a\u00a0b"),
          ...paths("\ufeffhttps://vod.example.com/a"),
          ...paths("https://vod.example.com/\ud800"),
          ...paths("ftp://vod.example.com/a"),
          ...paths("/a.js"),
          ...paths("player/a.js"),
          ...paths("https://me:secret@vod.example.com/a"),
          ...paths("https://*.example.com/a"),
          ...paths("https://vod.example.com/a#top"),
          ...paths("https://vod.example.com/a\\b"),
          ...paths("https://vod.example.com/100%"),
          ...paths("https://vod.example.com/a/../b"),
          ...paths(`https://vod.example.com/${"a".repeat(1_100)}`),
          ...pathAs("Directory", "https://vod.example.com/player"),
          ...pathAs("Directory", "https://vod.example.com/player/?v=1"),
          ...pathAs("IgnoreParams", "https://vod.example.com/a.js?v=1"),
          ...pathAs("Regex", "https://vod.example.com/é"),
          ...pathAs("Regex", "https://vod.example.com?.*"),
          ...pathAs("Regex", "https://vod.example.com/["),
          ...pathAs("Regex", `https://vod.example.com/${"a".repeat(1_100)}`),
          ...paths(...Array.from({ length: 25 }, (_, index) => `https://vod.example.com/${index} b`)).slice(-1),
          ...problems({ contents: { [URL_A]: "1", "https://VOD.example.com/a.js": "2" } }),
          ...problems({ source: { ...SOURCE, baseUrl: "https://vod.example.com/?v=1" } }),
          ...problems({ ...CONTENT, paths: ["https://vod.example.com/videos/"] }, { kind: PRELOAD }),
          ...problems({ source: { ...SOURCE, indexDocument: "index.html" } }, { kind: PRELOAD }),
        ],
      },
      {
        title: "Wildcards",
        note: "To the service, a `*` is a character like any other, except in a `Regex`.",
        messages: [
          ...paths("https://vod.example.com/player/*"),
          ...paths("https://vod.example.com/player/*.js"),
          ...paths("https://vod.example.com/a.js?*"),
          ...pathAs("Directory", "https://vod.example.com/player/*"),
          ...problems({ contents: { "https://vod.example.com/*.js": "1" } }),
          ...problems({ contents: { "https://vod.example.com/a.js?*": "1" } }),
          ...problems({ source: { ...SOURCE, baseUrl: "https://vod.example.com/*" } }),
          ...problems({ ...CONTENT, paths: ["https://vod.example.com/*"] }, { kind: PRELOAD }),
          ...pathAs("Regex", "https://vod.example.com/a/*b"),
          ...warnings({ ...CONTENT, paths: ["https://vod.example.com/player/*"], objectType: "Regex" }),
          ...warnings({ ...CONTENT, paths: ["https://vod.example.com/a.js?v=*"] }),
        ],
      },
      {
        title: "More than a day's quota",
        messages: [
          ...withPaths({ paths: urls(2_001) }),
          ...withPaths({ paths: urls(101).map((url) => `${url}/`), objectType: "Directory" }),
          ...withPaths({ paths: urls(21), objectType: "Regex" }, { config: { "alicloud-vod:regexPerDay": "20" } }),
          ...withPaths(
            { paths: urls(101), objectType: "IgnoreParams" },
            { config: { "alicloud-vod:ignoreParamsPerDay": "100" } },
          ),
          ...problems({ ...CONTENT, paths: urls(501) }, { kind: PRELOAD }),
          ...withPaths({}, { config: { "alicloud-vod:urlsPerDay": "many" } }),
          ...withPaths({}, { config: { "alicloud-vod:reserveUrls": "many" } }),
          ...withPaths({ reserve: { urls: 2_000 } }),
        ],
      },
      {
        title: "The files of a source",
        messages: [
          ...filter({ include: ["*.htm"] }, { include: [js] }),
          ...filter({ include: ["*.htm"], exclude: ["drafts"] }, { include: [js] }),
          ...filter({ include: ["*.js, *.css"] }, { include: [quoted] }),
          ...filter({ include: [] }, {}),
          ...filter({}, { isEmpty: true }),
          ...filter({ exclude: ["**"] }, {}),
          ...filter({ include: ["*.htm", "*.js"] }, { selected: 3, include: [js] }),
          ...filter({ exclude: ["*.js, *.css"] }, { selected: 3, exclude: [quoted] }),
          ...describeEmptyContents({ contents: {} }, "refresh").map((warning) => `warning: ${warning}`),
          ...findLongUrls(long),
          ...findLongUrls(new Map([...long, [`https://vod.example.com/${"b".repeat(1_100)}`, "h"]])),
        ],
      },
      { title: "What is sent first", messages: await order() },
      { title: "The report", messages: await reports() },
      {
        title: "The endpoint and proxies",
        messages: [
          ...withPaths({ endpoint: "" }),
          ...withPaths({ endpoint: "vod example" }),
          ...withPaths({ endpoint: "https://me:secret@vod.cn-shanghai.aliyuncs.com" }),
          ...withPaths({ endpoint: "https://vod.cn-shanghai.aliyuncs.com/v1" }),
          ...withPaths({ endpoint: "ftp://vod.cn-shanghai.aliyuncs.com" }),
          ...withPaths({}, { environment: { VOD_ENDPOINT: "http://vod.cn-shanghai.aliyuncs.com" } }),
          ...withPaths({}, { environment: { HTTPS_PROXY: "my proxy" } }),
          ...withPaths({}, { environment: { HTTPS_PROXY: "socks5://proxy.example.com" } }),
          ...withPaths({}, { environment: { HTTPS_PROXY: "http://proxy.example.com/path" } }),
          ...withPaths({}, { environment: { HTTPS_PROXY: "http://me:100%@proxy.example.com" } }),
        ],
      },
      {
        title: "Warnings, and a note",
        messages: [
          ...warnings({ ...CONTENT, force: true }),
          ...warnings({ ...CONTENT, priority: ["*.js"] }),
          ...warnings({ ...CONTENT, refreshNew: true }),
          ...warnings({ ...CONTENT, refreshRemoved: false }),
          ...check(CONTENT, { config: { "alicloud:region": "cn-beijing" } }).notes,
        ],
      },
    ],
  };
}
