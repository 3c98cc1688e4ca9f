/** The shape of a report: what a run does with each resource, for what comes after it in a pipeline. */
import { z } from "zod";
import { CALL_TYPES } from "./call-types.js";
import { STATUSES } from "./enums.js";
import { PATHS_REPORTED, QUOTA_KEYS, REPORT_VERSION } from "./report-form.js";

const count = z.int().min(0);
const time = z.iso.datetime();

const pathListSchema = z.strictObject({
  count: count.describe("How many paths there are."),
  paths: z
    .array(z.string())
    .max(PATHS_REPORTED)
    .describe(
      "The first 2,000, without user name, query and fragment. `[secret]` stands for all of them if they are secrets.",
    ),
});
export type PathList = z.infer<typeof pathListSchema>;

const dueSchema = z.strictObject({
  ...pathListSchema.shape,
  total: count.describe("How many paths the program names."),
  atMost: z.boolean().describe("Whether fewer may be due: in a preview, some hashes aren't known yet."),
  reasons: z
    .array(z.strictObject({ reason: z.string(), count }))
    .describe("Why they are due, in the words of the preview, each with its number of paths."),
});

const quotaSchema = z.strictObject({
  cost: count.describe("How much the calls use. Of a plan that the quota can't hold: how much they would."),
  before: count.optional().describe("What was left before. Absent if the service didn't say."),
  after: count.optional().describe("What is left after the calls, by calculation."),
  limit: count.optional().describe("How much the account has in a day."),
  reserve: count.optional().describe("How much the update has to leave. Absent if nothing is reserved."),
});
export type QuotaUse = z.infer<typeof quotaSchema>;

const entrySchema = z.strictObject({
  name: z.string().describe("The resource's name."),
  type: z.enum(["VodCacheRefresh", "VodCachePreload"]).describe("Whether it refreshes or preloads."),
  urn: z.string().optional().describe("The resource's URN, where it is known."),
  operation: z
    .enum(["preview", "create", "update"])
    .describe("What the entry tells of: what would be sent, or what creating or updating the resource did."),
  outcome: z
    .enum(["planned", "unchanged", "unknown", "running", "succeeded", "warned", "failed"])
    .describe(
      "`planned`: something is due. `unchanged`: nothing is due. `unknown`: a preview can't tell yet. `running`: the update " +
        "hadn't ended when this was written. `succeeded`, `failed`: how it ended; `warned`: it failed, and `onFailure` says that " +
        "this is a warning.",
    ),
  status: z.enum(STATUSES).describe("The last known status of its tasks, as in the output `status`."),
  due: dueSchema.optional().describe("What has to be sent, and why. Absent if the outcome is `unknown`."),
  exceeded: z.boolean().describe("Whether the day's quota can't hold what is due, so that nothing is sent."),
  collapsed: z
    .strictObject({ urls: count, directories: pathListSchema })
    .optional()
    .describe("How many of the due URLs are sent as which directories. Absent if none are."),
  quota: z
    .partialRecord(z.enum(QUOTA_KEYS), quotaSchema)
    .describe("What the calls cost of each of the day's quotas; those without a cost are left out."),
  quotaResetsAt: time.optional().describe("When the day's quotas reset. Absent if nothing is due."),
  plannedCalls: count.describe("How many calls the plan has."),
  calls: z
    .array(z.strictObject({ objectType: z.enum(CALL_TYPES), paths: count, taskIds: z.array(z.string()) }))
    .describe("The calls that the service accepted, in order, with the number of their paths and their tasks."),
  requestIds: z.array(z.string()).describe("The IDs of these requests, for the service's support."),
  pending: pathListSchema.describe("What is still to be sent after this: by the next update."),
  unconfirmed: pathListSchema.describe("What was sent, and whose end an update with `wait` couldn't see in time."),
  verified: z
    .strictObject({ fresh: count, stale: count, notVerifiable: count })
    .optional()
    .describe(
      "What the update saw at the edge, in numbers of paths. Absent without `verify`, and if it has verified nothing.",
    ),
  error: z
    .strictObject({
      message: z.string(),
      code: z.string(),
      httpStatus: z.int().optional(),
      requestId: z.string().optional(),
    })
    .optional()
    .describe("Why it failed. Absent if it didn't."),
  nextUpdate: z.string().describe("What the next update does, in a sentence."),
  caller: z
    .strictObject({
      source: z.string().describe("Where the credentials come from."),
      accessKeyIdEnd: z
        .string()
        .optional()
        .describe("The last 4 characters of the access key ID, if it is a lasting one."),
      role: z.string().optional().describe("The ARN of the role that is assumed."),
    })
    .optional()
    .describe("Who calls. Absent if no call is to be made, or no credentials were found."),
  endpoint: z.string().optional().describe("Where the calls go. Absent if no call is to be made."),
  plannedAt: time.describe("When the plan was made."),
  startedAt: time.optional().describe("When the create or the update began."),
  submittedAt: time.optional().describe("When the last of the calls was answered."),
  finishedAt: time.optional().describe("When the create or the update ended."),
});
export type ReportEntry = z.infer<typeof entrySchema>;

export const reportSchema = z.strictObject({
  version: z.literal(REPORT_VERSION).describe("The version of this shape."),
  writtenAt: time.describe("When the report was last written, ISO 8601 in UTC, as all times."),
  resources: z.array(entrySchema).describe("An entry for each resource of the run that this file is the report of."),
  markdown: z.string().describe("The same in short, as a table in Markdown; empty if there is nothing to tell."),
});
export type Report = z.infer<typeof reportSchema>;
