// Property values as they are on the wire and in the state: JSON with two special forms, a secret (a wrapper object)
// and an unknown (a well-known text). Pure functions.

export type PropertyValue = null | boolean | number | string | PropertyValue[] | PropertyMap;
export interface PropertyMap {
  [key: string]: PropertyValue;
}

/** The key that marks an object as one of Pulumi's special values. */
export const SIGNATURE = "4dabf18193072939515e22adb298388d";
/** The value of that key for a secret. */
export const SECRET = "1b47061264138c4ac30d75fd1eb44270";
/** Stands in a preview for a value that is known only during the update. */
export const UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";

/** Shown in place of a secret. */
export const SECRET_SHOWN = "[secret]";

export const isObject = (value: PropertyValue | undefined): value is PropertyMap =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** Whether a value is a secret. Its content is in `value` (in memory) or `ciphertext` (in the state). */
export const isSecret = (value: PropertyValue | undefined): value is PropertyMap =>
  isObject(value) && value[SIGNATURE] === SECRET;

/** Whether a value is another special one: an asset, an archive, a resource reference … */
export const isForeign = (value: PropertyValue | undefined): value is PropertyMap =>
  isObject(value) && typeof value[SIGNATURE] === "string" && value[SIGNATURE] !== SECRET;

export const wrapSecret = (value: PropertyValue): PropertyMap => ({ [SIGNATURE]: SECRET, value });

/** Whether a key is Pulumi's own, such as `__provider`. Those are kept, but neither compared nor shown. */
export const isInternalKey = (key: string): boolean => key.startsWith("__");

/** Rebuilds a value from the outside in. Where `replace` returns undefined, it goes on inside the part. */
export function mapValue(
  value: PropertyValue,
  replace: (part: PropertyValue) => PropertyValue | undefined,
): PropertyValue {
  const replaced = replace(value);
  if (replaced !== undefined) return replaced;
  if (Array.isArray(value)) return value.map((element) => mapValue(element, replace));
  return isObject(value) ? mapProperties(value, replace) : value;
}

export function mapProperties(
  properties: PropertyMap,
  replace: (part: PropertyValue) => PropertyValue | undefined,
): PropertyMap {
  return Object.fromEntries(Object.entries(properties).map(([key, value]) => [key, mapValue(value, replace)]));
}

/** Whether `test` holds for the value or any part of it. */
export function contains(value: PropertyValue, test: (part: PropertyValue) => boolean): boolean {
  if (test(value)) return true;
  if (Array.isArray(value)) return value.some((element) => contains(element, test));
  return isObject(value) && Object.values(value).some((element) => contains(element, test));
}

/** The properties with plain values for secrets: the dynamic provider host does not understand secrets. */
export function unwrapSecrets(properties: PropertyMap): PropertyMap {
  const plain = (part: PropertyValue): PropertyValue | undefined =>
    isSecret(part) ? mapValue(part.value ?? null, plain) : undefined;
  return mapProperties(properties, plain);
}

/** The properties with each secret as `[secret]`, for people. */
export function redact(properties: PropertyMap): PropertyMap {
  return mapProperties(properties, (part) => (isSecret(part) ? SECRET_SHOWN : undefined));
}

/**
 * Marks the host's outputs as secret where the input of the same name holds a secret. Objects are followed key by key.
 * An array whose input holds a secret becomes secret as a whole, because its order may have changed.
 */
export function markSecretsLike(outputs: PropertyMap, inputs: PropertyMap): PropertyMap {
  const mark = (key: string, value: PropertyValue): PropertyValue => {
    const input = inputs[key];
    if (input === undefined || isSecret(value)) return value;
    if (isObject(value) && isObject(input) && !isSecret(input)) return markSecretsLike(value, input);
    return contains(input, isSecret) ? wrapSecret(value) : value;
  };
  return Object.fromEntries(Object.entries(outputs).map(([key, value]) => [key, mark(key, value)]));
}

/** Marks the top-level outputs that the program names in `additionalSecretOutputs`. */
export function markSecrets(outputs: PropertyMap, names: readonly string[]): PropertyMap {
  const mark = ([key, value]: [string, PropertyValue]): [string, PropertyValue] =>
    names.includes(key) && !isSecret(value) ? [key, wrapSecret(value)] : [key, value];
  return names.length === 0 ? outputs : Object.fromEntries(Object.entries(outputs).map(mark));
}

/** Deep equality; a null equals a missing property. */
export function equal(a: PropertyValue | undefined, b: PropertyValue | undefined): boolean {
  if (a === b || (a ?? null) === (b ?? null)) return true;
  if (Array.isArray(a) && Array.isArray(b)) return a.length === b.length && a.every((v, i) => equal(v, b[i]));
  if (!isObject(a) || !isObject(b)) return false;
  return [...new Set([...Object.keys(a), ...Object.keys(b)])].every((key) => equal(a[key], b[key]));
}
