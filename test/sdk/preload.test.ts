import { createRequire } from "node:module";
import { join } from "node:path";
import * as pulumi from "@pulumi/pulumi";
import { expect, test } from "vitest";
import { VodCachePreload } from "../../sdk/index.js";

const registered: pulumi.runtime.MockResourceArgs[] = [];
pulumi.runtime.setMocks({
  newResource: (args) => {
    registered.push(args);
    return { id: `${args.name}-id`, state: { ...args.inputs, taskIds: ["1"], status: "Submitted" } };
  },
  call: () => ({}),
});

async function textOf(preload: VodCachePreload): Promise<string> {
  await new Promise((resolve) => preload.status.apply(resolve));
  return registered.at(-1)?.inputs.__provider as string;
}

// States keep it, and deletes run it: a change would show as an update of every resource.
test("the text from which Pulumi's provider process makes the preload's provider never changes, and finds it", async () => {
  const text = await textOf(new VodCachePreload("warm", { paths: ["https://vod.example.com/a"], contentHash: "v1" }));
  expect(text).toBe(
    'exports.handler=()=>{try{return require("pulumi-alicloud-vod/provider").vodCachePreload}catch(e){' +
      "const message=e.code==='MODULE_NOT_FOUND'||e.code==='ERR_PACKAGE_PATH_NOT_EXPORTED'" +
      "?'The package pulumi-alicloud-vod is not installed in the directory of this Pulumi program. Run npm install there.'" +
      ":'The package pulumi-alicloud-vod cannot be loaded. Install it again, on Node 20.19 or newer.';" +
      "throw{message,stack:'',toString:()=>message}}}",
  );
  const found: { handler?: () => unknown } = {};
  const from = createRequire(join(__dirname, "../../examples/quickstart/program.js"));
  new Function("exports", "require", text)(found, from);
  expect(found.handler?.()).toMatchObject({ create: expect.any(Function), delete: expect.any(Function) });
});

test("VodCachePreload refuses import and id, and says what to do", () => {
  const args = { paths: ["https://vod.example.com/a"], contentHash: "v1" };
  for (const opts of [{ import: "70422" }, { id: "70422" }]) {
    expect(() => new VodCachePreload("warm", args, opts)).toThrow(
      /^VodCachePreload "warm" can't be imported or looked up: .* to send nothing, set `preloadOnCreate: false`\.$/,
    );
  }
});
