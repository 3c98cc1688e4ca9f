/**
 * The official Python SDKs, where `npm run python-sdks` has installed them among the project's installed packages.
 */
import { execFile } from "node:child_process";
import { mkdirSync, statSync } from "node:fs";
import { mkdtemp, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);

/** The last generation signs version 3, the one before it version 1. */
const PACKAGES = ["alibabacloud_vod20170321==3.12.1", "aliyun-python-sdk-core==2.16.1"];
/** Where the tools of a project keep what they make; `npm ci` clears it. */
const CACHE = join(process.cwd(), "node_modules/.cache");
const INSTALL_TIMEOUT = 90_000;
const RUN_TIMEOUT = 60_000;

/** The directory with the SDKs; undefined where they aren't installed, or don't work with the Python that is there. */
export async function findPythonSdks(): Promise<string | undefined> {
  try {
    const directory = await sdkDirectory();
    if (!isOurs(directory)) return undefined;
    await python(directory, ["-c", "import alibabacloud_vod20170321.client, aliyunsdkcore.client"]);
    return directory;
  } catch {
    return undefined;
  }
}

/** Installs them, unless they are there. Throws where there is no Python, no pip or no registry. */
export async function installPythonSdks(): Promise<void> {
  const directory = await sdkDirectory();
  if (!isOurs(directory)) await install(directory);
}

async function sdkDirectory(): Promise<string> {
  return join(CACHE, ["vod-python-sdks", await pythonVersion(), ...PACKAGES].join("-").replaceAll("==", "-"));
}

/** Runs a script with the SDKs and reads the JSON that it prints. */
export async function runPython(sdks: string, script: string, input: object): Promise<unknown> {
  return JSON.parse(await python(sdks, [script, JSON.stringify(input)]));
}

/** `-S`: with the SDKs and the standard library alone, not with what this machine has installed beside them. */
async function python(sdks: string, args: string[]): Promise<string> {
  const env = { ...process.env, PYTHONPATH: sdks, PYTHONDONTWRITEBYTECODE: "1", NO_PROXY: "127.0.0.1" };
  return (await run("python3", ["-S", ...args], { env, timeout: RUN_TIMEOUT })).stdout;
}

/** Compiled packages fit one version of Python. */
async function pythonVersion(): Promise<string> {
  const { stdout } = await run("python3", ["-S", "-c", "import sys; print(sys.implementation.cache_tag)"]);
  return stdout.trim();
}

/** Installs beside it and renames when it is whole, so that a parallel or a broken run leaves nothing half done. */
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
    if (!isOurs(directory)) throw error;
  }
}

/** Whether it is there and was made by this user: code of somebody else is not run. */
function isOurs(directory: string): boolean {
  return statSync(directory, { throwIfNoEntry: false })?.uid === process.getuid?.();
}
