/** The calls that start tasks: what is sent for a refresh and a preload, and what answers them. */
import { z } from "zod";
import { holdsSecret } from "../text/show.js";
import { DEFAULT_PRELOAD_AREA, type ObjectType, type PreloadArea, takesForce } from "./limits.js";
import { type OwnQuota, ownQuotaOf, quotaOf, type RefreshQuota } from "./quota.js";
import { identifier } from "./signed-request.js";
import type { RowType } from "./tasks.js";

/** One call of RefreshVodObjectCaches. */
export interface RefreshRequest {
  /** Paths as `normalizePath` returns them; at most `PATHS_PER_CALL` of them. */
  paths: readonly string[];
  objectType: ObjectType;
  /** Sent for every type but a file, for which it means nothing. */
  force: boolean;
}

/** One call of PreloadVodObjectCaches. */
export interface PreloadRequest {
  /** Paths as `normalizePath` returns them for a File; at most `PRELOADS_PER_CALL` of them. */
  paths: readonly string[];
  /** Where the copies are put. Default: `domestic`, the Chinese mainland. */
  area?: PreloadArea | undefined;
  /**
   * Whether the nodes next to the viewers (L2) get copies too, and not only those that ask the origin. Default:
   * false.
   */
  l2Preload?: boolean | undefined;
  /** What the origin is asked with, by name. Default: the service's own, `Accept-Encoding: gzip`. */
  headers?: Readonly<Record<string, string>> | undefined;
}

/** How a call was accepted. */
export interface Acceptance {
  /** The service's ID of the request; undefined where the answer was lost. */
  requestId?: string;
  /** The answer was lost, and the service's tasks say that the call was accepted. */
  recovered?: boolean;
  /**
   * They don't prove it, since they may be somebody else's; they are taken for the call's all the same, since the day's
   * quota doesn't hold the call a second time.
   */
  unproven?: boolean;
  /** The call was sent again although it may have been accepted before, so it may have used its quota twice. */
  repeated?: boolean;
}

/** A call that starts tasks: what is sent, what answers it, and how its tasks and its quota are known. */
export interface TaskRequest {
  action: string;
  paths: readonly string[];
  /** All parameters except the paths. */
  options: Readonly<Record<string, string>>;
  schema: z.ZodType<Accepted>;
  /** How rows name the type of its tasks; undefined where they don't tell it from a call that does less. */
  rowType: RowType | undefined;
  /** All names that rows may have for that type. */
  rowNames: readonly string[];
  quota: keyof RefreshQuota;
  /** The quota of its type, where an account has one; undefined for a type that never has. */
  ownQuota?: OwnQuota | undefined;
}

export interface Accepted extends Acceptance {
  /** Joined by commas. */
  taskIds: string;
}

/**
 * More than the IDs of 1,000 tasks take, which is more than one call starts. The state keeps them, so they are
 * bounded.
 */
const MAX_TASK_IDS_LENGTH = 32_000;

const taskIds = z
  .string()
  .max(MAX_TASK_IDS_LENGTH)
  .regex(/^[\w.-]+(,[\w.-]+)*$/, "no task ID")
  .refine((text) => !holdsSecret(text), "no task ID");
const refreshResponse = z
  .object({ RefreshTaskId: taskIds, RequestId: identifier })
  .transform((answer): Accepted => ({ taskIds: answer.RefreshTaskId, requestId: answer.RequestId }));
const preloadResponse = z
  .object({ PreloadTaskId: taskIds, RequestId: identifier })
  .transform((answer): Accepted => ({ taskIds: answer.PreloadTaskId, requestId: answer.RequestId }));

/** How rows name the type of a refresh. */
const ROW_TYPE: Partial<Record<ObjectType, RowType>> = { File: "file", Directory: "directory" };

/** All names that rows may have for a refresh. The page has no name for two types, and CDN's has `regex`. */
const ROW_NAMES: Readonly<Record<ObjectType, readonly string[]>> = {
  File: ["file"],
  IgnoreParams: ["file"],
  Directory: ["directory"],
  Regex: ["regex", "directory"],
};

export function refreshTask({ paths, objectType, force: wanted }: RefreshRequest): TaskRequest {
  const force = takesForce(objectType) && wanted;
  return {
    action: "RefreshVodObjectCaches",
    paths,
    options: { ObjectType: objectType, ...(takesForce(objectType) ? { Force: String(force) } : {}) },
    schema: refreshResponse,
    rowType: force ? undefined : ROW_TYPE[objectType],
    rowNames: ROW_NAMES[objectType],
    quota: quotaOf(objectType),
    ownQuota: ownQuotaOf(objectType),
  };
}

export function preloadTask({ paths, area, l2Preload, headers }: PreloadRequest): TaskRequest {
  const withHeader = Object.entries(headers ?? {}).map(([name, value]) => [name, [value]]);
  return {
    action: "PreloadVodObjectCaches",
    paths,
    options: {
      Area: area ?? DEFAULT_PRELOAD_AREA,
      L2Preload: String(l2Preload ?? false),
      // Each name has a list of values in the service's own example, {"Accept-Encoding":["gzip, deflate, br"]}.
      ...(withHeader.length > 0 ? { WithHeader: JSON.stringify(Object.fromEntries(withHeader)) } : {}),
    },
    schema: preloadResponse,
    rowType: "preload",
    rowNames: ["preload"],
    quota: "preload",
  };
}
