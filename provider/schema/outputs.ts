/**
 * The outputs of the resources that are no inputs: shapes and descriptions. The outputs of the sdk are held to them by tests, and
 * the package schema is made of them.
 */
import { z } from "zod";
import { STATUSES } from "./enums.js";
import type { ResourceKind } from "./inputs.js";

const count = (description: string) => z.number().int().describe(description);

const costSchema = z.object({
  urls: count("URLs, with those of `IgnoreParams` where the service doesn't say that these have a quota of their own."),
  directories: count("Directories, with patterns where the service doesn't say that these have a quota of their own."),
  preloads: count("Preloads."),
  regex: count("Patterns, where the service says that these have a quota of their own.").optional(),
  ignoreParams: count(
    "URLs of `IgnoreParams`, where the service says that these have a quota of their own.",
  ).optional(),
});

const strings = z.array(z.string());

const verifiedSchema = z.object({
  fresh: count("Paths of which the edge serves what was released."),
  stale: count("Paths of which it served something else until the time was up. They are `pending`."),
  notVerifiable: count("Paths of which nobody can tell, such as those that need a signature."),
  at: z.string().describe("When that was known, ISO 8601 in UTC by this machine's clock."),
});

const callOutputs = {
  files: z
    .record(z.string(), z.string())
    .optional()
    .describe(
      "What was found in `source`: a digest and a number of files for each of up to 200 directories. Undefined without `source`.",
    ),
  taskIds: strings.describe(
    "The IDs of the tasks of the last update that sent something; empty if nothing was ever sent. Source: the API's " +
      "`RefreshTaskId` or `PreloadTaskId`.",
  ),
  requestIds: strings.describe(
    "The IDs of the requests of that update, for the service's support. Source: the API's `RequestId`.",
  ),
  repeatedTaskIds: strings
    .optional()
    .describe(
      "Those of `taskIds` whose call was sent twice, because nobody could tell whether the service had accepted the first one: " +
        "their cost may have been spent twice. Undefined if there are none.",
    ),
  submittedAt: z
    .string()
    .optional()
    .describe(
      "When the last call was accepted, ISO 8601 in UTC by this machine's clock. Undefined if nothing was ever sent.",
    ),
  status: z
    .enum(STATUSES)
    .describe(
      "The last known status; `pulumi refresh` asks for it again. `NotSubmitted`: nothing was ever sent. `Submitted`: the service " +
        "accepted every path, and its tasks have not been asked for since. `Incomplete`: the next update still has to send the " +
        "`pending` paths. `Pending`, `Refreshing`, `Complete`, `Failed`: the service's own words for its tasks.",
    ),
  cost: costSchema
    .optional()
    .describe(
      "How much of the day's quotas the tasks of `taskIds` cost. A path that failed and was retried counts twice. Undefined " +
        "if nothing was ever sent.",
    ),
  verified: verifiedSchema
    .optional()
    .describe(
      "What the last update that verified paths saw at the edge. Undefined without `verify`, and if nothing was verified since it " +
        "was set.",
    ),
  pending: strings.describe(
    "The paths that the next update has to send, after an update that failed or was `partial`; with `source` the first 50.",
  ),
  unconfirmed: strings
    .optional()
    .describe(
      "The paths that the service accepted, and that an update with `wait` couldn't see end in time. The next update asks for them " +
        "again; an hour later it retries those that it still can't see end. Undefined if there are none.",
    ),
};

/** The schema of each output of a resource that is no input. */
export function outputSchemas({ outputs, operation }: ResourceKind): Record<string, z.ZodType> {
  const which =
    operation === "refresh"
      ? "paths that the last update sent and the program hasn't let go of since"
      : "URLs that the last update sent";
  return {
    ...callOutputs,
    [outputs.taskId]: z
      .string()
      .optional()
      .describe("The task IDs as the API writes them, joined by commas. Undefined if nothing was ever sent."),
    [outputs.sent]: strings.describe(`The ${which}, the first 50.`),
  };
}
