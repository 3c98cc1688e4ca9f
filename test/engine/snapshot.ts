// The state while an operation runs: what there was, and what has become of it so far. At any moment `resources()` is a
// state that can be written: every finished step is in it, everything else is as it was.

import type { Resource } from "./state.js";

export class Snapshot {
  private readonly settled = new Set<Resource>();
  private readonly changed = new Map<Resource, Resource>();
  private fresh: Resource[] = [];

  constructor(readonly base: readonly Resource[]) {}

  /** The resource of the time before, unless it waits to be deleted because another one replaced it. */
  old(urn: string): Resource | undefined {
    return this.base.find((resource) => resource.urn === urn && !resource.delete);
  }

  /** A resource as this operation left it. */
  current(urn: string): Resource | undefined {
    return this.fresh.find((resource) => resource.urn === urn);
  }

  /** A step has made `resource`, in place of `old` if there was one. */
  put(resource: Resource, old?: Resource): void {
    this.fresh.push(resource);
    if (old) this.settled.add(old);
  }

  /** A refresh has found `resource` in place of `old`; it keeps its place. */
  replace(old: Resource, resource: Resource): void {
    this.changed.set(old, resource);
  }

  remove(resource: Resource): void {
    this.settled.add(resource);
    this.fresh = this.fresh.filter((other) => other !== resource);
  }

  /** Resources of the time before that no step has dealt with. */
  unsettled(): Resource[] {
    return this.base.filter((resource) => !this.settled.has(resource));
  }

  /** New ones first, in the order of the program: nothing comes before what it needs. */
  resources(): Resource[] {
    return [...this.fresh, ...this.unsettled().map((resource) => this.changed.get(resource) ?? resource)];
  }
}
