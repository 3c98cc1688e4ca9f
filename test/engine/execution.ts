// Runs steps: calls the provider, and updates the snapshot and the state file after each step. A preview makes no call
// that changes anything, and saves nothing.

import type { DetailedDifference } from "./difference.js";
import { type Progress, Stopped } from "./progress.js";
import { markSecrets } from "./properties.js";
import { type Provider, type Result, readMessage } from "./provider.js";
import type { Providers } from "./registry.js";
import type { Snapshot } from "./snapshot.js";
import { isProviderType, type Resource } from "./state.js";
import { deleteWaves, type Step } from "./steps.js";

export interface Replacement {
  old: Resource;
  news: Resource;
  deleteFirst: boolean;
  /** The resources to delete before `old`, in the order of the state. */
  dependents: Resource[];
  /** `old` is already deleted, together with a resource that it was made from. */
  recreated: boolean;
}

export class Execution {
  constructor(
    private readonly progress: Progress,
    private readonly snapshot: Snapshot,
    private readonly providers: Pick<Providers, "find" | "same">,
    private readonly write: (resources: readonly Resource[]) => Promise<void>,
  ) {}

  async same(news: Resource, old: Resource): Promise<Resource> {
    Object.assign(news, carryOver(old), old.outputs && { outputs: old.outputs });
    this.progress.begin("same", old, news);
    if (isProviderType(news.type)) await this.providers.same(news);
    return this.settle("same", news, old);
  }

  async create(news: Resource): Promise<Resource> {
    return this.runCreate("create", news);
  }

  async update(news: Resource, old: Resource, detailed?: DetailedDifference): Promise<Resource> {
    this.progress.begin("update", old, news, false, detailed);
    // A component's outputs stay until the program registers new ones.
    Object.assign(news, carryOver(old), !news.custom && old.outputs && { outputs: old.outputs });
    const result = await this.callProvider(news, (provider, isPreview) =>
      provider.update({ ...old, urn: news.urn }, news.inputs ?? {}, isPreview),
    );
    Object.assign(news, { modified: new Date().toISOString() }, applyResult(news, result));
    // An update that failed half-way keeps the old inputs, so that the next one sees the difference again.
    if (result.initErrors && old.inputs) news.inputs = old.inputs;
    return this.settle("update", news, old, result);
  }

  async replace({ old, news, deleteFirst, dependents, recreated }: Replacement): Promise<Resource> {
    if (!deleteFirst) {
      const created = await this.runCreate("create-replacement", news, { replaced: old });
      this.reportReplacement(old, created);
      return created;
    }
    const doomed = new Set([old, ...dependents].map((resource) => resource.urn));
    const first = recreated || old.pendingReplacement ? [...dependents].reverse() : [old, ...dependents].reverse();
    for (const resource of first) {
      await this.delete("delete-replaced", resource, doomed);
      this.progress.check();
    }
    this.reportReplacement(old, news);
    return this.runCreate("create-replacement", news, { old });
  }

  /** Deletes in order, up to the first failure. */
  async deleteAll(doomed: readonly Resource[]): Promise<void> {
    const urns = new Set(doomed.map((resource) => resource.urn));
    for (const wave of deleteWaves(doomed)) {
      this.progress.check();
      const step = (resource: Resource) => (resource.delete ? "delete-replaced" : "delete");
      await Promise.allSettled(wave.map((resource) => this.delete(step(resource), resource, urns)));
    }
    this.progress.check();
  }

  async save(): Promise<void> {
    if (!this.progress.planning) await this.write(this.snapshot.resources());
  }

  /** @param was the resource in whose place the new one comes: deleted before it, or still to be deleted. */
  private async runCreate(
    step: "create" | "create-replacement",
    news: Resource,
    was: { old?: Resource; replaced?: Resource } = {},
  ): Promise<Resource> {
    this.progress.begin(step, undefined, news);
    const result = await this.callProvider(news, (provider, isPreview) =>
      provider.create(news.urn, news.inputs ?? {}, isPreview),
    );
    const now = new Date().toISOString();
    Object.assign(news, { created: now, modified: now }, applyResult(news, result));
    if (was.replaced) was.replaced.delete = true;
    return this.settle(step, news, was.old, result);
  }

  /** Shows and counts the one step that stands for a whole replacement. */
  private reportReplacement(old: Resource, news: Resource): void {
    this.progress.begin("replace", old, news);
    this.progress.count("replace", news);
    this.progress.end("replace", old, news);
  }

  private async delete(step: "delete" | "delete-replaced", old: Resource, doomed: ReadonlySet<string>): Promise<void> {
    this.progress.begin(step, old, undefined);
    if (step === "delete" && old.protect) return this.refuseDeleting(old.urn);
    const isManaged = old.custom && !isProviderType(old.type);
    const goesWithOther = old.deletedWith !== undefined && doomed.has(old.deletedWith);
    try {
      if (isManaged && !this.progress.planning && !old.retainOnDelete && !goesWithOther)
        await (await this.providers.find(old)).delete(old);
    } catch (error) {
      this.progress.failStep(readMessage(error));
      throw new Stopped();
    }
    if (step === "delete-replaced" && !old.delete) old.pendingReplacement = true;
    else this.snapshot.remove(old);
    await this.save();
    this.progress.count(step, old);
    this.progress.end(step, old, undefined);
  }

  private refuseDeleting(urn: string): void {
    this.progress.failStep(
      `${this.progress.planning ? "Preview failed: " : ""}resource "${urn}" cannot be deleted\nbecause it is protected. ` +
        "To unprotect the resource, either remove the `protect` flag from the resource in your Pulumi program and run " +
        `\`pulumi up\`, or use the command:\n\`pulumi state unprotect '${urn}'\``,
    );
  }

  /**
   * Calls the provider. In a preview, as in Pulumi, the outputs are the inputs and the id is unknown, unless the provider tells more.
   */
  private async callProvider(
    news: Resource,
    call: (provider: Provider, isPreview: boolean) => Promise<Result>,
  ): Promise<Result> {
    const { planning } = this.progress;
    const foreseen = { id: news.id ?? "", outputs: news.inputs ?? {} };
    if (!news.custom) return foreseen;
    try {
      const provider = await this.providers.find(news);
      if (planning && !provider.supportsPreview) return foreseen;
      return await call(provider, planning);
    } catch (error) {
      this.progress.failStep(readMessage(error));
      throw new Stopped();
    }
  }

  /** Records a finished step in the snapshot, on the disk and in the counts. */
  private async settle(step: Step, news: Resource, old: Resource | undefined, result?: Result): Promise<Resource> {
    this.snapshot.put(news, old);
    await this.save();
    const reasons = result?.initErrors;
    if (reasons) {
      const list = reasons.map((reason) => `\t* ${reason}\n`).join("");
      this.progress.failStep(`${reasons.length} error${reasons.length === 1 ? "" : "s"} occurred:\n${list}`);
      throw new Stopped();
    }
    this.progress.count(step, news);
    if (news.custom) this.progress.end(step, old, news);
    return news;
  }
}

/** The properties that a resource keeps for its whole life. */
const carryOver = ({ id, created, modified }: Resource): Partial<Resource> => ({
  ...(id !== undefined && { id }),
  ...(created !== undefined && { created }),
  ...(modified !== undefined && { modified }),
});

/** The properties of a resource that come from the provider's answer. */
function applyResult(news: Resource, result: Result): Partial<Resource> {
  if (!news.custom) return {};
  const outputs = markSecrets(result.outputs, news.additionalSecretOutputs ?? []);
  return { id: result.id, outputs, ...(result.initErrors && { initErrors: result.initErrors }) };
}
