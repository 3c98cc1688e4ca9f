// Property values as they travel on the wire and stand in the state: JSON, with two special forms, a secret (a wrapper
// object) and an unknown (a well-known text). Pure functions over them; the engine's other files decide with these.

export type PropertyValue = null | boolean | number | string | PropertyValue[] | PropertyMap;
export interface PropertyMap {
  [key: string]: PropertyValue;
}

/** The key that marks an object as one of Pulumi's special values. */
export const SIGNATURE = "4dabf18193072939515e22adb298388d";
/** The value of that key for a secret. */
export const SECRET = "1b47061264138c4ac30d75fd1eb44270";
/** What stands, in a preview, for a value that only the update will know. */
export const UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";

/** What is shown in place of a secret. */
export const SECRET_SHOWN = "[secret]";

export const isObject = (value: PropertyValue | undefined): value is PropertyMap =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** A secret, of which `value` (in memory) or `ciphertext` (in the state) holds the content. */
export const isSecret = (value: PropertyValue | undefined): value is PropertyMap =>
  isObject(value) && value[SIGNATURE] === SECRET;

/** Another special value (an asset, an archive, a resource reference …). */
export const isForeign = (value: PropertyValue | undefined): value is PropertyMap =>
  isObject(value) && typeof value[SIGNATURE] === "string" && value[SIGNATURE] !== SECRET;

export const wrapSecret = (value: PropertyValue): PropertyMap => ({ [SIGNATURE]: SECRET, value });

/** Keys such as `__provider` and `__defaults` are Pulumi's own: kept, compared by nobody, never shown. */
export const isInternalKey = (key: string): boolean => key.startsWith("__");

/** Rebuilds a value, `replace` deciding about each part from the outside in; undefined means: look inside. */
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

/** Whether `test` holds for the value or anything inside it. */
export function contains(value: PropertyValue, test: (part: PropertyValue) => boolean): boolean {
  if (test(value)) return true;
  if (Array.isArray(value)) return value.some((element) => contains(element, test));
  return isObject(value) && Object.values(value).some((element) => contains(element, test));
}

/** Plain values, for the dynamic provider host, which does not understand secrets. */
export function unwrapSecrets(properties: PropertyMap): PropertyMap {
  const plain = (part: PropertyValue): PropertyValue | undefined =>
    isSecret(part) ? mapValue(part.value ?? null, plain) : undefined;
  return mapProperties(properties, plain);
}

/** The same with every secret shown as `[secret]`, for people. */
export function redact(properties: PropertyMap): PropertyMap {
  return mapProperties(properties, (part) => (isSecret(part) ? SECRET_SHOWN : undefined));
}

/**
 * Marks what came back from the host as secret wherever the value of the same name that went in held a secret. Objects
 * are followed key by key; an array that held a secret becomes secret as a whole, for its order may have changed.
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

/** Marks the top-level outputs that the program named in `additionalSecretOutputs`. */
export function markSecrets(outputs: PropertyMap, names: readonly string[]): PropertyMap {
  const mark = ([key, value]: [string, PropertyValue]): [string, PropertyValue] =>
    names.includes(key) && !isSecret(value) ? [key, wrapSecret(value)] : [key, value];
  return names.length === 0 ? outputs : Object.fromEntries(Object.entries(outputs).map(mark));
}

/** Deep equality where a null and a missing property are the same. */
export function equal(a: PropertyValue | undefined, b: PropertyValue | undefined): boolean {
  if (a === b || (a ?? null) === (b ?? null)) return true;
  if (Array.isArray(a) && Array.isArray(b)) return a.length === b.length && a.every((v, i) => equal(v, b[i]));
  if (!isObject(a) || !isObject(b)) return false;
  return [...new Set([...Object.keys(a), ...Object.keys(b)])].every((key) => equal(a[key], b[key]));
}
