// `refresh`: reads each resource of the state from the provider, stores the answer, and drops what is deleted. The
// program does not run, so the provider is configured from the state.

import type { Progress } from "./progress.js";
import { equal, markSecrets } from "./properties.js";
import { type Provider, readMessage } from "./provider.js";
import type { Providers } from "./registry.js";
import type { Snapshot } from "./snapshot.js";
import { isProviderType, type Resource } from "./state.js";
import { hasChanges } from "./steps.js";

export interface Refreshed {
  step: "same" | "update" | "delete";
  resource?: Resource;
}

/** Whether the provider can read this resource. */
export const isRefreshable = (resource: Resource): boolean =>
  resource.custom && !isProviderType(resource.type) && !resource.delete && !resource.pendingReplacement;

/** Reads one resource. The diff goes from the new state to the old inputs, as for an `up` of the same program. */
export async function refreshResource(old: Resource, provider: Provider): Promise<Refreshed> {
  const read = await provider.read(old);
  if (read.id === "") return { step: "delete" };
  const { initErrors: _initErrors, ...kept } = old;
  const outputs = markSecrets(read.outputs, old.additionalSecretOutputs ?? []);
  const inputs = read.inputs ?? old.inputs ?? {};
  const moved = !equal(outputs, old.outputs ?? {}) || !equal(inputs, old.inputs ?? {});
  const resource: Resource = {
    ...kept,
    id: read.id,
    outputs,
    ...(read.inputs && { inputs: read.inputs }),
    ...(moved && { modified: new Date().toISOString() }),
  };
  const answer = await provider.diff(resource, old.inputs ?? {});
  return { step: hasChanges(answer, inputs, old.inputs ?? {}) ? "update" : "same", resource };
}

/** Refreshes every resource of a snapshot. Removed resources are dropped, and so are the dependencies on them. */
export async function refreshAll(
  progress: Progress,
  snapshot: Snapshot,
  providers: Pick<Providers, "find">,
  write: (resources: readonly Resource[]) => Promise<void>,
): Promise<void> {
  const removed = new Set<string>();
  const show = (step: Refreshed["step"], old: Resource, news: Resource | undefined): void => {
    progress.count(step, old);
    progress.begin(step, old, news, true);
    progress.end(step, old, news, true);
  };
  const refreshAndShow = async (old: Resource): Promise<void> => {
    progress.place(old.urn, old.parent);
    if (!isRefreshable(old)) return show("same", old, old);
    const { step, resource } = await refreshResource(old, await providers.find(old));
    if (resource) snapshot.replace(old, resource);
    else {
      removed.add(old.urn);
      snapshot.remove(old);
    }
    await write(withoutRemoved(snapshot.resources(), removed));
    show(step, old, resource);
  };
  await Promise.all(
    snapshot.base.map((old) => refreshAndShow(old).catch((error: unknown) => progress.failStep(readMessage(error)))),
  );
}

/** The resources without their dependencies on removed ones, as Pulumi rewrites them after a refresh. */
export function withoutRemoved(resources: readonly Resource[], removed: ReadonlySet<string>): Resource[] {
  const alive = (urns: readonly string[]): string[] => urns.filter((urn) => !removed.has(urn));
  return resources.map(({ dependencies, propertyDependencies, ...rest }) => {
    const left = alive(dependencies ?? []);
    const properties = Object.entries(propertyDependencies ?? {})
      .map(([key, urns]) => [key, alive(urns)] as const)
      .filter(([, urns]) => urns.length > 0);
    return {
      ...rest,
      ...(left.length > 0 && { dependencies: left }),
      ...(properties.length > 0 && { propertyDependencies: Object.fromEntries(properties) }),
    };
  });
}
