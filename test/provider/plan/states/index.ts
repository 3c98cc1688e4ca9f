/**
 * States as every version of the package wrote them, with the program of that deployment and what has to come of it when that
 * same program is deployed again, more than an hour later and to a service that has no record of the tasks any more.
 *
 * `1-…` are of the versions before a state told what an update cost, `1-cost-…` of those that do.
 */
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

type Properties = Record<string, unknown>;

export interface WrittenState {
  file: string;
  kind: "VodCacheRefresh" | "VodCachePreload";
  program: Properties;
  id: string;
  inputs: Properties;
  outputs: Properties;
  expected: {
    /** Whether `pulumi refresh` asks for tasks. */
    asks: boolean;
    /** Whether the next update has something left to do. */
    updates: boolean;
    /** The paths that it sends, and no others. */
    sends: string[];
  };
}

export function writtenStates(): WrittenState[] {
  const files = readdirSync(__dirname).filter((name) => name.endsWith(".json"));
  return files.map((file) => ({ file, ...JSON.parse(readFileSync(join(__dirname, file), "utf8")) }) as WrittenState);
}

/** Writes the files that the states with a `source` were written for, below a program's directory. */
export function writeSite(directory: string): void {
  mkdirSync(join(directory, "site/player"), { recursive: true });
  writeFileSync(join(directory, "site/index.html"), "index 1");
  writeFileSync(join(directory, "site/player/app.js"), "app 1");
  for (let clip = 0; clip < 300; clip++) {
    mkdirSync(join(directory, `videos/${clip}`), { recursive: true });
    writeFileSync(join(directory, `videos/${clip}/index.m3u8`), `clip ${clip}`);
  }
}
