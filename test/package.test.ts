import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";

const ROOT = join(__dirname, "..");
const QUICKSTART = join(ROOT, "examples/quickstart");

/** Runs a script in the quickstart, which resolves the package as any program does. */
const run = (...args: string[]) => execFileSync(process.execPath, args, { cwd: QUICKSTART, encoding: "utf8" }).trim();

describe("the package", () => {
  const names =
    "ContentHashError,VodCachePreload,VodCacheRefresh,VodSiteRelease,getVodRefreshQuota,getVodRefreshQuotaOutput,getVodRefreshTasks," +
    "getVodRefreshTasksOutput,hashContent,hashFiles";

  test("runs no script when it is installed, so that npm doesn't warn of one", () => {
    const { scripts } = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8"));
    const run = /^(pre|post)?(install|prepare)$|^prepublish$/;
    expect(Object.keys(scripts).filter((name) => run.test(name))).toEqual([]);
  });

  test("has what programs and readers need, the plugin beside it, and no tests", () => {
    const command = ["pack", "--dry-run", "--json", "--ignore-scripts"];
    const shell = process.platform === "win32";
    const [packed] = JSON.parse(execFileSync("npm", command, { cwd: ROOT, encoding: "utf8", shell }));
    const files: string[] = packed.files.map(({ path }: { path: string }) => path);
    const rooms = new Set(files.map((path) => path.replace(/^((?:dist\/)?[^/]+)\/.*$/s, "$1/")));
    expect([...rooms].sort()).toEqual([
      "CHANGELOG.md",
      "LICENSE",
      "README.md",
      "SECURITY.md",
      "dist/provider/",
      "dist/sdk/",
      "docs/",
      "package.json",
      "plugin/",
      "provider/",
      "sdk/",
    ]);
    expect(files.filter((path) => path.startsWith("plugin/"))).toEqual([
      "plugin/LICENSES.txt",
      "plugin/package.json",
      "plugin/plugin.js",
      "plugin/pulumi-resource-alicloud-vod",
      "plugin/pulumi-resource-alicloud-vod.cmd",
      "plugin/PulumiPlugin.yaml",
      "plugin/start.js",
    ]);
    expect(files.filter((path) => path.includes(".test."))).toEqual([]);
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
