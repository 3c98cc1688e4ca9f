import { describe, expect, test } from "vitest";
import { toSiteLink, turnLinks } from "../../site/links.js";

const pages = [
  { file: "README.md", path: "index.md", title: "" },
  { file: "docs/report.md", path: "report.md", title: "" },
  { file: "docs/decisions/README.md", path: "decisions/index.md", title: "" },
  { file: "docs/guides/a.md", path: "guides/a.md", title: "" },
];
const targets = { pages, hasFile: (file: string) => file === "docs/report.schema.json" };
const repository = "https://github.com/somebody/something";

describe("a link of docs/guides/a.md", () => {
  test.each([
    ["../report.md", "/report.md"],
    ["../report.md#the-form", "/report.md#the-form"],
    ["../../README.md", "/index.md"],
    ["../decisions/", "/decisions/index.md"],
    ["../decisions", "/decisions/index.md"],
    ["../report.schema.json", "/report.schema.json"],
    ["#below", "#below"],
    ["https://www.pulumi.com/docs", "https://www.pulumi.com/docs"],
    ["mailto:a@example.com", "mailto:a@example.com"],
  ])("%s leads to %s", (href, link) => expect(toSiteLink(href, "docs/guides/a.md", targets)).toBe(link));

  test("to a file that is no page leads into the repository, if its address is known", () => {
    const href = "../../examples/go";
    expect(toSiteLink(href, "docs/guides/a.md", { ...targets, repository })).toBe(
      `${repository}/blob/HEAD/examples/go`,
    );
    expect(toSiteLink(href, "docs/guides/a.md", targets)).toBeUndefined();
  });
});

test("a link without a target leaves its text, and no other link changes", () => {
  const token = (type: string, href: string | null = null) => {
    const self = {
      type,
      children: null,
      attrGet: () => href,
      attrSet: (_: string, value: string) => {
        self.type = `${type} ${value}`;
      },
    };
    return self;
  };
  const inline = { ...token("inline"), children: [] as ReturnType<typeof token>[] };
  inline.children = [
    token("link_open", "gone"),
    token("text"),
    token("link_close"),
    token("link_open", "there"),
    token("link_close"),
  ];
  const [turned] = turnLinks([inline], (href) => (href === "gone" ? undefined : `/${href}`));
  expect(turned?.children?.map(({ type }) => type)).toEqual(["text", "link_open /there", "link_close"]);
});
