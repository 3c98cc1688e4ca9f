/** What a program may write, and what it gets, as the compiler sees it: `npm run types` checks these. */
import type * as pulumi from "@pulumi/pulumi";
import {
  type GetVodRefreshQuotaResult,
  type GetVodRefreshTasksResult,
  getVodRefreshQuota,
  type getVodRefreshQuotaOutput,
  getVodRefreshTasks,
  hashContent,
  hashFiles,
  type RefreshStatus,
  VodCachePreload,
  type VodCachePreloadArgs,
  VodCacheRefresh,
  type VodCacheRefreshArgs,
  VodSiteRelease,
  type VodSiteReleaseArgs,
} from "pulumi-alicloud-vod";
import { expectTypeOf, test } from "vitest";

const output = <Value>() => expectTypeOf<pulumi.Output<Value>>();

test("resources are made of a name, inputs and Pulumi's options", () => {
  // Compiled, and never called.
  const declare = (refresh: VodCacheRefreshArgs, preload: VodCachePreloadArgs, site: VodSiteReleaseArgs) => [
    new VodCacheRefresh("refresh", refresh, { protect: true, replaceOnChanges: ["paths"] }),
    new VodCachePreload("preload", preload, { dependsOn: [] }),
    new VodSiteRelease("site", site, { providers: [] }),
    // @ts-expect-error: what is to be refreshed isn't said.
    new VodCacheRefresh("refresh"),
  ];
  expectTypeOf(declare).toBeFunction();
  expectTypeOf<VodCacheRefresh>().toExtend<pulumi.Resource>();
  expectTypeOf<VodSiteRelease>().toExtend<pulumi.ComponentResource>();
});

test("inputs take plain values, outputs of other resources and outputs within lists", () => {
  type Args = VodCacheRefreshArgs;
  expectTypeOf<{ paths: string[] }>().toExtend<Args>();
  expectTypeOf<{ paths: pulumi.Output<string[]> }>().toExtend<Args>();
  expectTypeOf<{ paths: pulumi.Output<string>[]; contentHash: Promise<string> }>().toExtend<Args>();
  expectTypeOf<{ wait: true }>().toExtend<Args>();
  expectTypeOf<{ wait: { timeout: pulumi.Output<number> } }>().toExtend<Args>();
  expectTypeOf<{ triggers: [string, number, { any: "value" }] }>().toExtend<Args>();
});

test("a value that an input doesn't have, and an input that isn't there, don't compile", () => {
  const write = (_: VodCacheRefreshArgs & VodCachePreloadArgs) => {};
  // @ts-expect-error: an object type that the service doesn't have.
  write({ objectType: "Folder" });
  // @ts-expect-error: a list is none of text.
  write({ paths: "https://vod.example.com/a" });
  // @ts-expect-error: an input's name is written wrong.
  write({ path: ["https://vod.example.com/a"] });
  // @ts-expect-error: a source without the URL at which it is served.
  write({ source: { directory: "dist" } });
  // @ts-expect-error: a policy for failures is a word.
  write({ onFailure: true });
});

test("outputs of a resource have the types of their values", () => {
  output<string[]>().toEqualTypeOf<VodCacheRefresh["taskIds"]>();
  output<string[]>().toEqualTypeOf<VodCacheRefresh["refreshed"]>();
  output<RefreshStatus>().toEqualTypeOf<VodCacheRefresh["status"]>();
  output<string[]>().toEqualTypeOf<VodCachePreload["preloaded"]>();
});

test("functions answer with a promise, and with an output where they are given outputs", () => {
  expectTypeOf(getVodRefreshQuota).returns.resolves.toEqualTypeOf<GetVodRefreshQuotaResult>();
  expectTypeOf(getVodRefreshTasks).returns.resolves.toEqualTypeOf<GetVodRefreshTasksResult>();
  output<GetVodRefreshQuotaResult>().toEqualTypeOf<ReturnType<typeof getVodRefreshQuotaOutput>>();
  expectTypeOf(hashFiles).returns.resolves.toEqualTypeOf<string>();
  expectTypeOf(hashContent).returns.toEqualTypeOf<string>();
});
