import { describe, expect, test } from "vitest";
import { checkInputs, readInputs, UNKNOWN } from "../../provider/inputs.js";

const PATH = "https://vod.example.com/a.js";
const check = (news: Record<string, unknown>, environment = {}, config: Record<string, string> = {}) =>
  checkInputs(news, environment, (key) => config[key]);
const problemsOf = (news: Record<string, unknown>, environment = {}) =>
  check({ paths: [PATH], contentHash: "v1", ...news }, environment).problems;

describe("inputs are completed and normalised", () => {
  test("defaults are filled in", () => {
    expect(check({ paths: [PATH], contentHash: "v1" })).toEqual({
      inputs: { paths: [PATH], objectType: "File", force: false, contentHash: "v1", refreshOnCreate: true },
      problems: [],
      warnings: [],
    });
  });

  test("paths are kept in their order, without duplicates and in the spelling that is sent", () => {
    const paths = ["https://vod.example.com/b", "HTTPS://vod.example.com:443/a", "https://vod.example.com/a"];
    expect(check({ paths, contentHash: "v1" }).inputs.paths).toEqual([
      "https://vod.example.com/b",
      "https://vod.example.com/a",
    ]);
  });

  test("null is as good as not set, as programs in other languages write it", () => {
    expect(check({ paths: [PATH], contentHash: "v1", endpoint: null }).problems).toEqual([]);
  });

  test("what begins with __ is the package's own", () => {
    expect(check({ paths: [PATH], contentHash: "v1", __provider: "text", __resourceName: "player" }).problems).toEqual(
      [],
    );
  });
});

describe("each bad input gets its own sentence, with the name of the property and the index", () => {
  test.each([
    [
      { paths: undefined },
      "paths is missing; give a list of at least one path, such as https://vod.example.com/player/app.js.",
    ],
    [{ paths: [] }, "paths is empty; give a list of at least one path, such as https://vod.example.com/player/app.js."],
    [
      { paths: PATH },
      "paths is a string; give a list of at least one path, such as https://vod.example.com/player/app.js.",
    ],
    [
      { paths: [PATH, 7] },
      "paths[1] is a number; give a list of at least one path, such as https://vod.example.com/player/app.js.",
    ],
    [
      { paths: [PATH, "https://vod.example.com/my video.mp4"] },
      "paths[1] (https://vod.example.com/my video.mp4) contains a space; write %20 where the URL has one.",
    ],
    [
      { paths: ["https://vod.example.com/a"], objectType: "Directory" },
      'paths[0] (https://vod.example.com/a) does not end in "/", as a Directory must; add it, or use objectType "File" for a single file.',
    ],
    [{ objectType: "directory" }, 'objectType is "directory", which the service doesn\'t know; write "Directory".'],
    [
      { objectType: "Folder" },
      'objectType is "Folder", which the service doesn\'t know; write "File", "Directory", "Regex", "IgnoreParams".',
    ],
    [{ force: "yes" }, "force is a string; write true or false."],
    [
      { contentHash: undefined },
      'contentHash is missing; give a text that changes with the content, such as hashFiles("./dist") or a version.',
    ],
    [
      { contentHash: "" },
      'contentHash is empty; give a text that changes with the content, such as hashFiles("./dist") or a version.',
    ],
    [{ refreshOnCreate: 1 }, "refreshOnCreate is a number; write true or false."],
    [{ path: PATH }, "path is not an input of VodCacheRefresh; write paths."],
    [{ contenthash: "x" }, "contenthash is not an input of VodCacheRefresh; write contentHash."],
    [
      { colour: "red" },
      "colour is not an input of VodCacheRefresh; it has paths, objectType, force, contentHash, refreshOnCreate, endpoint.",
    ],
  ])("%j", (news, problem) => {
    expect(problemsOf(news)).toEqual([problem]);
  });

  test("several at once are all told", () => {
    expect(problemsOf({ paths: ["/a", "/b"], force: "yes" })).toHaveLength(3);
  });

  test("a signed URL is shown without its signature", () => {
    const [problem] = problemsOf({ paths: ["https://vod.example.com/a b?auth_key=1700-0-0-5ec2e7"] });
    expect(problem).not.toContain("5ec2e7");
  });

  test("more paths than an account may refresh in a day", () => {
    const urls = (count: number) => Array.from({ length: count }, (_, index) => `https://vod.example.com/${index}/`);
    expect(problemsOf({ paths: urls(2000) })).toEqual([]);
    expect(problemsOf({ paths: urls(2001) })).toEqual([
      'paths has 2001 URLs, more than the 2000 that an account may refresh in a day; refresh their directories instead (objectType "Directory"), or set alicloud-vod:urlsPerDay if this account\'s quota was raised.',
    ]);
    expect(problemsOf({ paths: urls(100), objectType: "Directory" })).toEqual([]);
    expect(problemsOf({ paths: urls(101), objectType: "Directory" })).toEqual([
      "paths has 101 directories or patterns, more than the 100 that an account may refresh in a day; refresh their parents instead, or set alicloud-vod:directoriesPerDay if this account's quota was raised.",
    ]);
    expect(problemsOf({ paths: [...urls(2000), ...urls(2000)] })).toEqual([]);

    const raised = (urlsPerDay: string) =>
      check({ paths: urls(2001), contentHash: "v1" }, {}, { "alicloud-vod:urlsPerDay": urlsPerDay }).problems;
    expect(raised("10000")).toEqual([]);
    expect(raised("2000")[0]).toMatch(/^paths has 2001 URLs, more than the 2000 that/);
    expect(raised("many")).toEqual([
      'alicloud-vod:urlsPerDay is "many" in the stack\'s configuration; write a whole number such as 10000.',
    ]);
  });
});

describe("an endpoint", () => {
  test("is checked in the preview already, wherever it comes from", () => {
    expect(problemsOf({ endpoint: "http://vod.cn-shanghai.aliyuncs.com" })[0]).toMatch(
      /^endpoint would send requests to vod.cn-shanghai.aliyuncs.com over plain http\. /,
    );
    expect(problemsOf({}, { VOD_ENDPOINT: "http://vod.cn-shanghai.aliyuncs.com" })[0]).toMatch(
      /^VOD_ENDPOINT would send/,
    );
  });
});

test("force without a directory works, with a warning", () => {
  expect(check({ paths: [PATH], contentHash: "v1", force: true })).toMatchObject({
    problems: [],
    warnings: ['force has an effect with objectType "Directory" only; with "File" it is not sent.'],
  });
  const directory = { paths: ["https://vod.example.com/a/"], contentHash: "v1", objectType: "Directory", force: true };
  expect(check(directory).warnings).toEqual([]);
});

describe("values that aren't known yet in a preview", () => {
  test.each(["paths", "contentHash", "objectType", "force", "refreshOnCreate", "endpoint"])("%s", (name) => {
    const { inputs, problems } = check({ paths: [PATH], contentHash: "v1", [name]: UNKNOWN });
    expect(problems).toEqual([]);
    expect(inputs[name]).toBe(UNKNOWN);
    expect(readInputs(inputs)).toBeUndefined();
  });

  test("one path among others, which are checked under their own index", () => {
    expect(check({ paths: [UNKNOWN, PATH], contentHash: "v1" }).inputs.paths).toEqual([UNKNOWN, PATH]);
    expect(readInputs(check({ paths: [UNKNOWN, PATH], contentHash: "v1" }).inputs)).toBeUndefined();
    expect(problemsOf({ paths: [UNKNOWN, "/a"] })[0]).toMatch(/^paths\[1\] /);
  });
});
