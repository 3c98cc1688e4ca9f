// One preview or update: takes the program's registrations, asks the provider, decides with the functions of steps.ts,
// and passes the decisions to the execution.

import { randomUUID } from "node:crypto";
import { formatCheckedValue } from "./display.js";
import type { Execution } from "./execution.js";
import { applyIgnoreChanges } from "./ignoreChanges.js";
import type { Deployer } from "./monitor.js";
import { type LogLine, type Progress, Stopped } from "./progress.js";
import { equal, type PropertyMap } from "./properties.js";
import type { Provider } from "./provider.js";
import { Refusal } from "./refusals.js";
import type { Providers } from "./registry.js";
import type { Snapshot } from "./snapshot.js";
import {
  DYNAMIC_PACKAGE,
  DYNAMIC_PROVIDER_TYPE,
  isProviderType,
  providerTypeOf,
  type Resource,
  STACK_TYPE,
  splitReference,
  splitUrn,
} from "./state.js";
import {
  type Decision,
  type DiffAnswer,
  decide,
  desiredState,
  findDependents,
  type Goal,
  hasChanges,
  inputsAfterReplacing,
  type Step,
} from "./steps.js";

export interface DeploymentContext {
  stack: string;
  project: string;
  progress: Progress;
  snapshot: Snapshot;
  execution: Execution;
  providers: Providers;
  /** The configuration of the stack, with its secrets marked: that of the host of dynamic resources. */
  configuration: PropertyMap;
  /** Configures the host of dynamic resources. */
  configure(configuration: PropertyMap): void;
}

type Planned = Decision & { news: Resource; old?: Resource; recreated?: boolean; dependents?: Resource[] };

export class Deployment implements Deployer {
  /** The program has announced its end, and the deletes have started. */
  programIsDone = false;
  private readonly registered = new Set<string>();
  /** The references of the default providers, by package and version. */
  private readonly defaults = new Map<string, Promise<string>>();
  private planning: Promise<unknown> = Promise.resolve();
  private readonly running = new Set<Promise<unknown>>();
  /** Deleted because a resource they were made from is replaced, and not registered again yet. */
  private readonly deletedEarly = new Set<Resource>();
  private readonly replaced = new Set<string>();
  /** The URNs in the state of the resources that were found by an alias, by their new ones. */
  private readonly aliased = new Map<string, string>();
  private readonly steps = new Map<string, Step>();
  private stackOutputs: { resource: Resource; outputs: PropertyMap } | undefined;

  constructor(private readonly context: DeploymentContext) {}

  urn(type: string, name: string, parent: string): string {
    const { stack, project } = this.context;
    const parentType = parent.split("::")[2] ?? "";
    const prefix = parentType === "" || parentType === STACK_TYPE ? "" : `${parentType}$`;
    return `urn:pulumi:${stack}::${project}::${prefix}${type}::${name}`;
  }

  log(line: LogLine): void {
    this.context.progress.log(line);
  }

  fail(message: string): void {
    this.context.progress.fail(message);
  }

  /** Resolves when nothing is running any more. */
  async idle(): Promise<void> {
    await this.planning;
    while (this.running.size > 0) await Promise.allSettled(this.running);
  }

  async register(goal: Goal): Promise<{ urn: string; id: string; outputs: PropertyMap }> {
    const { progress } = this.context;
    const duplicate = this.registered.has(goal.urn);
    this.registered.add(goal.urn);
    progress.place(goal.urn, goal.parent);
    // As in Pulumi, resources are decided one after the other; only their steps run in parallel.
    const planned = this.planning.then(() => {
      progress.check();
      if (duplicate) throw new Error(`Duplicate resource URN '${goal.urn}'; try giving it a unique name`);
      return goal.custom ? this.plan(goal) : this.planComponent(goal);
    });
    this.planning = planned.catch(() => {});
    const done = this.run(await planned);
    this.running.add(done);
    const resource = await done.finally(() => this.running.delete(done));
    // A component computes its own outputs.
    return { urn: goal.urn, id: resource.id ?? "", outputs: goal.custom ? (resource.outputs ?? {}) : {} };
  }

  async registerOutputs(urn: string, outputs: PropertyMap): Promise<void> {
    const resource = this.context.snapshot.current(urn);
    if (!resource) throw new Error(`Outputs were registered for ${urn}, which is no resource of this program.`);
    if (resource.type === STACK_TYPE) this.stackOutputs = { resource, outputs };
    else await this.setOutputs(resource, outputs);
  }

  async programDone(): Promise<void> {
    const { progress, snapshot, execution } = this.context;
    this.programIsDone = true;
    await this.idle();
    progress.check();
    const left = snapshot.unsettled();
    for (const resource of left.filter((one) => one.pendingReplacement)) {
      // It was deleted to be replaced, and the program no longer registers it.
      snapshot.remove(resource);
      await execution.save();
    }
    const deletes = execution.deleteAll(left.filter((one) => !one.pendingReplacement));
    this.running.add(deletes);
    await deletes.finally(() => this.running.delete(deletes));
  }

  /** Sets the stack's outputs last. After a failure, the outputs that the program did not reach are kept. */
  async finishOutputs(): Promise<void> {
    if (!this.stackOutputs) return;
    const { resource, outputs } = this.stackOutputs;
    const { progress, snapshot } = this.context;
    const olds = progress.stopped ? (snapshot.old(resource.urn)?.outputs ?? {}) : {};
    await this.setOutputs(resource, { ...olds, ...outputs });
  }

  private async setOutputs(resource: Resource, outputs: PropertyMap): Promise<void> {
    const { progress, snapshot, execution } = this.context;
    if (Object.keys(outputs).length > 0) resource.outputs = outputs;
    else delete resource.outputs;
    await execution.save();
    progress.end(this.steps.get(resource.urn) ?? "same", snapshot.old(resource.urn), resource);
  }

  private async plan(goal: Goal): Promise<Planned> {
    const { providers } = this.context;
    const reference = await this.findProvider(goal);
    const provider = await providers.find({ type: goal.type, ...(reference !== undefined && { provider: reference }) });
    const old = this.findOld(goal);
    const recreated = old !== undefined && this.deletedEarly.delete(old);
    const { inputs, unresolved } = applyIgnoreChanges(goal.inputs, old?.inputs ?? {}, old ? goal.ignoreChanges : []);
    if (unresolved.length > 0) {
      const paths = JSON.stringify(unresolved.join(", "));
      const message = `cannot ignore changes in added or removed elements of the path: ${paths}`;
      this.log({ severity: "info", message, urn: goal.urn, ephemeral: false });
    }
    const checked = await this.check(provider, goal, inputs, recreated ? {} : (old?.inputs ?? {}));
    const news = desiredState(goal, checked, reference);
    if (!old) return { step: "create", news };
    if (recreated) return { step: "replace", deleteFirst: true, news, old, recreated };
    const isDeletedWithOther = goal.deletedWith !== undefined && this.replaced.has(goal.deletedWith);
    const answer = isDeletedWithOther
      ? { changes: true, replaces: ["deletedWith"], deleteBeforeReplace: false }
      : ((await this.diffProviders(old, reference)) ?? (await provider.diff({ ...old, urn: goal.urn }, checked)));
    const decision = decide(old, goal, checked, answer);
    if (decision.step !== "replace") return { ...decision, news, old };
    if (old.protect && goal.protect) this.refuseReplacing(goal.urn);
    this.replaced.add(goal.urn);
    // A new resource may get other inputs from the check than the old one keeps.
    const fresh = desiredState(goal, await this.check(provider, goal, goal.inputs, {}), reference);
    const dependents = decision.deleteFirst ? await this.dependentReplacements(old) : [];
    return { ...decision, news: fresh, old, dependents };
  }

  /** The resource in the state: by its URN, else by the first of its aliases that is there. */
  private findOld(goal: Goal): Resource | undefined {
    const { snapshot } = this.context;
    const isThere = (urn: string) => snapshot.old(urn) !== undefined;
    const found = isThere(goal.urn) ? goal.urn : this.resolveAliases(goal).find(isThere);
    if (found === undefined) return undefined;
    if (found !== goal.urn) {
      if (this.registered.has(found) || [...this.aliased.values()].includes(found))
        throw new Refusal(`an alias that two resources have, such as ${found}`);
      this.aliased.set(goal.urn, found);
    }
    return snapshot.old(found);
  }

  /** The URNs of the aliases. As in Pulumi, a resource also has those that come of the alias of its parent. */
  private resolveAliases({ type, name, parent = "", aliases = [] }: Goal): string[] {
    const own = aliases.map((alias) => {
      if (alias.urn !== undefined) return alias.urn;
      const [given = parent, noParent] = [alias.parent, alias.noParent === true];
      const above = alias.parent === undefined ? given : (this.aliased.get(given) ?? given);
      return this.urn(alias.type ?? type, alias.name ?? name, noParent ? "" : above);
    });
    const parentAlias = this.aliased.get(parent);
    if (parentAlias === undefined) return own;
    const [before, now] = [splitUrn(parentAlias).name, splitUrn(parent).name];
    // The name of a child that begins with that of its parent is taken to be made of it.
    const rename = (one: string) => (one.startsWith(now) ? before + one.slice(now.length) : one);
    const inherited = [{ type, name }, ...own.map(splitUrn)].map((one) =>
      this.urn(one.type, rename(one.name), parentAlias),
    );
    return [...own, ...inherited];
  }

  private async planComponent(goal: Goal): Promise<Planned> {
    const old = this.findOld(goal);
    const news = desiredState(goal, goal.inputs, undefined);
    if (!old) return { step: "create", news };
    return { step: equal(old.inputs ?? {}, goal.inputs) ? "same" : "update", news, old };
  }

  /**
   * Whether the new provider of a resource takes over what the old one did.
   *
   * @returns undefined if it does; otherwise the resource is replaced.
   */
  private async diffProviders(old: Resource, reference: string | undefined): Promise<DiffAnswer | undefined> {
    const { snapshot, providers } = this.context;
    if (reference === undefined || old.provider === undefined || reference === old.provider) return undefined;
    const plugin = await providers.plugin(reference);
    const [before, now] = [splitReference(old.provider).urn, splitReference(reference).urn];
    const [oldProvider, newProvider] = [snapshot.old(before), snapshot.current(now)];
    if (plugin === undefined || oldProvider === undefined) return undefined;
    const answer = await plugin.diffConfig({ ...oldProvider, urn: now }, newProvider?.inputs ?? {});
    if (answer.replaces.length === 0) return undefined;
    return { changes: true, replaces: ["provider"], deleteBeforeReplace: false };
  }

  private async check(provider: Provider, goal: Goal, inputs: PropertyMap, olds: PropertyMap): Promise<PropertyMap> {
    const { inputs: checked, failures } = await provider.check(goal.urn, olds, inputs);
    for (const { property, reason } of failures) {
      const about = property === "" ? "" : `: property ${property} value ${formatCheckedValue(inputs[property])}`;
      this.fail(`${goal.type} resource '${goal.name}'${about} has a problem: ${reason}`);
    }
    if (failures.length > 0) throw new Stopped();
    return checked;
  }

  private refuseReplacing(urn: string): void {
    this.context.progress.refuse(
      `unable to replace resource "${urn}"\nas it is currently marked for protection. To unprotect the resource, ` +
        "remove the `protect` flag from the resource in your Pulumi program and run `pulumi up`",
    );
  }

  /** The resources to delete before `root`, because they are replaced too. Even an update diffs them with unknowns. */
  private async dependentReplacements(root: Resource): Promise<Resource[]> {
    const { snapshot, providers } = this.context;
    const replaced = new Set([root.urn]);
    const found: Resource[] = [];
    const candidates = snapshot.base.filter((one) => one === root || (!this.registered.has(one.urn) && !one.delete));
    for (const dependent of findDependents(root, candidates)) {
      const inputs = dependent.custom ? inputsAfterReplacing(dependent, replaced) : undefined;
      const isDeletedWithOther = dependent.deletedWith !== undefined && replaced.has(dependent.deletedWith);
      const provider = await providers.find(dependent);
      const answer = inputs && !isDeletedWithOther ? await provider.diff(dependent, inputs) : undefined;
      const replaces = answer && answer.replaces.length > 0 && hasChanges(answer, dependent.inputs ?? {}, inputs ?? {});
      if (!isDeletedWithOther && !replaces) continue;
      if (dependent.protect) this.refuseReplacing(dependent.urn);
      replaced.add(dependent.urn);
      this.deletedEarly.add(dependent);
      found.push(dependent);
    }
    return found;
  }

  private async run(planned: Planned): Promise<Resource> {
    const { progress, execution } = this.context;
    // Another resource may have failed in the meantime.
    progress.check();
    const { step, news, old } = planned;
    this.steps.set(news.urn, step);
    if (!old) return execution.create(news);
    if (step === "same") return execution.same(news, old);
    if (planned.step === "update") return execution.update(news, old, planned.detailed);
    if (planned.step !== "replace") return execution.update(news, old);
    const { deleteFirst, dependents = [], recreated = false } = planned;
    return execution.replace({ old, news, deleteFirst, dependents, recreated });
  }

  /** Asks a provider's function. */
  async invoke(call: { token: string; args: PropertyMap; provider?: string; version?: string }) {
    const [packageName = ""] = call.token.split(":");
    const reference = call.provider ?? (await this.findDefault(packageName, call.version));
    const plugin = await this.context.providers.plugin(reference);
    if (plugin === undefined) throw new Refusal(`functions of ${packageName}`);
    return plugin.invoke(call.token, call.args);
  }

  /** The provider of a resource; undefined for a provider, whose provider is the engine. */
  private async findProvider(goal: Goal): Promise<string | undefined> {
    if (isProviderType(goal.type)) return undefined;
    return goal.provider ?? this.findDefault(goal.type.split(":")[0] ?? "", goal.version);
  }

  /** Puts a default provider into the state when it is first needed, as a resource that holds the configuration. */
  private findDefault(packageName: string, version?: string): Promise<string> {
    const isDynamic = packageName === DYNAMIC_PACKAGE;
    const name = isDynamic || version === undefined ? "default" : `default_${version.replace(/\W/g, "_")}`;
    const key = `${packageName} ${name}`;
    const known = this.defaults.get(key);
    if (known !== undefined) return known;
    const found = isDynamic ? this.putDynamicDefault() : this.putDefault(packageName, name, version);
    this.defaults.set(key, found);
    return found;
  }

  private async putDefault(packageName: string, name: string, version: string | undefined): Promise<string> {
    const type = providerTypeOf(packageName);
    const prefix = `${packageName}:`;
    const settings = Object.entries(this.context.configuration)
      .filter(([key]) => key.startsWith(prefix))
      .map(([key, value]) => [key.slice(prefix.length), value] as const);
    const goal: Goal = {
      urn: this.urn(type, name, ""),
      type,
      name,
      custom: true,
      inputs: { ...Object.fromEntries(settings), ...(version !== undefined && { version }) },
      ...{ dependencies: [], propertyDependencies: {}, additionalSecretOutputs: [] },
      ...{ ignoreChanges: [], replaceOnChanges: [] },
    };
    const { urn, id } = await this.run(await this.plan(goal));
    return `${urn}::${id}`;
  }

  private async putDynamicDefault(): Promise<string> {
    const { snapshot, execution, configuration, configure } = this.context;
    const urn = this.urn(DYNAMIC_PROVIDER_TYPE, "default", "");
    const old = snapshot.old(urn);
    const now = new Date().toISOString();
    const id = old?.id ?? randomUUID();
    configure(configuration);
    const times = { created: old?.created ?? now, modified: old?.modified ?? now };
    const properties = { inputs: configuration, outputs: configuration };
    snapshot.put({ urn, custom: true, id, type: DYNAMIC_PROVIDER_TYPE, ...properties, ...times }, old);
    await execution.save();
    return `${urn}::${id}`;
  }
}
