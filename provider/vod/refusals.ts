/** The errors for what the VOD API refuses: a call, or a call that the day's quota can't hold. */
import { HIDDEN, showPath } from "../text/show.js";
import { ALLOW_ACTIONS, ERROR_TABLE } from "./error-table.js";
import { TOO_MANY_REQUESTS, VodError } from "./errors.js";
import { countOf, formatNumber, pluralize } from "./format.js";
import { domainOf, hidePaths, listPaths } from "./paths.js";
import { describeNextDay, type OwnQuota, type RefreshQuota } from "./quota.js";

/** A refusal by the service. */
interface Refusal {
  code: string;
  /** The service's message, already without secrets; shown only where the code is not in the table. */
  message: string;
  httpStatus: number | undefined;
  requestId: string | undefined;
  /** What its `x-acs-retry-after` header says, in milliseconds. */
  retryAfterMs?: number | undefined;
  /** Who called, as part of a sentence; undefined where that is unknown. */
  caller?: string | undefined;
  /** The paths of the call, as they were sent; `[secret]` for each that may not be named. */
  paths: readonly string[];
}

const LOOK_UP = "Look up the code on the service's error page, or give its support the request ID.";

/** Refusals for lack of a permission; each service of this cloud has its own spelling. */
const NOT_ALLOWED = /^(Forbidden|NoPermission|NotAuthorized)/;

/** Other refusals of the caller, for any call. */
const CALLER_REFUSED = /^(InvalidAccessKeyId|InvalidSecurityToken|MissingSecurityToken|SignatureDoesNot|Incomplete)/;

/** The error for a refusal: in the table's words where it knows the code, and otherwise in the service's. */
export function refusalError(refusal: Refusal): VodError {
  const { code, message, httpStatus, requestId, retryAfterMs, caller, paths } = refusal;
  const known = Object.hasOwn(ERROR_TABLE, code) ? ERROR_TABLE[code] : undefined;
  const areSecret = paths.includes(HIDDEN);
  const sentence = known
    ? known.happened
        .replace("{Domain}", oneOf([...new Set(paths.map(domainOf))], "A domain of the call"))
        .replace("{Path}", areSecret ? listPaths(paths, true) : oneOf(paths.map(showPath), "A path"))
    : `The VOD API refused the call: ${(areSecret ? hidePaths(message) : message).replace(/\.*$/, "")}.`;
  const lacksPermission = NOT_ALLOWED.test(code);
  const happened =
    caller && (lacksPermission || CALLER_REFUSED.test(code)) ? sentence.replace(/\.$/, ` (${caller}).`) : sentence;
  const remedy = known?.remedy ?? (lacksPermission ? ALLOW_ACTIONS : LOOK_UP);
  const isThrottled = /Throttling|ServiceUnavailable/.test(code);
  const isServerError = !known && !isThrottled && (httpStatus ?? 0) >= 500;
  const retryable = httpStatus === TOO_MANY_REQUESTS || (known?.retryable ?? (isThrottled || isServerError));
  // All codes of the table but one say that nothing was done; an unknown error of the server may come after the work.
  return new VodError(happened, remedy, {
    code,
    httpStatus,
    requestId,
    retryable,
    retryAfterMs,
    outcomeUnknown: known?.outcomeUnknown ?? isServerError,
  });
}

/** How messages name what a quota counts, the quota, and what to do instead of waiting for its reset. */
const QUOTA_WORDS: Readonly<
  Record<keyof RefreshQuota, readonly [noun: readonly [one: string, many: string], quota: string, instead: string]>
> = {
  urls: [["URL", "URLs"], "refresh", "refresh fewer URLs, or directories instead"],
  directories: [["directory", "directories"], "refresh", "refresh fewer directories, or URLs instead"],
  preload: [["URL", "URLs"], "preload", "preload fewer URLs"],
  regex: [["pattern", "patterns"], "refresh", "refresh a directory instead"],
  ignoreParams: [
    ["URL with any query", "URLs with any query"],
    "refresh",
    "refresh fewer URLs, or directories instead",
  ],
};

/**
 * The error for a call that the day's quota can't hold, with what is left and when the quota resets.
 *
 * @param refused the error for the refusal.
 * @param needs how many paths of which quota the call carried, and the quota that its type may have of its own: what is left is
 * told only where it is known which of them the call counts against.
 * @param quota what the service says is left; undefined where it couldn't be asked.
 */
export function quotaExceededError(
  refused: VodError,
  needs: { count: number; quota: keyof RefreshQuota; ownQuota?: OwnQuota | undefined },
  quota: RefreshQuota | undefined,
  now: Date,
): VodError {
  const kind = needs.ownQuota ?? needs.quota;
  const [noun, name, instead] = QUOTA_WORDS[kind];
  const left = quota?.[kind];
  const remaining = left === undefined ? "" : `: ${countOf(left.remain, left.quota, noun)}`;
  return new VodError(
    `The call has ${pluralize(needs.count, ...noun)}, more than today's ${name} quota has left${remaining}.`,
    `Run \`pulumi up\` again after ${describeNextDay(now)}, when the quota resets, or ${instead}.`,
    refused,
  );
}

/** One thing by its name, or the first three of several. */
function oneOf(names: readonly string[], unnamed: string): string {
  if (names.length < 2) return names[0] ?? unnamed;
  const more = names.length > 3 ? ` and ${formatNumber(names.length - 3)} more` : "";
  return `One of ${names.slice(0, 3).join(", ")}${more}`;
}
