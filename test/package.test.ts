import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";

const ROOT = join(__dirname, "..");
const QUICKSTART = join(ROOT, "examples/quickstart");

/** Runs a script in the quickstart, which resolves the package as any program does. */
const run = (...args: string[]) => execFileSync(process.execPath, args, { cwd: QUICKSTART, encoding: "utf8" }).trim();

interface Packed {
  filename: string;
  files: { path: string; size: number }[];
}

/** The file that npm would publish, and what is in it. */
function pack(): Packed {
  const directory = mkdtempSync(join(tmpdir(), "packed-"));
  const command = ["pack", "--json", "--ignore-scripts", "--pack-destination", directory];
  const shell = process.platform === "win32";
  const [packed] = JSON.parse(execFileSync("npm", command, { cwd: ROOT, encoding: "utf8", shell }));
  return { ...packed, filename: join(directory, packed.filename) };
}

describe("the packed file", () => {
  const { filename, files } = pack();
  const paths = files.map(({ path }) => path);

  test("has what programs need, the plugin beside it, and the pages that errors name", () => {
    const rooms = new Set(paths.map((path) => path.replace(/^((?:dist\/)?[^/]+)\/.*$/s, "$1/")));
    expect([...rooms].sort()).toEqual([
      "CHANGELOG.md",
      "LICENSE",
      "README.md",
      "SECURITY.md",
      "dist/emulator/",
      "dist/provider/",
      "dist/sdk/",
      "docs/",
      "emulator/",
      "package.json",
      "plugin/",
    ]);
    expect(paths.filter((path) => path.startsWith("plugin/"))).toEqual([
      "plugin/LICENSES.txt",
      "plugin/package.json",
      "plugin/plugin.js",
      "plugin/pulumi-resource-alicloud-vod",
      "plugin/pulumi-resource-alicloud-vod.cmd",
      "plugin/PulumiPlugin.yaml",
      "plugin/start.js",
    ]);
    const messages = readFileSync(join(ROOT, "docs/messages.md"), "utf8");
    const named = [...messages.matchAll(/docs\/\S+\.md(?= in the package)/g)].map(([page]) => page);
    expect(named.length).toBeGreaterThan(0);
    expect(paths).toEqual(expect.arrayContaining(named));
  });

  test("has no sources, no source maps, no tests, and of the provider only what Node.js programs load", () => {
    const rest = paths.filter(
      (path) => !path.startsWith("plugin/") && !/\.md$|^LICENSE$|^package\.json$|^emulator\/Dockerfile$/.test(path),
    );
    expect(rest.filter((path) => !/^dist\/.*\.(js|d\.ts)$/.test(path))).toEqual([]);
    expect(rest.filter((path) => /\.test\.|^dist\/provider\/native\//.test(path))).toEqual([]);
    const compiled = rest.filter((path) => path.endsWith(".js"));
    expect(compiled.filter((path) => readFileSync(join(ROOT, path), "utf8").includes("sourceMappingURL"))).toEqual([]);
    expect(compiled.map((path) => path.replace(/\.js$/, ".d.ts")).filter((path) => !paths.includes(path))).toEqual([]);
  });

  test("is without a finding of publint", async () => {
    const { publint } = await import("publint");
    const { buffer } = new Uint8Array(readFileSync(filename));
    expect((await publint({ pack: { tarball: buffer } })).messages).toEqual([]);
  });

  test("has types that are right in every mode of module resolution that knows exports", async () => {
    const { checkPackage, createPackageFromTarballData } = await import("@arethetypeswrong/core");
    const packed = createPackageFromTarballData(new Uint8Array(readFileSync(filename)));
    const result = await checkPackage(packed);
    if (!result.types) throw new Error("The package has no types.");
    const problems = result.problems.filter(
      (problem) => !("resolutionKind" in problem) || problem.resolutionKind !== "node10",
    );
    expect(problems).toEqual([]);
    expect(Object.keys(result.entrypoints)).toEqual([".", "./provider", "./emulator", "./package.json"]);
  });
});

describe("the package", () => {
  const names =
    "ContentHashError,VodCachePreload,VodCacheRefresh,VodSiteRelease,getVodRefreshQuota,getVodRefreshQuotaOutput,getVodRefreshTasks," +
    "getVodRefreshTasksOutput,hashContent,hashFiles";

  test("runs no script when it is installed, so that npm doesn't warn of one", () => {
    const { scripts } = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8"));
    const run = /^(pre|post)?(install|prepare)$|^prepublish$/;
    expect(Object.keys(scripts).filter((name) => run.test(name))).toEqual([]);
  });

  test("is imported by CommonJS programs", () => {
    expect(run("-p", 'Object.keys(require("pulumi-alicloud-vod")).sort().join()')).toBe(names);
  });

  test("is imported by ES module programs, by name", () => {
    const script = `import { ${names} } from "pulumi-alicloud-vod"; console.log([typeof hashFiles, typeof VodCacheRefresh].join());`;
    expect(run("--input-type=module", "-e", script)).toBe("function,function");
  });

  test("loads nothing of the provider into a program but the hashing of content with its sentences, and no dependency", () => {
    const script =
      'require("pulumi-alicloud-vod"); Object.keys(require.cache).filter((path) => !/@pulumi.pulumi/.test(path)).join("\\n")';
    const withPulumi = run("-p", 'require("@pulumi/pulumi"); Object.keys(require.cache).join("\\n")').split("\n");
    const ours = run("-p", script)
      .split("\n")
      .filter((path) => !withPulumi.includes(path));
    const light = ["dist/sdk", "dist/provider/content", "dist/provider/text"].map((folder) => join(ROOT, folder));
    expect(ours.filter((path) => !light.some((folder) => path.startsWith(folder)))).toEqual([]);
  });

  test("has the emulator as an entry of its own, of which only what is documented can be imported", () => {
    const emulator = (script: string) => run("--input-type=module", "-e", script);
    expect(run("-p", 'Object.keys(require("pulumi-alicloud-vod/emulator")).join()')).toBe("startEmulator");
    const script =
      'import { startEmulator } from "pulumi-alicloud-vod/emulator"; const emulator = await startEmulator();' +
      'emulator.publish("vod.example.com/a.txt", "a"); console.log((await emulator.view("https://vod.example.com/a.txt")).body);' +
      "await emulator.close();";
    expect(emulator(script)).toBe("a");
    expect(() => run("-e", 'require("pulumi-alicloud-vod/emulator/admin.js")')).toThrow(
      /ERR_PACKAGE_PATH_NOT_EXPORTED/,
    );
  });

  test("loads no dependency, and nothing of the provider, with the emulator", () => {
    const loaded = run("-p", 'require("pulumi-alicloud-vod/emulator"); Object.keys(require.cache).join("\\n")');
    expect(loaded.split("\n").filter((path) => !path.startsWith(join(ROOT, "dist/emulator")))).toEqual([]);
  });

  test("does not load pop-core before the first call", () => {
    const loaded = run("-p", 'require("pulumi-alicloud-vod/provider"); Object.keys(require.cache).join("\\n")');
    expect(loaded).toContain("zod");
    expect(loaded).not.toMatch(/@alicloud.pop-core/);
  });

  test("does not load what asks the edge before a program wants that", () => {
    const loaded = run("-p", 'require("pulumi-alicloud-vod/provider"); Object.keys(require.cache).join("\\n")');
    expect(loaded).toMatch(/provider.resource.verification/);
    expect(loaded).not.toMatch(/provider.edge/);
  });
});
