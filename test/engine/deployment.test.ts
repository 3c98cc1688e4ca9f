import { describe, expect, it } from "vitest";
import { Deployment } from "./deployment.js";
import { Execution } from "./execution.js";
import { Progress, Stopped } from "./progress.js";
import { type PropertyMap, UNKNOWN } from "./properties.js";
import type { Provider } from "./provider.js";
import type { Providers } from "./registry.js";
import { Snapshot } from "./snapshot.js";
import type { Resource } from "./state.js";
import type { Goal } from "./steps.js";

const TYPE = "pulumi-nodejs:dynamic/demo:Thing";
const urn = (name: string): string => `urn:pulumi:dev::p::${TYPE}::${name}`;

/** A deployment on a provider that records its calls. A change of `key` replaces a resource, and deletes it first. */
function deployment(base: readonly Resource[], { planning = false, failing = "" } = {}) {
  const calls: string[] = [];
  const saved: Resource[][] = [];
  const call = (name: string, of: string, detail: unknown = ""): void => {
    calls.push(
      `${name} ${of.split("::").pop()} ${typeof detail === "string" ? detail : JSON.stringify(detail)}`.trim(),
    );
    if (failing === calls.at(-1)) throw new Error(`${failing} failed`);
  };
  const provider: Provider = {
    check: async (of, olds, news) => {
      call("check", of, Object.keys(olds).length === 0 ? "new" : "");
      return { inputs: news, failures: [] };
    },
    diff: async (old, news) => {
      call("diff", old.urn, news.key === UNKNOWN ? "unknown" : "");
      const changes = old.inputs?.key !== news.key;
      return { changes, replaces: changes ? ["key"] : [], deleteBeforeReplace: true };
    },
    create: async (of, inputs) => {
      call("create", of);
      return { id: `id-${inputs.key}`, outputs: inputs };
    },
    update: async (old, inputs) => {
      call("update", old.urn);
      return { id: old.id ?? "", outputs: inputs };
    },
    read: async (old) => ({ id: old.id ?? "", outputs: old.outputs ?? {} }),
    delete: async (old) => call("delete", old.urn, old.id),
  };
  const progress = new Progress(() => {}, planning);
  const snapshot = new Snapshot(structuredClone(base) as Resource[]);
  const providers: Providers = { find: async () => provider, same: async () => {}, plugin: async () => undefined };
  const execution = new Execution(progress, snapshot, providers, async (resources) => {
    saved.push(structuredClone(resources) as Resource[]);
  });
  const rest = { progress, snapshot, execution, providers, configuration: {}, configure: () => {} };
  return { deployment: new Deployment({ stack: "dev", project: "p", ...rest }), calls, saved, snapshot, progress };
}

const goal = (name: string, inputs: PropertyMap, more: Partial<Goal> = {}): Goal => ({
  urn: urn(name),
  type: TYPE,
  name,
  custom: true,
  inputs,
  dependencies: [],
  propertyDependencies: {},
  additionalSecretOutputs: [],
  ignoreChanges: [],
  replaceOnChanges: [],
  ...more,
});
const onA: Partial<Goal> = { dependencies: [urn("a")], propertyDependencies: { key: [urn("a")] } };

async function deployed(): Promise<readonly Resource[]> {
  const { deployment: first, snapshot } = deployment([]);
  await first.register(goal("a", { key: "1" }));
  await first.register(goal("b", { key: "made of 1" }, onA));
  await first.programDone();
  return snapshot.resources();
}
const ids = (resources: readonly Resource[]): (string | undefined)[] =>
  resources.filter(({ type }) => type === TYPE).map(({ id }) => id);

describe("a replacement that deletes first", () => {
  it("also replaces the resources made from the replaced one, and diffs them with unknowns", async () => {
    const { deployment: next, calls, snapshot, progress } = deployment(await deployed());
    await next.register(goal("a", { key: "2" }));
    await next.register(goal("b", { key: "made of 2" }, onA));
    await next.programDone();
    expect(calls).toEqual([
      ...["check a", "diff a", "check a new", "diff b unknown"],
      ...["delete b id-made of 1", "delete a id-1", "create a"],
      ...["check b new", "create b"],
    ]);
    expect(ids(snapshot.resources())).toEqual(["id-2", "id-made of 2"]);
    expect(progress.counts).toEqual({ replace: 2 });
  });

  it("continues where an earlier run stopped between delete and create", async () => {
    const base = await deployed();
    const broken = deployment(base, { failing: "create a" });
    await expect(broken.deployment.register(goal("a", { key: "2" }))).rejects.toThrow(Stopped);
    const left = broken.saved.at(-1) ?? [];
    expect(left.map(({ pendingReplacement }) => pendingReplacement ?? false)).toEqual([false, true, true]);

    const { deployment: next, calls, snapshot } = deployment(left);
    await next.register(goal("a", { key: "2" }));
    await next.programDone();
    // `a` is not deleted twice. As in Pulumi, `b` is, and is then dropped, because the program no longer registers it.
    expect(calls).toEqual([
      ...["check a", "diff a", "check a new", "diff b unknown"],
      ...["delete b id-made of 1", "create a"],
    ]);
    expect(snapshot.resources().map(({ urn: one }) => one)).toEqual([expect.stringContaining("default"), urn("a")]);
  });

  it("is previewed without a call that changes anything", async () => {
    const { deployment: next, calls, saved, progress } = deployment(await deployed(), { planning: true });
    await next.register(goal("a", { key: "2" }));
    await next.register(goal("b", { key: UNKNOWN }, onA));
    await next.programDone();
    expect(calls).toEqual(["check a", "diff a", "check a new", "diff b unknown", "check b new"]);
    expect(saved).toEqual([]);
    expect(progress.counts).toEqual({ replace: 2 });
  });
});

describe("a replacement that creates first", () => {
  const createFirst = { deleteBeforeReplace: false };

  it("keeps the old resource in the state until it is deleted", async () => {
    const { deployment: next, calls, saved } = deployment(await deployed());
    await next.register(goal("a", { key: "2" }, createFirst));
    await next.register(goal("b", { key: "made of 1" }, onA));
    expect(
      saved
        .at(-1)
        ?.filter((one) => one.urn === urn("a"))
        .map((one) => [one.id, one.delete]),
    ).toEqual([
      ["id-2", undefined],
      ["id-1", true],
    ]);
    await next.programDone();
    expect(calls.slice(-1)).toEqual(["delete a id-1"]);
    expect(saved.at(-1)?.filter((one) => one.urn === urn("a"))).toHaveLength(1);
  });

  it("deletes the old resource in a later run if the first delete fails", async () => {
    const first = deployment(await deployed(), { failing: "delete a id-1" });
    await first.deployment.register(goal("a", { key: "2" }, createFirst));
    await first.deployment.register(goal("b", { key: "made of 1" }, onA));
    await expect(first.deployment.programDone()).rejects.toThrow(Stopped);
    const { deployment: next, calls } = deployment(first.saved.at(-1) ?? []);
    await next.register(goal("a", { key: "2" }));
    await next.register(goal("b", { key: "made of 1" }, onA));
    await next.programDone();
    expect(calls).toEqual(["check a", "diff a", "check b", "diff b", "delete a id-1"]);
  });
});

describe("an alias", () => {
  const named = (name: string, more: Partial<Goal> = {}) => goal(name, { key: "1" }, more);
  const OLD = "pulumi-nodejs:dynamic/demo:Old";
  const inside = (types: string, name: string): string => `urn:pulumi:dev::p::${types}::${name}`;

  it.each<[string, Partial<Goal>]>([
    ["name", { aliases: [{ name: "a" }] }],
    ["URN", { aliases: [{ urn: urn("a") }] }],
    [
      "the lack of a parent",
      { urn: inside(`x:y:Z$${TYPE}`, "c"), aliases: [{ name: "a", noParent: true }], parent: inside("x:y:Z", "z") },
    ],
  ])("by %s finds a resource, and what still refers to its old URN has the new one", async (_, more) => {
    const { deployment: next, calls, saved, snapshot } = deployment(await deployed());
    const { urn: now } = await next.register(named("c", { urn: urn("c"), ...more }));
    expect(calls).toEqual([`check ${now.split("::").pop()}`, `diff ${now.split("::").pop()}`]);
    const left = saved.at(-1)?.find((one) => one.urn === urn("b"));
    expect([left?.dependencies, left?.propertyDependencies]).toEqual([[now], { key: [now] }]);
    await next.register(goal("b", { key: "made of 1" }, { dependencies: [now], propertyDependencies: { key: [now] } }));
    await next.programDone();
    expect(ids(snapshot.resources())).toEqual(["id-1", "id-made of 1"]);
  });

  it("of a parent is one of its children too, also of those with types of their own and names made of its name", async () => {
    const first = deployment([]);
    const parent = { type: OLD, urn: inside(OLD, "a") };
    await first.deployment.register(named("a", parent));
    const below = { type: OLD, urn: inside(`${OLD}$${OLD}`, "a-child"), parent: parent.urn };
    await first.deployment.register(named("a-child", below));
    const { deployment: next, calls, snapshot } = deployment(first.snapshot.resources());
    await next.register(named("b", { aliases: [{ type: OLD, name: "a" }] }));
    const child = inside(`${TYPE}$${TYPE}`, "b-child");
    await next.register(named("b-child", { urn: child, parent: urn("b"), aliases: [{ type: OLD }] }));
    await next.programDone();
    expect(calls).toEqual(["check b", "diff b", "check b-child", "diff b-child"]);
    expect(snapshot.resources().map((one) => one.urn)).toEqual([expect.stringContaining("default"), urn("b"), child]);
  });

  it.each([true, false])("may be that of a resource that is replaced (deleted first: %s)", async (first) => {
    const { deployment: next, calls, snapshot, progress } = deployment(await deployed());
    const aliases = [{ name: "a" }];
    await next.register(goal("c", { key: "2" }, { aliases, deleteBeforeReplace: first }));
    const onC = { dependencies: [urn("c")], propertyDependencies: { key: [urn("c")] } };
    await next.register(goal("b", { key: "made of 2" }, { ...onC, deleteBeforeReplace: first }));
    await next.programDone();
    expect(calls.filter((call) => call.endsWith(" id-1"))).toEqual(["delete a id-1"]);
    expect(ids(snapshot.resources())).toEqual(["id-2", "id-made of 2"]);
    expect(progress.counts).toEqual({ replace: 2 });
  });

  it("that two resources have is refused", async () => {
    const { deployment: next } = deployment(await deployed());
    await next.register(named("c", { aliases: [{ name: "a" }] }));
    await expect(next.register(named("d", { aliases: [{ name: "a" }] }))).rejects.toThrow(
      "an alias that two resources",
    );
  });
});

describe("a registration", () => {
  it("is refused if its URN is already registered", async () => {
    const { deployment: next } = deployment([]);
    await next.register(goal("a", {}));
    await expect(next.register(goal("a", {}))).rejects.toThrow(`Duplicate resource URN '${urn("a")}'`);
  });

  it("starts nothing after a failure", async () => {
    const { deployment: next, calls, progress } = deployment([], { failing: "create a" });
    await expect(next.register(goal("a", {}))).rejects.toThrow(Stopped);
    await expect(next.register(goal("b", {}))).rejects.toThrow(Stopped);
    await expect(next.programDone()).rejects.toThrow(Stopped);
    expect(calls).toEqual(["check a new", "create a"]);
    expect([progress.succeeded, progress.errors]).toEqual([false, 1]);
  });
});
