/** What an update, a wait, a refresh and a delete say, from deployments against the emulator while things fail. */
import { preloadProvider } from "../../../provider/dynamic/host.js";
import { packManifest, unpackManifest } from "../../../provider/manifest/manifest.js";
import { corruptManifest } from "../../../provider/manifest/varint.js";
import { readState } from "../../../provider/plan/state.js";
import type { CallContext } from "../../../provider/resource/context.js";
import { describeKeptFiles } from "../../../provider/resource/kept-files.js";
import { CacheResourceProvider } from "../../../provider/resource/provider.js";
import { REFRESH } from "../../../provider/schema/inputs.js";
import { UNKNOWN } from "../../../provider/schema/unknown.js";
import { describeHashing } from "../../../provider/source/source.js";
import type { TaskSummary } from "../../../provider/tasks/task-status.js";
import { describeProgress, describeSummary } from "../../../provider/tasks/waiter.js";
import { formatLine, logTo } from "../../../provider/text/log.js";
import { vodClient } from "../../../provider/vod/client.js";
import { DAY_MS, HOUR_MS } from "../../../provider/vod/time.js";
import type { EmulatorOptions } from "../../emulator/index.js";
import { type Deployed, deploys, type Properties, url } from "../resource/deploys.js";
import { messageOf, messagesOf, type Section } from "./page.js";

const TASKS = "DescribeVodRefreshTasks";
const PROGRAM = { paths: [url("a.js"), url("b.js")], contentHash: "v1" };
const WAIT = { ...PROGRAM, wait: { timeout: 60 } };

type Story = (deployment: Awaited<ReturnType<typeof deploys>>) => Promise<unknown>;

/** The lines and errors of a story that begin or end in what it is about; those of a plan stand in another section. */
async function tell(
  story: Story,
  about: RegExp,
  options?: EmulatorOptions,
  make?: typeof preloadProvider,
): Promise<string[]> {
  const deployment = await deploys(options, make, { random: () => 0.5 });
  const errors: string[] = [];
  const up = async (old: Deployed | undefined, program: Properties) => {
    const done = await deployment.up(old, program).catch((error: Error) => {
      errors.push(error.message);
      return undefined;
    });
    if (done?.failure) errors.push(done.failure);
    return done as Deployed;
  };
  await story({ ...deployment, up });
  const lines = deployment.lines.map((line) => line.replace(/^site: /, ""));
  const found = [...lines, ...errors].filter((message) => about.test(message));
  if (found.length === 0) throw new Error(`Nothing was said about ${about}: ${[...lines, ...errors].join(" | ")}`);
  return found.slice(-1);
}

/** A summary of tasks, as a wait has it. */
const summary = (more: Partial<TaskSummary>): TaskSummary =>
  ({
    status: "Refreshing",
    statusOfRows: "Refreshing",
    complete: new Set(),
    done: 412,
    total: 500,
    failed: [],
    unknown: [],
    missing: [],
    givenUp: [],
    ...more,
  }) as TaskSummary;
const WORDS = { operation: "refresh", noun: ["URL", "URLs"] } as const;
const failed = [{ path: url("a.js"), description: "Origin Timeout" }];

async function cancelledWait(): Promise<string> {
  const controller = new AbortController();
  const { emulator, up, provider } = await deploys({ taskDelayMs: HOUR_MS });
  void provider;
  const created = await up(undefined, { ...PROGRAM, refreshOnCreate: false });
  const made = new CacheResourceProvider(REFRESH, {
    environment: {
      ALIBABA_CLOUD_ACCESS_KEY_ID: emulator.accessKeyId,
      ALIBABA_CLOUD_ACCESS_KEY_SECRET: emulator.accessKeySecret,
      VOD_ENDPOINT: emulator.endpoint,
    },
    now: () => new Date(emulator.time()),
    sleep: async () => controller.abort(),
  });
  const context = { name: "site", log: logTo(() => {}), signal: controller.signal } as CallContext;
  const { inputs } = await made.check(created.inputs, { ...WAIT, contentHash: "v2" }, context);
  return messageOf(() => made.update(created.id, created.outs, inputs, context));
}

export async function runningSection(): Promise<Section> {
  const refreshed = (status: string, more = {}) => ({
    objectType: "File",
    taskIds: ["70422756"],
    status,
    submittedAt: new Date().toISOString(),
    ...more,
  });
  const domains = ["old.example.com", "new.example.com"];
  const stuck: Story = async ({ emulator, up }) => {
    emulator.fault({ kind: "task-stuck" });
    await up(undefined, WAIT);
  };
  const repeatedCall: Story = async ({ emulator, up }) => {
    emulator.fault({ kind: "reset-after", times: 1, action: "RefreshVodObjectCaches" });
    emulator.fault({ kind: "error", code: "Forbidden.RAM", action: TASKS });
    await up(undefined, PROGRAM);
  };
  const unknown: Story = async ({ up }) => {
    await up(undefined, { ...PROGRAM, paths: [UNKNOWN] });
  };
  return {
    title: "While an update runs, and after it",
    intro:
      "What a `wait` shows stands in the status column until it ends. A failed update names what is pending; the next update sends it, and " +
      "waits for what was accepted.",
    groups: [
      {
        title: "Progress",
        messages: [
          describeProgress(summary({}), WORDS.noun, 82, 80_000),
          describeProgress(summary({ failed }), WORDS.noun, 82, 80_000),
          describeProgress(summary({ done: 0, total: 0, unknown: ["70422756"] }), WORDS.noun, 0, 5_000),
          describeProgress(summary({ missing: [url("b.js")] }), WORDS.noun, 82, 7_500_000),
          describeHashing({ done: 1_200, total: 40_000, part: 0.4, elapsedMs: 8_000 }),
        ],
      },
      {
        title: "The end of the tasks",
        messages: [
          describeSummary(summary({ done: 500, status: "Complete", statusOfRows: "Complete" }), WORDS),
          describeSummary(summary({ failed }), WORDS),
          describeSummary({ ...summary({}), timedOut: true }, WORDS),
          describeSummary(summary({ missing: [url("b.js")] }), WORDS),
          describeSummary(summary({ done: 0, total: 0, unknown: ["70422756"] }), WORDS),
          ...(await tell(async ({ emulator, up }) => {
            emulator.fault({ kind: "task-failed", path: url("a.js"), times: 1 });
            emulator.set({ urlRemain: 100 + PROGRAM.paths.length });
            await up(undefined, { ...WAIT, reserve: { urls: 100 } });
          }, /not retried/)),
        ],
      },
      {
        title: "A plan that isn't known, a quota that can't be read",
        messages: [
          ...(await tell(unknown, /unknown|not known/)),
          ...(await tell(async ({ emulator, up }) => {
            emulator.fault({ kind: "error", code: "Forbidden.RAM", action: "DescribeVodRefreshQuota" });
            await up(undefined, PROGRAM);
          }, /quota/)),
        ],
      },
      {
        title: "A call whose answer was lost, and a domain that is gone",
        messages: [
          ...(await tell(repeatedCall, /sent twice/)),
          ...(await tell(async ({ emulator, up }) => {
            emulator.set({ dirRemain: 1 });
            emulator.fault({ kind: "reset-after", times: 1, action: "RefreshVodObjectCaches" });
            await up(undefined, { paths: [url("x/")], contentHash: "v1", objectType: "Directory", force: true });
          }, /answer to a call/)),
          ...(await tell(async ({ emulator, up }) => {
            const first = await up(undefined, PROGRAM);
            emulator.set({ urlRemain: 2 });
            emulator.fault({ kind: "reset-before", times: 1, action: "RefreshVodObjectCaches" });
            emulator.fault({
              kind: "error",
              code: "QuotaExceeded.Refresh",
              action: "RefreshVodObjectCaches",
              times: 1,
            });
            await up(first, { ...PROGRAM, contentHash: "v2" });
          }, /may have accepted/)),
          ...(await tell(
            async ({ emulator, up }) => {
              const created = await up(undefined, { contents: { "https://old.example.com/a": "1" } });
              emulator.set({ domains: { "old.example.com": null } });
              await up(created, { contents: { "https://new.example.com/a": "1" } });
            },
            /old\.example\.com/,
            { domains },
          )),
        ],
      },
      {
        title: "`RefreshFailed` and `PreloadFailed`",
        messages: [
          ...(await tell(async ({ emulator, up }) => {
            emulator.fault({ kind: "task-failed", times: 1 });
            await up(undefined, WAIT);
          }, /once/)),
          ...(await tell(async ({ emulator, up }) => {
            emulator.fault({ kind: "task-failed" });
            await up(undefined, WAIT);
          }, /RefreshFailed/)),
          ...(await tell(
            async ({ up }) => {
              await up(undefined, { paths: [url("none.js")], contentHash: "v1", wait: true });
            },
            /PreloadFailed/,
            {},
            preloadProvider,
          )),
        ],
      },
      {
        title: "`RefreshTimeout` and `PreloadTimeout`",
        messages: [
          ...(await tell(stuck, /RefreshTimeout/)),
          ...(await tell(async ({ emulator, up }) => {
            emulator.fault({ kind: "task-stuck" });
            await up(undefined, { ...WAIT, wait: { timeout: 60, onTimeout: "warn" } });
          }, /^warning: .*(refresh|running)/)),
          ...(await tell(async ({ emulator, up }) => {
            emulator.fault({ kind: "throttle", action: TASKS });
            await up(undefined, { ...WAIT, wait: { timeout: 10 } });
          }, /RefreshTimeout/)),
          ...(await tell(async ({ emulator, up, pass }) => {
            emulator.fault({ kind: "task-stuck", times: 1 });
            const first = await up(undefined, WAIT);
            await pass(4 * DAY_MS);
            await up(first, WAIT);
          }, /an hour|once$/)),
          await cancelledWait(),
        ],
      },
      {
        title: "A preload that follows a refresh",
        messages: [
          ...(await tell(
            async ({ emulator, up }) => {
              emulator.fault({ kind: "task-failed", times: 1 });
              const client = vodClient({ endpoint: emulator.endpoint, credentials: emulator });
              const { refreshTaskId } = await client.refreshObjectCaches({
                paths: [url("a.js")],
                objectType: "File",
                force: false,
              });
              await up(undefined, { ...WAIT, refresh: refreshed("Submitted", { taskIds: [refreshTaskId] }) });
            },
            /RefreshFailed/,
            {},
            preloadProvider,
          )),
          ...(await tell(
            async ({ up }) => void (await up(undefined, { ...WAIT, refresh: refreshed("Submitted") })),
            /^waiting for the refresh: /,
            {},
            preloadProvider,
          )),
          ...(await tell(
            async ({ up }) => void (await up(undefined, { ...PROGRAM, refresh: refreshed("Incomplete") })),
            /RefreshIncomplete/,
            {},
            preloadProvider,
          )),
          ...(await tell(
            async ({ emulator, up }) => {
              emulator.fault({ kind: "throttle", action: TASKS });
              await up(undefined, { ...WAIT, wait: { timeout: 10 }, refresh: refreshed("Submitted") });
            },
            /RefreshTimeout/,
            {},
            preloadProvider,
          )),
          ...(await tell(
            async ({ up }) =>
              void (await up(undefined, { ...WAIT, refresh: refreshed("Submitted", { taskIds: ["70422756"] }) })),
            /RefreshTimeout/,
            {},
            preloadProvider,
          )),
        ],
      },
      {
        title: "`ignoreChanges` with `files`",
        messages: [describeKeptFiles(false), describeKeptFiles(true)].map((line) => formatLine(line)),
      },
      {
        title: "`pulumi refresh` and `pulumi destroy`",
        messages: [
          ...(await tell(async ({ up, refresh, pass }) => {
            const created = await up(undefined, PROGRAM);
            await pass(4 * DAY_MS);
            await refresh(created);
          }, /records of tasks/)),
          ...(await tell(async ({ up, refresh, pass }) => {
            const { outs, ...rest } = await up(undefined, PROGRAM);
            await pass(HOUR_MS + 1_000);
            await refresh({ ...rest, outs: { ...outs, taskIds: ["1", ...(outs.taskIds as string[])] } });
          }, /the status is/)),
          ...(await tell(async ({ emulator, up, refresh }) => {
            const created = await up(undefined, PROGRAM);
            emulator.fault({ kind: "error", code: "Forbidden.RAM", action: TASKS });
            await refresh(created);
          }, /the status stays/)),
          ...(await tell(async ({ up, provider }) => {
            const created = await up(undefined, PROGRAM);
            await provider().delete(created.id, created.outs);
          }, /can't be undone/)),
        ],
      },
      {
        title: "`UnknownState`: a state that can't be read",
        messages: [
          ...(await messagesOf(
            () => readState({ ...PROGRAM, __stateVersion: 2 }, REFRESH),
            () => readState(PROGRAM, REFRESH),
            () => unpackManifest(`2${packManifest(new Map()).slice(1)}`),
          )),
          corruptManifest().message,
        ],
      },
    ],
  };
}
