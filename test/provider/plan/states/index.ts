/**
 * States as the versions of the package wrote them, each with the program of that deployment, and with what happens
 * when the same program is deployed again, more than an hour later and to a service that has no record of the tasks any
 * more.
 *
 * A file is named after the version that wrote it. `write.ts` makes the files of the current version. Until 0.1.0 is
 * released they are made again whenever the format changes. From then on no file is ever edited or removed: a release
 * that changes what the state holds adds files of its own.
 */
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

type Properties = Record<string, unknown>;

export interface WrittenState {
  kind: "VodCacheRefresh" | "VodCachePreload";
  program: Properties;
  id: string;
  inputs: Properties;
  outputs: Properties;
  expected: {
    /** Whether `pulumi refresh` asks for tasks. */
    asks: boolean;
    /** Whether the next update has something to do. */
    updates: boolean;
    /** The paths that it sends. */
    sends: string[];
  };
}

export interface StateFile extends WrittenState {
  file: string;
}

/** Reads all files. */
export function writtenStates(): StateFile[] {
  const files = readdirSync(__dirname).filter((name) => name.endsWith(".json"));
  return files.map((file) => ({ file, ...JSON.parse(readFileSync(join(__dirname, file), "utf8")) }) as StateFile);
}

/** Writes the files of all states with a `source`, below a program's directory. */
export function writeSite(directory: string): void {
  mkdirSync(join(directory, "site/player"), { recursive: true });
  writeFileSync(join(directory, "site/index.html"), "index 1");
  writeFileSync(join(directory, "site/player/app.js"), "app 1");
  for (let clip = 0; clip < 300; clip++) {
    mkdirSync(join(directory, `videos/${clip}`), { recursive: true });
    writeFileSync(join(directory, `videos/${clip}/index.m3u8`), `clip ${clip}`);
  }
}
