// What the stand-in does not support. A test tool that quietly differs from Pulumi is worse than none, so it refuses
// everything that it does not imitate with a sentence that names it.

import type * as alias from "@pulumi/pulumi/proto/alias_pb.js";
import type * as resourceMessages from "@pulumi/pulumi/proto/resource_pb.js";

export class Refusal extends Error {
  constructor(what: string) {
    super(`The stand-in engine of this repository does not support ${what}: run this with the Pulumi CLI.`);
    this.name = "Refusal";
  }
}

/** The refused RPCs of the resource monitor, in words. */
export const REFUSED_CALLS: Record<string, string> = {
  streamInvoke: "functions of providers (StreamInvoke)",
  call: "methods of resources (Call)",
  readResource: "reading existing resources and stack references (ReadResource)",
  registerStackTransform: "transforms",
  registerStackInvokeTransform: "transforms of functions",
  registerResourceHook: "resource hooks",
  registerErrorHook: "error hooks",
  registerPackage: "parameterized packages (RegisterPackage)",
};

const STACK = "pulumi:pulumi:Stack";

const DYNAMIC_PROVIDER = "::pulumi:providers:pulumi-nodejs::";

type Request = resourceMessages.RegisterResourceRequest;

/** Throws a refusal for the first thing in a registration that the stand-in does not support. */
export function refuseUnsupported(request: Request): void {
  const type = request.getType();
  const subject = `of the resource "${request.getName()}" (${type})`;
  const refuse = (when: boolean, what: string): void => {
    if (when) throw new Refusal(`${what} ${subject}`);
  };
  // Getters that only newer versions of the SDK have.
  const newer = request as Request & {
    getStateMigrationsList?(): unknown[];
    getEnvvarmappingsMap?(): { getLength(): number };
  };
  const isOfDynamic = type === "pulumi:providers:pulumi-nodejs" || request.getProvider().includes(DYNAMIC_PROVIDER);
  refuse(isOfDynamic, "explicit providers of dynamic resources, such as that");
  const isBuiltIn = type.startsWith("pulumi:") && type !== STACK && !type.startsWith("pulumi:providers:");
  refuse(isBuiltIn, "built-in resources, such as that");
  refuse(request.getRemote(), "remote components, such as that");
  const isElsewhere = (one: alias.Alias) =>
    `${one.getSpec()?.getStack() ?? ""}${one.getSpec()?.getProject() ?? ""}` !== "";
  refuse(request.getAliasesList().some(isElsewhere), "the aliases in other stacks or projects");
  // Only an SDK that isn't told of the feature resolves them itself.
  refuse(request.getAliasurnsList().length > 0, "the resolved aliases");
  refuse(request.getImportid() !== "", "the import");
  refuse(request.getPlugindownloadurl() !== "", "the plugin download URL");
  refuse(request.getPackageref() !== "", "the parameterized package");
  refuse(request.getReplaceWithList().length > 0, "replaceWith");
  refuse(
    request.hasReplacementTrigger() && !request.getReplacementTrigger()?.hasNullValue(),
    "the replacement trigger",
  );
  refuse(request.getTransformsList().length > 0, "the transforms");
  refuse(request.getHidediffsList().length > 0, "hideDiffs");
  refuse(countHooks(request) > 0, "the hooks");
  refuse((newer.getStateMigrationsList?.() ?? []).length > 0, "the state migrations");
  refuse((newer.getEnvvarmappingsMap?.().getLength() ?? 0) > 0, "the environment mappings");
}

function countHooks(request: Request): number {
  const lists: unknown[] = Object.values(request.getHooks()?.toObject() ?? {});
  return lists.filter((list) => Array.isArray(list) && list.length > 0).length;
}
