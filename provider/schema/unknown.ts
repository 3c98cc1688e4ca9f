/** What isn't known yet in a preview. */
import { z } from "zod";

/** Stands in a preview for a value that isn't known yet. Source: Pulumi's protocol (`UnknownStringValue`). */
export const UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";

/** A value that may not be known yet in a preview. */
export const orUnknown = <Schema extends z.ZodType>(schema: Schema) => z.union([schema, z.literal(UNKNOWN)]);

/** Whether a value, or a part of it, isn't known yet. */
export function hasUnknown(value: unknown): boolean {
  if (typeof value === "object" && value !== null) return Object.values(value).some(hasUnknown);
  return value === UNKNOWN;
}
