/**
 * Finds what npm installs for a package: how many packages its dependencies are, and how large they are on the disk.
 */
import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";

/** An entry of package-lock.json. */
interface Locked {
  link?: boolean;
  dependencies?: Record<string, string>;
  optionalDependencies?: Record<string, string>;
  peerDependencies?: Record<string, string>;
  peerDependenciesMeta?: Record<string, { optional?: boolean }>;
}

interface Installed {
  packages: number;
  bytes: number;
}

/**
 * Finds what the dependencies of a package add to those of `@pulumi/pulumi`, without the package itself.
 *
 * @param root where package-lock.json and node_modules are.
 */
export function installedOverPulumi(root: string): { ours: Installed; pulumi: Installed } {
  const lock = JSON.parse(readFileSync(join(root, "package-lock.json"), "utf8")) as {
    packages: Record<string, Locked>;
  };
  const closureOf = (names: readonly string[]) => closure(lock.packages, names);
  const pulumi = closureOf(["@pulumi/pulumi"]);
  const own = Object.keys(lock.packages[""]?.dependencies ?? {});
  const added = new Set([...closureOf(own)].filter((path) => !pulumi.has(path)));
  return { ours: sizeOf(root, added), pulumi: sizeOf(root, pulumi) };
}

/**
 * The paths in node_modules of packages and of everything that they need. An optional package that isn't there isn't
 * needed.
 */
function closure(packages: Record<string, Locked>, names: readonly string[]): Set<string> {
  const found = new Set<string>();
  const add = (from: string, name: string): void => {
    const path = placeOf(packages, from, name);
    if (path === undefined || found.has(path)) return;
    found.add(path);
    const { dependencies, optionalDependencies, peerDependencies, peerDependenciesMeta } = packages[path] ?? {};
    const peers = Object.keys(peerDependencies ?? {}).filter((peer) => !peerDependenciesMeta?.[peer]?.optional);
    for (const need of [...Object.keys({ ...dependencies, ...optionalDependencies }), ...peers]) add(path, need);
  };
  for (const name of names) add("", name);
  return found;
}

/** Where Node finds a package that another one imports. */
function placeOf(packages: Record<string, Locked>, from: string, name: string): string | undefined {
  const path = from === "" ? `node_modules/${name}` : `${from}/node_modules/${name}`;
  if (path in packages) return path;
  return from === ""
    ? undefined
    : placeOf(packages, from.slice(0, Math.max(0, from.lastIndexOf("/node_modules/"))), name);
}

function sizeOf(root: string, paths: ReadonlySet<string>): Installed {
  const bytes = [...paths].map((path) => bytesBelow(join(root, path)));
  return { packages: paths.size, bytes: bytes.reduce((sum, each) => sum + each, 0) };
}

/** The size of a package's files, without the packages in it. */
function bytesBelow(directory: string): number {
  let bytes = 0;
  for (const entry of readdirSync(directory, { withFileTypes: true })) {
    const path = join(directory, entry.name);
    if (entry.isFile()) bytes += statSync(path).size;
    else if (entry.isDirectory() && entry.name !== "node_modules") bytes += bytesBelow(path);
  }
  return bytes;
}
