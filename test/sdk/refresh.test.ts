import { mkdtempSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as pulumi from "@pulumi/pulumi";
import { afterAll, describe, expect, test } from "vitest";
import { VodCacheRefresh } from "../../sdk/index.js";

/** What the program registers: Pulumi's own mocks stand in for the engine. */
const registered: pulumi.runtime.MockResourceArgs[] = [];
pulumi.runtime.setMocks({
  newResource: (args) => {
    registered.push(args);
    return { id: `${args.name}-id`, state: { ...args.inputs, taskIds: ["1"], status: "Submitted" } };
  },
  call: () => ({}),
});

const settled = <T>(output: pulumi.Output<T>) => new Promise<T>((resolve) => output.apply(resolve));

const args = { paths: ["https://vod.example.com/a"], contentHash: "v1" };

describe("VodCacheRefresh in a program", () => {
  test("registers its inputs, its name and a constant text, and has the provider's outputs", async () => {
    const refresh = new VodCacheRefresh("player", args);
    expect(await settled(refresh.taskIds)).toEqual(["1"]);
    expect(await settled(refresh.paths)).toEqual(["https://vod.example.com/a"]);
    expect(await settled(refresh.pending)).toBeUndefined();
    expect(registered.at(-1)).toMatchObject({
      type: "pulumi-nodejs:dynamic/alicloud-vod:VodCacheRefresh",
      name: "player",
      inputs: { ...args, __resourceName: "player" },
    });
  });
});

test("can't be imported or looked up, and says what to do", () => {
  for (const opts of [{ import: "70422" }, { id: "70422" }]) {
    expect(() => new VodCacheRefresh("player", args, opts)).toThrow(
      /^VodCacheRefresh "player" can't be imported or looked up: .* with `refreshOnCreate: false` if nothing is to be sent\.$/,
    );
  }
});

describe("the text from which Pulumi's provider process makes the provider", () => {
  const text = async () => {
    await settled(new VodCacheRefresh("text", args).status);
    return registered.at(-1)?.inputs.__provider as string;
  };
  const directory = mkdtempSync(join(tmpdir(), "provider-text-"));
  afterAll(() => rmSync(directory, { recursive: true }));

  /** Runs it as the provider process does: in a directory, as CommonJS, by calling what it exports as `handler`. */
  const load = (code: string, from: string) => {
    const exports: { handler?: () => unknown } = {};
    new Function("exports", "require", code)(exports, createRequire(join(from, "program.js")));
    return exports.handler?.();
  };

  // States keep it, and deletes run it: a change would show as an update of every resource.
  test("never changes", async () => {
    expect(await text()).toBe(
      'exports.handler=()=>{try{return require("pulumi-alicloud-vod/provider").vodCacheRefresh}catch(e){' +
        "const message=e.code==='MODULE_NOT_FOUND'||e.code==='ERR_PACKAGE_PATH_NOT_EXPORTED'" +
        "?'The package pulumi-alicloud-vod is not installed in the directory of this Pulumi program. Run npm install there.'" +
        ":'The package pulumi-alicloud-vod cannot be loaded. Install it again, on Node 20.19 or newer.';" +
        "throw{message,stack:'',toString:()=>message}}}",
    );
  });

  test("finds the provider from a program's directory", async () => {
    expect(load(await text(), join(__dirname, "../../examples/quickstart"))).toMatchObject({
      check: expect.any(Function),
      diff: expect.any(Function),
      create: expect.any(Function),
      update: expect.any(Function),
      read: expect.any(Function),
      delete: expect.any(Function),
    });
  });

  test("says in one sentence that the package is not installed", async () => {
    const code = await text();
    expect(() => load(code, directory)).toThrow(
      expect.objectContaining({
        message:
          "The package pulumi-alicloud-vod is not installed in the directory of this Pulumi program. Run npm install there.",
        stack: "",
      }),
    );
  });
});
