/** What keeps files from being found or hashed, by `source`, `hashFiles` and `hashContent`. */
import { mkdirSync, mkdtempSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { addFile, unreadable } from "../../../provider/content/files.js";
import { hashContent, hashFiles } from "../../../provider/content/hash.js";
import { tooManyFiles } from "../../../provider/manifest/name-codec.js";
import { filesChanged } from "../../../provider/resource/deployment.js";
import { noLongerAFile } from "../../../provider/source/hash-pool.js";
import { scanSource } from "../../../provider/source/scan.js";
import { SourceScanner } from "../../../provider/source/source.js";
import { messageOf, messagesOf, type Section } from "./page.js";

export async function filesSection(): Promise<Section> {
  const root = mkdtempSync(join(tmpdir(), "site-"));
  const dist = join(root, "dist");
  mkdirSync(join(dist, "empty"), { recursive: true });
  writeFileSync(join(root, "index.html"), "");
  const link = (name: string, target: string, list?: typeof hashFiles) => {
    mkdirSync(join(root, name));
    symlinkSync(target, join(root, name, "link"));
    const directory = join(root, name);
    return () => list?.(directory) ?? scanSource({ directory, cacheDirectory: join(root, "cache") });
  };
  const scan =
    (directory: string, more = {}) =>
    () =>
      scanSource({ directory: join(root, directory), cacheDirectory: join(root, "cache"), ...more });
  const hash =
    (patterns: string | string[], more = {}) =>
    () =>
      hashFiles(patterns, { cwd: root, ...more });
  const one = new Map([["é.js", "/home/me/site/dist/é.js"]]);
  const code = (name: string, text: string) => Object.assign(new Error(`${name}: ${text}, open`), { code: name });
  const source = { directory: join(root, "none"), baseUrl: "https://vod.example.com/" };
  const messages = {
    missing: await messagesOf(
      scan("none"),
      scan("index.html"),
      scan("a\0b"),
      hash("none"),
      hash("dist\\none"),
      hash("dist/**/*.js"),
      hash("*.js, *.css", { exclude: "drafts" }),
      hash("dist"),
      hash("dist", { exclude: "drafts" }),
      hash(""),
      hash([]),
      hash("!*.map"),
      scan("dist", { include: ["/a.js"] }),
    ),
    unreadable: [
      unreadable("/home/me/site/dist/a.js", code("EACCES", "permission denied")).message,
      unreadable("/home/me/site/dist/a.js", code("ENOENT", "no such file or directory")).message,
      noLongerAFile("/home/me/site/dist/a.js").message,
      filesChanged().message,
      ...(await messagesOf(
        link("broken", "none"),
        link("outside", "/usr"),
        link("elsewhere", "/usr", hashFiles),
        link("cycle", "."),
        hash("/dev/null"),
        () => addFile(new Map(), "\uFFFD.js", "/home/me/site/dist/\uFFFD.js"),
        () => addFile(one, "é.js", "/home/me/site/dist/e\u0301.js"),
      )),
      tooManyFiles().message,
    ],
    source: [await messageOf(() => new SourceScanner().scan(source))],
    content: [await messageOf(() => hashContent(5 as never)), await messageOf(() => hashContent(null as never))],
  };
  const shown = (list: readonly string[]) => list.map((message) => message.replaceAll(root, "/home/me/site"));
  return {
    title: "Files",
    intro: "`source`, `hashFiles` and `hashContent` fail rather than leave a file out.",
    groups: [
      {
        title: "`UnreadableSource`",
        messages: shown(messages.source),
        note: "The second sentence is one of those below.",
      },
      { title: "Nothing is there, or nothing matches", messages: shown(messages.missing) },
      { title: "Something is there that can't be hashed, or that changed", messages: shown(messages.unreadable) },
      { title: "`hashContent`", messages: shown(messages.content) },
    ],
  };
}
