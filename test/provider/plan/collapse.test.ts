import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type Cover, cheapestCover } from "../../../provider/plan/collapse.js";
import { DAILY_QUOTA } from "../../../provider/vod/limits.js";
import type { RefreshQuota } from "../../../provider/vod/quota.js";

/** A day's quotas with this much left of them. */
const left = (urls: number, directories: number): RefreshQuota => ({
  urls: { quota: DAILY_QUOTA.urls, remain: urls },
  directories: { quota: DAILY_QUOTA.directories, remain: directories },
});
const FULL: RefreshQuota = left(2000, 100);
const NO_URLS: RefreshQuota = left(0, 100);

const files = (directory: string, count: number) =>
  Array.from({ length: count }, (_, index) => `${directory}${index}.ts`);

describe("with a whole day left", () => {
  test("no URLs need nothing", () => {
    expect(cheapestCover([], FULL)).toEqual({ urls: [], directories: [] });
  });

  test("up to 20 URLs of a host stay as they are, since they cost no more than a directory", () => {
    const urls = files("https://vod.example.com/a/", 20);
    expect(cheapestCover(urls, FULL)).toEqual({ urls, directories: [] });
  });

  test("21 URLs are collapsed, since they cost more than their directory", () => {
    expect(cheapestCover(files("https://vod.example.com/a/", 21), FULL)).toEqual({
      urls: [],
      directories: ["https://vod.example.com/a/"],
    });
  });

  test("one directory for all URLs is taken, not a deeper one and the URLs beside it", () => {
    const urls = [...files("https://vod.example.com/site/a/", 21), "https://vod.example.com/site/b/1.ts"];
    expect(cheapestCover(urls, FULL)).toEqual({ urls: [], directories: ["https://vod.example.com/site/"] });
  });

  test("one directory for all URLs is taken, not two deeper ones", () => {
    const urls = ["a", "b"].flatMap((name) => files(`https://vod.example.com/${name}/`, 1000));
    expect(cheapestCover(urls, FULL)).toEqual({ urls: [], directories: ["https://vod.example.com/"] });
  });

  test("each host is decided by itself; URLs keep their order, and directories are sorted", () => {
    const [z, a] = [files("https://z.example.com/a/b/", 21), files("https://a.example.com/c/", 30)];
    const urls = ["https://few.example.com/2", ...z, "https://few.example.com/1", ...a];
    expect(cheapestCover(urls, FULL)).toEqual({
      urls: ["https://few.example.com/2", "https://few.example.com/1"],
      directories: ["https://a.example.com/c/", "https://z.example.com/a/b/"],
    });
  });
});

test("a URL that is alone has no directory, and none is above it for its sake", () => {
  const [bare, below] = ["https://vod.example.com/a", files("https://vod.example.com/a/", 30)];
  const isAlone = (url: string) => url === bare;
  const directories = ["https://vod.example.com/a/"];
  expect(cheapestCover([bare, ...below], FULL, { isAlone })).toEqual({ urls: [bare], directories });
  expect(cheapestCover([bare, ...below], NO_URLS, { isAlone })).toBeUndefined();
});

describe("the directory of URLs is", () => {
  const H = "https://vod.example.com";

  test.each<[string, string[], string[]]>([
    ["the one a file lies in", [`${H}/a/b/1`], [`${H}/a/b/`]],
    ["the deepest above several", [`${H}/a/b/c/1`, `${H}/a/b/d/2`], [`${H}/a/b/`]],
    ["one of them, where the others lie below it", [`${H}/a/b/1`, `${H}/a/2`], [`${H}/a/`]],
    ["the root of a host, where they share nothing else", [`${H}/a/1`, `${H}/b/1`], [`${H}/`]],
    ["the root, for a file in it", [`${H}/1`], [`${H}/`]],
    ["a name that begins like another is another", [`${H}/ab/1`, `${H}/a/1`], [`${H}/`]],
    ["a file named like a directory lies beside it", [`${H}/a`, `${H}/a/1`], [`${H}/`]],
    ["the URL of a directory's index lies in it", [`${H}/a/`, `${H}/a/1`], [`${H}/a/`]],
    ["and so by itself", [`${H}/a/`], [`${H}/a/`]],
    ["the index of a host lies in its root", [`${H}/`], [`${H}/`]],
    ["a slash in a query is none", [`${H}/a/1?to=/b/c/`, `${H}/a/2?a/b?c/`], [`${H}/a/`]],
    ["a query with a URL in it", [`${H}/a/1?u=https://x.example.com/`, `${H}/b/1?u=${H}/a/`], [`${H}/`]],
    ["a query right behind a slash", [`${H}/a/?b/c`, `${H}/a/?b/d`], [`${H}/a/`]],
    ["an encoded slash is none", [`${H}/a/b%2Fc`, `${H}/a/b%2fd`], [`${H}/a/`]],
    ["an encoded question mark begins no query", [`${H}/a/b%3F/c`], [`${H}/a/b%3F/`]],
    ["empty names are names", [`${H}/a//1`, `${H}/a//b/2`], [`${H}/a//`]],
    ["and differ from none", [`${H}//1`, `${H}/1`], [`${H}/`]],
    ["upper and lower case differ", [`${H}/A/1`, `${H}/a/1`], [`${H}/`]],
    ["each scheme is a tree", [`${H}/a/1`, "http://vod.example.com/a/1"], ["http://vod.example.com/a/", `${H}/a/`]],
    ["and so is no scheme", [`${H}/a/1`, "vod.example.com/b/1"], [`${H}/a/`, "vod.example.com/b/"]],
    ["each host is a tree", [`${H}/a/1`, `${H}.org/a/1`], [`${H}.org/a/`, `${H}/a/`]],
    ["and so is each port", [`${H}/a/1`, `${H}:8080/a/1`], [`${H}/a/`, `${H}:8080/a/`]],
    ["a host without a scheme", ["h.example.com:81/a/1", "h.example.com:81/2?x=/"], ["h.example.com:81/"]],
  ])("%s", (_, urls, directories) => {
    expect(cheapestCover(urls, NO_URLS)).toEqual({ urls: [], directories: [...directories].sort() });
  });
});

describe("with little left", () => {
  const hosts = (counts: Record<string, number>) =>
    Object.entries(counts).flatMap(([host, count]) => files(`${host}.example.com/d/`, count));

  test("directories that don't pay are used if the URLs don't fit, for the hosts with the most URLs first", () => {
    const cover = cheapestCover(hosts({ a: 3, b: 5, c: 4 }), left(7, 100));
    expect(cover?.directories).toEqual(["b.example.com/d/"]);
    expect(cover?.urls).toHaveLength(7);
  });

  test("no more directories are used than are needed", () => {
    expect(cheapestCover(hosts({ a: 3, b: 5, c: 4 }), left(11, 100))?.directories).toEqual(["b.example.com/d/"]);
    expect(cheapestCover(hosts({ a: 3, b: 5, c: 4 }), left(12, 100))?.directories).toEqual([]);
  });

  test("the hosts with the most URLs get the few directories", () => {
    const cover = cheapestCover(hosts({ a: 30, b: 50, c: 40 }), left(2000, 2));
    expect(cover?.directories).toEqual(["b.example.com/d/", "c.example.com/d/"]);
    expect(cover?.urls).toEqual(hosts({ a: 30 }));
  });

  test("of hosts with as many URLs, the one with the deepest directory comes first, then the first by name", () => {
    const even = ["b.example.com/1", "a.example.com/1", "c.example.com/d/1", "d.example.com/d/1"];
    expect(cheapestCover(even, left(3, 100))?.directories).toEqual(["c.example.com/d/"]);
    expect(cheapestCover(even, left(1, 100))?.directories).toEqual([
      "a.example.com/",
      "c.example.com/d/",
      "d.example.com/d/",
    ]);
  });

  test("a single URL is collapsed if no URLs are left", () => {
    expect(cheapestCover(hosts({ a: 1 }), left(0, 1))).toEqual({ urls: [], directories: ["a.example.com/d/"] });
  });

  test.each<[string, RefreshQuota, number | undefined]>([
    ["neither is left", left(0, 0), undefined],
    ["too few directories and too few URLs", left(2, 1), undefined],
    ["one directory fewer than needed, by the program's own limit", left(2, 100), 1],
    ["no directories, by the program's own limit", left(11, 100), 0],
    ["the quota of both is 0", { urls: { quota: 0, remain: 9 }, directories: { quota: 0, remain: 9 } }, undefined],
    ["more is used than a lowered quota allows", left(-5, -5), undefined],
  ])("there is no cover: %s", (_, quota, maxDirectories) => {
    const options = maxDirectories === undefined ? {} : { maxDirectories };
    expect(cheapestCover(hosts({ a: 3, b: 5, c: 4 }), quota, options)).toBeUndefined();
  });

  test("no URLs fit even if nothing is left", () => {
    expect(cheapestCover([], left(0, 0))).toEqual({ urls: [], directories: [] });
    expect(cheapestCover([], left(-5, -5))).toEqual({ urls: [], directories: [] });
  });

  test("URLs are used if no directories are left, as far as they go", () => {
    const urls = files("https://vod.example.com/", 2000);
    expect(cheapestCover(urls, left(2000, 0))).toEqual({ urls, directories: [] });
    expect(cheapestCover(urls, FULL, { maxDirectories: 0 })).toEqual({ urls, directories: [] });
    expect(cheapestCover(urls, left(1999, 0))).toBeUndefined();
  });

  test("a quota of 0 can't be used, whatever seems to be left of it", () => {
    const urls = files("https://vod.example.com/", 30);
    const some = { quota: 100, remain: 100 };
    const none = { quota: 0, remain: 100 };
    expect(cheapestCover(urls, { urls: some, directories: none })).toEqual({ urls, directories: [] });
    expect(cheapestCover(urls.slice(0, 1), { urls: none, directories: some })).toEqual({
      urls: [],
      directories: ["https://vod.example.com/"],
    });
  });
});

describe("with unusual quotas", () => {
  const urls = files("https://vod.example.com/a/", 50);

  test("raised quotas change what pays", () => {
    const raised = (directories: number): RefreshQuota => ({
      urls: { quota: 20_000, remain: 20_000 },
      directories: { quota: directories, remain: directories },
    });
    expect(cheapestCover(urls, raised(1000))?.directories).toEqual(["https://vod.example.com/a/"]);
    expect(cheapestCover(urls, raised(400))?.directories).toEqual([]);
    expect(cheapestCover(urls, raised(401))?.directories).toEqual(["https://vod.example.com/a/"]);
  });

  test("costs that aren't exact as fractions are compared exactly", () => {
    const odd = (quota: number): RefreshQuota => ({
      urls: { quota, remain: 99 },
      directories: { quota: 3, remain: 3 },
    });
    const many = files("https://vod.example.com/", 49);
    expect(cheapestCover(many, odd(147))?.directories).toEqual([]);
    expect(cheapestCover(many, odd(146))?.directories).toEqual(["https://vod.example.com/"]);
  });

  test.each([Number.MAX_SAFE_INTEGER, Number.POSITIVE_INFINITY])("a limit of %d directories is no limit", (limit) => {
    expect(cheapestCover(urls, FULL, { maxDirectories: limit })).toEqual(cheapestCover(urls, FULL));
  });
});

/** All directories that hold a URL, from the root down; written otherwise than the code under test. */
function directoriesAbove(url: string): string[] {
  const [scheme = ""] = /^https?:\/\//.exec(url) ?? [];
  const [path = ""] = url.slice(scheme.length).split("?");
  const names = path.split("/").slice(0, -1);
  return names.map((_, index) => `${scheme}${names.slice(0, index + 1).join("/")}/`);
}

const isCovered = (url: string, directories: readonly string[]) =>
  directoriesAbove(url).some((directory) => directories.includes(directory));

/** The cost in whole numbers; where a quota is 0 only the other kind is used, so that its number alone counts. */
const costOf = ({ urls, directories }: Cover, quota: RefreshQuota) =>
  urls.length * (quota.directories.quota || 1) + directories.length * (quota.urls.quota || 1);

const depthOf = ({ directories }: Cover) =>
  directories.reduce((sum, directory) => sum + directoriesAbove(directory).length, 0);

function fits({ urls, directories }: Cover, quota: RefreshQuota, maxDirectories: number): boolean {
  const within = (count: number, { quota: daily, remain }: RefreshQuota["urls"]) =>
    count === 0 || (daily > 0 && count <= remain);
  return (
    within(urls.length, quota.urls) &&
    within(directories.length, quota.directories) &&
    directories.length <= maxDirectories
  );
}

/** Every set of directories, with the URLs it leaves. */
function allCovers(urls: readonly string[]): Cover[] {
  const candidates = [...new Set(urls.flatMap(directoriesAbove))];
  return Array.from({ length: 2 ** candidates.length }, (_, set) => {
    const directories = candidates.filter((_, index) => (set >> index) & 1);
    return { urls: urls.filter((url) => !isCovered(url, directories)), directories };
  });
}

describe("rules that hold for every set of URLs and every quota", () => {
  const url = fc
    .tuple(
      fc.constantFrom("https://h/", "https://g/", "http://h/", "h/"),
      fc.array(fc.constantFrom("a/", "b/", "/"), { maxLength: 3 }),
      fc.constantFrom("", "a", "b", "1", "1?q=/a/b"),
    )
    .map(([root, names, file]) => `${root}${names.join("")}${file}`);
  const urls = fc.uniqueArray(url, { maxLength: 7 }).filter((all) => new Set(all.flatMap(directoriesAbove)).size <= 10);
  const oneQuota = (most: number) => fc.record({ quota: fc.nat(most), remain: fc.nat(most) });
  const quota = fc.record({ urls: oneQuota(8), directories: oneQuota(4) });
  const maxDirectories = fc.oneof(fc.nat(4), fc.constant(Number.MAX_SAFE_INTEGER));

  test("the cover is the cheapest; of these it has the fewest directories, of these the deepest", () => {
    fc.assert(
      fc.property(urls, quota, maxDirectories, (all, day, limit) => {
        const covers = allCovers(all).filter((cover) => fits(cover, day, limit));
        const rank = (cover: Cover) => [costOf(cover, day), cover.directories.length, -depthOf(cover)] as const;
        const [best] = covers
          .map(rank)
          .sort(([cost, count, depth], [cost2, count2, depth2]) => cost - cost2 || count - count2 || depth - depth2);
        const cover = cheapestCover(all, day, { maxDirectories: limit });
        expect(cover && rank(cover)).toEqual(best);
      }),
      { numRuns: 2000 },
    );
  });

  test("no cover that fits and lies below it is as cheap", () => {
    fc.assert(
      fc.property(urls, quota, maxDirectories, (all, day, limit) => {
        const cover = cheapestCover(all, day, { maxDirectories: limit });
        fc.pre(cover !== undefined && cover.directories.length > 0);
        const narrower = allCovers(all)
          .filter((other) => fits(other, day, limit) && costOf(other, day) === costOf(cover, day))
          .filter((other) => other.directories.every((directory) => isCovered(directory, cover.directories)))
          .filter((other) => [...other.directories].sort().join() !== cover.directories.join());
        expect(narrower).toEqual([]);
      }),
      { numRuns: 1000 },
    );
  });

  test("every URL is covered once, by itself or by the deepest directory above all its URLs", () => {
    fc.assert(
      fc.property(urls, quota, maxDirectories, (all, day, limit) => {
        const cover = cheapestCover(all, day, { maxDirectories: limit });
        fc.pre(cover !== undefined);
        expect(fits(cover, day, limit)).toBe(true);
        expect(cover.urls).toEqual(all.filter((one) => !isCovered(one, cover.directories)));
        for (const directory of cover.directories) {
          const held = all.filter((one) => directoriesAbove(one).includes(directory));
          const common = directoriesAbove(held[0] ?? "").filter((above) =>
            held.every((one) => directoriesAbove(one).includes(above)),
          );
          expect(common.at(-1)).toBe(directory);
          const others = cover.directories.filter((other) => other !== directory);
          expect(held.filter((one) => isCovered(one, others))).toEqual([]);
        }
        expect(new Set(cover.directories).size).toBe(cover.directories.length);
      }),
      { numRuns: 1000 },
    );
  });

  test("the order of the URLs changes only the order of the URLs in the cover", () => {
    const shuffled = urls.chain((all) =>
      fc.tuple(fc.constant(all), fc.shuffledSubarray(all, { minLength: all.length })),
    );
    fc.assert(
      fc.property(shuffled, quota, ([all, mixed], day) => {
        const [cover, other] = [cheapestCover(all, day), cheapestCover(mixed, day)];
        expect(other?.directories).toEqual(cover?.directories);
        expect(other?.urls).toEqual(cover && mixed.filter((one) => cover.urls.includes(one)));
      }),
    );
  });

  test("the arguments are not changed", () => {
    const frozen = Object.freeze(["h/b/2", "h/a/1", "g/1"]);
    expect(cheapestCover(frozen, FULL)?.urls).toEqual(["h/b/2", "h/a/1", "g/1"]);
  });
});

describe("at scale", () => {
  test("200,000 URLs in 20,000 directories of 200 hosts are collapsed in time", () => {
    const urls = Array.from(
      { length: 200_000 },
      (_, n) => `https://vod${n % 200}.example.com/site/${n % 1000}/${n % 20_000}/${n}.ts?v=${n}`,
    );
    const cover = cheapestCover(urls, left(100_000, 100));
    expect(cover?.urls).toHaveLength(100_000);
    expect(cover?.directories).toHaveLength(100);
    expect(cheapestCover(urls, FULL)).toBeUndefined();
  });

  test("200,000 hosts of one URL are decided in time", () => {
    const urls = Array.from({ length: 200_000 }, (_, n) => `https://vod${n}.example.com/a/b/c.ts`);
    expect(cheapestCover(urls, left(199_900, 100))?.directories).toHaveLength(100);
    expect(cheapestCover(urls, left(199_899, 100))).toBeUndefined();
  });

  test("paths of up to 5,000 directories, each with a file, the deepest first, are collapsed in time", () => {
    const urls = Array.from({ length: 5000 }, (_, n) => `https://vod.example.com/${"d/".repeat(5000 - n)}f`);
    expect(cheapestCover(urls, FULL)?.directories).toEqual(["https://vod.example.com/d/"]);
  });
});
