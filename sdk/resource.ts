/**
 * What the resources have in common. They compute nothing: everything they do happens in Pulumi's provider process.
 *
 * Pulumi makes an output of each property that a resource is registered with, of undefined ones too. So the names of
 * all inputs and outputs have to be there at run time: they are fields of classes, whose new instance has all of them,
 * undefined.
 */
import * as pulumi from "@pulumi/pulumi";
import type { FollowSymlinks } from "../provider/content/files.js";
import type { FailurePolicy, RefreshStatus, TimeoutPolicy } from "../provider/schema/enums.js";
import { describeNoImport } from "../provider/text/no-import.js";
import { makeRunError } from "./run-error.js";

export type { FailurePolicy, FollowSymlinks, RefreshStatus, TimeoutPolicy };

/** Files on this machine, and where they are served. */
export interface SourceArgs {
  /** The directory with the files, relative to the program's directory. It may be empty, but it must exist. */
  directory: pulumi.Input<string>;
  /**
   * The URL of the directory, such as `https://vod.example.com/player/`: the URL of a file is this and the file's name.
   */
  baseUrl: pulumi.Input<string>;
  /**
   * Globs of the files that are served, relative to the directory. The name of a directory means all below it, as in
   * `exclude`. Defaults to all files, those that begin with a dot too.
   */
  include?: pulumi.Input<pulumi.Input<string>[]>;
  /** Globs of the files and directories that are not served, relative to the directory. Defaults to none. */
  exclude?: pulumi.Input<pulumi.Input<string>[]>;
  /**
   * The name of the file that is also served at the URL of its directory, such as `index.html`. When it changes, both
   * URLs are due. Defaults to none.
   */
  indexDocument?: pulumi.Input<string>;
  /**
   * Whether a page is also served at its name without `.html`, and with `indexDocument` a directory also without its
   * slash. When a page changes, all its URLs are due. Defaults to `false`.
   */
  cleanUrls?: pulumi.Input<boolean>;
  /**
   * How far symbolic links are followed. `inside`: within the directory; a link that leaves it is an error. `always`:
   * wherever they lead, as in the outputs of Bazel and pnpm. A link that leads back to a directory that contains it is
   * an error. Defaults to `inside`.
   */
  followSymlinks?: pulumi.Input<FollowSymlinks>;
}

/** Values of any type. */
// biome-ignore lint/suspicious/noExplicitAny: an output of `unknown` would be one of `never`.
export type Triggers = pulumi.Input<pulumi.Input<any>[]>;

/** How an update waits until its tasks have ended. */
export interface WaitArgs {
  /** How long to wait, in seconds, from 0 to 86,400. A task usually takes 5 to 6 minutes. Defaults to 1,200. */
  timeout?: pulumi.Input<number>;
  /**
   * What to do when the tasks have not ended by then. `fail`: the update fails. `warn`: the update succeeds with a
   * warning and the last status that was seen. In both cases the next update waits on and sends nothing again. Defaults
   * to `fail`.
   */
  onTimeout?: pulumi.Input<TimeoutPolicy>;
  /**
   * Whether a path whose task failed is retried once, which counts against the day's quota again. With
   * `false` the update fails, and the next update sends the path. Defaults to `true`.
   */
  retryFailed?: pulumi.Input<boolean>;
}

/** How an update asks the edge whether what it sent is fresh. */
export interface VerifyArgs {
  /**
   * How many of the refreshed paths are asked for, from 1 to 10,000: always at least one of each domain, of each reason
   * and of each directory, so that there may be more. `all`: every path. Defaults to 20.
   */
  sample?: pulumi.Input<number | "all">;
  /**
   * For how long stale paths are asked for again, in seconds, from 0 to 86,400: a refresh takes minutes to reach every
   * node. Defaults to 300.
   */
  timeout?: pulumi.Input<number>;
  /**
   * Headers of these requests, such as `{ Referer: "https://www.example.com/" }` for a domain with a Referer list. They
   * are secrets: the state has them encrypted, and nothing shows them. Defaults to none.
   */
  headers?: pulumi.Input<Record<string, pulumi.Input<string>>>;
  /**
   * A node that is asked, as `host:port`, in place of the one that the domain's name leads to; certificates are still
   * checked for the domain. Defaults to none.
   */
  address?: pulumi.Input<string>;
  /**
   * What paths mean that are stale at the end. `fail`: the update fails. `warn`: it succeeds with a warning. In both
   * cases they stay `pending`, and the next update sends them again. Defaults to `fail`.
   */
  onFailure?: pulumi.Input<FailurePolicy>;
}

/** What a verification saw at the edge, in numbers of paths. */
export interface VodVerified {
  /** Paths of which the edge serves what was released. */
  fresh: number;
  /** Paths of which it served something else until the time was up. They are `pending`. */
  stale: number;
  /** Paths of which nobody can tell, such as those that need a signature. */
  notVerifiable: number;
  /** When that was known, ISO 8601 in UTC by this machine's clock. */
  at: string;
}

/** How often a call is tried that fails for a reason that can pass: a throttle, a busy domain, the network. */
export interface RetryArgs {
  /**
   * How long, in seconds, from 0 to 86,400; the time in which a call waits for other calls doesn't count. Defaults to
   * 300.
   */
  timeout?: pulumi.Input<number>;
  /** How many times, the first one included, from 1 to 100. Defaults to 10. */
  maxAttempts?: pulumi.Input<number>;
}

/** The RAM role to assume, as in `assumeRole` of the provider of `@pulumi/alicloud`. */
export interface AssumeRoleArgs {
  /**
   * The ARN of the role, such as `acs:ram::1234567890123456:role/vod`. Defaults to the role that is assumed anyway, the
   * stack's or the profile's: the other two fields then apply to that role.
   */
  roleArn?: pulumi.Input<string>;
  /**
   * The name of the role's session, which the account's audit log shows. Defaults to the environment's
   * `ALICLOUD_ASSUME_ROLE_SESSION_NAME`, else to `pulumi-alicloud-vod`.
   */
  sessionName?: pulumi.Input<string>;
  /** The external ID that the role's trust policy asks for. Defaults to none. */
  externalId?: pulumi.Input<string>;
}

/** How much of each of the day's quotas was used. */
export interface VodCost {
  /** URLs, with those of `IgnoreParams` where the service doesn't say that these have a quota of their own. */
  urls: number;
  /** Directories, with patterns where the service doesn't say that these have a quota of their own. */
  directories: number;
  /** Preloads. */
  preloads: number;
  /** Patterns, where the service says that these have a quota of their own. */
  regex?: number;
  /** URLs of `IgnoreParams`, where the service says that these have a quota of their own. */
  ignoreParams?: number;
}

/** What updates leave of the day's quotas. */
export interface ReserveArgs {
  /** How many refreshes of URLs are left. Defaults to the stack's configuration, else to none. */
  urls?: pulumi.Input<number>;
  /** How many refreshes of directories are left. Defaults to the stack's configuration, else to none. */
  directories?: pulumi.Input<number>;
  /** How many preloads are left. Defaults to the stack's configuration, else to none. */
  preloads?: pulumi.Input<number>;
}

/** How calls are made, by whom, and where. */
export class CallInputs {
  /**
   * With `source` and `contents`: globs of what is sent first, and kept when the day's quota can't hold everything, in
   * that order; the rest comes after. They have the rules of `include`, relative to the directory or to the domain.
   * Defaults to index documents, then playlists (`.m3u8`, `.mpd`).
   */
  priority?: pulumi.Input<pulumi.Input<string>[]>;
  /**
   * What updates leave of the day's quotas, whatever `quota.onExceeded` says, so that an emergency can still purge.
   * Defaults to the stack's `alicloud-vod:reserveUrls`, `reserveDirectories` and `reservePreloads`, else to nothing.
   */
  reserve?: pulumi.Input<ReserveArgs>;
  /**
   * A file into which every preview and update writes a report in JSON: what is due and why, what it costs, what was
   * sent and how that ended. Several resources may name one file. It can't be in the directory of `source`. Defaults to
   * the stack's `alicloud-vod:report`, else to none.
   */
  report?: pulumi.Input<string>;
  /**
   * Whether, and how, an update asks the edge for a sample of what it sent, once the tasks are complete, to prove that
   * viewers get the new content. A path that stays stale fails the update, and the next one sends it again. It implies
   * `wait`. Defaults to `false`.
   */
  verify?: pulumi.Input<boolean | VerifyArgs>;
  /** How often a call is tried. Defaults to 10 times within 5 minutes. */
  retry?: pulumi.Input<RetryArgs>;
  /**
   * The address of the VOD API: a host, or `https://` and a host; `http://` for loopback addresses only. Defaults to
   * the environment's `VOD_ENDPOINT`, then to `vod` of the stack's `alicloud:endpoints`, then to the environment's
   * `ALIBABA_CLOUD_ENDPOINT_VOD`, else to `vod.cn-shanghai.aliyuncs.com`.
   */
  endpoint?: pulumi.Input<string>;
  /**
   * A profile of the Alibaba Cloud CLI (`~/.aliyun/config.json`), for a domain of another account. The stack's
   * credentials and the stack's role are then left aside. Defaults to the stack's credentials.
   */
  profile?: pulumi.Input<string>;
  /**
   * The RAM role to assume, with the profile's credentials or else the stack's, in place of the stack's role. Defaults
   * to none.
   */
  assumeRole?: pulumi.Input<AssumeRoleArgs>;
}

/**
 * The outputs that are named like the inputs. `Complete` names those inputs that have a value even if the program gives
 * none.
 */
export type InputsAsOutputs<Inputs, Complete extends keyof Inputs> = {
  readonly [Name in keyof Inputs]-?: pulumi.Output<
    pulumi.Unwrap<Exclude<Inputs[Name], undefined>> | (Name extends Complete ? never : undefined)
  >;
};

/** The outputs of both resources that are no inputs. */
export class CallOutputs {
  /**
   * What was found in `source`: a digest and a number of files for each of up to 200 directories. Undefined without
   * `source`.
   */
  readonly files!: pulumi.Output<Record<string, string> | undefined>;
  /**
   * The IDs of the tasks of the last update that sent something; empty if nothing was ever sent. Source: the API's
   * `RefreshTaskId` or `PreloadTaskId`.
   */
  readonly taskIds!: pulumi.Output<string[]>;
  /** The IDs of the requests of that update, for the service's support. Source: the API's `RequestId`. */
  readonly requestIds!: pulumi.Output<string[]>;
  /**
   * Those of `taskIds` whose call was sent twice, because nobody could tell whether the service had accepted the first
   * one: their cost may have been spent twice. Undefined if there are none.
   */
  readonly repeatedTaskIds!: pulumi.Output<string[] | undefined>;
  /** When the last call was accepted, ISO 8601 in UTC by this machine's clock. Undefined if nothing was ever sent. */
  readonly submittedAt!: pulumi.Output<string | undefined>;
  /**
   * The last known status; `pulumi refresh` asks for it again. `NotSubmitted`: nothing was ever sent. `Submitted`: the
   * service accepted every path, and its tasks have not been asked for since. `Incomplete`: the next update still has
   * to send the `pending` paths. `Pending`, `Refreshing`, `Complete`, `Failed`: the service's own words for its tasks.
   */
  readonly status!: pulumi.Output<RefreshStatus>;
  /**
   * How much of the day's quotas the tasks of `taskIds` cost. A path that failed and was retried counts twice.
   * Undefined if nothing was ever sent.
   */
  readonly cost!: pulumi.Output<VodCost | undefined>;
  /**
   * What the last update that verified paths saw at the edge. Undefined without `verify`, and if nothing was verified
   * since it was set.
   */
  readonly verified!: pulumi.Output<VodVerified | undefined>;
  /**
   * The paths that the next update has to send, after an update that failed or was `partial`; with `source` the first
   * 50.
   */
  readonly pending!: pulumi.Output<string[]>;
  /**
   * The paths that the service accepted, and that an update with `wait` couldn't see end in time. The next update asks
   * for them again; an hour later it retries those that it still can't see end. Undefined if there are none.
   */
  readonly unconfirmed!: pulumi.Output<string[] | undefined>;
}

/** From the worst to the best. */
const WORST_FIRST: readonly RefreshStatus[] = [
  "Failed",
  "Incomplete",
  "Pending",
  "Refreshing",
  "Submitted",
  "NotSubmitted",
  "Complete",
];

/** Finds the status that is furthest from `Complete`; undefined without any. */
export function findWorst(statuses: readonly RefreshStatus[]): RefreshStatus | undefined {
  return WORST_FIRST.find((status) => statuses.includes(status));
}

/** A resource that looks after content on the edge of ApsaraVideo VOD. */
export abstract class VodCacheResource extends pulumi.CustomResource {
  /**
   * @param properties all inputs and outputs by name, undefined where there is no value.
   * @throws RunError for an import or a look-up by ID, and for a key that Pulumi would drop.
   */
  protected constructor(kind: Kind, name: string, properties: object, opts?: pulumi.CustomResourceOptions) {
    if (opts?.id !== undefined || opts?.import !== undefined) refuseLookUp(kind, name);
    refuseDroppedKeys(kind, name, properties);
    const type = `pulumi-nodejs:dynamic/alicloud-vod:${kind}`;
    const own = {
      __urn: findUrn(type, name, opts?.parent),
      __provider: PROVIDERS[kind],
      ...markSecrets(properties),
      ...keepSecretTriggers(properties),
    };
    // A stack that comes back from the plugin has the resource by the plugin's type: a new one would send everything again.
    const aliases = [...(opts?.aliases ?? []), { type: `alicloud-vod:index:${kind}` }];
    // Pulumi takes a stack trace for each property, and prints it only where `PULUMI_DEBUG_PROMISE_LEAKS` is set. Forty
    // traces with source maps take 12 ms a resource; without frames they take no time. Where the resource was declared
    // is traced apart from that.
    const { stackTraceLimit } = Error;
    if (!process.env.PULUMI_DEBUG_PROMISE_LEAKS) Error.stackTraceLimit = 0;
    try {
      super(type, name, { ...properties, ...own }, { ...opts, aliases });
    } catch (error) {
      Error.stackTraceLimit = stackTraceLimit;
      if (error instanceof Error) Error.captureStackTrace(error);
      throw error;
    } finally {
      Error.stackTraceLimit = stackTraceLimit;
    }
  }
}

/** @throws RunError that says why a resource can't be imported or looked up, and what to do instead. */
export function refuseLookUp(kind: Kind, name: string): never {
  const { happened, remedy } = describeNoImport(kind, name);
  throw makeRunError(`${happened} ${remedy}`);
}

/**
 * Refuses the key `__proto__`, which Pulumi drops from every object without a word.
 *
 * @throws RunError
 */
function refuseDroppedKeys(kind: Kind, name: string, properties: object): void {
  for (const [input, value] of Object.entries(properties)) {
    if (typeof value !== "object" || value === null || !Object.hasOwn(value, "__proto__")) continue;
    throw makeRunError(`${input} of ${kind} "${name}" has the key __proto__, which Pulumi drops. Remove it.`);
  }
}

/** The URN that a resource gets. Pulumi doesn't tell it to the provider, which shows lines beside the resource. */
function findUrn(type: string, name: string, parent: unknown): string | Promise<string> {
  const build = (parentUrn = "") => {
    const [, , parentTypes = STACK_TYPE] = parentUrn.split("::");
    const types = parentTypes === STACK_TYPE ? type : `${parentTypes}$${type}`;
    return `urn:pulumi:${pulumi.getStack()}::${pulumi.getProject()}::${types}::${name}`;
  };
  // Anything else than a resource is refused by Pulumi.
  if (!pulumi.Resource.isInstance(parent)) return build();
  // A promise, since an output would make the resource depend on its parent.
  return new Promise((resolve) => parent.urn.apply((urn) => resolve(build(urn))));
}

/** The type of the root of a stack, which is in no URN but its own. */
const STACK_TYPE = "pulumi:pulumi:Stack";

/** The inputs that may be secrets, and that the provider shows in lines, sentences and other outputs. */
interface ShownInputs {
  paths?: unknown;
  contents?: unknown;
  source?: unknown;
  headers?: unknown;
  /** It may have headers. */
  preload?: unknown;
}

/** Marks for the provider, which learns of no secret: what it may not show. */
function markSecrets({ paths, contents, source, headers, preload }: ShownInputs) {
  return { __secretPaths: isSecret([paths, contents, source]), __secretHeaders: isSecret([headers, preload]) };
}

/** Triggers with a secret in one of them are secret as a whole: the provider keeps that one as a digest of all that is in it. */
function keepSecretTriggers({ triggers }: { triggers?: unknown }) {
  return triggers === undefined
    ? {}
    : { triggers: isSecret(triggers).then((is) => (is ? pulumi.secret(triggers) : triggers)) };
}

/** Whether a value is a secret, or has a secret in it. Otherwise undefined, which is no input. */
function isSecret(value: unknown): Promise<true | undefined> {
  // An input that fails says so itself.
  return pulumi
    .isSecret(pulumi.output(value))
    .then((is) => is || undefined)
    .catch(() => undefined);
}

type Kind = "VodCacheRefresh" | "VodCachePreload";

/**
 * The text from which Pulumi's provider process makes a provider. It is stored with every resource, and deletes and
 * reads run it later: it never changes, and captures nothing.
 */
const provider = (exported: string) =>
  `exports.handler=()=>{try{return require("pulumi-alicloud-vod/provider").${exported}}catch(e){` +
  "const message=e.code==='MODULE_NOT_FOUND'||e.code==='ERR_PACKAGE_PATH_NOT_EXPORTED'" +
  "?'The package pulumi-alicloud-vod is not installed in the directory of this Pulumi program. Run npm install there.'" +
  ":'The package pulumi-alicloud-vod cannot be loaded. Install it again, on Node 20.19 or newer.';" +
  "throw{message,stack:'',toString:()=>message}}}";

export const PROVIDERS: Readonly<Record<Kind, string>> = {
  VodCacheRefresh: provider("vodCacheRefresh"),
  VodCachePreload: provider("vodCachePreload"),
};
