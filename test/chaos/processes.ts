/** The processes below this one in which Pulumi runs dynamic providers. */
import { execFileSync } from "node:child_process";
import { listResting } from "../engine/warm.js";

/** Kills them at once (SIGKILL), and returns how many there were. */
export function killProviders(): number {
  const found = findProviders(process.pid);
  for (const pid of found) process.kill(pid, "SIGKILL");
  return found.length;
}

/** Windows has no `ps`: nothing is found there. */
function findProviders(parent: number): number[] {
  if (process.platform === "win32") return [];
  const rows = execFileSync("ps", ["-A", "-o", "pid=,ppid=,args="], { encoding: "utf8" }).split("\n");
  const processes = rows.flatMap((row) => {
    const [, pid, ppid, args = ""] = /^\s*(\d+)\s+(\d+)\s+(.*)$/.exec(row) ?? [];
    return pid === undefined ? [] : [{ pid: Number(pid), ppid: Number(ppid), args }];
  });
  const below = new Set([parent]);
  for (let size = 0; size !== below.size; ) {
    size = below.size;
    for (const { pid, ppid } of processes) if (below.has(ppid)) below.add(pid);
  }
  // Those that the stand-in keeps for its next operation run no provider now.
  for (const pid of listResting()) below.delete(pid);
  return processes.filter(({ pid, args }) => below.has(pid) && args.includes("dynamic-provider")).map(({ pid }) => pid);
}
