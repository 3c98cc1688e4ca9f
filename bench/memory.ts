/** Reads the memory of the processes in which Pulumi runs providers, if the system tells it (Linux does). */
import { readdirSync, readFileSync } from "node:fs";

const EVERY_MS = 50;

/**
 * Watches the provider processes below this one until the returned function is called, which returns the highest peak RSS in MB: the
 * process that only looks for the host has the name in its command line too.
 *
 * @param part of its command line. Default: that of Pulumi's host of dynamic providers.
 */
export function watchProvider(part = "dynamic-provider"): () => number | undefined {
  let peak: number | undefined;
  const look = () => {
    for (const pid of providersBelow(String(process.pid), part)) {
      // The system keeps the peak, so that only what comes after the last look is missed.
      const kilobytes = /^VmHWM:\s+(\d+)/m.exec(read(`/proc/${pid}/status`))?.[1];
      if (kilobytes !== undefined) peak = Math.max(peak ?? 0, Number(kilobytes) / 1024);
    }
  };
  const timer = setInterval(look, EVERY_MS);
  return () => {
    clearInterval(timer);
    return peak;
  };
}

function providersBelow(root: string, part: string): string[] {
  const parents = new Map(pids().map((pid) => [pid, parentOf(pid)]));
  const isBelow = (pid: string | undefined): boolean =>
    pid === root || (pid !== undefined && isBelow(parents.get(pid)));
  return [...parents.keys()].filter((pid) => isBelow(pid) && read(`/proc/${pid}/cmdline`).includes(part));
}

/** The name of the program stands in parentheses and may have any characters. */
function parentOf(pid: string): string | undefined {
  return /.*\) \S (\d+)/s.exec(read(`/proc/${pid}/stat`))?.[1];
}

function pids(): string[] {
  try {
    return readdirSync("/proc").filter((name) => /^\d+$/.test(name));
  } catch {
    return [];
  }
}

/** Empty if there is no such file, or no longer. */
function read(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}
