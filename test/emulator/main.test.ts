import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { describe, expect, test } from "vitest";
import { parseFlags } from "../../emulator/flags.js";
import { call } from "./caller.js";
import { started } from "./started.js";

const ROOT = resolve(__dirname, "../..");
/** Compiled before the tests. */
const PROGRAM = join(ROOT, "dist/emulator/main.js");

interface Ended {
  code: number | null;
  out: string;
  err: string;
}

function run(args: string[]): { child: ChildProcess; firstLine: Promise<string>; ended: Promise<Ended> } {
  const child = spawn(process.execPath, [PROGRAM, ...args]);
  let out = "";
  let err = "";
  child.stderr.on("data", (chunk) => {
    err += chunk;
  });
  const firstLine = new Promise<string>((done) => {
    child.stdout.on("data", (chunk) => {
      out += chunk;
      if (out.includes("\n")) done(out);
    });
  });
  const ended = new Promise<Ended>((done) => child.on("close", (code) => done({ code, out, err })));
  return { child, firstLine, ended };
}

describe("pulumi-alicloud-vod-emulator", () => {
  test.each(["SIGINT", "SIGTERM"] as const)(
    "the emulator prints where it is, serves, and leaves nothing behind after %s",
    async (signal) => {
      const { child, firstLine, ended } = run([
        "--port",
        "0",
        "--domain",
        "a.example.com",
        "--domain",
        "B.example.com",
      ]);
      const where = JSON.parse(await firstLine);
      expect(Object.keys(where).join(" ")).toBe("endpoint edge nodes origin accessKeyId accessKeySecret domains");
      expect(where.nodes).toEqual([{ http: where.edge }]);
      expect(where.domains).toEqual(["a.example.com", "b.example.com"]);
      expect(existsSync(join(where.origin, "a.example.com"))).toBe(true);
      expect(await call(where, "DescribeVodRefreshQuota")).toMatchObject({ status: 200 });
      child.kill(signal);
      expect(await ended).toMatchObject({ code: 0, err: "" });
      expect((await ended).out.split("\n")).toHaveLength(2);
      expect(existsSync(where.origin)).toBe(false);
    },
  );

  test.skipIf(process.platform === "win32")(
    "the emulator ends with npm, even if the shell passes no signal on",
    async () => {
      const command = `"${process.execPath}" "${PROGRAM}" && true`;
      const env = { ...process.env, npm_lifecycle_event: "emulator" };
      const shell = spawn("sh", ["-c", command], { env });
      const line = await new Promise<string>((done) => shell.stdout.once("data", (chunk) => done(String(chunk))));
      const { origin } = JSON.parse(line);
      expect(existsSync(origin)).toBe(true);
      // The output closes when the emulator ends, which is after the shell.
      const ended = new Promise((done) => shell.on("close", done));
      shell.kill("SIGTERM");
      await ended;
      expect(existsSync(origin)).toBe(false);
    },
  );

  test("a given security token has to come with each call", async () => {
    const { child, firstLine, ended } = run(["--security-token", "token-1"]);
    const where = JSON.parse(await firstLine);
    expect(where.securityToken).toBe("token-1");
    expect(await call(where, "DescribeVodRefreshQuota", { SecurityToken: "token-1" })).toMatchObject({ status: 200 });
    expect(await call(where, "DescribeVodRefreshQuota")).toMatchObject({ status: 400 });
    child.kill("SIGTERM");
    expect((await ended).code).toBe(0);
  });

  test("the ports of the API and of the edge are given, and the address they are on", async () => {
    // Free a moment ago, and in this order hardly ever taken since.
    const free = Number(new URL((await started({ nodes: 2, https: true })).nodes[0]?.http ?? "").port);
    const edgePort = free > 60_000 ? free - 20_000 : free + 5_000;
    const args = ["--edge-port", String(edgePort), "--nodes", "2", "--https", "--host", "0.0.0.0"];
    const { child, firstLine, ended } = run(args);
    const where = JSON.parse(await firstLine);
    expect(where.nodes).toEqual(
      [0, 1].map((node) => ({
        http: `http://127.0.0.1:${edgePort + node}`,
        https: `https://127.0.0.1:${edgePort + 2 + node}`,
      })),
    );
    expect(await call(where, "DescribeVodRefreshQuota")).toMatchObject({ status: 200 });
    child.kill("SIGTERM");
    expect((await ended).code).toBe(0);
  });

  test("the container runs it with flags that it has, at the ports that it exposes", () => {
    const recipe = readFileSync(join(ROOT, "emulator/Dockerfile"), "utf8");
    const [, program, ...flags] = JSON.parse(/^ENTRYPOINT (.*)$/m.exec(recipe)?.[1] ?? "[]");
    expect(existsSync(join(ROOT, "dist", program))).toBe(true);
    const { port, edgePort, host } = parseFlags(flags);
    expect(/^EXPOSE (.*)$/m.exec(recipe)?.[1]).toBe(`${port} ${edgePort}`);
    expect(host).toBe("0.0.0.0");
    expect(recipe).toMatch(/^FROM node:\d+-alpine$/m);
  });

  test("its flags are shown", async () => {
    const { code, out, err } = await run(["--help"]).ended;
    expect({ code, err }).toEqual({ code: 0, err: "" });
    expect(out).toMatch(/^Usage: pulumi-alicloud-vod-emulator \[--port N\]/);
  });

  test("nodes, their lags, TLS and configurations are given", async () => {
    const configs = JSON.stringify({ "vod.example.com": { authKey: "k" } });
    const edge = [
      "--nodes",
      "3",
      "--lag",
      "1=30000",
      "--lag",
      "2=never",
      "--parent",
      "--lag",
      "parent=5",
      "--https",
      "--configs",
      configs,
    ];
    const { child, firstLine, ended } = run(edge);
    const where = JSON.parse(await firstLine);
    expect(where.nodes).toHaveLength(3);
    expect(new Set(where.nodes.flatMap(Object.values)).size).toBe(6);
    expect(readFileSync(where.authorityFile, "utf8")).toMatch(/^-----BEGIN CERTIFICATE-----\n/);
    const state = await (await fetch(`${where.endpoint}/_emulator`)).json();
    expect(state).toMatchObject({
      lags: { 0: 0, 1: 30_000, 2: "never", parent: 5 },
      configs: { "vod.example.com": { authKey: "(set)" } },
    });
    child.kill("SIGTERM");
    expect((await ended).code).toBe(0);
    expect(existsSync(where.authorityFile)).toBe(false);
  });

  test("a given origin directory stays", async () => {
    const origin = mkdtempSync(join(tmpdir(), "vod-given-origin-"));
    const { child, firstLine, ended } = run(["--origin", origin, "--task-delay", "50"]);
    expect(JSON.parse(await firstLine).origin).toBe(origin);
    child.kill("SIGTERM");
    expect((await ended).code).toBe(0);
    expect(existsSync(origin)).toBe(true);
    rmSync(origin, { recursive: true });
  });

  test.each([
    [["--prot", "1"], "emulator: There is no flag --prot."],
    [["--port", "80a"], 'emulator: --port wants a whole number from 0 to 65535, not "80a".'],
    [["--port", "65536"], 'emulator: --port wants a whole number from 0 to 65535, not "65536".'],
    [["--port"], "emulator: --port wants a value."],
    [["--task-delay", "-1"], "emulator: --task-delay wants a value."],
    [["--domain", "*.example.com"], 'emulator: --domain wants a host name like vod.example.com, not "*.example.com".'],
    [["--origin", ""], "emulator: --origin wants a directory."],
    [["--security-token="], "emulator: --security-token wants a token."],
    [["--task-delay=-1"], 'emulator: --task-delay wants a whole number from 0 to 86400000, not "-1".'],
    [["--unforced", "keep"], 'emulator: --unforced wants one of drop, revalidate, not "keep".'],
    [["--edge-port", "edge"], 'emulator: --edge-port wants a whole number from 0 to 65535, not "edge".'],
    [["--host", ""], "emulator: --host wants an address."],
    [["--nodes", "0"], 'emulator: --nodes wants a whole number from 1 to 100, not "0".'],
    [["--lag", "1"], 'emulator: --lag wants a node and its lag, such as 1=30000 or 1=never, not "1".'],
    [["--configs", '{"a.example.com":{"gzip":true}}'], 'There is no field "gzip" here'],
    [["now"], 'emulator: "now" is not a flag.'],
  ])("%j is refused with one sentence and exit code 2", async (args, sentence) => {
    const { code, out, err } = await run(args).ended;
    expect({ code, out }).toEqual({ code: 2, out: "" });
    expect(err).toMatch(/^[^\n]+ Usage: pulumi-alicloud-vod-emulator [^\n]+\n$/);
    expect(err).toContain(sentence);
  });

  test("a lag of a node that there isn't is reported", async () => {
    const { code, err } = await run(["--lag", "1=never"]).ended;
    expect({ code, err }).toEqual({ code: 1, err: 'emulator: There is no node "1"; there are 0.\n' });
  });

  test("an address of another machine is reported", async () => {
    const { code, err } = await run(["--host", "192.0.2.1"]).ended;
    const sentence = "192.0.2.1 is no address of this machine. Choose 127.0.0.1, or 0.0.0.0 for all.";
    expect({ code, err }).toEqual({ code: 1, err: `emulator: ${sentence}\n` });
  });

  test("a port that is in use is reported", async () => {
    const port = new URL((await started()).endpoint).port;
    const { code, out, err } = await run(["--port", port]).ended;
    expect({ code, out }).toEqual({ code: 1, out: "" });
    expect(err).toBe(`emulator: Port ${port} of 127.0.0.1 is in use. Choose another, or 0.\n`);
  });
});
