/** The rooms of provider/ and the direction of imports between them, and what is apart from them, as in ARCHITECTURE.md. */
import { readdirSync, readFileSync } from "node:fs";
import { join, posix, sep } from "node:path";
import { describe, expect, test } from "vitest";

const ROOT = join(__dirname, "..");

/** A room imports from itself and from rooms of lower floors. Rooms of the same floor don't import each other. */
const FLOORS = [
  ["dynamic", "native"],
  ["host"],
  ["resource"],
  ["tasks", "source", "edge"],
  ["plan"],
  ["schema"],
  ["credentials", "manifest"],
  ["vod", "content"],
  ["text"],
];

/** The one module that a program loads later, with its first query of the service. */
const LOADED_LATER = "provider/resource/functions.ts";

interface Import {
  from: string;
  to: string;
  kind: "value" | "type" | "later";
}

const STATEMENT =
  /^(?:import|export)(?<type> type)?\b[^"';]*?(?:\bfrom )?"(?<path>\.[^"]+)"|\bimport\("(?<later>\.[^"]+)"\)/gm;

/** Finds the relative imports in the text of files. */
function findImports(files: Readonly<Record<string, string>>): Import[] {
  return Object.entries(files).flatMap(([from, text]) =>
    [...text.matchAll(STATEMENT)].map(({ groups: { type, path, later } = {} }) => ({
      from,
      to: posix.join(posix.dirname(from), (path ?? later ?? "").replace(/\.js$/, ".ts")),
      kind: later ? "later" : type ? "type" : "value",
    })),
  );
}

/** The imports that break the rule, one per line. */
function findViolations(imports: readonly Import[]): string[] {
  const lines = imports.filter((one) => !isAllowed(one)).map(({ from, to, kind }) => `${from} → ${to} (${kind})`);
  return [...new Set(lines)].sort();
}

function isAllowed({ from, to, kind }: Import): boolean {
  const [[area, room = ""], [target, targetRoom = ""]] = [from.split("/"), to.split("/")];
  if (area === "emulator") return target === "emulator";
  if (area === "sdk" && target === "sdk") return true;
  if (target !== "provider") return false;
  if (area === "sdk")
    return kind === "type" || ["content", "text"].includes(targetRoom) || (kind === "later" && to === LOADED_LATER);
  const [floor, targetFloor] = [findFloor(room), findFloor(targetRoom)];
  return floor >= 0 && (room === targetRoom || targetFloor > floor);
}

function findFloor(room: string): number {
  return FLOORS.findIndex((rooms) => rooms.includes(room));
}

/** Finds a circle of imports, in which each file imports the next. Imports of types count. */
function findCircle(imports: readonly Import[]): string[] | undefined {
  const next = new Map<string, string[]>();
  for (const { from, to } of imports) next.set(from, [...(next.get(from) ?? []), to]);
  const done = new Set<string>();
  const search = (file: string, path: readonly string[]): string[] | undefined => {
    if (path.includes(file)) return [...path.slice(path.indexOf(file)), file];
    if (done.has(file)) return undefined;
    for (const other of next.get(file) ?? []) {
      const circle = search(other, [...path, file]);
      if (circle) return circle;
    }
    done.add(file);
    return undefined;
  };
  for (const file of next.keys()) {
    const circle = search(file, []);
    if (circle) return circle;
  }
  return undefined;
}

const sources = Object.fromEntries(
  ["provider", "sdk", "emulator"].flatMap((area) =>
    readdirSync(join(ROOT, area), { recursive: true, encoding: "utf8" })
      .filter((name) => name.endsWith(".ts"))
      .map((name) => `${area}/${name.replaceAll(sep, "/")}`)
      .map((file) => [file, readFileSync(join(ROOT, file), "utf8")]),
  ),
);

describe("the imports of provider/, sdk/ and emulator/", () => {
  const imports = findImports(sources);

  test("are all found, and each names a file that exists", () => {
    expect(imports.length).toBeGreaterThan(100);
    expect(imports.filter(({ to }) => sources[to] === undefined)).toEqual([]);
  });

  test("lead from each room to itself and to lower ones, and from the sdk to content, text and types", () => {
    expect(findViolations(imports)).toEqual([]);
  });

  test("lead from the emulator to itself and to Node's own modules", () => {
    const texts = Object.entries(sources).filter(([file]) => file.startsWith("emulator/"));
    const packages = texts.flatMap(([, text]) =>
      [...text.matchAll(/\b(?:from|import\(|require\() ?"([^."][^"]*)"/g)].map(([, name = ""]) => name),
    );
    expect(packages).toContain("node:http");
    expect(packages.filter((name) => !name.startsWith("node:"))).toEqual([]);
  });

  test("form no circle", () => {
    expect(findCircle(imports)).toBeUndefined();
  });
});

describe("the rule", () => {
  test.each([
    ["provider/plan/a.ts", 'import { b } from "./b.js";'],
    ["provider/dynamic/a.ts", 'import { b } from "../vod/b.js";'],
    ["provider/tasks/a.ts", 'import {\n  b,\n  c,\n} from "../plan/b.js";'],
    ["provider/manifest/a.ts", 'import { createHash } from "node:crypto";\nimport { z } from "zod";'],
    ["sdk/a.ts", 'export { b } from "../provider/content/b.js";'],
    ["sdk/a.ts", 'import { b } from "../provider/text/b.js";'],
    ["sdk/a.ts", 'import type { B } from "../provider/schema/b.js";'],
    ["sdk/a.ts", 'const { b } = await import("../provider/resource/functions.js");'],
    ["emulator/a.ts", 'import { b } from "./b.js";'],
  ])("allows in %s: %s", (file, text) => {
    expect(findViolations(findImports({ [file]: text }))).toEqual([]);
  });

  test.each([
    ["provider/resource/a.ts", 'import { b } from "../dynamic/b.js";', "provider/dynamic/b.ts (value)"],
    ["provider/plan/a.ts", 'import type { B } from "../tasks/b.js";', "provider/tasks/b.ts (type)"],
    ["provider/plan/a.ts", 'export * from "../tasks/b.js";', "provider/tasks/b.ts (value)"],
    ["provider/tasks/a.ts", 'import {\n  b,\n} from "../source/b.js";', "provider/source/b.ts (value)"],
    ["provider/vod/a.ts", 'import { b } from "../content/b.js";', "provider/content/b.ts (value)"],
    ["provider/schema/a.ts", 'const b = await import("../plan/b.js");', "provider/plan/b.ts (later)"],
    ["provider/resource/a.ts", 'import "../dynamic/b.js";', "provider/dynamic/b.ts (value)"],
    ["provider/vod/a.ts", 'import { b } from "../misc/b.js";', "provider/misc/b.ts (value)"],
    ["provider/misc/a.ts", 'import { b } from "../vod/b.js";', "provider/vod/b.ts (value)"],
    ["provider/vod/a.ts", 'import { b } from "../../sdk/b.js";', "sdk/b.ts (value)"],
    ["provider/vod/a.ts", 'import { b } from "../../test/b.js";', "test/b.ts (value)"],
    ["sdk/a.ts", 'import { b } from "../provider/schema/b.js";', "provider/schema/b.ts (value)"],
    ["sdk/a.ts", 'import { type B } from "../provider/schema/b.js";', "provider/schema/b.ts (value)"],
    ["sdk/a.ts", 'await import("../provider/resource/provider.js");', "provider/resource/provider.ts (later)"],
    ["sdk/a.ts", 'import { b } from "../emulator/b.js";', "emulator/b.ts (value)"],
    ["provider/vod/a.ts", 'import type { B } from "../../emulator/b.js";', "emulator/b.ts (type)"],
    ["emulator/a.ts", 'import type { B } from "../provider/vod/b.js";', "provider/vod/b.ts (type)"],
  ])("refuses in %s: %s", (file, text, violation) => {
    expect(findViolations(findImports({ [file]: text }))).toEqual([`${file} → ${violation}`]);
  });

  test("finds a circle, also one of types, and a file that imports itself", () => {
    const value = 'import { a } from "./a.js";';
    expect(findCircle(findImports({ "sdk/a.ts": 'import type { B } from "./b.js";', "sdk/b.ts": value }))).toEqual([
      "sdk/a.ts",
      "sdk/b.ts",
      "sdk/a.ts",
    ]);
    const three = {
      "sdk/b.ts": 'import "./c.js";',
      "sdk/c.ts": 'import("./d.js");',
      "sdk/d.ts": 'export * from "./b.js";',
    };
    expect(findCircle(findImports({ "sdk/x.ts": 'import "./b.js";', ...three }))).toHaveLength(4);
    expect(findCircle(findImports({ "sdk/a.ts": value }))).toEqual(["sdk/a.ts", "sdk/a.ts"]);
  });

  test("accepts two ways to the same file, which are no circle", () => {
    const top = 'import "./b.js";\nimport "./c.js";';
    const files = { "sdk/a.ts": top, "sdk/b.ts": 'import "./d.js";', "sdk/c.ts": 'import "./d.js";' };
    expect(findCircle(findImports(files))).toBeUndefined();
  });
});
