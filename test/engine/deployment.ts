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
import type { Snapshot } from "./snapshot.js";
import { PROVIDER_TYPE, type Resource, STACK_TYPE } from "./state.js";
import {
  type Decision,
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
  provider: Provider;
  /** The configuration of the stack and of the default provider, with its secrets marked. */
  configuration: PropertyMap;
  configure(configuration: PropertyMap): void;
}

type Planned = Decision & { news: Resource; old?: Resource; recreated?: boolean; dependents?: Resource[] };

export class Deployment implements Deployer {
  /** The program has announced its end, and the deletes have started. */
  programIsDone = false;
  private readonly registered = new Set<string>();
  private readonly providerUrn: string;
  private providerReference: string | undefined;
  private planning: Promise<unknown> = Promise.resolve();
  private readonly running = new Set<Promise<unknown>>();
  /** Deleted because a resource they were made from is replaced, and not registered again yet. */
  private readonly deletedEarly = new Set<Resource>();
  private readonly replaced = new Set<string>();
  private readonly steps = new Map<string, Step>();
  private stackOutputs: { resource: Resource; outputs: PropertyMap } | undefined;

  constructor(private readonly context: DeploymentContext) {
    this.providerUrn = this.urn(PROVIDER_TYPE, "default", "");
  }

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
    const { snapshot, provider } = this.context;
    await this.ensureProvider();
    const old = snapshot.old(goal.urn);
    const recreated = old !== undefined && this.deletedEarly.delete(old);
    const { inputs, unresolved } = applyIgnoreChanges(goal.inputs, old?.inputs ?? {}, old ? goal.ignoreChanges : []);
    if (unresolved.length > 0) {
      const paths = JSON.stringify(unresolved.join(", "));
      const message = `cannot ignore changes in added or removed elements of the path: ${paths}`;
      this.log({ severity: "info", message, urn: goal.urn, ephemeral: false });
    }
    const checked = await this.check(goal, inputs, recreated ? {} : (old?.inputs ?? {}));
    const news = desiredState(goal, checked, this.providerReference);
    if (!old) return { step: "create", news };
    if (recreated) return { step: "replace", deleteFirst: true, news, old, recreated };
    const isDeletedWithOther = goal.deletedWith !== undefined && this.replaced.has(goal.deletedWith);
    const answer = isDeletedWithOther
      ? { changes: true, replaces: ["deletedWith"], deleteBeforeReplace: false }
      : await provider.diff(old, checked);
    const decision = decide(old, goal, checked, answer);
    if (decision.step !== "replace") return { ...decision, news, old };
    if (old.protect && goal.protect) this.refuseReplacing(goal.urn);
    this.replaced.add(goal.urn);
    // A new resource may get other inputs from the check than the old one keeps.
    const fresh = desiredState(goal, await this.check(goal, goal.inputs, {}), this.providerReference);
    const dependents = decision.deleteFirst ? await this.dependentReplacements(old) : [];
    return { ...decision, news: fresh, old, dependents };
  }

  private async planComponent(goal: Goal): Promise<Planned> {
    const old = this.context.snapshot.old(goal.urn);
    const news = desiredState(goal, goal.inputs, undefined);
    if (!old) return { step: "create", news };
    return { step: equal(old.inputs ?? {}, goal.inputs) ? "same" : "update", news, old };
  }

  private async check(goal: Goal, inputs: PropertyMap, olds: PropertyMap): Promise<PropertyMap> {
    const { inputs: checked, failures } = await this.context.provider.check(goal.urn, olds, inputs);
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
    const { snapshot, provider } = this.context;
    const replaced = new Set([root.urn]);
    const found: Resource[] = [];
    const candidates = snapshot.base.filter((one) => one === root || (!this.registered.has(one.urn) && !one.delete));
    for (const dependent of findDependents(root, candidates)) {
      const inputs = dependent.custom ? inputsAfterReplacing(dependent, replaced) : undefined;
      const isDeletedWithOther = dependent.deletedWith !== undefined && replaced.has(dependent.deletedWith);
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
    if (step !== "replace") return execution.update(news, old);
    const { deleteFirst, dependents = [], recreated = false } = planned;
    return execution.replace({ old, news, deleteFirst, dependents, recreated });
  }

  /** Puts the default provider of dynamic resources into the state, as a resource that holds the configuration. */
  private async ensureProvider(): Promise<void> {
    if (this.providerReference !== undefined) return;
    const { snapshot, execution, configuration, configure } = this.context;
    const old = snapshot.old(this.providerUrn);
    const now = new Date().toISOString();
    const id = old?.id ?? randomUUID();
    this.providerReference = `${this.providerUrn}::${id}`;
    configure(configuration);
    const times = { created: old?.created ?? now, modified: old?.modified ?? now };
    const properties = { inputs: configuration, outputs: configuration };
    snapshot.put({ urn: this.providerUrn, custom: true, id, type: PROVIDER_TYPE, ...properties, ...times }, old);
    await execution.save();
  }
}
