/**
 * Draws panels as horizontal bars in SVG: the median as the bar, the spread as a line over it, the target as a mark.
 */
import { type Panel, shown } from "./report.js";

const WIDTH = 860;
/** Where the bars begin, and how long the longest is, in pixels. */
const LEFT = 330;
const LENGTH = 430;
const ROW = 22;
const HEAD = 34;
const FOOT = 24;

/** The colours follow the reader's theme. */
const STYLE = `text{font:12px system-ui,sans-serif;fill:#1f2328}.head{font-weight:600;font-size:13px}.foot{fill:#656d76}
.bar{fill:#4c8dd6}.spread{stroke:#1f2328;stroke-width:1.5}.target{stroke:#d1242f;stroke-width:2}
@media(prefers-color-scheme:dark){text{fill:#e6edf3}.foot{fill:#8d96a0}.spread{stroke:#e6edf3}.target{stroke:#ff7b72}}`;

/** @param title for readers who can't see the plot. @param caption stands below the charts. */
export function plot(title: string, panels: readonly Panel[], caption: string): string {
  let y = 0;
  const charts = panels.map((panel) => {
    const drawn = chart(panel, y);
    y += HEAD + panel.figures.length * ROW;
    return drawn;
  });
  const height = y + FOOT + 12;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${height}" viewBox="0 0 ${WIDTH} ${height}">`,
    `<title>${title}</title>`,
    `<style>${STYLE}</style>`,
    ...charts,
    text(8, height - 10, `${caption}. Bar: median; line: least to most; red: target.`, "foot"),
    "</svg>\n",
  ].join("\n");
}

function chart({ title, unit, figures }: Panel, top: number): string {
  const largest = Math.max(...figures.flatMap(({ most, target = 0 }) => [most, target]).filter(Number.isFinite));
  const at = (value: number) => (LEFT + (LENGTH * Math.max(0, value)) / (largest || 1)).toFixed(1);
  const rows = figures.map(({ what, median, least, most, target }, index) => {
    const middle = top + HEAD + index * ROW + 4;
    const line = (from: number, to: number, name: string, half: number) =>
      `<line x1="${at(from)}" x2="${at(to)}" y1="${middle - half}" y2="${middle + half}" class="${name}"/>`;
    return [
      text(LEFT - 8, middle + 4, what, "what", "end"),
      `<rect x="${LEFT}" y="${middle - 7}" width="${(Number(at(median)) - LEFT).toFixed(1)}" height="14" class="bar"/>`,
      least === most ? "" : line(least, most, "spread", 0),
      target === undefined ? "" : line(target, target, "target", 10),
      text(LEFT + LENGTH + 12, middle + 4, shown(median), "value"),
    ].join("");
  });
  return [text(8, top + 20, `${title} (${unit})`, "head"), ...rows].join("\n");
}

function text(x: number, y: number, content: string, name: string, anchor = "start"): string {
  const escaped = content.replaceAll("&", "&amp;").replaceAll("<", "&lt;");
  return `<text x="${x}" y="${y}" class="${name}" text-anchor="${anchor}">${escaped}</text>`;
}
