/**
 * The errors of the VOD API, as data. The rows hold the service's own message for reference and tests; people read
 * `happened` and `remedy`.
 */

/** One error of the service: what it answers, and what people read. */
interface ErrorRow {
  /** HTTP status of the answer. */
  status: number;
  /** The service's own message. */
  message: string;
  /** What happened, in one sentence; `{Domain}` and `{Path}` stand for those of the call. */
  happened: string;
  /** What to do about it, in one sentence. */
  remedy: string;
  /** Whether the same call can succeed a little later by itself. */
  retryable: boolean;
  /** Whether an earlier copy of the call may have been accepted. */
  outcomeUnknown: boolean;
}

const row = (
  status: number,
  message: string,
  happened: string,
  remedy: string,
  { retryable = false, outcomeUnknown = false } = {},
): ErrorRow => ({ status, message, happened, remedy, retryable, outcomeUnknown });

const THROTTLED = "Wait a moment and run `pulumi up` again.";
const CHECK_KEY = "Check the credentials that this run uses.";
const RENEW_TOKEN = "Get new temporary credentials and run `pulumi up` again.";
/** The remedy for a lack of permission. */
export const ALLOW_ACTIONS =
  "Allow vod:RefreshVodObjectCaches, vod:DescribeVodRefreshQuota and vod:DescribeVodRefreshTasks in a RAM policy of this user or role, and vod:PreloadVodObjectCaches where it preloads.";
const REPORT = "Report it to the project with the code and the request ID.";

/**
 * The errors of RefreshVodObjectCaches (source: seed, "Common errors"), those of PreloadVodObjectCaches alone (source: its
 * own page, "Common errors"), those that only the same operations of CDN and DCDN name (source: their pages), and those of
 * the gateway before all of them (source: the official SDKs and the gateway's own pages).
 */
export const ERROR_TABLE: Readonly<Record<string, ErrorRow>> = {
  // Seed.
  Throttling: row(503, "Request was denied due to request throttling.", "The VOD API throttled the call.", THROTTLED, {
    retryable: true,
  }),
  IllegalOperation: row(
    403,
    "Illegal domain operate is not permitted.",
    "{Domain} is not available to this Alibaba Cloud account.",
    "Check that each domain is an acceleration domain of ApsaraVideo VOD in this account.",
  ),
  OperationDenied: row(
    403,
    "Your account does not open VOD service yet.",
    "ApsaraVideo VOD is not activated for this Alibaba Cloud account.",
    "Activate it in the VOD console, or use the credentials of the account that has it.",
  ),
  "OperationDenied.Suspended": row(
    403,
    "Your VOD service is suspended.",
    "ApsaraVideo VOD is suspended for this account because of overdue payments.",
    "Add funds to the account and run `pulumi up` again.",
  ),
  "InvalidDomain.NotFound": row(
    404,
    "The domain provided does not belong to you.",
    "{Domain} doesn't exist or doesn't belong to this Alibaba Cloud account.",
    "Correct the domain, or use the credentials of the account that has it in ApsaraVideo VOD.",
  ),
  "InvalidDomain.Offline": row(
    404,
    "The domain provided is offline.",
    "{Domain} is disabled in ApsaraVideo VOD.",
    "Enable it in the VOD console, or remove its paths from the program.",
  ),
  "QuotaExceeded.Refresh": row(
    400,
    "You’ve exceeded the prescribed refresh limits.",
    "The call exceeds what is left of today's refresh quota.",
    "Run `pulumi up` again after midnight UTC+8, when the quota resets, or refresh fewer paths, or a directory.",
  ),
  ServiceBusy: row(
    403,
    "The specified Domain is configuring, please retry later.",
    "{Domain} is being configured.",
    "Run `pulumi up` again when its configuration is done, usually within minutes.",
    { retryable: true },
  ),
  "InvalidDomain.Configure_failed": row(
    500,
    "Failed to configure the provided domain.",
    "{Domain} can't be used, since the service failed to configure it.",
    "Correct its configuration in the VOD console, then run `pulumi up` again.",
  ),
  MissingParameter: row(
    400,
    "The input parameter “ObjectPath” that is mandatory for processing this request is not supplied.",
    "The call lacks a parameter that the VOD API requires.",
    REPORT,
  ),
  "InvalidObjectType.ValueNotSupported": row(
    400,
    'The specified value of "" is not supported.',
    "The VOD API doesn't support this object type.",
    'Use "File", "Directory", "Regex" or "IgnoreParams" as `objectType`.',
  ),
  "InvalidObjectPath.Malformed": row(
    400,
    "The specific value of parameter ObjectPath is malformed.",
    "{Path} is malformed, according to the VOD API.",
    "Check that each path is a complete URL of one of your VOD domains.",
  ),
  "InvalidExtensiveDomain.ValueNotSupported": row(
    400,
    "Extensive domain not supported.",
    "{Path} has a wildcard domain, which the service refuses.",
    "Give one path for each domain.",
  ),
  "QuotaPerMinuteExceeded.Refresh": row(
    400,
    "You’ve exceeded the prescribed refresh limits per minute.",
    "The account's refresh limit per minute is reached.",
    "Run `pulumi up` again in a minute.",
    { retryable: true },
  ),
  // The page of PreloadVodObjectCaches.
  PreloadQueueFull: row(
    403,
    "Preload queue is full, please try again later!",
    "The account's queue of preloads is full.",
    "Run `pulumi up` again when some preloads have ended, which takes 5 to 30 minutes.",
    { retryable: true },
  ),
  "InvalidObjectPath.Size.Malformed": row(
    400,
    "The size of ObjectPath is bigger than 1000.",
    "The call has more URLs than the VOD API accepts in one preload.",
    REPORT,
  ),
  // The same platform: the pages of CDN and DCDN.
  "TooMany.Refresh": row(
    400,
    "there is too many refresh task, please wait a moment.",
    "The account's queue of refreshes is full.",
    "Run `pulumi up` again when some refreshes have ended, which takes some minutes.",
    { retryable: true },
  ),
  TooManyRequests: row(
    429,
    "Too many requests, please try again later",
    "The VOD API received too many calls at once.",
    THROTTLED,
    { retryable: true },
  ),
  "SingleRequest.OverLimit": row(
    400,
    "A maximum of 1000 URLs are supported for each request.",
    "The call has more paths than the VOD API accepts at once.",
    REPORT,
  ),
  "InvalidObjectType.Malformed": row(
    400,
    "The specified ObjectType is invalid.",
    "The VOD API doesn't know this object type.",
    'Use "File", "Directory", "Regex" or "IgnoreParams" as `objectType`.',
  ),
  "ObjectPath.Malformed": row(
    400,
    "The specified value of parameter ObjectPath is malformed.",
    "{Path} is malformed, according to the VOD API.",
    "Check that each path is a complete URL of one of your VOD domains.",
  ),
  // The gateway.
  "InvalidAccessKeyId.NotFound": row(
    404,
    "Specified access key is not found.",
    "The access key ID doesn't exist.",
    CHECK_KEY,
  ),
  "InvalidAccessKeyId.Inactive": row(
    400,
    "Specified access key is disabled.",
    "The access key is disabled.",
    "Enable it in the RAM console, or use another one.",
  ),
  SignatureDoesNotMatch: row(
    400,
    "Specified signature is not matched with our calculation. server string to sign is:",
    "The VOD API refused the signature: the access key secret doesn't belong to the access key ID.",
    CHECK_KEY,
  ),
  IncompleteSignature: row(
    400,
    "The request signature does not conform to Aliyun standards. server string to sign is:",
    "The VOD API refused the signature as incomplete.",
    "Check that access key ID and secret contain no spaces or line breaks, and that no proxy changes requests.",
  ),
  SignatureNonceUsed: row(
    400,
    "Specified signature nonce was used already.",
    "The VOD API says that it received this request before.",
    "Run `pulumi up` again; if that fails too, look for a proxy that repeats requests.",
    // The earlier copy may have been accepted, and its answer lost.
    { retryable: true, outcomeUnknown: true },
  ),
  "InvalidTimeStamp.Format": row(
    400,
    "Specified time stamp or date value is not well formatted.",
    "The VOD API can't read the request's time stamp.",
    REPORT,
  ),
  "InvalidTimeStamp.Expired": row(
    400,
    "Specified time stamp or date value is expired.",
    "This machine's clock is more than 15 minutes off the service's.",
    "Correct the clock, then run `pulumi up` again.",
  ),
  MissingSecurityToken: row(
    400,
    "SecurityToken is mandatory for this action.",
    "The access key is temporary, and its security token is missing.",
    "Set ALIBABA_CLOUD_SECURITY_TOKEN or `alicloud:securityToken` as well.",
  ),
  "InvalidSecurityToken.Expired": row(
    400,
    "Specified SecurityToken is expired.",
    "The security token has expired.",
    RENEW_TOKEN,
  ),
  "InvalidSecurityToken.Malformed": row(
    400,
    "Specified SecurityToken is malformed.",
    "The security token is malformed.",
    RENEW_TOKEN,
  ),
  "InvalidSecurityToken.MismatchWithAccessKey": row(
    400,
    "Specified SecurityToken mismatch with the AccessKey.",
    "The security token doesn't belong to the access key.",
    "Use the access key, its secret and its token from one source.",
  ),
  "Throttling.User": row(
    400,
    "Request was denied due to user flow control.",
    "The VOD API throttled this account's calls.",
    THROTTLED,
    { retryable: true },
  ),
  "Throttling.Api": row(
    400,
    "Request was denied due to api flow control.",
    "The VOD API throttled this operation.",
    THROTTLED,
    { retryable: true },
  ),
  "Forbidden.RAM": row(
    403,
    "User not authorized to operate on the specified resource, or this API doesn't support RAM.",
    "The credentials lack the permission for this call.",
    ALLOW_ACTIONS,
  ),
  "InvalidAction.NotFound": row(
    404,
    "Specified api is not found, please check your url and method.",
    "The endpoint doesn't know the operation.",
    "Check `endpoint`: only the China (Shanghai) region has the VOD cache operations.",
  ),
  "InvalidTaskId.Malformed": row(
    400,
    "The specified TaskId is malformed.",
    "The task ID is malformed, according to the VOD API.",
    REPORT,
  ),
};
