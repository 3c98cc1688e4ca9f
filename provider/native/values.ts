/**
 * Property values as they travel between the engine and a plugin: JSON in which a secret is an object with a mark. The core takes
 * plain values; what was secret is noted apart.
 */
import { type JavaScriptValue, Struct } from "google-protobuf/google/protobuf/struct_pb.js";
import { isSecret, markSecret } from "../host/secret-paths.js";
import type { Properties } from "../resource/context.js";
import { UNKNOWN } from "../schema/unknown.js";

/** What stands for a value that isn't known yet, by the type it will have. Source: Pulumi's protocol (`UnknownStringValue`). */
const UNKNOWNS: ReadonlySet<unknown> = new Set([
  UNKNOWN,
  "1c4a061d-8072-4f0a-a4cb-0ff528b18fe7",
  "3eeb2bf0-c639-47a8-9e75-3b44932eb421",
  "6a19a0b0-7e62-4c92-b797-7f8e31da9cc2",
  "030794c1-ac77-496b-92df-f27374a8bd58",
  "e48ece36-62e2-4504-bad9-02848725956a",
  "dd056dcd-154b-4c76-9bd3-c8f88648b5ff",
]);

export interface Decoded {
  /** Without marks; what isn't known is {@link UNKNOWN}. */
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
  if (UNKNOWNS.has(value)) return UNKNOWN;
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) return value.map((element) => unmark(element, onSecret));
  if (isSecret(value)) {
    onSecret();
    return unmark(value.value, onSecret);
  }
  const plain: Properties = {};
  for (const [key, part] of Object.entries(value)) setOwn(plain, key, unmark(part, onSecret));
  return plain;
}

/** A key may be `__proto__`. */
function setOwn(object: Properties, key: string, value: unknown): void {
  Object.defineProperty(object, key, { value, enumerable: true, configurable: true, writable: true });
}

/** Marks the named properties as secret, as a whole. What has no value is left out: the engine can't store it. */
export function encode(values: Properties, secrets: ReadonlySet<string>): Properties {
  return markSecret(withoutUndefined(values) as Properties, [...secrets]);
}

function withoutUndefined(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutUndefined);
  if (typeof value !== "object" || value === null) return value;
  const defined = Object.entries(value).filter(([, part]) => part !== undefined);
  return Object.fromEntries(defined.map(([key, part]) => [key, withoutUndefined(part)]));
}

/** Properties as a message has them, with their marks. */
export function toProperties(struct: Struct | undefined): Properties {
  return (struct?.toJavaScript() ?? {}) as Properties;
}

export function toStruct(properties: Properties): Struct {
  return Struct.fromJavaScript(properties as Record<string, JavaScriptValue>);
}
