/**
 * The examples in other languages than TypeScript. They run on the real CLI, each in a copy, where it and the language's host are on
 * the PATH; what they give to the plugin is held to its schema everywhere.
 */
import { execFile } from "node:child_process";
import { appendFileSync, cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { promisify } from "node:util";
import { afterEach, describe, expect, test } from "vitest";
import { describePackage } from "../../provider/native/package-schema.js";
import { pathsOf, publish, startEmulator } from "../emulator/index.js";
import { cliVariables, isCliOnPath, isOnPath } from "../engine/realCli.js";
import { readSnippets } from "../snippets.js";
import { cliEnvironment } from "./cli.js";

const ROOT = join(__dirname, "../..");
const { load: loadYaml } = createRequire(require.resolve("@pulumi/pulumi"))("js-yaml") as {
  load(text: string): unknown;
};
const EXAMPLES = join(ROOT, "examples");
const SITE = ["index.html", "videos/index.html"];

/** The program's file, and whether a run gets packages from the language's registry: tests do that only if they are asked to. */
const LANGUAGES = {
  yaml: { program: "Pulumi.yaml", installs: false },
  python: { program: "__main__.py", installs: true },
  go: { program: "main.go", installs: true },
} as const;
type Language = keyof typeof LANGUAGES;
const languages = Object.keys(LANGUAGES) as Language[];

/** Whether the CLI and its host of a language are on the PATH. */
const hasHost = (language: string) => isCliOnPath() && isOnPath(`pulumi-language-${language}`);

/** Why an example can't run here; undefined if it can. */
function findObstacle(language: Language): string | undefined {
  if (!hasHost(language)) return `pulumi and pulumi-language-${language} aren't both on the PATH`;
  if (LANGUAGES[language].installs && process.env.INSTALL_SDKS !== "1") {
    return "it gets packages from the language's registry, which INSTALL_SDKS=1 allows";
  }
  return undefined;
}

describe("on the real CLI", () => {
  const closing: (() => unknown)[] = [];
  afterEach(async () => {
    for (const close of closing.splice(0).reverse()) await close();
  });

  const generators = ["nodejs", "python", "go"].filter((language) => {
    const isThere = hasHost(language);
    if (!isThere) test.skip(`an SDK in ${language}: skipped, since its host isn't on the PATH`, () => {});
    return isThere;
  });
  test.each(generators)("Pulumi generates an SDK in %s", async (language) => {
    const home = mkdtempSync(join(tmpdir(), `sdk-${language}-`));
    closing.push(() => rmSync(home, { recursive: true, force: true, maxRetries: 3 }));
    const args = ["package", "gen-sdk", join(ROOT, "plugin"), "--language", language, "--out", home];
    const env = { ...process.env, ...cliVariables(home, "test") };
    await promisify(execFile)("pulumi", args, { env });
    const files = readdirSync(join(home, language), { recursive: true, encoding: "utf8" });
    for (const name of ["VodCacheRefresh", "VodCachePreload"]) {
      expect(
        files.map((file) =>
          basename(file)
            .replaceAll("_", "")
            .toLowerCase()
            .replace(/\.\w+$/, ""),
        ),
      ).toContain(name.toLowerCase());
    }
  });

  const runnable = languages.filter((language) => {
    const obstacle = findObstacle(language);
    if (obstacle !== undefined) test.skip(`examples/${language}: skipped, since ${obstacle}`, () => {});
    return obstacle === undefined;
  });
  test.each(runnable)(
    "examples/%s refreshes, then preloads; no change sends nothing, and a change one file",
    async (language) => {
      const emulator = await startEmulator();
      closing.push(() => emulator.close());
      for (const name of SITE) publish(emulator, `vod.example.com/${name}`, "content");
      const home = mkdtempSync(join(tmpdir(), `example-${language}-`));
      closing.push(() => rmSync(home, { recursive: true, force: true, maxRetries: 3 }));
      const directory = join(home, "program");
      cpSync(join(EXAMPLES, language), directory, { recursive: true });
      const env = cliEnvironment(home, emulator);
      const pulumi = async (...args: string[]) =>
        (await promisify(execFile)("pulumi", [...args, "--non-interactive"], { cwd: directory, env })).stdout;
      const sent = (action: string) =>
        emulator.received.filter((call) => call.action === action && call.status === 200).flatMap(pathsOf);

      const tasksOf = (kind: "Refresh" | "Preload") => {
        const tasks = emulator.tasks().filter(({ objectType }) => (objectType === "Preload") === (kind === "Preload"));
        return [...new Set(tasks.map(({ taskId }) => taskId))];
      };

      await pulumi("stack", "init", "dev");
      await pulumi("package", "add", join(ROOT, "plugin"));
      await pulumi("config", "set", "--secret", "alicloud-vod:accessKey", emulator.accessKeyId);
      await pulumi("config", "set", "--secret", "alicloud-vod:secretKey", emulator.accessKeySecret);
      await pulumi("up", "--yes", "--skip-preview");
      const urls = SITE.map((name) => `https://vod.example.com/${name}`);
      expect([sent("RefreshVodObjectCaches"), sent("PreloadVodObjectCaches")]).toEqual([urls, urls]);
      expect(JSON.parse(await pulumi("stack", "output", "--json"))).toEqual({
        taskIds: tasksOf("Refresh"),
        status: "Submitted",
        preloadTaskIds: tasksOf("Preload"),
        preloadStatus: "Submitted",
      });

      await pulumi("up", "--yes", "--skip-preview", "--expect-no-changes");
      appendFileSync(join(directory, "site", "index.html"), "changed\n");
      emulator.advance(1_000);
      await pulumi("up", "--yes", "--skip-preview");
      const all = [...urls, urls[0]];
      expect([sent("RefreshVodObjectCaches"), sent("PreloadVodObjectCaches")]).toEqual([all, all]);
      expect(await pulumi("stack", "export")).not.toContain(emulator.accessKeySecret);

      // The programs of the pages, with what was installed for this one.
      cpSync(join(directory, "site"), join(directory, "dist"), { recursive: true });
      const file = join(directory, LANGUAGES[language].program);
      const own = readFileSync(file, "utf8");
      for (const page of ["README.md", "docs/_index.md"]) {
        const text = readSnippets([language], [page])[0]?.code ?? "";
        writeFileSync(file, language === "yaml" ? withResourcesOf(own, text) : text);
        const { changeSummary } = JSON.parse(await pulumi("preview", "--json"));
        // The stack, and the two resources of this program: the README's has one of them.
        expect(
          Object.values<number>(changeSummary).reduce((sum, count) => sum + count),
          page,
        ).toBe(3);
        expect(changeSummary, page).not.toHaveProperty("create");
      }
      writeFileSync(file, own);

      if (language !== "python") return;
      // What the README says: its own test, in the environment that `pulumi package add` made.
      const commands = readSnippets(["sh"], ["examples/python/README.md"]).at(-1)?.code ?? "";
      expect(commands).toContain("pytest");
      for (const command of commands.trim().split("\n")) {
        const [file = "", ...args] = command.replace("../..", ROOT).replace(/ *#.*/, "").split(" ");
        await promisify(execFile)(file, args, { cwd: directory, env });
      }
    },
  );
});

/** A program in YAML with the resources and outputs of another one. JSON is valid YAML. */
function withResourcesOf(program: string, other: string): string {
  const { resources: declared, outputs: exported } = loadYaml(other) as Record<string, unknown>;
  return JSON.stringify({ ...(loadYaml(program) as object), resources: declared, outputs: exported });
}

interface Properties {
  [name: string]: { $ref?: string };
}
interface Package {
  provider: { inputProperties: Properties };
  types: Record<string, { properties: Properties }>;
  resources: Record<string, { inputProperties: Properties; properties: Properties; requiredInputs: string[] }>;
}
const { provider, types, resources } = describePackage({ version: "1.2.3" }) as unknown as Package;

/** What a program gives to a resource, or to a type of the package: the names, as the schema writes them. */
interface Given {
  type: string;
  names: string[];
}

const READERS: Record<Language, (text: string) => Given[]> = {
  yaml(text) {
    type Value = Record<string, unknown>;
    const program = loadYaml(text) as { resources: Record<string, { type: string; properties: Value }> };
    const read = (type: string, value: Value, properties: Properties): Given[] => [
      { type, names: Object.keys(value) },
      ...Object.entries(value).flatMap(([name, inner]) => {
        const reference = properties[name]?.$ref?.split(":").at(-1);
        if (reference === undefined) return [];
        return read(reference, inner as Value, types[`alicloud-vod:index:${reference}`]?.properties ?? {});
      }),
    ];
    return Object.values(program.resources).flatMap(({ type, properties }) => {
      const name = type.replace(/^alicloud-vod:/, "");
      return read(name, properties, resources[`alicloud-vod:index:${name}`]?.inputProperties ?? {});
    });
  },
  python: (text) =>
    readBlocks(text, /\bvod\.(\w+?)(?:Args)?\(/g, /^\s*(\w+)=/).map(({ type, names }) => ({
      type,
      names: names.filter((name) => name !== "opts").map(toCamelCase),
    })),
  go: (text) =>
    readBlocks(text, /\bvod\.(\w+)Args\{/g, /^\s*(\w+):/).map(({ type, names }) => ({
      type,
      names: names.map((name) => name.charAt(0).toLowerCase() + name.slice(1)),
    })),
};

/** Finds each call or literal, and the names of its own arguments or fields, without those of what is in them. */
function readBlocks(text: string, start: RegExp, name: RegExp): Given[] {
  const code = text.replace(/(#|\/\/ ).*/g, "");
  return [...code.matchAll(start)].map((match) => {
    const parts = [""];
    let depth = 1;
    for (const character of code.slice(match.index + match[0].length)) {
      if ("({[".includes(character)) depth++;
      if (")}]".includes(character)) depth--;
      if (depth === 0) break;
      if (character === "," && depth === 1) parts.push("");
      else if (depth === 1) parts[parts.length - 1] += character;
    }
    return { type: match[1] ?? "", names: parts.flatMap((part) => name.exec(part)?.[1] ?? []) };
  });
}

const toCamelCase = (name: string) => name.replace(/_(\w)/g, (_, letter: string) => letter.toUpperCase());

test("the program for several accounts in docs/languages.md gives the plugin what its schema has", () => {
  const text = readFileSync(join(ROOT, "docs", "languages.md"), "utf8");
  const snippet = /```yaml\n(resources:\n(?:.*\n)*?)```/.exec(text)?.[1] ?? "";
  const given = READERS.yaml(snippet);
  expect(given.map(({ type }) => type)).toEqual(["pulumi:providers:alicloud-vod", "VodCacheRefresh", "Source"]);
  for (const { type, names } of given) {
    const token = `alicloud-vod:index:${type}`;
    const known = resources[token]?.inputProperties ?? types[token]?.properties ?? provider.inputProperties;
    expect(Object.keys(known), type).toEqual(expect.arrayContaining(names));
  }
});

const outputs = ["taskIds", "status"];
const written = languages.flatMap((language) => {
  const read = (page: string) => readSnippets([language], [page])[0]?.code ?? "";
  const example = readFileSync(join(EXAMPLES, language, LANGUAGES[language].program), "utf8");
  return [
    {
      place: `examples/${language}`,
      language,
      text: example,
      exported: [...outputs, "preloadTaskIds", "preloadStatus"],
    },
    { place: `docs/_index.md in ${language}`, language, text: read("docs/_index.md"), exported: outputs },
    { place: `README.md in ${language}`, language, text: read("README.md"), exported: [] },
  ];
});
describe.each(written)("$place", ({ language, text, exported }) => {
  const isFirst = exported.length === 0;

  test("gives the plugin what its schema has", () => {
    const given = READERS[language](text);
    const others = isFirst ? [] : ["AwaitedRefresh", "VodCachePreload"];
    expect(given.map(({ type }) => type)).toEqual(expect.arrayContaining(["Source", "VodCacheRefresh", ...others]));
    for (const { type, names } of given) {
      const token = `alicloud-vod:index:${type}`;
      const known = resources[token]?.inputProperties ?? types[token]?.properties;
      expect(Object.keys(known ?? {}), type).toEqual(expect.arrayContaining(names));
      expect(names, type).not.toEqual([]);
    }
    if (isFirst) return;
    expect(given.find(({ type }) => type === "AwaitedRefresh")?.names.sort()).toEqual(
      Object.keys(types["alicloud-vod:index:AwaitedRefresh"]?.properties ?? {}).sort(),
    );
  });

  if (isFirst) return;
  test("exports the same as the others", () => {
    for (const name of exported) expect(text).toContain(name);
  });
});
