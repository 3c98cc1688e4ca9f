/**
 * What the resources have in common. They compute nothing: all that they do happens in Pulumi's provider process.
 */
import * as pulumi from "@pulumi/pulumi";
import type { FailurePolicy, RefreshStatus, TimeoutPolicy } from "../provider/schema/enums.js";

export type { FailurePolicy, RefreshStatus, TimeoutPolicy };

/** Files on this machine, and where they are served. */
export interface SourceArgs {
  /** The directory with the files, relative to the program's directory. It may be empty, but must exist. */
  directory: pulumi.Input<string>;
  /** The URL of the directory, such as `https://vod.example.com/player/`: a file's URL is this and its name. */
  baseUrl: pulumi.Input<string>;
  /** Globs of the files that are served, relative to the directory. Defaults to all of them, dot files too. */
  include?: pulumi.Input<pulumi.Input<string>[]>;
  /** Globs of files and directories that are not. Defaults to none. */
  exclude?: pulumi.Input<pulumi.Input<string>[]>;
  /**
   * The file that is also served at the URL of its directory, such as `index.html`: a change of it refreshes both URLs.
   * Defaults to none.
   */
  indexDocument?: pulumi.Input<string>;
}

/** How the tasks of a refresh are followed to their end. */
export interface WaitArgs {
  /** For how long, in seconds, from 0 to 86,400; a task usually takes 5 to 6 minutes. Defaults to 1,200. */
  timeout?: pulumi.Input<number>;
  /**
   * What to do when they haven't ended by then. `fail`: the update fails, and the next one waits on without sending
   * anything. `warn`: the update succeeds, with a warning and the status that was last seen, and the next one waits on as
   * well. Defaults to `fail`.
   */
  onTimeout?: pulumi.Input<TimeoutPolicy>;
  /**
   * Whether a path whose task failed is sent once more at once, which counts against the day's quota again. With `false`
   * the update fails, and the next one sends it. Defaults to `true`.
   */
  retryFailed?: pulumi.Input<boolean>;
}

/** A RAM role to assume, and how; as `assumeRole` of the provider of `@pulumi/alicloud`. */
export interface AssumeRoleArgs {
  /**
   * The role's ARN, such as `acs:ram::1234567890123456:role/vod`. Defaults to the role that is assumed anyway, which the rest then
   * holds for: the stack's, or the profile's.
   */
  roleArn?: pulumi.Input<string>;
  /** What the role's session is called, as the account's audit log shows it. Defaults to `pulumi-alicloud-vod`. */
  sessionName?: pulumi.Input<string>;
  /** What the role's trust policy asks of callers from other accounts. Defaults to none. */
  externalId?: pulumi.Input<string>;
}

/** How often a call is tried that fails for a reason that can pass: a throttle, a busy domain, the network. */
export interface RetryArgs {
  /** For how long, without what it waits behind other calls, in seconds, from 0 to 86,400. Defaults to 300. */
  timeout?: pulumi.Input<number>;
  /** How many times, the first one included, from 1 to 100. Defaults to 10. */
  maxAttempts?: pulumi.Input<number>;
}

/** How much of each of the day's quotas was used. */
export interface VodCost {
  urls: number;
  directories: number;
  preloads: number;
}

/** How a call is made, by whom, and where. */
export interface VodCacheArgs {
  /**
   * A file into which every preview and update writes all that it would send, a line for each path. It can't lie in the
   * directory of `source`. Defaults to none.
   */
  planFile?: pulumi.Input<string>;
  /** How often a call is tried. Defaults to 10 times within 5 minutes. */
  retry?: pulumi.Input<RetryArgs>;
  /**
   * Where the VOD API is: a host, or `https://` and a host; `http://` for loopback addresses only. Defaults to the
   * environment's `VOD_ENDPOINT`, then to `vod` of the stack's `alicloud:endpoints`, else to `vod.cn-shanghai.aliyuncs.com`.
   */
  endpoint?: pulumi.Input<string>;
  /**
   * A profile of the Alibaba Cloud CLI (`~/.aliyun/config.json`), for a domain of another account. It counts alone: the
   * stack's credentials and its role don't. Defaults to the stack's credentials. Source: docs/credentials.md.
   */
  profile?: pulumi.Input<string>;
  /**
   * A RAM role to assume, with the profile's credentials or else the stack's; in place of the stack's role. Defaults to none.
   */
  assumeRole?: pulumi.Input<AssumeRoleArgs>;
}

/** A resource that looks after the content at the edge of ApsaraVideo VOD. */
export abstract class VodCacheResource extends pulumi.CustomResource {
  /** The paths as they are sent: normalised, without duplicates. */
  declare readonly paths: pulumi.Output<string[] | undefined>;
  declare readonly contentHash: pulumi.Output<string | undefined>;
  /** The hash of each URL, by the URL as it is sent. */
  declare readonly contents: pulumi.Output<Record<string, string> | undefined>;
  declare readonly source: pulumi.Output<pulumi.Unwrap<SourceArgs> | undefined>;
  /** What was found in `source`: a digest and a number of files for each of up to 200 directories. */
  declare readonly files: pulumi.Output<Record<string, string> | undefined>;
  declare readonly wait: pulumi.Output<pulumi.Unwrap<boolean | WaitArgs> | undefined>;
  declare readonly retry: pulumi.Output<pulumi.Unwrap<RetryArgs> | undefined>;
  declare readonly planFile: pulumi.Output<string | undefined>;
  declare readonly endpoint: pulumi.Output<string | undefined>;
  declare readonly profile: pulumi.Output<string | undefined>;
  declare readonly assumeRole: pulumi.Output<pulumi.Unwrap<AssumeRoleArgs> | undefined>;

  /**
   * The IDs of the tasks of the last update that sent something; empty if nothing was ever sent. Source: the API's
   * `RefreshTaskId` or `PreloadTaskId`.
   */
  declare readonly taskIds: pulumi.Output<string[]>;
  /** The IDs of its requests, for the service's support. Source: the API's `RequestId`. */
  declare readonly requestIds: pulumi.Output<string[]>;
  /**
   * Of `taskIds`, those of calls that were sent again since nobody could tell whether the service had accepted them before: what
   * they cost may have been spent twice. Undefined if there are none.
   */
  declare readonly repeatedTaskIds: pulumi.Output<string[] | undefined>;
  /** When the last call was accepted, ISO 8601 in UTC by this machine's clock; undefined if nothing was ever sent. */
  declare readonly submittedAt: pulumi.Output<string | undefined>;
  /**
   * What became of it, as it was last seen; `pulumi refresh` brings it up to date. `NotSubmitted`: nothing was ever sent. `Submitted`: the service accepted every path, and its tasks weren't looked at since. `Incomplete`: the
   * `pending` paths are still to be sent by the next update. `Pending`, `Refreshing`, `Complete`, `Failed`: the service's
   * own words for its tasks.
   */
  declare readonly status: pulumi.Output<RefreshStatus>;
  /**
   * What the tasks of `taskIds` cost of the day's quota; undefined if nothing was ever sent, or an older version of this
   * package sent it. A path that failed and was sent once more counts twice.
   */
  declare readonly cost: pulumi.Output<VodCost | undefined>;
  /** The paths that are still to be sent after an update that failed, or was `partial`; of a `source`, the first 50. */
  declare readonly pending: pulumi.Output<string[]>;
  /**
   * The paths that the service accepted, and whose end an update with `wait` couldn't see in time: the next one looks
   * again, and an hour later sends those once more that still can't be seen to have ended. Undefined if there are none.
   */
  declare readonly unconfirmed: pulumi.Output<string[] | undefined>;

  /** @throws RunError for an import or a look-up by ID. */
  protected constructor(kind: Kind, name: string, args: object, opts?: pulumi.CustomResourceOptions) {
    if (opts?.id !== undefined || opts?.import !== undefined) {
      const [deed, onCreate] =
        kind === "VodCacheRefresh" ? ["refresh", "refreshOnCreate"] : ["preload", "preloadOnCreate"];
      throw new pulumi.RunError(
        `${kind} "${name}" can't be imported or looked up: a ${deed} is no object of the service that could be ` +
          `taken over. Declare it without \`import\` and \`id\`, and with \`${onCreate}: false\` if nothing is to be sent.`,
      );
    }
    const outputs = {
      paths: undefined,
      contentHash: undefined,
      contents: undefined,
      source: undefined,
      wait: undefined,
      retry: undefined,
      planFile: undefined,
      endpoint: undefined,
      profile: undefined,
      assumeRole: undefined,
      ...args,
      files: undefined,
      taskIds: undefined,
      requestIds: undefined,
      repeatedTaskIds: undefined,
      submittedAt: undefined,
      status: undefined,
      cost: undefined,
      pending: undefined,
      unconfirmed: undefined,
    };
    const own = { __resourceName: name, __provider: PROVIDERS[kind], __secretPaths: hasSecretPaths(args) };
    // Pulumi takes a stack trace for each property, which it prints where `PULUMI_DEBUG_PROMISE_LEAKS` is set. Forty of them, with
    // source maps, take 12 ms a resource; without frames they take nothing. Where it was declared is taken apart from that.
    const { stackTraceLimit } = Error;
    if (!process.env.PULUMI_DEBUG_PROMISE_LEAKS) Error.stackTraceLimit = 0;
    try {
      super(`pulumi-nodejs:dynamic/alicloud-vod:${kind}`, name, { ...outputs, ...own }, opts);
    } catch (error) {
      Error.stackTraceLimit = stackTraceLimit;
      if (error instanceof Error) Error.captureStackTrace(error);
      throw error;
    } finally {
      Error.stackTraceLimit = stackTraceLimit;
    }
  }
}

/** Whether one of the paths is a secret, or a part of one: the outputs that name paths are then as well. Undefined, which is no input, otherwise. */
function hasSecretPaths({ paths, contents, source }: Partial<VodCacheResource>): Promise<true | undefined> {
  const isSecret = pulumi.isSecret(pulumi.output([paths, contents, source]));
  // An input that fails says so itself.
  return isSecret.then((is) => is || undefined).catch(() => undefined);
}

type Kind = "VodCacheRefresh" | "VodCachePreload";

/**
 * The text from which Pulumi's provider process makes a provider. It is stored with every resource, and it is what
 * deletes and reads run later: it never changes, and captures nothing.
 */
const provider = (exported: string) =>
  `exports.handler=()=>{try{return require("pulumi-alicloud-vod/provider").${exported}}catch(e){` +
  "const message=e.code==='MODULE_NOT_FOUND'||e.code==='ERR_PACKAGE_PATH_NOT_EXPORTED'" +
  "?'The package pulumi-alicloud-vod is not installed in the directory of this Pulumi program. Run npm install there.'" +
  ":'The package pulumi-alicloud-vod cannot be loaded. Install it again, on Node 20.19 or newer.';" +
  "throw{message,stack:'',toString:()=>message}}}";

const PROVIDERS: Readonly<Record<Kind, string>> = {
  VodCacheRefresh: provider("vodCacheRefresh"),
  VodCachePreload: provider("vodCachePreload"),
};
