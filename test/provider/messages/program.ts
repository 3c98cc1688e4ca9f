/** What ends a program, by the package's own classes and functions. */
import { vodFunctions } from "../../../provider/resource/functions.js";
import { logTo } from "../../../provider/text/log.js";
import { fail } from "../../../sdk/functions.js";
import { VodCachePreload, VodCacheRefresh, VodSiteRelease } from "../../../sdk/index.js";
import { PROVIDERS } from "../../../sdk/resource.js";
import { messagesOf, type Section } from "./page.js";

const CONTENT = { paths: ["https://vod.example.com/a.js"], contentHash: "v1" };

/** What a package says that can't be loaded, from the text that the state keeps. */
function notLoaded(code: string): string {
  const handler: { handler?: () => unknown } = {};
  const load = () => {
    throw Object.assign(new Error(), { code });
  };
  new Function("exports", "require", PROVIDERS.VodCacheRefresh)(handler, load);
  try {
    handler.handler?.();
  } catch (error) {
    return (error as { message: string }).message;
  }
  throw new Error("It was loaded.");
}

export async function programSection(): Promise<Section> {
  const functions = vodFunctions(() => undefined, { environment: {}, now: () => new Date() });
  const context = { log: logTo(() => {}) };
  const site = (domains: string[]) => new VodSiteRelease("site", { directory: "./dist", domains });
  return {
    title: "A program that is wrong",
    intro: "These end the program, before anything is deployed.",
    groups: [
      {
        title: "Resources",
        messages: await messagesOf(
          () => new VodCacheRefresh("site", CONTENT, { import: "vod-cache-refresh-1" }),
          () => VodCachePreload.get("site", "vod-cache-preload-1"),
          () => new VodCacheRefresh("site", { contents: JSON.parse('{"__proto__": "1"}') }),
          () => site([]),
          () => site(["vod.example.com", "vod.example.com"]),
          () => site(["https://me:secret@vod.example.com"]),
        ),
      },
      {
        title: "`getVodRefreshQuota` and `getVodRefreshTasks`",
        messages: await messagesOf(
          () => functions.quota({ accessKey: "LTAI" }, context),
          () => functions.quota({ region: "cn-shanghai" }, context),
          () => functions.tasks({}, context),
          () => functions.tasks({ taskIds: "1" }, context),
        ),
      },
      {
        title: "The package isn't there",
        messages: [
          notLoaded("MODULE_NOT_FOUND"),
          notLoaded("OTHER"),
          ...(await messagesOf(() => fail(new Error("any")))),
        ],
      },
    ],
  };
}
