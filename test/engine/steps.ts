// What the engine does with a resource: pure decisions from the old state, the program's goal and the answer of the
// provider's diff, and the order of deletes. Nothing here calls a provider or writes a state.

import type { DetailedDifference } from "./difference.js";
import { equal, type PropertyMap, UNKNOWN } from "./properties.js";
import { Refusal } from "./refusals.js";
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

/** The answer of a provider's diff. If `changes` is undefined, the engine compares the inputs itself. */
export interface DiffAnswer {
  changes: boolean | undefined;
  replaces: string[];
  deleteBeforeReplace: boolean;
  /** What differs, if the provider tells: a display then shows this, and nothing else. */
  detailed?: DetailedDifference;
}

export type Decision =
  | { step: "create" }
  | { step: "same" }
  | { step: "update"; detailed?: DetailedDifference }
  | { step: "replace"; deleteFirst: boolean };

/** A resource of the state by its URN, or by what differs from the goal. */
export interface Alias {
  urn?: string;
  type?: string;
  name?: string;
  parent?: string;
  noParent?: boolean;
}

export interface Goal {
  urn: string;
  type: string;
  name: string;
  custom: boolean;
  inputs: PropertyMap;
  parent?: string;
  /** The provider that the program chose; the default one of the package otherwise. */
  provider?: string;
  /** The version of the package, as the program's SDK has it. */
  version?: string;
  /** What else the resource may be in the state. */
  aliases?: Alias[];
  protect?: boolean;
  dependencies: string[];
  propertyDependencies: Record<string, string[]>;
  additionalSecretOutputs: string[];
  ignoreChanges: string[];
  replaceOnChanges: string[];
  retainOnDelete?: boolean;
  deletedWith?: string;
  deleteBeforeReplace?: boolean;
  customTimeouts?: { create?: number; update?: number; delete?: number };
}

/** The paths of `replaceOnChanges` that name the property that stands for init errors. */
const INIT_ERROR_PATHS = ["*", "#initerror"];

/** Whether there are changes: the provider decides, or the inputs if it doesn't. */
export function hasChanges(answer: DiffAnswer, oldInputs: PropertyMap, newInputs: PropertyMap): boolean {
  return answer.changes ?? !equal(oldInputs, newInputs);
}

/** Decides whether to update, replace or leave an existing resource. */
export function decide(old: Resource, goal: Goal, news: PropertyMap, answer: DiffAnswer): Decision {
  const changed = hasChanges(answer, old.inputs ?? {}, news);
  const hasInitErrors = (old.initErrors ?? []).length > 0;
  if (answer.changes === undefined && changed && goal.replaceOnChanges.length > 0)
    throw new Refusal(`replaceOnChanges of the resource "${goal.name}", whose provider doesn't tell what changed`);
  if (answer.detailed && goal.replaceOnChanges.length > 0)
    throw new Refusal(`replaceOnChanges of the resource "${goal.name}", whose provider tells what changed`);
  // Dynamic providers never tell which property changed, so that only the property of init errors is ever found.
  const replacesInitErrors = hasInitErrors && goal.replaceOnChanges.some((path) => INIT_ERROR_PATHS.includes(path));
  // Replace keys count only with a change.
  if (old.pendingReplacement || replacesInitErrors || (changed && answer.replaces.length > 0)) {
    return { step: "replace", deleteFirst: goal.deleteBeforeReplace ?? answer.deleteBeforeReplace };
  }
  if (!changed && !hasInitErrors) return { step: "same" };
  return { step: "update", ...(answer.detailed && { detailed: answer.detailed }) };
}

/** The state that the program asks for, without id and outputs. */
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
    ...(goal.replaceOnChanges.length > 0 && { replaceOnChanges: goal.replaceOnChanges }),
  };
}

/** The inputs of a dependent, unknown where made from a replaced resource. Undefined if none is made from one. */
export function inputsAfterReplacing(dependent: Resource, replaced: ReadonlySet<string>): PropertyMap | undefined {
  const touched = (key: string): boolean =>
    (dependent.propertyDependencies?.[key] ?? []).some((urn) => replaced.has(urn));
  const inputs = Object.entries(dependent.inputs ?? {});
  if (!inputs.some(([key]) => touched(key))) return undefined;
  return Object.fromEntries(inputs.map(([key, value]) => [key, touched(key) ? UNKNOWN : value]));
}

/** The resources that need `root`, directly or through others, in the order of the state. */
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
 * The deletes in waves. A wave is deleted at once, after the waves of all resources that need it. As in Pulumi, each
 * resource is deleted as late as possible: the waves are built from the roots and reversed.
 */
export function deleteWaves(doomed: readonly Resource[]): Resource[][] {
  const waves: Resource[][] = [];
  let left = [...doomed];
  while (left.length > 0) {
    const urns = (of: Resource): Set<string> => new Set(left.filter((one) => one !== of).map((one) => one.urn));
    const wave = left.filter((one) => !needs(one).some((urn) => urns(one).has(urn)));
    // A program can't make a circle. If a state holds one, any order is better than an endless loop.
    const next = wave.length > 0 ? wave : left;
    waves.push(next);
    left = left.filter((one) => !next.includes(one));
  }
  return waves.reverse();
}

/** Converts a duration of the SDK ("1h30m", "90s") into seconds, as the state holds it. */
export function seconds(duration: string): number | undefined {
  const units: Record<string, number> = { h: 3600, m: 60, s: 1, ms: 0.001 };
  const parts = [...duration.matchAll(/(\d+(?:\.\d+)?)(ms|h|m|s)/g)];
  if (parts.length === 0) return undefined;
  return parts.reduce((sum, [, amount, unit]) => sum + Number(amount) * (units[unit ?? "s"] ?? 1), 0);
}
