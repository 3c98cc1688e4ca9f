// The state while an operation runs: the resources before it, and the steps so far. At any moment `resources()` is a
// state that can be written: it holds every finished step, and everything else as it was.

import { type Resource, splitReference } from "./state.js";

export class Snapshot {
  private readonly settled = new Set<Resource>();
  private readonly changed = new Map<Resource, Resource>();
  private fresh: Resource[] = [];
  /** The new URNs of resources that were found by an alias. */
  private readonly renamed = new Map<string, string>();

  constructor(readonly base: readonly Resource[]) {}

  /** The resource before the operation, unless it is replaced and still to be deleted. */
  old(urn: string): Resource | undefined {
    return this.base.find((resource) => resource.urn === urn && !resource.delete);
  }

  /** The resource as this operation left it. */
  current(urn: string): Resource | undefined {
    return this.fresh.find((resource) => resource.urn === urn);
  }

  /** Adds the resource that a step made, in place of `old` if there is one. */
  put(resource: Resource, old?: Resource): void {
    this.fresh.push(resource);
    if (!old) return;
    this.settled.add(old);
    if (old.urn !== resource.urn) this.renamed.set(old.urn, resource.urn);
  }

  /** Replaces `old` by the resource that a refresh read, in the same place. */
  replace(old: Resource, resource: Resource): void {
    this.changed.set(old, resource);
  }

  remove(resource: Resource): void {
    this.settled.add(resource);
    this.fresh = this.fresh.filter((other) => other !== resource);
  }

  /** The resources from before the operation that no step has handled. */
  unsettled(): Resource[] {
    return this.base.filter((resource) => !this.settled.has(resource));
  }

  /** New resources first, in the order of the program: each comes after its dependencies. */
  resources(): Resource[] {
    const left = this.unsettled().map((resource) => this.changed.get(resource) ?? resource);
    return [...this.fresh, ...(this.renamed.size === 0 ? left : left.map((one) => renameNeeds(one, this.renamed)))];
  }
}

/** A resource whose references to others have their new URNs. */
function renameNeeds(resource: Resource, renamed: ReadonlyMap<string, string>): Resource {
  const { parent, deletedWith, provider, dependencies, propertyDependencies } = resource;
  const rename = (urn: string): string => renamed.get(urn) ?? urn;
  const renameProvider = (reference: string): string => {
    const { urn, id } = splitReference(reference);
    return `${rename(urn)}::${id}`;
  };
  const byProperty = Object.entries(propertyDependencies ?? {}).map(([name, urns]) => [name, urns.map(rename)]);
  return {
    ...resource,
    ...(parent !== undefined && { parent: rename(parent) }),
    ...(deletedWith !== undefined && { deletedWith: rename(deletedWith) }),
    ...(provider !== undefined && { provider: renameProvider(provider) }),
    ...(dependencies && { dependencies: dependencies.map(rename) }),
    ...(propertyDependencies && { propertyDependencies: Object.fromEntries(byProperty) }),
  };
}
