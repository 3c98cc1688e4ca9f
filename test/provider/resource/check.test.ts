import { describe, expect, test } from "vitest";
import { checkInputs } from "../../../provider/resource/check.js";
import { PRELOAD, REFRESH, readInputs } from "../../../provider/schema/inputs.js";
import { UNKNOWN } from "../../../provider/schema/unknown.js";
import { urnOf } from "../lines.js";

const PATH = "https://vod.example.com/a.js";
const check = (news: Record<string, unknown>, environment = {}, config: Record<string, string> = {}) =>
  checkInputs(news, environment, (key) => config[key], REFRESH);
const problemsOf = (news: Record<string, unknown>, environment = {}) =>
  check({ paths: [PATH], contentHash: "v1", ...news }, environment).problems;

describe("checked inputs are complete and normalised", () => {
  test("a default is filled in where the program gives nothing", () => {
    expect(check({ paths: [PATH], contentHash: "v1" })).toEqual({
      inputs: {
        paths: [PATH],
        contentHash: "v1",
        objectType: "File",
        force: false,
        refreshOnCreate: true,
        quota: { onExceeded: "fail" },
      },
      problems: [],
      warnings: [],
      notes: [],
    });
  });

  test("paths are kept in their order, without duplicates and in the spelling that is sent", () => {
    const paths = ["https://vod.example.com/b", "HTTPS://vod.example.com:443/a", "https://vod.example.com/a"];
    expect(check({ paths, contentHash: "v1" }).inputs.paths).toEqual([
      "https://vod.example.com/b",
      "https://vod.example.com/a",
    ]);
  });

  test("null counts as not given, since programs in other languages write it so", () => {
    expect(check({ paths: [PATH], contentHash: "v1", endpoint: null }).problems).toEqual([]);
  });

  test("a property that begins with __ is the package's own, and no input", () => {
    expect(check({ paths: [PATH], contentHash: "v1", __provider: "text", __urn: urnOf("player") }).problems).toEqual(
      [],
    );
  });
});

describe("each wrong input gets a sentence with the name of the property and the index", () => {
  test.each([
    [{ paths: undefined }, "source, contents and paths are all missing; give one of them, paths with contentHash."],
    [
      { paths: [] },
      'paths must be a list of at least one path, such as ["https://vod.example.com/player/app.js"] (got an empty list).',
    ],
    [
      { paths: PATH },
      'paths must be a list of at least one path, such as ["https://vod.example.com/player/app.js"] (got a string).',
    ],
    [{ paths: [PATH, 7] }, 'paths[1] must be a path, such as "https://vod.example.com/player/app.js" (got 7).'],
    [
      { paths: [PATH, "https://vod.example.com/my video.mp4"] },
      "paths[1] (https://vod.example.com/my video.mp4) contains a space; write it as %20.",
    ],
    [
      { paths: ["https://vod.example.com/a"], objectType: "Directory" },
      'paths[0] (https://vod.example.com/a) does not end in "/", as a directory must; add it, or use objectType "File" for a single file.',
    ],
    [
      { objectType: "directory" },
      'objectType must be "File", "Directory", "Regex" or "IgnoreParams"; did you mean "Directory"?',
    ],
    [{ objectType: "Folder" }, 'objectType must be "File", "Directory", "Regex" or "IgnoreParams" (got "Folder").'],
    [{ force: "yes" }, "force must be true or false (got a string)."],
    [
      { contentHash: undefined },
      'contentHash is missing; with paths, it must be a string that changes with the content, such as hashFiles("./dist") or a version.',
    ],
    [
      { contentHash: "" },
      'contentHash must be a string that changes with the content, such as hashFiles("./dist") or a version (got an empty string).',
    ],
    [{ refreshOnCreate: 1 }, "refreshOnCreate must be true or false (got 1)."],
    [{ path: PATH }, "path is not an input of VodCacheRefresh; did you mean paths?"],
    [{ contenthash: "x" }, "contenthash is not an input of VodCacheRefresh; did you mean contentHash?"],
    [
      { colour: "red" },
      "colour is not an input of VodCacheRefresh; it has paths, contentHash, contents, source, triggers, objectType, force, refreshOnCreate, refreshNew, refreshRemoved, quota, preload, priority, reserve, report, wait, verify, retry, endpoint, profile and assumeRole.",
    ],
  ])("%j", (news, problem) => {
    expect(problemsOf(news)).toEqual([problem]);
  });

  test("several mistakes at once are all reported", () => {
    expect(problemsOf({ paths: ["/a", "/b"], force: "yes" })).toHaveLength(3);
  });

  test("of more than twenty mistakes of one kind, the first twenty are named and the others counted", () => {
    const paths = Array.from({ length: 1521 }, (_, index) => `/${index}`);
    const problems = problemsOf({ paths: [...paths, "https://vod.example.com/a b"] });
    expect(problems).toHaveLength(22);
    expect(problems[19]).toBe("paths[19] (/19) has no host; write it as https://your-domain/path.");
    expect(problems.slice(20)).toEqual([
      "paths[1521] (https://vod.example.com/a b) contains a space; write it as %20.",
      "1,501 more in paths: each has no host; write it as https://your-domain/path.",
    ]);
    const hosts = Object.fromEntries(Array.from({ length: 21 }, (_, index) => [`host${index}/a`, "1"]));
    expect(check({ contents: hosts }).problems.at(-1)).toBe(
      '1 more in contents: each has no host: "…" is not a domain name; write it as https://your-domain/path.',
    );
  });

  test("a signed URL is shown without its signature", () => {
    const [problem] = problemsOf({ paths: ["https://vod.example.com/a b?auth_key=1700-0-0-5ec2e7"] });
    expect(problem).not.toContain("5ec2e7");
  });

  test("more paths than an account may refresh in a day are refused", () => {
    const urls = (count: number) => Array.from({ length: count }, (_, index) => `https://vod.example.com/${index}/`);
    expect(problemsOf({ paths: urls(2000) })).toEqual([]);
    expect(problemsOf({ paths: urls(2001) })).toEqual([
      'paths has 2,001 URLs, more than the 2,000 that an account may refresh in a day; refresh their directories instead (objectType "Directory"), or set alicloud-vod:urlsPerDay if this account\'s quota was raised.',
    ]);
    expect(problemsOf({ paths: urls(100), objectType: "Directory" })).toEqual([]);
    expect(problemsOf({ paths: urls(101), objectType: "Directory" })).toEqual([
      "paths has 101 directories or patterns, more than the 100 that an account may refresh in a day; refresh the directories above them instead, or set alicloud-vod:directoriesPerDay if this account's quota was raised.",
    ]);
    expect(problemsOf({ paths: [...urls(2000), ...urls(2000)] })).toEqual([]);

    const raised = (urlsPerDay: string) =>
      check({ paths: urls(2001), contentHash: "v1" }, {}, { "alicloud-vod:urlsPerDay": urlsPerDay }).problems;
    expect(raised("10000")).toEqual([]);
    expect(raised("2000")[0]).toMatch(/^paths has 2,001 URLs, more than the 2,000 that/);
    expect(raised("many")).toEqual([
      'alicloud-vod:urlsPerDay must be a whole number such as 10000 (got "many" in the stack\'s configuration).',
    ]);
  });
});

test("the day's quota of patterns and of IgnoreParams is that of the configuration, if it has one", () => {
  const paths = Array.from({ length: 3 }, (_, index) => `https://vod.example.com/${index}`);
  const config = { "alicloud-vod:regexPerDay": "2", "alicloud-vod:ignoreParamsPerDay": "2" };
  const problems = (objectType: string) => check({ paths, contentHash: "v1", objectType }, {}, config).problems;
  expect(problems("File")).toEqual([]);
  expect(problems("IgnoreParams")).toEqual([
    'paths has 3 URLs, more than the 2 that an account may refresh with any query in a day; refresh their directories instead (objectType "Directory"), or set alicloud-vod:ignoreParamsPerDay if this account\'s quota was raised.',
  ]);
  expect(problems("Regex")).toEqual([
    'paths has 3 patterns, more than the 2 that an account may refresh in a day; refresh a directory instead (objectType "Directory"), or set alicloud-vod:regexPerDay if this account\'s quota was raised.',
  ]);
});

test.each(["accessKey", "secretKey", "access_key_secret", "securityToken", "accessKeyId"])(
  "%s is refused as an input, and the sentence says why",
  (name) => {
    expect(problemsOf({ [name]: "abc-secret" })).toEqual([
      `${name} can't be an input: inputs are kept in the state; set the key with \`pulumi config set --secret alicloud:accessKey\` and ` +
        "`pulumi config set --secret alicloud:secretKey` or in the environment, or use profile or assumeRole.",
    ]);
  },
);

test("a proxy that is not an http proxy is refused in the preview", () => {
  expect(problemsOf({}, { HTTPS_PROXY: "socks5://proxy.example.com" })[0]).toMatch(
    /^HTTPS_PROXY is neither an http nor an https proxy\. .*\(code InvalidProxy\)$/,
  );
});

describe("a region", () => {
  test("is no input", () => {
    expect(problemsOf({ region: "cn-shanghai" })[0]).toMatch(/^region is not an input of VodCacheRefresh; it has /);
  });

  test("of the stack other than Shanghai is noted, since the calls go to Shanghai", () => {
    const given = { paths: [PATH], contentHash: "v1" };
    const region = (key: string) => (key === "alicloud:region" ? "cn-hangzhou" : undefined);
    expect(checkInputs(given, {}, region, REFRESH).notes).toEqual([
      "the stack's alicloud:region is cn-hangzhou, but calls go to cn-shanghai, the only region with these operations",
    ]);
    expect(checkInputs(given, { VOD_ENDPOINT: "vod.example.com" }, region, REFRESH).notes).toEqual([]);
    expect(checkInputs({ ...given, endpoint: UNKNOWN }, {}, region, REFRESH).notes).toEqual([]);
    expect(checkInputs(given, {}, () => undefined, REFRESH).notes).toEqual([]);
    for (const name of ["ALICLOUD_REGION", "ALIBABA_CLOUD_REGION"]) {
      expect(checkInputs(given, { [name]: "eu-central-1" }, () => undefined, REFRESH).notes).toEqual([
        `the environment's ${name} is eu-central-1, but calls go to cn-shanghai, the only region with these operations`,
      ]);
    }
  });
});

describe("an endpoint", () => {
  test("is checked in the preview, wherever it comes from", () => {
    expect(problemsOf({ endpoint: "http://vod.cn-shanghai.aliyuncs.com" })[0]).toMatch(
      /^endpoint would send requests to vod.cn-shanghai.aliyuncs.com over plain http\. /,
    );
    expect(problemsOf({}, { VOD_ENDPOINT: "http://vod.cn-shanghai.aliyuncs.com" })[0]).toMatch(
      /^VOD_ENDPOINT would send/,
    );
  });
});

describe("a * in a path", () => {
  const TAKEN = "has a *, which the service takes literally";

  test.each([
    [
      { paths: ["https://vod.example.com/player/*"] },
      `paths[0] (https://vod.example.com/player/*) ${TAKEN}; write https://vod.example.com/player/ with objectType "Directory", or %2A for the character.`,
    ],
    [
      { paths: ["https://vod.example.com/player/*"], objectType: "Directory" },
      `paths[0] (https://vod.example.com/player/*) ${TAKEN}; write https://vod.example.com/player/, which covers everything below.`,
    ],
    [
      { paths: undefined, contentHash: undefined, contents: { "https://vod.example.com/*.js": "1" } },
      `contents["https://vod.example.com/*.js"] ${TAKEN}; name each URL, or write https://vod.example.com/.*.js in paths with objectType "Regex", or %2A for the character.`,
    ],
    [
      {
        paths: undefined,
        contentHash: undefined,
        source: { directory: "dist", baseUrl: "https://vod.example.com/*" },
      },
      `source.baseUrl (https://vod.example.com/*) ${TAKEN}; write the directory that the files are in (https://vod.example.com/).`,
    ],
    [
      { paths: ["https://me:pw-5ec2e7@vod.example.com/player/*"] },
      "paths[0] (https://…@vod.example.com/player/*) has a user name or a password before its host; remove it.",
    ],
  ])("%j is refused where it can't be meant", (news, problem) => {
    expect(problemsOf(news)).toEqual([problem]);
  });

  test("is refused in a preload as well, whose files have to be named", () => {
    const news = { paths: ["https://vod.example.com/player/*"], contentHash: "v1" };
    expect(checkInputs(news, {}, () => undefined, PRELOAD).problems).toEqual([
      `paths[0] (https://vod.example.com/player/*) ${TAKEN}; name each file, or give a source, or %2A for the character.`,
    ]);
  });

  test("is told of twenty times at most, whatever the paths are", () => {
    const paths = Array.from({ length: 25 }, (_, index) => `https://vod.example.com/${index}/*`);
    const problems = problemsOf({ paths });
    expect(problems).toHaveLength(21);
    expect(problems.at(-1)).toBe(
      `5 more in paths: each ${TAKEN}; write … with objectType "…", or %2A for the character.`,
    );
  });

  test("gets a warning where it might be meant, and the path is kept", () => {
    const path = "https://vod.example.com/player/*";
    expect(check({ paths: [path], contentHash: "v1", objectType: "Regex" })).toMatchObject({
      inputs: { paths: [path] },
      problems: [],
      warnings: [
        `paths[0] (${path}) has /*, which in a regular expression means any number of slashes; write /.* for everything below.`,
      ],
    });
  });

  test("is accepted while the type isn't known yet, and where it is encoded", () => {
    expect(problemsOf({ paths: ["https://vod.example.com/.*"], objectType: UNKNOWN })).toEqual([]);
    const path = "https://vod.example.com/%2A.js";
    expect(check({ paths: [path], contentHash: "v1" })).toMatchObject({ inputs: { paths: [path] }, problems: [] });
  });
});

test("force of a File is accepted with a warning, and of any other type without one", () => {
  expect(check({ paths: [PATH], contentHash: "v1", force: true })).toMatchObject({
    problems: [],
    warnings: ['force has no effect with objectType "File", which is always fetched again; leave it out.'],
  });
  for (const objectType of ["Directory", "Regex", "IgnoreParams"]) {
    const others = { paths: ["https://vod.example.com/a/"], contentHash: "v1", objectType, force: true };
    expect(check(others)).toMatchObject({ problems: [], warnings: [] });
  }
});

describe("contents", () => {
  const checkContents = (contents: unknown, more = {}) => check({ contents, ...more });

  test("have a hash for each URL, in the spelling that is sent", () => {
    const { inputs, problems } = checkContents({
      "https://VOD.example.com/b": "1",
      "https://vod.example.com/a?v=1": "2",
    });
    expect(problems).toEqual([]);
    expect(inputs.contents).toEqual({ "https://vod.example.com/b": "1", "https://vod.example.com/a?v=1": "2" });
  });

  test("may be empty", () => {
    expect(checkContents({}).problems).toEqual([]);
  });

  test.each([
    [{ "/a": "1" }, {}, 'contents["/a"] has no host; write it as https://your-domain/path.'],
    [{ [PATH]: 1 }, {}, `contents["${PATH}"] must be a hash, such as "9f86d081" (got 1).`],
    [{ [PATH]: "" }, {}, `contents["${PATH}"] must be a hash, such as "9f86d081" (got an empty string).`],
    [
      { [PATH]: "1", [PATH.toUpperCase().replace("/A.JS", "/a.js")]: "2" },
      {},
      'contents["HTTPS://VOD.EXAMPLE.COM/a.js"] is the same URL as another key, with another hash; keep one of them.',
    ],
    [
      { [PATH]: "1" },
      { paths: [PATH] },
      "paths and contents are both given; give only one of source, contents and paths.",
    ],
    [
      { [PATH]: "1" },
      { contentHash: "v1" },
      "contentHash only goes with paths; leave it out, since contents has a hash for each URL.",
    ],
    [
      { [PATH]: "1" },
      { objectType: "Directory" },
      'objectType must be "File" or "IgnoreParams" with contents, which names URLs (got "Directory").',
    ],
    [
      { [PATH]: "1" },
      { quota: { collapse: "never", onExceeded: "collapse" } },
      'quota.collapse is "never", but quota.onExceeded is "collapse"; leave one of them out.',
    ],
  ])("%j with %j is refused", (contents, more, problem) => {
    expect(checkContents(contents, more).problems).toEqual([problem]);
  });
});

test('quota.collapse "never" can\'t stand beside quota.onExceeded "collapse" with paths either', () => {
  const paths = { paths: [PATH], contentHash: "v1" };
  expect(check({ ...paths, quota: { collapse: "never", onExceeded: "collapse" } }).problems).toEqual([
    'quota.collapse is "never", but quota.onExceeded is "collapse"; leave one of them out.',
  ]);
});

describe("source", () => {
  const checkSource = (source: unknown, more = {}) => check({ source, ...more });

  test("has a base URL that ends in a slash", () => {
    for (const baseUrl of ["https://VOD.example.com/player", "https://vod.example.com/player/"]) {
      const { inputs, problems } = checkSource({ directory: "./dist", baseUrl });
      expect(problems).toEqual([]);
      expect(inputs.source).toEqual({ directory: "./dist", baseUrl: "https://vod.example.com/player/" });
    }
  });

  const wanted =
    '{ directory: "./dist", baseUrl: "https://vod.example.com/" }, with include, exclude, indexDocument, cleanUrls and followSymlinks if needed';
  test.each([
    ["./dist", `source must be ${wanted} (got a string).`],
    [
      { baseUrl: "https://vod.example.com/" },
      'source.directory is missing; it must be the path of a directory, such as "./dist".',
    ],
    [
      { directory: "./dist", baseUrl: "https://vod.example.com/", colour: "red" },
      'source has no property "colour"; it has directory, baseUrl, include, exclude, indexDocument, cleanUrls and followSymlinks.',
    ],
    [
      { directory: "./dist", baseUrl: "https://vod.example.com/?v=1" },
      "source.baseUrl (https://vod.example.com/?…) has a query, which a directory can't have; remove everything from the ? on.",
    ],
    [
      { directory: "./dist", baseUrl: "player" },
      'source.baseUrl (player) has no host: "player" is not a domain name; write it as https://your-domain/path.',
    ],
  ])("%j is refused", (source, problem) => {
    expect(checkSource(source).problems).toEqual([problem]);
  });
});

describe("policies", () => {
  test("force gives no warning where directories may be refreshed in place of URLs", () => {
    expect(
      check({ paths: [PATH], contentHash: "v1", force: true, quota: { onExceeded: "collapse" } }).warnings,
    ).toEqual([]);
  });
  test("refreshRemoved false with paths gives a warning", () => {
    expect(check({ paths: [PATH], contentHash: "v1", refreshRemoved: false }).warnings).toEqual([
      "refreshRemoved has no effect with paths, where a removed path is never refreshed; leave it out.",
    ]);
  });
  test("refreshNew with paths gives a warning", () => {
    expect(check({ paths: [PATH], contentHash: "v1", refreshNew: true }).warnings).toEqual([
      "refreshNew has no effect with paths, where a new path is always refreshed; leave it out.",
    ]);
  });
  test("more paths than a day's quota are accepted where quota.onExceeded isn't fail", () => {
    const paths = Array.from({ length: 2001 }, (_, index) => `https://vod.example.com/${index}`);
    for (const onExceeded of ["partial", "collapse"]) {
      expect(check({ paths, contentHash: "v1", quota: { onExceeded } }).problems).toEqual([]);
    }
  });
});

describe("waiting and retrying", () => {
  const problems = (more: object) => check({ paths: [PATH], contentHash: "v1", ...more }).problems;

  test.each([
    [{ wait: true }],
    [{ wait: { timeout: 60, onTimeout: "warn" } }],
    [{ retry: { timeout: 60, maxAttempts: 3 } }],
  ])("%j is accepted", (more) => expect(problems(more)).toEqual([]));

  test.each([
    [
      { wait: "yes" },
      'wait must be true, false or { timeout: seconds, onTimeout: "fail" or "warn", retryFailed: true or false } (got a string).',
    ],
    [{ wait: { timeout: "1m" } }, "wait.timeout must be a number of seconds from 0 to 86,400 (got a string)."],
    [{ retry: { maxAttempts: 0 } }, "retry.maxAttempts must be a whole number from 1 to 100 (got 0)."],
  ])("%j is refused", (more, problem) => {
    expect(problems(more)).toEqual([problem]);
  });
});

describe("a preload after the refresh, as an option of it:", () => {
  const problems = (more: object) =>
    check({ ...("source" in more || "contents" in more ? {} : { paths: [PATH], contentHash: "v1" }), ...more })
      .problems;
  const source = { directory: "dist", baseUrl: "https://vod.example.com/" };

  test.each([
    [{ preload: true }],
    [
      {
        preload: {
          area: "overseas",
          l2Preload: true,
          headers: { "X-A": "1" },
          onFailure: "fail",
          wait: { timeout: 9 },
        },
      },
    ],
    [{ preload: { include: ["videos/**"], exclude: ["drafts"] }, source }],
    [{ preload: false, wait: false, objectType: "Directory", paths: ["https://vod.example.com/a/"] }],
    [{ preload: true, objectType: "IgnoreParams", contents: { [PATH]: "1" } }],
  ])("%j is accepted", (more) => expect(problems(more)).toEqual([]));

  test.each([
    [{ preload: { area: "china" } }, 'preload.area must be "domestic", "overseas" or "both" (got "china").'],
    [
      { preload: { everything: true } },
      'preload has no property "everything"; it has area, l2Preload, headers, include, exclude, preloadOnCreate, quota, onFailure and wait.',
    ],
    [
      { preload: { headers: { Cookie: "a\nb" } } },
      'preload.headers["Cookie"] contains a line break, or another character that a header can\'t have; use printable ASCII.',
    ],
    [
      { preload: { headers: { Cookie: "" } } },
      'preload.headers["Cookie"] must be a string, such as "gzip" (got an empty string).',
    ],
    [
      { preload: { headers: { Cookie: "a".repeat(1025) } } },
      'preload.headers["Cookie"] is longer than 1,024 characters; shorten it.',
    ],
    [
      { preload: { headers: { "a b": "1" } } },
      'preload.headers["a b"] is not a valid name of a header; use letters, digits and hyphens.',
    ],
    [
      { preload: true, objectType: "IgnoreParams" },
      'preload only goes with objectType "File" (got "IgnoreParams"); declare a VodCachePreload with the URLs of the files instead.',
    ],
    [
      { preload: true, wait: false },
      "wait is false, but preload has to wait until the refresh has ended; leave wait out.",
    ],
    [
      { preload: true, paths: ["https://vod.example.com/"] },
      "preload has nothing to do, since every URL names a directory, which can't be preloaded; leave preload out.",
    ],
    [{ preload: { include: ["*.ts"] } }, "preload.include and preload.exclude only go with source; leave them out."],
  ])("%j is refused", (more, problem) => {
    expect(problems(more)).toEqual([problem]);
  });
});

describe("a value that isn't known yet in a preview is accepted", () => {
  test.each([
    ["wait", { timeout: UNKNOWN }],
    ["retry", { maxAttempts: UNKNOWN }],
    ["preload", { area: UNKNOWN }],
  ])("in %s, within %j", (name, value) => {
    const { inputs, problems } = check({ paths: [PATH], contentHash: "v1", [name]: value });
    expect(problems).toEqual([]);
    expect(readInputs(inputs, REFRESH)).toBeUndefined();
  });

  test.each(["paths", "contentHash", "objectType", "force", "refreshOnCreate", "endpoint"])("for %s", (name) => {
    const { inputs, problems } = check({ paths: [PATH], contentHash: "v1", [name]: UNKNOWN });
    expect(problems).toEqual([]);
    expect(inputs[name]).toBe(UNKNOWN);
    expect(readInputs(inputs, REFRESH)).toBeUndefined();
  });

  test.each([
    ["accessKey", UNKNOWN, /^accessKey can't be an input: inputs are kept in the state; /],
    ["colour", { shade: UNKNOWN }, /^colour is not an input of VodCacheRefresh; /],
  ])("but not of %s, which is no input whatever its value", (name, value, problem) => {
    expect(problemsOf({ [name]: value })[0]).toMatch(problem);
  });

  test("for one path among others, which are checked under their own index", () => {
    expect(check({ paths: [UNKNOWN, PATH], contentHash: "v1" }).inputs.paths).toEqual([UNKNOWN, PATH]);
    expect(readInputs(check({ paths: [UNKNOWN, PATH], contentHash: "v1" }).inputs, REFRESH)).toBeUndefined();
    expect(problemsOf({ paths: [UNKNOWN, "/a"] })[0]).toMatch(/^paths\[1\] /);
  });
});

describe("a reserve", () => {
  const content = { paths: ["https://vod.example.com/a"], contentHash: "v1" };
  const problems = (news: Record<string, unknown>, config = {}) => check({ ...content, ...news }, {}, config).problems;

  test.each([
    [{ urls: -1 }, "reserve.urls must be a whole number, 0 or more (got -1)."],
    [{ urls: 1.5 }, "reserve.urls must be a whole number, 0 or more (got 1.5)."],
    [{ url: 1 }, 'reserve has no property "url"; did you mean urls?'],
  ])("%j is refused", (reserve, problem) => {
    expect(problems({ reserve })).toEqual([problem]);
  });

  test("that leaves nothing of a day is refused, by the quota that the account has", () => {
    const settings = { "alicloud-vod:urlsPerDay": "10000" };
    expect(problems({ reserve: { urls: 1_999 } })).toEqual([]);
    expect(problems({ reserve: { urls: 2_000 } })).toEqual([
      "reserve.urls is 2,000, which leaves none of the 2,000 URLs that an account may refresh in a day; lower it, or set " +
        "alicloud-vod:urlsPerDay if this account's quota was raised.",
    ]);
    expect(problems({ reserve: { urls: 2_000 } }, settings)).toEqual([]);
    expect(problems({ reserve: { directories: 100 } })[0]).toMatch(/^reserve\.directories is 100, which leaves none/);
  });

  test("of the configuration is checked where it counts", () => {
    expect(problems({}, { "alicloud-vod:reserveUrls": "2000" })[0]).toMatch(/^alicloud-vod:reserveUrls is 2,000/);
    expect(problems({}, { "alicloud-vod:reserveUrls": "a lot" })).toEqual([
      'alicloud-vod:reserveUrls must be a whole number such as 200 (got "a lot" in the stack\'s configuration).',
    ]);
    expect(problems({ reserve: { urls: 1 } }, { "alicloud-vod:reserveUrls": "2000" })).toEqual([]);
    expect(problems({}, { "alicloud-vod:reservePreloads": "500" })).toEqual([]);
  });
});
