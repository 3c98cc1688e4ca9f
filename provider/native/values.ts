/**
 * Property values as they travel between the engine and a plugin: JSON in which a secret is an object with a mark. The core takes
 * plain values; what was secret is noted apart.
 */
import type { Properties } from "../resource/context.js";

/** The key of a marked object. Source: Pulumi's protocol (`SigKey`). */
const MARK = "4dabf18193072939515e22adb298388d";
/** The value of that key for a secret. Source: Pulumi's protocol (`SecretSig`). */
const SECRET = "1b47061264138c4ac30d75fd1eb44270";

export interface Decoded {
  /** Without marks. */
  values: Properties;
  /** The properties that are secret, or have a secret in them. */
  secrets: ReadonlySet<string>;
}

/** Takes the marks off properties. */
export function decode(properties: Properties): Decoded {
  const secrets = new Set<string>();
  const values: Properties = {};
  for (const [name, value] of Object.entries(properties)) {
    let isSecret = false;
    setOwn(
      values,
      name,
      unmark(value, () => {
        isSecret = true;
      }),
    );
    if (isSecret) secrets.add(name);
  }
  return { values, secrets };
}

function unmark(value: unknown, onSecret: () => void): unknown {
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) return value.map((element) => unmark(element, onSecret));
  const { [MARK]: mark, value: inner } = value as Properties;
  if (mark === SECRET) {
    onSecret();
    return unmark(inner, onSecret);
  }
  const plain: Properties = {};
  for (const [key, part] of Object.entries(value)) setOwn(plain, key, unmark(part, onSecret));
  return plain;
}

/** A key may be `__proto__`. */
function setOwn(object: Properties, key: string, value: unknown): void {
  Object.defineProperty(object, key, { value, enumerable: true, configurable: true, writable: true });
}

/** Marks the named properties as secret, as a whole. A property without a value is left out: the engine can't store it. */
export function encode(values: Properties, secrets: ReadonlySet<string>): Properties {
  return Object.fromEntries(
    Object.entries(values)
      .filter(([, value]) => value !== undefined)
      .map(([name, value]) => [name, secrets.has(name) && !isMarked(value) ? { [MARK]: SECRET, value } : value]),
  );
}

function isMarked(value: unknown): boolean {
  return typeof value === "object" && value !== null && (value as Properties)[MARK] === SECRET;
}
