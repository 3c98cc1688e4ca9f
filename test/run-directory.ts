/**
 * One directory for everything that a test run writes outside the repository. It serves the tests and their child
 * processes as the temporary directory, and holds the user's caches. It is removed at the end of the run, or by the
 * next run if this one is killed.
 */
import { accessSync, constants, mkdirSync, mkdtempSync, readdirSync, rmSync, statfsSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const PREFIX = "pulumi-alicloud-vod-test-";
/** Linux keeps this directory in memory. Tests write tens of thousands of small files, for which a disk is slow. */
const MEMORY = "/dev/shm";
/** The space that a run may need there, in bytes. */
const ROOM = 512 * 1024 * 1024;

export default function setup(): () => void {
  for (const place of [tmpdir(), MEMORY]) removeLeftOver(place);
  const directory = mkdtempSync(join(hasRoom(MEMORY) ? MEMORY : tmpdir(), `${PREFIX}${process.pid}-`));
  const cache = join(directory, "cache");
  mkdirSync(cache);
  const remove = () => rmSync(directory, { recursive: true, force: true, maxRetries: 3 });
  Object.assign(process.env, { TMPDIR: directory, TMP: directory, TEMP: directory });
  Object.assign(process.env, { XDG_CACHE_HOME: cache, LOCALAPPDATA: cache });
  // The updates of tests are no news for the summary of the step that runs them.
  delete process.env.GITHUB_STEP_SUMMARY;
  // An interrupted run ends without its teardown.
  process.once("exit", remove);
  return remove;
}

/** Removes the directories of runs whose process has ended. */
function removeLeftOver(place: string): void {
  for (const name of listNames(place)) {
    const pid = name.startsWith(PREFIX) ? Number.parseInt(name.slice(PREFIX.length), 10) : Number.NaN;
    if (pid > 0 && !isRunning(pid)) rmSync(join(place, name), { recursive: true, force: true });
  }
}

function listNames(place: string): string[] {
  try {
    return readdirSync(place);
  } catch {
    return [];
  }
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}

function hasRoom(place: string): boolean {
  try {
    accessSync(place, constants.W_OK);
    const { bavail, bsize } = statfsSync(place);
    return bavail * bsize > ROOM;
  } catch {
    return false;
  }
}
