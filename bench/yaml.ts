/** A program in YAML on the Pulumi CLI, with the resources of the programs in JavaScript. Its files go with it. */
import { execFile } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { cliVariables } from "../test/engine/realCli.js";
import { ROOT } from "./report.js";

const { resourceArgs } = require(join(ROOT, "bench/program/args.js")) as {
  resourceArgs(resources: number, paths: number): [name: string, args: object][];
};

export class YamlProgram {
  private readonly home = mkdtempSync(join(tmpdir(), "bench-yaml-"));

  constructor(
    resources: number,
    paths: number,
    private readonly environment: Record<string, string>,
  ) {
    mkdirSync(join(this.home, "program"));
    const declared = resourceArgs(resources, paths).map(([name, properties]) => [
      name,
      { type: "alicloud-vod:VodCacheRefresh", properties },
    ]);
    // JSON is valid YAML.
    const program = { name: "bench", runtime: "yaml", resources: Object.fromEntries(declared) };
    writeFileSync(join(this.home, "program", "Pulumi.yaml"), JSON.stringify(program));
  }

  async pulumi(...args: string[]): Promise<string> {
    const { stdout } = await promisify(execFile)("pulumi", [...args, "--non-interactive"], {
      cwd: join(this.home, "program"),
      env: {
        ...process.env,
        ...this.environment,
        ...cliVariables(this.home, "bench"),
      },
      maxBuffer: Number.MAX_SAFE_INTEGER,
    });
    return stdout;
  }

  close(): void {
    rmSync(this.home, { recursive: true, force: true, maxRetries: 3 });
  }
}
