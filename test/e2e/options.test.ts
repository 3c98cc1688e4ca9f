/** What Pulumi's options of resources and its commands do to a refresh, as docs/guides/resource-options.md says. */
import { join } from "node:path";
import { afterEach, describe, expect, test } from "vitest";
import { engines } from "../engine/index.js";
import { isCliOnPath } from "../engine/realCli.js";
import { temporaryProgram } from "../engine/temporaryProgram.js";
import { type CliStack, openCliStack } from "./cli.js";
import { openStack, PROGRAMS, resources, type Stack } from "./stack.js";

const PROGRAM = join(PROGRAMS, "commonjs");
const A = "https://vod.example.com/a.js";
const B = "https://vod.example.com/b.js";

describe.each(engines())("on the $name", ({ create }) => {
  let stack: Stack;
  let known = 0;
  const open = async () => {
    known = 0;
    stack = await openStack(await create(), PROGRAM);
  };
  afterEach(() => stack.close());
  /** Runs an operation with one resource; gives the result, and what was sent. */
  const run = async (operation: "up" | "destroy", contentHash: string, options: object = {}, args: object = {}) => {
    const result = await stack.run(operation, resources({ site: { paths: [A, B], contentHash, options, ...args } }));
    const sent = stack.refreshed().slice(known);
    known += sent.length;
    return { ...result, sent };
  };

  test("ignoreChanges keeps the content of the last update, and what changed meanwhile is sent without it", async () => {
    await open();
    expect((await run("up", "v1", { ignoreChanges: ["contentHash"] })).sent).toEqual([A, B]);
    expect((await run("up", "v2", { ignoreChanges: ["contentHash"] })).sent).toEqual([]);
    expect((await run("up", "v2")).sent).toEqual([A, B]);
  });

  test("replaceOnChanges replaces nothing: a change stays an update", async () => {
    await open();
    const options = { replaceOnChanges: ["*"] };
    await run("up", "v1", options);
    const { changes, sent } = await run("up", "v2", options);
    expect(changes).toMatchObject({ update: 1 });
    expect(changes).not.toHaveProperty("replace");
    expect(sent).toEqual([A, B]);
  });

  test("protect lets updates through, and refuses the deletion", async () => {
    await open();
    await run("up", "v1", { protect: true });
    expect((await run("up", "v2", { protect: true })).sent).toEqual([A, B]);
    const destroyed = await run("destroy", "v2", { protect: true });
    expect(destroyed).toMatchObject({ succeeded: false, sent: [] });
    expect(destroyed.output).toContain("protected");
    await run("up", "v2");
    expect(await run("destroy", "v2")).toMatchObject({ succeeded: true, sent: [], resources: [] });
  });

  test("retainOnDelete, deleteBeforeReplace and customTimeouts change nothing of what is sent", async () => {
    await open();
    const options = { retainOnDelete: true, deleteBeforeReplace: true, customTimeouts: { update: "1s" } };
    expect((await run("up", "v1", options)).sent).toEqual([A, B]);
    expect((await run("up", "v2", options)).sent).toEqual([A, B]);
    expect(await run("destroy", "v2", options)).toMatchObject({ succeeded: true, sent: [], resources: [] });
  });
});

if (!isCliOnPath()) test.skip("by the commands of the CLI: skipped, since pulumi isn't on the PATH", () => {});
describe.runIf(isCliOnPath())("by the commands of the CLI", () => {
  let stack: CliStack;
  afterEach(() => stack?.close());
  const declare = (args: Record<string, object>) =>
    stack.pulumi("config", "set", "resources", resources(args).resources ?? "");
  const urn = (name: string) => `urn:pulumi:dev::commonjs::pulumi-nodejs:dynamic/alicloud-vod:VodCacheRefresh::${name}`;
  const up = async (...args: string[]) => {
    await stack.pulumi("up", "--yes", "--skip-preview", ...args);
    return stack.sent();
  };

  test("a new name refreshes everything, and with an alias nothing", async () => {
    stack = await openCliStack(temporaryProgram(PROGRAM));
    const args = { paths: [A], contentHash: "v1" };
    await declare({ old: args });
    expect(await up()).toEqual([A]);
    await declare({ "with-alias": { ...args, options: { aliases: [{ name: "old" }] } } });
    expect(await up()).toEqual([]);
    await declare({ "without-alias": args });
    expect(await up()).toEqual([A]);
  });

  test("--target deploys one resource and --exclude leaves one out; the next update sends the rest", async () => {
    stack = await openCliStack(temporaryProgram(PROGRAM));
    const version = (contentHash: string) =>
      declare({ a: { paths: [A], contentHash }, b: { paths: [B], contentHash } });
    await version("v1");
    expect((await up()).sort()).toEqual([A, B]);
    await version("v2");
    expect(await up("--target", urn("a"))).toEqual([A]);
    expect(await up()).toEqual([B]);
    await version("v3");
    expect(await up("--exclude", urn("a"))).toEqual([B]);
    expect(await up()).toEqual([A]);
  });

  test("--replace refreshes everything, and with refreshOnCreate false nothing", async () => {
    stack = await openCliStack(temporaryProgram(PROGRAM));
    const args = { contents: { [A]: "v1", [B]: "v1" } };
    await declare({ site: args });
    await up();
    expect(await up("--replace", urn("site"))).toEqual([A, B]);
    await declare({ site: { ...args, refreshOnCreate: false } });
    await up();
    expect(await up("--replace", urn("site"))).toEqual([]);
  });

  test("a resource that is deleted from the state counts as new", async () => {
    stack = await openCliStack(temporaryProgram(PROGRAM));
    await declare({ site: { paths: [A], contentHash: "v1" } });
    await up();
    await stack.pulumi("state", "delete", urn("site"), "--yes");
    expect(stack.sent()).toEqual([]);
    expect(await up()).toEqual([A]);
  });

  test("--json prints nothing but JSON: the steps, and the lines of a preview beside their resource", async () => {
    stack = await openCliStack(temporaryProgram(PROGRAM));
    await declare({ site: { paths: [A, B], contentHash: "v1" } });
    const { steps, diagnostics } = JSON.parse(await stack.pulumi("preview", "--json"));
    expect(steps).toContainEqual(expect.objectContaining({ op: "create", urn: urn("site") }));
    const own = diagnostics.filter((line: { urn?: string }) => line.urn === urn("site"));
    expect(own.map(({ severity, message }: Record<string, string>) => `${severity}: ${message}`)).toEqual([
      "info: initial deployment: refresh 2 URLs in 1 call (leaves 1,998 of 2,000 URLs in today's quota)\n",
      `info:   ${A}, ${B}\n`,
    ]);
    expect(stack.sent()).toEqual([]);
  });

  test("an import is refused with a sentence, by the option and by the command", async () => {
    stack = await openCliStack(temporaryProgram(PROGRAM));
    await declare({ site: { paths: [A], contentHash: "v1", options: { import: "site" } } });
    expect(await stack.fails("up", "--yes", "--skip-preview")).toContain(
      'VodCacheRefresh "site" can\'t be imported or looked up: a refresh is an action, not an object of the service.',
    );
    const type = "pulumi-nodejs:dynamic/alicloud-vod:VodCacheRefresh";
    await stack.fails("import", type, "site", "site", "--yes");
    expect(stack.sent()).toEqual([]);
    expect(await stack.pulumi("stack", "export")).not.toContain(urn("site"));
  });
});
