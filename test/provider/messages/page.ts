/** The page of messages: what it is made of, and how it is written. */
import { VodError } from "../../../provider/vod/errors.js";

/** Messages that belong together, as they are printed. */
export interface Group {
  title: string;
  messages: readonly string[];
  /** What they mean or what to do, where they don't say all of it. */
  note?: string;
}

export interface Section {
  title: string;
  intro: string;
  groups: readonly Group[];
}

export function formatPage(intro: string, sections: readonly Section[]): string {
  const anchor = (title: string) =>
    title
      .toLowerCase()
      .replace(/[^\w\s-]/g, "")
      .replaceAll(" ", "-");
  const index = sections.map(({ title }) => `- [${title}](#${anchor(title)})`).join("\n");
  const parts = sections.map((section) => [`## ${section.title}`, section.intro, ...section.groups.map(formatGroup)]);
  return `${["# Messages", intro, index, ...parts.flat()].join("\n\n")}\n`;
}

function formatGroup({ title, messages, note }: Group): string {
  const block = `\`\`\`text\n${unique(messages.map(withExampleValues)).join("\n")}\n\`\`\``;
  return [`### ${title}`, block, ...(note === undefined ? [] : [note])].join("\n\n");
}

function unique(messages: readonly string[]): string[] {
  return [...new Set(messages)];
}

/** Puts the same values in the place of those that are other ones in each run. */
function withExampleValues(message: string): string {
  return message
    .replace(/\b[0-9A-F]{8}(-[0-9A-F]{4}){3}-[0-9A-F]{12}\b/g, "D61E4801-EAFF-4A63-AAAA-FBF6CE1CFD1C")
    .replace(/\b(task ID |tasks? |row of task |Tasks? )\d{6,}/g, "$170422756")
    .replace(/(access key ID …)\w{4}/g, "$19bC1")
    .replace(/(, )\d{8,}(?=[,)]| and)/g, "$170422757")
    .replace(/\b\d{4}-\d\d-\d\d \d\d:\d\d (UTC(?:\+8)?)(?: \(in [^)]*\))?/g, (_, zone: string) =>
      zone === "UTC" ? "2026-11-24 16:00 UTC" : "2026-11-25 00:00 UTC+8 (in 8 h 41 min)",
    )
    .replace(
      /\/(?:dev\/shm|tmp|var\/folders|private)[^\s"]*?\/pulumi-alicloud-vod-test-[^/\s"]+(\/[\w]+-[\w]{6})?/g,
      "/home/me/site",
    )
    .replace(/(http:\/\/127\.0\.0\.1):\d+/g, "$1:8080")
    .replace(/((?:retrying|tried \d+ times|waiting(?: about)?) (?:in )?)\d+ s/g, "$112 s");
}

/** What something that fails says. */
export async function messageOf(fail: () => unknown): Promise<string> {
  try {
    await fail();
  } catch (error) {
    return error instanceof VodError ? error.full : (error as Error).message;
  }
  throw new Error("It didn't fail.");
}

export async function messagesOf(...fails: (() => unknown)[]): Promise<string[]> {
  const messages: string[] = [];
  for (const fail of fails) messages.push(await messageOf(fail));
  return messages;
}
