/**
 * `npm run release` makes everything of a release in `build/files/`: the npm package, the plugin's archives with their checksums, and a
 * bill of materials; and the site in `build/docs/`. Then it publishes the package. With `--dry-run` npm goes through the same steps and
 * sends nothing. The release workflow calls it, so that a dry run anywhere is the same.
 */
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { checksums } from "./archive.js";
import { findRoot } from "./bundle.js";

const { GITHUB_REF_NAME, GITHUB_REF_TYPE, GITHUB_REPOSITORY } = process.env;
const isWindows = process.platform === "win32";

function main(args: readonly string[]): void {
  const unknown = args.find((arg) => arg !== "--dry-run");
  if (unknown !== undefined) {
    console.error(`release: there is no option "${unknown}"; there is --dry-run.`);
    process.exitCode = 2;
    return;
  }
  const isDryRun = args.includes("--dry-run");
  const root = findRoot();
  const { version } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as { version: string };
  if (GITHUB_REF_TYPE === "tag" && GITHUB_REF_NAME !== `v${version}`) {
    console.error(`release: the tag is ${GITHUB_REF_NAME}, and the package's version is ${version}.`);
    process.exitCode = 1;
    return;
  }
  const files = join(root, "build/files");
  rmSync(files, { recursive: true, force: true });
  mkdirSync(files, { recursive: true });
  const npm = (...command: string[]) =>
    execFileSync("npm", command, { cwd: root, stdio: ["ignore", "pipe", "inherit"], shell: isWindows });

  // npm accepts the provenance of a package only if the package names the repository from which it comes.
  if (GITHUB_REPOSITORY) npm("pkg", "set", `repository.url=git+https://github.com/${GITHUB_REPOSITORY}.git`);
  npm("pack", "--silent", "--pack-destination", files);
  writeFileSync(join(files, "sbom.cyclonedx.json"), npm("run", "--silent", "sbom"));
  collectArchives(root, files, npm);
  npm("run", "docs");
  for (const name of readdirSync(files)) console.log(describe(join(files, name), name));

  const packed = join(files, `pulumi-alicloud-vod-${version}.tgz`);
  // A version before 1.0 with a suffix, such as 0.2.0-beta.1, isn't what `npm install` takes by default.
  const tag = version.includes("-") ? "next" : "latest";
  const how = isDryRun ? ["--dry-run"] : ["--provenance"];
  console.log(npm("publish", packed, "--access", "public", "--tag", tag, ...how).toString());
  console.log(isDryRun ? "Nothing was published." : `Published ${version}.`);
}

/** The plugin for each platform. Executables, where there are any, take the place of the archives of their platforms. */
function collectArchives(root: string, files: string, npm: (...command: string[]) => Buffer): void {
  npm("run", "plugin");
  for (const from of ["build/plugin", "build/executables"]) {
    for (const name of listNames(join(root, from))) {
      if (name.endsWith(".tar.gz")) cpSync(join(root, from, name), join(files, name));
    }
  }
  const archives = listNames(files).filter((name) => name.endsWith(".tar.gz"));
  const [first = ""] = archives;
  const contents = archives.map((name) => ({ name, content: readFileSync(join(files, name)) }));
  writeFileSync(join(files, first.replace(/-[a-z]+-[a-z0-9]+\.tar\.gz$/, "-checksums.txt")), checksums(contents));
}

function listNames(directory: string): string[] {
  try {
    return readdirSync(directory).sort();
  } catch {
    return [];
  }
}

function describe(path: string, name: string): string {
  const sum = createHash("sha256").update(readFileSync(path)).digest("hex").slice(0, 12);
  return `${name}: ${Math.ceil(statSync(path).size / 1000)} kB, sha256 ${sum}…`;
}

main(process.argv.slice(2));
