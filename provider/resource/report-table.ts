/** A report as a table in Markdown. */
import type { ReportEntry } from "../schema/report.js";
import { QUOTA_KEYS } from "../schema/report-form.js";
import { showLine } from "../text/show.js";
import { formatNumber, listFirst, pluralize } from "../vod/format.js";

/** How many resources a table has at most: a comment on GitHub holds 65,536 characters. */
const ROWS = 100;

/** How long a sentence in a cell may be, in characters. */
const SENTENCE = 300;

const QUOTA_NOUNS: Readonly<Record<(typeof QUOTA_KEYS)[number], readonly [one: string, many: string]>> = {
  urls: ["URL", "URLs"],
  directories: ["directory", "directories"],
  preloads: ["preload", "preloads"],
  regex: ["pattern", "patterns"],
  ignoreParams: ["URL with any query", "URLs with any query"],
};

const HEAD = ["resource", "due", "cost", "left today", "result", "tasks"];

/** Renders the entries in which there is something to tell; without any, it is empty. */
export function renderTable(entries: readonly ReportEntry[]): string {
  const told = entries.filter(hasNews);
  if (told.length === 0) return "";
  const rows = told.slice(0, ROWS).map((entry) => renderRow(buildCells(entry)));
  const more =
    told.length > ROWS ? ["", `And ${pluralize(told.length - ROWS, "more resource", "more resources")}.`] : [];
  const head = [renderRow(HEAD), `|${"---|".repeat(HEAD.length)}`];
  return ["### ApsaraVideo VOD", "", ...head, ...rows, ...more, ""].join("\n");
}

/** Whether an entry tells of something: nothing due and nothing left is no news. */
export function hasNews({ outcome, pending, unconfirmed }: ReportEntry): boolean {
  return outcome !== "unchanged" || pending.count > 0 || unconfirmed.count > 0;
}

function buildCells(entry: ReportEntry): string[] {
  const { name, type, due, quota } = entry;
  const uses = QUOTA_KEYS.flatMap((key) => {
    const use = quota[key];
    return use === undefined ? [] : [{ nouns: QUOTA_NOUNS[key], ...use }];
  });
  const reasons = (due?.reasons ?? []).map(({ reason, count }, _, { length }) =>
    length === 1 ? reason : `${formatNumber(count)} ${reason}`,
  );
  const number =
    due === undefined ? "" : `${due.atMost ? "up to " : ""}${formatNumber(due.count)} of ${formatNumber(due.total)}`;
  return [
    `${escapeMarkdown(showLine(name, 100))}${type === "VodCachePreload" ? " (preload)" : ""}`,
    due === undefined || due.count === 0 ? "" : `${number}: ${escapeMarkdown(reasons.join(", "))}`,
    uses.map(({ cost, nouns: [one, many] }) => pluralize(cost, one, many)).join(", "),
    uses
      .flatMap(({ after, limit = 0, nouns: [, many] }) =>
        after === undefined ? [] : [`${formatNumber(after)} of ${formatNumber(limit)} ${many}`],
      )
      .join(", "),
    describeResult(entry),
    escapeMarkdown(listFirst([...new Set(entry.calls.flatMap(({ taskIds }) => taskIds))])),
  ];
}

function describeResult({ outcome, status, exceeded, pending, unconfirmed, error }: ReportEntry): string {
  const words: Readonly<Record<ReportEntry["outcome"], string>> = {
    planned: exceeded ? "**exceeds today's quota**" : "planned",
    unchanged: "nothing due",
    unknown: "not known yet",
    running: "**not ended**",
    succeeded: status,
    warned: "failed, as a warning",
    failed: "**failed**",
  };
  const rest = [
    ...(pending.count > 0 ? [`${formatNumber(pending.count)} pending`] : []),
    ...(unconfirmed.count > 0 ? [`${formatNumber(unconfirmed.count)} unconfirmed`] : []),
  ];
  const sentence = error === undefined ? "" : `: ${escapeMarkdown(showLine(error.message, SENTENCE))}`;
  return [words[outcome], ...rest].join(", ") + sentence;
}

function renderRow(cells: readonly string[]): string {
  return `| ${cells.join(" | ")} |`;
}

/** A text as it is, in a cell of a table: nothing in it is Markdown or HTML, and it mentions nobody. */
export function escapeMarkdown(text: string): string {
  return text
    .replace(/[\\`*_{}[\]()#+\-.!|~:]/g, "\\$&")
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;")
    .replaceAll("@", "&#64;");
}
