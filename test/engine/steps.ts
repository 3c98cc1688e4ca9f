// What the engine does with one resource: pure decisions, made of the old state, what the program asks for and what
// the provider's diff answered; and the order of deletes. Nothing here calls a provider or writes a state.

import { equal, type PropertyMap, UNKNOWN } from "./properties.js";
import { needs, type Resource } from "./state.js";

/** Pulumi's names of the steps. */
export type Step =
  | "same"
  | "create"
  | "update"
  | "delete"
  | "replace"
  | "create-replacement"
  | "delete-replaced"
  | "refresh"
  | "remove-pending-replace";

/** What a provider's diff says: `changes` undefined means that the engine compares the inputs itself. */
export interface DiffAnswer {
  changes: boolean | undefined;
  replaces: string[];
  deleteBeforeReplace: boolean;
}

export type Decision =
  | { step: "create" }
  | { step: "same" }
  | { step: "update" }
  | { step: "replace"; deleteFirst: boolean };

export interface Goal {
  urn: string;
  type: string;
  name: string;
  custom: boolean;
  inputs: PropertyMap;
  parent?: string;
  protect?: boolean;
  dependencies: string[];
  propertyDependencies: Record<string, string[]>;
  additionalSecretOutputs: string[];
  ignoreChanges: string[];
  retainOnDelete?: boolean;
  deletedWith?: string;
  deleteBeforeReplace?: boolean;
  customTimeouts?: { create?: number; update?: number; delete?: number };
}

/** Whether there is anything to do, when the provider left it open. */
export function hasChanges(answer: DiffAnswer, oldInputs: PropertyMap, newInputs: PropertyMap): boolean {
  return answer.changes ?? !equal(oldInputs, newInputs);
}

/** Update, replace or leave an existing resource. */
export function decide(old: Resource, goal: Goal, news: PropertyMap, answer: DiffAnswer): Decision {
  const changed = hasChanges(answer, old.inputs ?? {}, news);
  // The keys alone do not replace: without a change they are ignored.
  if (old.pendingReplacement || (changed && answer.replaces.length > 0)) {
    return { step: "replace", deleteFirst: goal.deleteBeforeReplace ?? answer.deleteBeforeReplace };
  }
  return { step: changed || (old.initErrors ?? []).length > 0 ? "update" : "same" };
}

/** The state that a resource will have, without id and outputs. */
export function desiredState(goal: Goal, inputs: PropertyMap, provider: string | undefined): Resource {
  return {
    urn: goal.urn,
    custom: goal.custom,
    type: goal.type,
    ...(Object.keys(inputs).length > 0 && { inputs }),
    ...(goal.parent !== undefined && { parent: goal.parent }),
    ...(goal.protect && { protect: true }),
    ...(goal.dependencies.length > 0 && { dependencies: goal.dependencies }),
    ...(goal.custom && provider !== undefined && { provider }),
    ...(Object.keys(goal.propertyDependencies).length > 0 && { propertyDependencies: goal.propertyDependencies }),
    ...(goal.additionalSecretOutputs.length > 0 && { additionalSecretOutputs: goal.additionalSecretOutputs }),
    ...(goal.customTimeouts && { customTimeouts: goal.customTimeouts }),
    ...(goal.retainOnDelete && { retainOnDelete: true }),
    ...(goal.deletedWith !== undefined && { deletedWith: goal.deletedWith }),
    ...(goal.ignoreChanges.length > 0 && { ignoreChanges: goal.ignoreChanges }),
  };
}

/** The inputs of a dependent with everything made of a replaced resource unknown, or undefined if nothing is. */
export function inputsAfterReplacing(dependent: Resource, replaced: ReadonlySet<string>): PropertyMap | undefined {
  const touched = (key: string): boolean =>
    (dependent.propertyDependencies?.[key] ?? []).some((urn) => replaced.has(urn));
  const inputs = Object.entries(dependent.inputs ?? {});
  if (!inputs.some(([key]) => touched(key))) return undefined;
  return Object.fromEntries(inputs.map(([key, value]) => [key, touched(key) ? UNKNOWN : value]));
}

/** All that needs `root` directly or through others, in the order of the state. */
export function findDependents(root: Resource, resources: readonly Resource[]): Resource[] {
  const reached = new Set([root.urn]);
  const found = new Set<Resource>();
  for (let before = -1; before !== found.size; ) {
    before = found.size;
    for (const resource of resources) {
      if (resource === root || found.has(resource) || !needs(resource).some((urn) => reached.has(urn))) continue;
      found.add(resource);
      reached.add(resource.urn);
    }
  }
  return resources.filter((resource) => found.has(resource));
}

/**
 * Deletes in waves: those of one wave go at the same time, and everything that needs a resource is in a wave before its
 * own. As in Pulumi, a resource goes as late as what needs least: the waves are built from the roots and reversed.
 */
export function deleteWaves(doomed: readonly Resource[]): Resource[][] {
  const waves: Resource[][] = [];
  let left = [...doomed];
  while (left.length > 0) {
    const urns = (of: Resource): Set<string> => new Set(left.filter((one) => one !== of).map((one) => one.urn));
    const wave = left.filter((one) => !needs(one).some((urn) => urns(one).has(urn)));
    // A circle can't come from a program; if a state holds one, deleting in any order beats not ending.
    const next = wave.length > 0 ? wave : left;
    waves.push(next);
    left = left.filter((one) => !next.includes(one));
  }
  return waves.reverse();
}

/** A duration as the SDK sends it ("1h30m", "90s") in the seconds that the state holds. */
export function seconds(duration: string): number | undefined {
  const units: Record<string, number> = { h: 3600, m: 60, s: 1, ms: 0.001 };
  const parts = [...duration.matchAll(/(\d+(?:\.\d+)?)(ms|h|m|s)/g)];
  if (parts.length === 0) return undefined;
  return parts.reduce((sum, [, amount, unit]) => sum + Number(amount) * (units[unit ?? "s"] ?? 1), 0);
}
