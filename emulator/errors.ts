/**
 * The error tables: each code with the HTTP status and the message of the service, and the error that stands for such
 * an answer.
 */

export interface ErrorRow {
  status: number;
  message: string;
}

/** The service's own page of RefreshVodObjectCaches, "Common errors": word for word, curly quotes included. */
export const SERVICE_ERRORS = {
  Throttling: { status: 503, message: "Request was denied due to request throttling." },
  IllegalOperation: { status: 403, message: "Illegal domain operate is not permitted." },
  OperationDenied: { status: 403, message: "Your account does not open VOD service yet." },
  "OperationDenied.Suspended": { status: 403, message: "Your VOD service is suspended." },
  "InvalidDomain.NotFound": { status: 404, message: "The domain provided does not belong to you." },
  "InvalidDomain.Offline": { status: 404, message: "The domain provided is offline." },
  "QuotaExceeded.Refresh": { status: 400, message: "You’ve exceeded the prescribed refresh limits." },
  ServiceBusy: { status: 403, message: "The specified Domain is configuring, please retry later." },
  "InvalidDomain.Configure_failed": { status: 500, message: "Failed to configure the provided domain." },
  MissingParameter: {
    status: 400,
    message: "The input parameter “ObjectPath” that is mandatory for processing this request is not supplied.",
  },
  "InvalidObjectType.ValueNotSupported": { status: 400, message: 'The specified value of "" is not supported.' },
  "InvalidObjectPath.Malformed": {
    status: 400,
    message: "The specific value of parameter ObjectPath is malformed.",
  },
  "InvalidExtensiveDomain.ValueNotSupported": { status: 400, message: "Extensive domain not supported." },
  "QuotaPerMinuteExceeded.Refresh": {
    status: 400,
    message: "You’ve exceeded the prescribed refresh limits per minute.",
  },
} as const satisfies Record<string, ErrorRow>;

/**
 * The codes that the service's own page of PreloadVodObjectCaches, "Common errors", adds to eleven of the codes above,
 * word for word. It lacks ServiceBusy, InvalidObjectType.ValueNotSupported and QuotaPerMinuteExceeded.Refresh.
 */
export const PRELOAD_ERRORS = {
  PreloadQueueFull: { status: 403, message: "Preload queue is full, please try again later!" },
  "InvalidObjectPath.Size.Malformed": { status: 400, message: "The size of ObjectPath is bigger than 1000." },
} as const satisfies Record<string, ErrorRow>;

/**
 * The codes that only the pages of the same operations of CDN and DCDN have, products of the same platform: word for word.
 * The emulator answers with them where a fault says so.
 */
export const PLATFORM_ERRORS = {
  "TooMany.Refresh": { status: 400, message: "there is too many refresh task, please wait a moment." },
  TooManyRequests: { status: 429, message: "Too many requests, please try again later" },
  "SingleRequest.OverLimit": { status: 400, message: "A maximum of 1000 URLs are supported for each request." },
  "InvalidObjectType.Malformed": { status: 400, message: "The specified ObjectType is invalid." },
  "ObjectPath.Malformed": { status: 400, message: "The specified value of parameter ObjectPath is malformed." },
} as const satisfies Record<string, ErrorRow>;

/**
 * The codes of the gateway in front of every service (help pages). The two messages that mention a "string to sign" end
 * with that string.
 */
export const GATEWAY_ERRORS = {
  "InvalidAccessKeyId.NotFound": { status: 404, message: "Specified access key is not found." },
  "InvalidAccessKeyId.Inactive": { status: 400, message: "Specified access key is disabled." },
  SignatureDoesNotMatch: {
    status: 400,
    message: "Specified signature is not matched with our calculation. server string to sign is:",
  },
  IncompleteSignature: {
    status: 400,
    message: "The request signature does not conform to Aliyun standards. server string to sign is:",
  },
  SignatureNonceUsed: { status: 400, message: "Specified signature nonce was used already." },
  "InvalidTimeStamp.Format": { status: 400, message: "Specified time stamp or date value is not well formatted." },
  "InvalidTimeStamp.Expired": { status: 400, message: "Specified time stamp or date value is expired." },
  MissingSecurityToken: { status: 400, message: "SecurityToken is mandatory for this action." },
  "InvalidSecurityToken.Expired": { status: 400, message: "Specified SecurityToken is expired." },
  "InvalidSecurityToken.Malformed": { status: 400, message: "Specified SecurityToken is malformed." },
  "InvalidSecurityToken.MismatchWithAccessKey": {
    status: 400,
    message: "Specified SecurityToken mismatch with the AccessKey.",
  },
  "Throttling.User": { status: 400, message: "Request was denied due to user flow control." },
  "Throttling.Api": { status: 400, message: "Request was denied due to api flow control." },
  "Forbidden.RAM": {
    status: 403,
    message: "User not authorized to operate on the specified resource, or this API doesn't support RAM.",
  },
  "InvalidAction.NotFound": {
    status: 404,
    message: "Specified api is not found, please check your url and method.",
  },
  "InvalidTaskId.Malformed": { status: 400, message: "The specified TaskId is malformed." },
} as const satisfies Record<string, ErrorRow>;

/**
 * Codes that no table has, for cases that happen nevertheless. Users of other services behind the same gateway reported
 * the rows marked "Seen"; the others follow the pattern of the rows above.
 */
export const ASSUMED_ERRORS = {
  // Seen: {"Code":"MissingTimestamp","Message":"Timestamp is mandatory for this action."}
  MissingAccessKeyId: { status: 400, message: "AccessKeyId is mandatory for this action." },
  MissingSignature: { status: 400, message: "Signature is mandatory for this action." },
  MissingSignatureNonce: { status: 400, message: "SignatureNonce is mandatory for this action." },
  MissingTimestamp: { status: 400, message: "Timestamp is mandatory for this action." },
  MissingVersion: { status: 400, message: "Version is mandatory for this action." },
  MissingAction: { status: 400, message: "Action is mandatory for this action." },
  // Seen.
  InvalidVersion: { status: 400, message: "Specified parameter Version is not valid." },
  InvalidParameter: { status: 400, message: 'The specified parameter "" is not valid.' },
  InternalError: { status: 500, message: "The request processing has failed due to some unknown error." },
  ServiceUnavailable: { status: 503, message: "The request has failed due to a temporary failure of the server." },
} as const satisfies Record<string, ErrorRow>;

export const ERRORS = {
  ...SERVICE_ERRORS,
  ...PRELOAD_ERRORS,
  ...PLATFORM_ERRORS,
  ...GATEWAY_ERRORS,
  ...ASSUMED_ERRORS,
};

export type ErrorCode = keyof typeof ERRORS;

export function isErrorCode(code: string): code is ErrorCode {
  return Object.hasOwn(ERRORS, code);
}

/** A refused call: the part that refuses it throws this error, and the API server answers with it. */
export class Refusal extends Error {
  override readonly name = "Refusal";
  readonly status: number;

  constructor(
    readonly code: string,
    status: number,
    message: string,
    readonly headers: Record<string, string> = {},
  ) {
    super(message);
    this.status = status;
  }
}

/**
 * Creates the refusal of a code, with the status and the message of its table.
 *
 * @param detail what follows the table's message: the string to sign, the name of a parameter
 */
export function refusal(code: ErrorCode, detail = ""): Refusal {
  const row = ERRORS[code];
  return new Refusal(code, row.status, row.message + detail);
}

/** Creates the refusal for a missing parameter: the page's message with this name in place of ObjectPath. */
export function missingParameter(name: string): Refusal {
  const row = ERRORS.MissingParameter;
  return new Refusal("MissingParameter", row.status, row.message.replace("ObjectPath", name));
}

/** Creates the refusal for a bad value of a parameter that has no code of its own. */
export function invalidParameter(name: string): Refusal {
  const row = ERRORS.InvalidParameter;
  return new Refusal("InvalidParameter", row.status, row.message.replace('""', `"${name}"`));
}
