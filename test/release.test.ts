/** The plugin as a person installs it: what `npm run plugin` makes, alone in a directory. */
import { execFileSync, spawn, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { PluginInfo } from "@pulumi/pulumi/proto/plugin_pb.js";
import * as messages from "@pulumi/pulumi/proto/provider_pb.js";
import { Empty } from "google-protobuf/google/protobuf/empty_pb.js";
import { beforeAll, describe, expect, test } from "vitest";
import { archive, checksums } from "../release/archive.js";
import { collectLicences, findPackages } from "../release/bundle.js";
import { pathsOf } from "./emulator/index.js";
import { started } from "./emulator/started.js";
import { clientOf, startEngine, urnOf } from "./provider/native/served.js";

const ROOT = join(__dirname, "..");
const TOOL = join(ROOT, "build/release/main.js");
const NAME = "pulumi-resource-alicloud-vod";
const { version, dependencies } = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8"));
const isWindows = process.platform === "win32";

/** The files of the archive for Linux, unpacked elsewhere: nothing of the repository is near. */
let unpacked: string;
beforeAll(() => {
  unpacked = mkdtempSync(join(tmpdir(), "plugin-"));
  const packed = join(ROOT, `build/plugin/${NAME}-v${version}-linux-amd64.tar.gz`);
  execFileSync("tar", ["-xzf", packed, "-C", unpacked]);
});

describe("the archives", () => {
  test("have Pulumi's names for each platform, and true checksums", () => {
    const directory = join(ROOT, "build/plugin");
    const platforms = ["darwin", "linux", "windows"].flatMap((system) => [`${system}-amd64`, `${system}-arm64`]);
    const names = platforms.map((platform) => `${NAME}-v${version}-${platform}.tar.gz`);
    expect(readdirSync(directory).sort()).toEqual([`${NAME}-v${version}-checksums.txt`, ...names].sort());
    const sums = readFileSync(join(directory, `${NAME}-v${version}-checksums.txt`), "utf8")
      .trimEnd()
      .split("\n");
    expect(sums.sort()).toEqual(
      names
        .map(
          (name) =>
            `${createHash("sha256")
              .update(readFileSync(join(directory, name)))
              .digest("hex")}  ${name}`,
        )
        .sort(),
    );
  });

  test("hold the launchers, the plugin and the licences", () => {
    expect(readdirSync(unpacked).sort()).toEqual(["LICENSES.txt", "plugin.js", "start.js", NAME, `${NAME}.cmd`].sort());
    if (!isWindows) expect(statSync(join(unpacked, NAME)).mode & 0o777).toBe(0o755);
    expect(readFileSync(join(unpacked, NAME), "utf8")).not.toContain("\r");
    expect(readFileSync(join(unpacked, `${NAME}.cmd`), "utf8").match(/(?<!\r)\n/)).toBeNull();
  });

  test("have a licence for each package that a user would install, and for those of the protocol", () => {
    const licences = readFileSync(join(unpacked, "LICENSES.txt"), "utf8");
    for (const name of [...Object.keys(dependencies), "@pulumi/pulumi", "@grpc/grpc-js", "google-protobuf"]) {
      expect(licences).toMatch(new RegExp(`^${name} \\d+\\.\\d+\\.\\d+: \\S`, "m"));
    }
    expect(licences).toContain("Apache License");
    expect(licences.match(/Permission is hereby granted, free of charge/g)?.length).toBeGreaterThan(3);
  });

  test("are the same for the same files, and tar reads them", () => {
    const files = [
      { name: "a", content: Buffer.from("1"), isExecutable: true },
      { name: "empty", content: Buffer.alloc(0), isExecutable: false },
      { name: "block", content: Buffer.alloc(512, "x"), isExecutable: false },
    ];
    const packed = archive(files);
    expect(archive(files)).toEqual(packed);
    const directory = mkdtempSync(join(tmpdir(), "archive-"));
    writeFileSync(join(directory, "a.tar.gz"), packed);
    execFileSync("tar", ["-xzf", "a.tar.gz"], { cwd: directory });
    for (const { name, content } of files) expect(readFileSync(join(directory, name))).toEqual(content);
  });

  test("have checksums as sha256sum reads them", () => {
    expect(checksums([{ name: "a", content: Buffer.from("abc") }])).toBe(
      "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad  a\n",
    );
  });
});

describe("the licences", () => {
  test("are those of each package's directory, nested ones too", () => {
    const files = ["provider/a.ts", "node_modules/zod/v4/index.js", "node_modules/a/node_modules/@b/c/d.js"];
    expect(findPackages(files)).toEqual(["node_modules/a/node_modules/@b/c", "node_modules/zod"]);
  });

  test("of a package that names none can't be collected", () => {
    const root = mkdtempSync(join(tmpdir(), "licences-"));
    mkdirSync(join(root, "node_modules/a"), { recursive: true });
    writeFileSync(join(root, "LICENSE"), "ours");
    writeFileSync(join(root, "node_modules/a/package.json"), '{ "name": "a", "version": "1.0.0" }');
    expect(() => collectLicences(root, ["node_modules/a"])).toThrow("node_modules/a doesn't say which licence it has.");
  });
});

/** Starts the launcher as an engine does, and resolves once it printed its port. */
async function start(directory: string, args: readonly string[], environment: NodeJS.ProcessEnv = {}) {
  const child = isWindows
    ? spawn("cmd", ["/c", join(directory, `${NAME}.cmd`), ...args], { env: { ...process.env, ...environment } })
    : spawn(join(directory, NAME), args, { env: { PATH: process.env.PATH, HOME: "/nonexistent", ...environment } });
  let printed = "";
  child.stderr.on("data", (chunk) => {
    printed += chunk;
  });
  const [port] = await once(createInterface({ input: child.stdout }), "line");
  return { ...clientOf(Number(port)), printed: () => printed, stop: () => child.kill("SIGKILL") };
}

describe("the plugin alone in a directory", () => {
  test("has no more to read until it prints its port than a page", () => {
    expect(statSync(join(unpacked, "plugin.js")).size).toBeLessThan(5_000);
  });

  test("says its version, and has its schema", async () => {
    const plugin = await start(unpacked, []);
    expect((await plugin.call<PluginInfo>("getPluginInfo", new Empty())).getVersion()).toBe(version);
    const response = await plugin.call<messages.GetSchemaResponse>("getSchema", new messages.GetSchemaRequest());
    expect(JSON.parse(response.getSchema())).toMatchObject({ name: "alicloud-vod", version });
    plugin.stop();
  });

  test("refreshes, with the lines beside the resource; no request is printed, also with DEBUG", async () => {
    const emulator = await started();
    const engine = await startEngine();
    // A copy of the vendor's client is near, as it is in the npm package.
    const near = join(mkdtempSync(join(tmpdir(), "near-")), "plugin");
    cpSync(unpacked, near, { recursive: true });
    cpSync(join(ROOT, "node_modules/@alicloud/pop-core"), join(near, "../node_modules/@alicloud/pop-core"), {
      recursive: true,
    });
    for (const name of ["httpx", "debug", "ms"]) {
      cpSync(join(ROOT, "node_modules", name), join(near, "../node_modules", name), { recursive: true });
    }
    const plugin = await start(near, [engine.address], {
      ALICLOUD_ACCESS_KEY: emulator.accessKeyId,
      ALICLOUD_SECRET_KEY: emulator.accessKeySecret,
      VOD_ENDPOINT: emulator.endpoint,
      DEBUG: "*",
    });
    await plugin.configure({});
    const { inputs } = await plugin.check(urnOf(), { paths: ["https://vod.example.com/a"], contentHash: "v1" });
    const { outputs } = await plugin.create(urnOf(), inputs);
    expect(outputs.refreshed).toEqual(["https://vod.example.com/a"]);
    expect(emulator.received.flatMap(pathsOf)).toEqual(["https://vod.example.com/a"]);
    expect(engine.lines.map(({ urn }) => urn)).toContain(urnOf());
    expect(plugin.printed()).not.toMatch(/Signature|AccessKeyId/);
    plugin.stop();
  });

  test.skipIf(isWindows)("says what to install where there is no Node.js", () => {
    const path = mkdtempSync(join(tmpdir(), "no-node-"));
    const { status, stderr, stdout } = spawnSync("/bin/sh", [join(unpacked, NAME)], {
      env: { PATH: path },
      encoding: "utf8",
    });
    expect([status, stdout]).toEqual([1, ""]);
    expect(stderr).toBe(
      "The plugin alicloud-vod needs Node.js 20.19 or newer, and no node is on the PATH. Install Node.js from https://nodejs.org.\n",
    );
  });
});

test("an option that is none is refused", () => {
  const { status, stderr } = spawnSync(process.execPath, [TOOL, "--exe"], { encoding: "utf8" });
  expect([status, stderr]).toEqual([
    2,
    'plugin: there is no option "--exe"; there are --directory and --executable.\n',
  ]);
});
