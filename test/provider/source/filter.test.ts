import { describe, expect, test } from "vitest";
import { splitAtCommas } from "../../../provider/content/files.js";
import { inspectFilter } from "../../../provider/source/filter.js";
import { scanSource } from "../../../provider/source/scan.js";
import { temporaryDirectory } from "../content/content.js";

const FILES = { "index.html": "", "app.js": "", "pictures/1.jpg": "", "pictures/deep/2.jpg": "" };

async function inspect(filter: { include?: string[]; exclude?: string[] }, files: Record<string, string> = FILES) {
  const directory = temporaryDirectory(files);
  const found = await scanSource({ directory, ...filter });
  return inspectFilter({ directory, ...filter }, [...found.keys()]);
}

describe("a pattern of include", () => {
  test.each([
    [["pictures"], 2],
    [["pictures/"], 2],
    [["./pictures"], 2],
    [["pict*/"], 2],
    [["pictures/deep"], 1],
    [["app.js", "pictures"], 3],
    [["."], 4],
  ])("%j selects %i files", async (include, selected) => {
    expect(await inspect({ include })).toEqual({ selected, isEmpty: false, include: [], exclude: [] });
  });

  test.each([["index.htm"], ["pict*"], ["pictures/*.png"], ["PICTURES"], ["../pictures"]])(
    "%s selects none, and is found",
    async (pattern) => {
      expect(await inspect({ include: [pattern] })).toMatchObject({ selected: 0, include: [{ pattern }] });
      expect(await inspect({ include: ["*.html", pattern] })).toMatchObject({ selected: 1, include: [{ pattern }] });
    },
  );

  test("is found if all that it matches is excluded", async () => {
    const found = await inspect({ include: ["*.html", "pictures"], exclude: ["pictures"] });
    expect(found.include).toEqual([{ pattern: "pictures" }]);
  });

  test("is found with its parts if it is several, of which one matches", async () => {
    const pattern = "**/*.html, **/*.{js,css},";
    expect((await inspect({ include: [pattern] })).include).toEqual([
      { pattern, parts: ["**/*.html", "**/*.{js,css}"] },
    ]);
    expect((await inspect({ include: ["a.html, b.html"] })).include).toEqual([{ pattern: "a.html, b.html" }]);
  });

  test("may have a comma", async () => {
    expect((await inspect({ include: ["a,b.html"] }, { "a,b.html": "", a: "" })).include).toEqual([]);
  });
});

describe("a pattern of exclude", () => {
  test("is found if its parts would leave out more", async () => {
    const pattern = "pictures, *.map";
    expect((await inspect({ exclude: [pattern] })).exclude).toEqual([{ pattern, parts: ["pictures", "*.map"] }]);
  });

  test.each(["*.map", "*.{map,html}", "*.map,*.png"])("%s may leave out nothing", async (pattern) => {
    expect((await inspect({ exclude: [pattern] })).exclude).toEqual([]);
  });
});

test("a directory is empty if there is nothing in it, not if everything is left out", async () => {
  expect(await inspect({}, {})).toMatchObject({ selected: 0, isEmpty: true });
  expect(await inspect({ exclude: ["**"] })).toMatchObject({ selected: 0, isEmpty: false });
});

test("commas in braces, brackets and parentheses don't split", () => {
  expect(splitAtCommas("a,{b,c},d[,]e, @(f,g)")).toEqual(["a", "{b,c}", "d[,]e", "@(f,g)"]);
  expect(splitAtCommas("a}, b")).toEqual(["a}", "b"]);
});
