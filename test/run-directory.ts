/**
 * One directory for all that a test run writes outside the repository: it is what the tests and their child processes take for the
 * system's temporary directory, and holds the user's caches. It goes with the run. A run that is killed can't remove its own, so
 * the next one does.
 */
import { accessSync, constants, mkdirSync, mkdtempSync, readdirSync, rmSync, statfsSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const PREFIX = "pulumi-alicloud-vod-test-";
/** Linux keeps it in memory: tests write tens of thousands of small files, which takes a disk longer than all else. */
const MEMORY = "/dev/shm";
/** What a run may need there, in bytes. */
const ROOM = 512 * 1024 * 1024;

export default function setup(): () => void {
  for (const place of [tmpdir(), MEMORY]) removeLeftOver(place);
  const directory = mkdtempSync(join(hasRoom(MEMORY) ? MEMORY : tmpdir(), `${PREFIX}${process.pid}-`));
  const cache = join(directory, "cache");
  mkdirSync(cache);
  const remove = () => rmSync(directory, { recursive: true, force: true, maxRetries: 3 });
  Object.assign(process.env, { TMPDIR: directory, TMP: directory, TEMP: directory });
  Object.assign(process.env, { XDG_CACHE_HOME: cache, LOCALAPPDATA: cache });
  // An interrupted run ends without its teardown.
  process.once("exit", remove);
  return remove;
}

/** Removes the directories of runs whose process is no more. */
function removeLeftOver(place: string): void {
  for (const name of namesIn(place)) {
    const pid = name.startsWith(PREFIX) ? Number.parseInt(name.slice(PREFIX.length), 10) : Number.NaN;
    if (pid > 0 && !isRunning(pid)) rmSync(join(place, name), { recursive: true, force: true });
  }
}

function namesIn(place: string): string[] {
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
