import { mkdtempSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as pulumi from "@pulumi/pulumi";
import { afterAll, afterEach, describe, expect, test, vi } from "vitest";
import { VodCachePreload, VodCacheRefresh, VodSiteRelease } from "../../sdk/index.js";

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
  test("registers its inputs, its URN and a constant text, and has the provider's outputs", async () => {
    const refresh = new VodCacheRefresh("player", args);
    expect(await settled(refresh.taskIds)).toEqual(["1"]);
    expect(await settled(refresh.paths)).toEqual(["https://vod.example.com/a"]);
    expect(await settled(refresh.pending)).toBeUndefined();
    expect(registered.at(-1)).toMatchObject({
      type: "pulumi-nodejs:dynamic/alicloud-vod:VodCacheRefresh",
      name: "player",
      inputs: {
        ...args,
        __urn: "urn:pulumi:stack::project::pulumi-nodejs:dynamic/alicloud-vod:VodCacheRefresh::player",
      },
    });
  });
});

describe("the provider is told whether paths are secrets, and the provider of the preload too:", () => {
  const url = "https://vod.example.com/a?auth_key=1";
  const source = { directory: "dist", baseUrl: pulumi.secret("https://vod.example.com/key/") };
  test.each<[string, ConstructorParameters<typeof VodCacheRefresh>[1], boolean]>([
    ["none", { paths: [pulumi.output(url)], contentHash: pulumi.secret("v1") }, false],
    ["one path", { paths: [url, pulumi.secret(url)], contentHash: "v1" }, true],
    ["the list", { paths: pulumi.secret([url]), contentHash: "v1" }, true],
    ["contents", { contents: pulumi.secret({ [url]: "1" }) }, true],
    ["the URL of a source", { source }, true],
  ])("%s", async (name, content, isSecret) => {
    const refresh = new VodCacheRefresh(name, { ...content, preload: true });
    await settled(refresh.preloadTaskIds);
    for (const resource of [name, `${name}-preload`]) {
      const inputs = registered.find((one) => one.name === resource)?.inputs;
      expect(inputs?.__secretPaths).toBe(isSecret ? true : undefined);
      expect("__secretPaths" in inputs).toBe(isSecret);
    }
  });
});

test.each([
  ["a header", { headers: { "x-token": pulumi.secret("1") } }, true],
  ["all headers", { headers: pulumi.secret({ "x-token": "1" }) }, true],
  ["none", { headers: { "x-token": "1" } }, undefined],
])("the provider is told whether headers of a preload are secrets: %s", async (name, preload, expected) => {
  const refresh = new VodCacheRefresh(`headers of ${name}`, { paths: ["a.example.com/a"], contentHash: "1", preload });
  await settled(refresh.preloadTaskIds);
  const marks = registered.filter((one) => one.name.startsWith(`headers of ${name}`)).map(({ inputs }) => inputs);
  expect(marks.map(({ __secretHeaders }) => __secretHeaders)).toContain(expected);
  expect(marks.map(({ __secretPaths }) => __secretPaths)).toEqual([undefined, undefined]);
});

describe("a preload after the refresh", () => {
  const preloadOf = async (name: string, more: ConstructorParameters<typeof VodCacheRefresh>[1]) => {
    const refresh = new VodCacheRefresh(name, more);
    expect(await settled(refresh.preloadTaskIds)).toEqual(["1"]);
    expect(await settled(refresh.preloadStatus)).toBe("Submitted");
    return registered.find((resource) => resource.name === `${name}-preload`)?.inputs;
  };
  const refresh = { objectType: "File", taskIds: ["1"], status: "Submitted" };
  const manner = { quota: { onExceeded: "partial" }, onFailure: "warn", wait: true };

  test("is a resource of its own, of the files among the URLs, with the same caller", async () => {
    const paths = [
      "https://vod.example.com/a",
      "https://vod.example.com/",
      "vod.example.com",
      "https://vod.example.com/b?c=/d",
      pulumi.output("https://vod.example.com/e"),
    ];
    const inputs = await preloadOf("p1", { ...args, paths, objectType: "File", profile: "video", preload: true });
    expect(inputs).toMatchObject({
      ...manner,
      paths: ["https://vod.example.com/a", "https://vod.example.com/b?c=/d", "https://vod.example.com/e"],
      contentHash: "v1",
      profile: "video",
      refresh,
    });
    expect(inputs).not.toHaveProperty("objectType");
  });

  test("takes the contents of the refresh, and its own options", async () => {
    const contents = { "https://vod.example.com/a": pulumi.output("1"), "https://vod.example.com/d/": "2" };
    const preload = { area: "overseas", onFailure: "fail", wait: false, headers: { "X-A": "1" } } as const;
    const inputs = await preloadOf("p2", { contents, objectType: "File", refreshOnCreate: false, preload });
    expect(inputs).toMatchObject({
      ...{ ...preload, quota: { onExceeded: "partial" }, preloadOnCreate: false },
      contents: { "https://vod.example.com/a": "1" },
    });
    expect(Object.keys(inputs.contents)).toEqual(["https://vod.example.com/a"]);
  });

  test("takes the source of the refresh without directories, and with its own globs", async () => {
    const source = {
      directory: "dist",
      baseUrl: "https://vod.example.com/",
      exclude: ["drafts"],
      indexDocument: "index.html",
    };
    const preload = { include: ["videos/**"], exclude: ["**/*.map"] };
    const { indexDocument: _, ...files } = source;
    expect(await preloadOf("p3", { source, objectType: "File", preload })).toMatchObject({
      source: { ...files, include: preload.include, exclude: ["drafts", "**/*.map"] },
    });
    const whole = await preloadOf("p4", { source: pulumi.output(source), objectType: "File", preload: true });
    expect(whole?.source).toEqual(files);
    // With clean URLs a directory has a URL that can be preloaded.
    for (const [i, cleanUrls] of [true, pulumi.output(true)].entries()) {
      const clean = await preloadOf(`p4${i}`, { source: { ...source, cleanUrls }, objectType: "File", preload: true });
      expect(clean?.source).toEqual({ ...source, cleanUrls: true });
    }
    const off = { ...source, cleanUrls: pulumi.output(false) };
    expect((await preloadOf("p42", { source: off, objectType: "File", preload: true }))?.source).toEqual({
      ...files,
      cleanUrls: false,
    });
  });

  test("is two with the area `both`, one below the other, and of both are the task IDs and the status", async () => {
    const ignoreChanges = ["contentHash"];
    const both = { ...args, objectType: "File", preload: { area: "both" } } as const;
    const release = new VodCacheRefresh("p6", both, { ignoreChanges });
    expect(await settled(release.preloadTaskIds)).toEqual(["1", "1"]);
    expect(await settled(release.preloadStatus)).toBe("Submitted");
    expect(release.preloadResource?.overseasResource?.overseasResource).toBeUndefined();
    const [domestic, overseas] = ["p6-preload", "p6-preload-overseas"].map((name) =>
      registered.find((resource) => resource.name === name),
    );
    const { __urn: _, area: __, ...shared } = domestic?.inputs ?? {};
    expect(domestic?.inputs.area).toBe("domestic");
    expect(overseas?.inputs).toMatchObject({ ...shared, area: "overseas", refresh });
    const urn = await settled((release.preloadResource as VodCachePreload).urn);
    expect(overseas?.inputs.__urn).toContain("VodCachePreload$pulumi-nodejs:dynamic/alicloud-vod:VodCachePreload::p6-");
    expect(urn).toContain("p6-preload");
  });

  test("does not exist without `preload`", async () => {
    const refresh = new VodCacheRefresh("p5", args);
    expect(refresh.preloadResource).toBeUndefined();
    expect(await settled(refresh.preloadTaskIds)).toEqual([]);
    expect(await settled(refresh.preloadStatus)).toBeUndefined();
  });
});

describe("VodSiteRelease", () => {
  const site = { directory: "dist", domains: ["vod.example.com", "http://img.example.com/player/"] };

  test("has a refresh for each domain, and outputs for all of them together", async () => {
    const release = new VodSiteRelease("s1", {
      ...site,
      indexDocument: "index.html",
      quota: { onExceeded: "collapse" },
    });
    expect(await settled(release.taskIds)).toEqual(["1", "1"]);
    expect(await settled(release.status)).toBe("Submitted");
    expect(await settled(release.preloadTaskIds)).toEqual([]);
    expect(await settled(release.preloadStatus)).toBeUndefined();
    expect(await settled(release.cost)).toEqual({ urls: 0, directories: 0, preloads: 0 });
    const inputs = (name: string) => registered.find((resource) => resource.name === name)?.inputs;
    expect(inputs("s1-vod.example.com")).toMatchObject({
      quota: { onExceeded: "collapse" },
      source: { directory: "dist", baseUrl: "https://vod.example.com/", indexDocument: "index.html" },
    });
    expect(inputs("s1-http://img.example.com/player")).toMatchObject({
      source: { baseUrl: "http://img.example.com/player/" },
    });
  });

  test("hands each refresh what says how, and its preload what holds for that as well", async () => {
    const shared = { triggers: ["headers v2"], priority: ["videos/**"], reserve: { urls: 200, preloads: 50 } };
    const files = { cleanUrls: true, followSymlinks: "always" } as const;
    const release = new VodSiteRelease("s4", {
      ...site,
      ...files,
      ...shared,
      verify: { sample: "all" },
      preload: true,
    });
    await settled(release.preloadTaskIds);
    for (const place of ["vod.example.com", "http://img.example.com/player"]) {
      const inputsOf = (name: string) => registered.find((resource) => resource.name === name)?.inputs;
      expect(inputsOf(`s4-${place}`)).toMatchObject({ ...shared, verify: { sample: "all" }, source: files });
      const preload = inputsOf(`s4-${place}-preload`);
      expect(preload).toMatchObject({ ...shared, source: files });
      // It is declared apart, with what it asks of the edge.
      expect(preload).not.toHaveProperty("verify");
    }
  });

  test.each([
    [[], /^domains of VodSiteRelease "s2" is empty\. List at least one/],
    [
      ["vod.example.com", "https://vod.example.com/"],
      /^domains of VodSiteRelease "s2" lists vod\.example\.com twice\. List it once\.$/,
    ],
    [
      ["https://user:password@vod.example.com"],
      /^domains of VodSiteRelease "s2" has an entry with a user name, .*as vod\.example\.com\.$/,
    ],
    [
      ["vod.example.com/a?auth_key=password"],
      /^domains of VodSiteRelease "s2" has an entry with a user name, .*as vod\.example\.com\.$/,
    ],
  ])("refuses the domains %j, and says what is wrong", (domains, sentence) => {
    expect(() => new VodSiteRelease("s2", { ...site, domains })).toThrow(sentence);
  });
});

test("VodCacheRefresh refuses import and id, and says what to do", () => {
  for (const opts of [{ import: "70422" }, { id: "70422" }]) {
    expect(() => new VodCacheRefresh("player", args, opts)).toThrow(
      /^VodCacheRefresh "player" can't be imported or looked up: .* to send nothing, set `refreshOnCreate: false`\.$/,
    );
  }
});

test.each([
  ["VodCacheRefresh", () => VodCacheRefresh.get("player"), "refreshOnCreate"],
  ["VodCacheRefresh", () => VodCacheRefresh.get("player", "70422"), "refreshOnCreate"],
  ["VodCachePreload", () => VodCachePreload.get("player", "70422", {}), "preloadOnCreate"],
])("%s.get says that there is nothing to look up, and what to do", (kind, get, onCreate) => {
  const before = registered.length;
  expect(get).toThrow(new RegExp(`^${kind} "player" can't be imported or looked up: .* set \`${onCreate}: false\``));
  expect(registered).toHaveLength(before);
});

test.each([
  ["contents", () => new VodCacheRefresh("proto", { contents: JSON.parse('{ "__proto__": "1" }') })],
  [
    "headers",
    () => new VodCacheRefresh("proto", { ...args, preload: { headers: JSON.parse('{ "__proto__": "1" }') } }),
  ],
])("%s refuse the key __proto__, which Pulumi would drop", (input, declare) => {
  expect(declare).toThrow(
    new RegExp(`^${input} of VodCache\\w+ "proto.*" has the key __proto__, which Pulumi drops\\. Remove it\\.$`),
  );
});

test.each([undefined, null, {}])(
  "a resource declared with %j is registered, so that the check says what is missing",
  (none) => {
    for (const Resource of [VodCacheRefresh, VodCachePreload]) {
      expect(() => new Resource("nothing", none as never)).not.toThrow();
    }
    expect(() => new VodSiteRelease("nothing", none as never)).toThrow(
      /^domains of VodSiteRelease "nothing" is empty\. /,
    );
  },
);

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

describe("the stack traces that Pulumi takes for each property", () => {
  /** How many frames a stack trace has while Pulumi makes the resource of it. */
  function framesMeanwhile(): number {
    let frames = -1;
    const options = {
      get protect() {
        frames = Error.stackTraceLimit;
        return false;
      },
    };
    new VodCacheRefresh("player", args, options);
    return frames;
  }
  afterEach(() => vi.unstubAllEnvs());

  test("have no frames while the resource is made, and as many as before afterwards", () => {
    const before = Error.stackTraceLimit;
    expect(before).toBeGreaterThan(0);
    expect(framesMeanwhile()).toBe(0);
    expect(Error.stackTraceLimit).toBe(before);
  });

  test("have frames where Pulumi is told to print them", () => {
    vi.stubEnv("PULUMI_DEBUG_PROMISE_LEAKS", "true");
    expect(framesMeanwhile()).toBe(Error.stackTraceLimit);
  });

  test("don't shorten those of errors, which lead to the program", () => {
    const before = Error.stackTraceLimit;
    const parent = "no resource" as unknown as pulumi.Resource;
    const error = caught(() => new VodCacheRefresh("player", args, { parent }));
    expect(error.message).toContain("is not a valid Resource");
    expect(error.stack).toContain("refresh.test");
    expect(Error.stackTraceLimit).toBe(before);
  });
});

function caught(run: () => unknown): Error {
  try {
    run();
  } catch (error) {
    return error as Error;
  }
  return expect.unreachable();
}
