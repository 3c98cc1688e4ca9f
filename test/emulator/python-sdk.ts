/**
 * Installs, finds and runs the official Python SDKs, which lie below `node_modules`.
 */
import { execFile } from "node:child_process";
import { mkdirSync, statSync } from "node:fs";
import { mkdtemp, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);

/** The current SDK signs with version 3, the one before it with version 1. */
const PACKAGES = ["alibabacloud_vod20170321==3.12.1", "aliyun-python-sdk-core==2.16.1"];
/** The usual place for the files of a project's tools; `npm ci` clears it. */
const CACHE = join(process.cwd(), "node_modules/.cache");
const INSTALL_TIMEOUT = 90_000;
const RUN_TIMEOUT = 60_000;

/** Returns the directory with the SDKs, or undefined if they aren't installed or don't work with this Python. */
export async function findPythonSdks(): Promise<string | undefined> {
  try {
    const directory = await sdkDirectory();
    if (!isOwn(directory)) return undefined;
    await python(directory, ["-c", "import alibabacloud_vod20170321.client, aliyunsdkcore.client"]);
    return directory;
  } catch {
    return undefined;
  }
}

/** Installs the SDKs if they are missing. Throws without Python, pip or a registry. */
export async function installPythonSdks(): Promise<void> {
  const directory = await sdkDirectory();
  if (!isOwn(directory)) await install(directory);
}

async function sdkDirectory(): Promise<string> {
  return join(CACHE, ["vod-python-sdks", await pythonVersion(), ...PACKAGES].join("-").replaceAll("==", "-"));
}

/** Runs a script with the SDKs, and returns the JSON that it prints. */
export async function runPython(sdks: string, script: string, input: object): Promise<unknown> {
  return JSON.parse(await python(sdks, [script, JSON.stringify(input)]));
}

/** Runs Python with the SDKs; `-S` leaves out the packages that are installed on this machine. */
async function python(sdks: string, args: string[]): Promise<string> {
  const env = { ...process.env, PYTHONPATH: sdks, PYTHONDONTWRITEBYTECODE: "1", NO_PROXY: "127.0.0.1" };
  return (await run("python3", ["-S", ...args], { env, timeout: RUN_TIMEOUT })).stdout;
}

/** Compiled packages work with one version of Python only. */
async function pythonVersion(): Promise<string> {
  const { stdout } = await run("python3", ["-S", "-c", "import sys; print(sys.implementation.cache_tag)"]);
  return stdout.trim();
}

/**
 * Installs into a temporary directory and renames it at the end, so that an interrupted or parallel run leaves nothing
 * half done.
 */
async function install(directory: string): Promise<void> {
  mkdirSync(CACHE, { recursive: true });
  const unfinished = await mkdtemp(`${directory}.`);
  const pip = ["-m", "pip", "install", "--quiet", "--retries", "1", "--target", unfinished, ...PACKAGES];
  try {
    await run("python3", pip, { timeout: INSTALL_TIMEOUT });
    await rename(unfinished, directory);
  } catch (error) {
    await rm(unfinished, { recursive: true, force: true });
    // A parallel run may have been faster.
    if (!isOwn(directory)) throw error;
  }
}

/** Whether the directory is there and belongs to this user: the code of another user is not run. */
function isOwn(directory: string): boolean {
  return statSync(directory, { throwIfNoEntry: false })?.uid === process.getuid?.();
}
