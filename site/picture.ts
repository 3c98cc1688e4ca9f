/** The picture of a preview and an update, made of what the demo prints. */

/** What an engine prints and a picture has no room for: names that only Pulumi needs, what stayed as it was, what differs each time. */
const LEFT_OUT = [
  /^ *\[(?:urn|id)=/,
  /^ *pulumi:pulumi:Stack: /,
  /^ *(?:--outputs:--|\])$/,
  /^ {8}(?!~)/,
  /^ *~ (?:\[\d+\]|taskIds|requestIds|submittedAt) *:/,
  /^ *status *: /,
  /^Duration: /,
];

/** Takes the preview and the update of changed content from the output of `npm run demo`. Both engines come to the same. */
export function pickLines(demo: string): string[] {
  const [, part = ""] = /^== 4\..*\n([\s\S]*?)^== 5\./m.exec(demo) ?? [];
  const lines = part.split("\n").flatMap((line) => {
    const [, command, printed] = /^ {3}(?:(\$ .*)|\| (.*))$/.exec(line) ?? [];
    return command !== undefined ? ["", command] : printed !== undefined ? [printed] : [];
  });
  const picked = lines
    .filter((line) => !LEFT_OUT.some((pattern) => pattern.test(line)))
    // The stand-in engine says that it is one, and names what changed once more.
    .map((line) => line.replace(/, with the stand-in engine \(.*\):$/, ":").replace(/ \[diff: .*\]$/, ""))
    .map((line) => line.replace(/(sha256:\w{12})\w+/g, "$1…"));
  // One empty line at most, and none at the ends.
  return picked
    .join("\n")
    .trim()
    .replace(/\n{3,}/g, "\n\n")
    .split("\n");
}

const SIZE = 13;
const LINE = 20;
/** The widest that the common monospaced fonts draw a character, for this size. */
const CHARACTER = 7.9;
const MARGIN = 20;
const BAR = 34;

const STYLE = `.window{fill:#f6f8fa;stroke:#d0d7de}.dot{fill:#d0d7de}text{font:${SIZE}px ui-monospace,SFMono-Regular,Menlo,Consolas,"DejaVu Sans Mono",monospace;fill:#1f2328;white-space:pre}
.command{font-weight:700}.ours{fill:#0550ae}.changed{fill:#7a4400}.quiet{fill:#59636e}
@media(prefers-color-scheme:dark){.window{fill:#0d1117;stroke:#3d444d}.dot{fill:#3d444d}text{fill:#f0f6fc}.ours{fill:#79c0ff}.changed{fill:#e3b341}.quiet{fill:#9198a1}}`;

/** How a line is drawn: what this package says stands out. */
function classOf(line: string): string {
  if (line.startsWith("$ ")) return "command";
  if (/^ *~ /.test(line)) return "changed";
  if (/^(?:Previewing update|Updating) |^Resources:$|^ +\d+ unchanged$/.test(line)) return "quiet";
  return "ours";
}

export function drawPicture(lines: readonly string[]): string {
  const width = Math.ceil(Math.max(...lines.map((line) => line.length)) * CHARACTER) + 2 * MARGIN;
  const height = BAR + lines.length * LINE + MARGIN;
  const toXml = (text: string) => text.replaceAll("&", "&amp;").replaceAll("<", "&lt;");
  const texts = lines.map((line, index) => {
    const y = BAR + (index + 1) * LINE - 5;
    return line === ""
      ? []
      : [`<text x="${MARGIN}" y="${y}" class="${classOf(line)}" xml:space="preserve">${toXml(line)}</text>`];
  });
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" role="img">`,
    "<title>A preview that says what will be refreshed, and the update that refreshes it</title>",
    `<style>${STYLE}</style>`,
    `<rect x=".5" y=".5" width="${width - 1}" height="${height - 1}" rx="8" class="window"/>`,
    ...[0, 1, 2].map((index) => `<circle cx="${MARGIN + 6 + index * 18}" cy="18" r="5" class="dot"/>`),
    ...texts.flat(),
    "</svg>\n",
  ].join("\n");
}
