/**
 * Secret paths: a path may hold a signature in its query. Pulumi keeps an output secret if the input of the same name is. Paths come
 * back under other names as well, and those outputs are marked here.
 */
import type { Properties } from "../resource/context.js";
import { hasHeaders } from "../schema/call-inputs.js";
import type { ResourceKind } from "../schema/inputs.js";

/** The input by which the sdk says that paths are secret; absent if they aren't. */
export const SECRET_PATHS = "__secretPaths";

/** The input by which the sdk says that headers of a preload are secret; absent if they aren't. */
export const SECRET_HEADERS = "__secretHeaders";

/** The key of a marked value, and what stands there for a secret. Source: Pulumi's protocol (`SpecialSigKey`, `SpecialSecretSig`). */
const MARK = "4dabf18193072939515e22adb298388d";
const SECRET = "1b47061264138c4ac30d75fd1eb44270";

/**
 * Marks the outputs that name paths as secret if the inputs are. They stay secret for good: outputs name a removed path long after
 * the inputs did.
 *
 * @param olds the outputs before.
 */
export function markSecretPaths(kind: ResourceKind, outputs: Properties, olds: Properties = {}): Properties {
  if (outputs[SECRET_PATHS] !== true && olds[SECRET_PATHS] !== true) return outputs;
  const names = ["pending", "unconfirmed", "__removedPaths", "__stale", "__failures", kind.outputs.sent];
  return markSecret({ ...outputs, [SECRET_PATHS]: true }, names);
}

/** Marks what a check adds to the inputs: `files` names the directories of a source. An output is secret with its input. */
export function markSecretFiles(inputs: Properties): Properties {
  return markSecret(inputs, ["files"]);
}

/** Marks `verify` if it has headers: they open what isn't open to everybody, whether or not the program says that they are secret. */
export function markSecretHeaders(inputs: Properties): Properties {
  return hasHeaders(inputs.verify) ? markSecret(inputs, ["verify"]) : inputs;
}

/** Marks the named properties as secret, as a whole. */
export function markSecret(properties: Properties, names: readonly string[]): Properties {
  const entries = Object.entries(properties);
  const mark = (value: unknown) => (isSecret(value) ? value : { [MARK]: SECRET, value });
  return Object.fromEntries(entries.map(([name, value]) => [name, names.includes(name) ? mark(value) : value]));
}

/** Whether a value is marked as secret. */
export function isSecret(value: unknown): value is { value?: unknown } {
  return typeof value === "object" && value !== null && (value as Properties)[MARK] === SECRET;
}
