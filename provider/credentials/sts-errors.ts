/** What STS refuses, and what to do about it. */
import { ERROR_TABLE } from "../vod/error-table.js";
import { VodError } from "../vod/errors.js";
import type { RefusalText } from "../vod/signed-request.js";
import { capitalize } from "./refreshing.js";

/** What was tried, as the error names it. */
export interface Attempted {
  roleArn: string;
  /** Who asked for the role, as part of a sentence. */
  caller: string;
}

/** What a code and a request ID look like; anything else could be something that was sent. */
const CODE = /^[A-Z][A-Za-z]*(\.[A-Za-z]+)*$/;
const REQUEST_ID = /^[0-9A-Fa-f-]{8,40}$/;

/** The error for a refusal. The service's message is left out: it may repeat what was sent. */
export function stsRefusalError(status: number, refusal: RefusalText, attempted: Attempted): VodError {
  const code = CODE.test(refusal.code) ? refusal.code : "Refused";
  const [happened, remedy] = sentencesFor(code, attempted);
  return new VodError(happened, remedy, {
    code,
    httpStatus: status,
    requestId: REQUEST_ID.test(refusal.requestId ?? "") ? refusal.requestId : undefined,
    retryable: isTemporary(code) || status >= 500,
  });
}

const isTemporary = (code: string) => /Throttling|ServiceUnavailable/.test(code);

/** What happened and what to do. Source of the codes: Security Token Service, "Error codes". */
function sentencesFor(code: string, { roleArn, caller }: Attempted): [happened: string, remedy: string] {
  if (isTemporary(code)) {
    return ["STS throttled the call.", "Wait a moment and run `pulumi up` again."];
  }
  const clock = code === "InvalidTimeStamp.Expired" ? ERROR_TABLE[code] : undefined;
  if (clock !== undefined) return [clock.happened, clock.remedy];
  if (code === "EntityNotExist.Role") {
    return [`The role ${roleArn} doesn't exist.`, "Correct the ARN, or create the role in RAM."];
  }
  if (code === "AuthenticationFail.OIDCToken.Expired") {
    return [`${capitalize(caller)} has expired.`, "Get a new one right before `pulumi up`."];
  }
  if (code.startsWith("AuthenticationFail")) {
    return [
      `STS refused ${caller} for ${roleArn}.`,
      "Check that RAM has the OIDC provider with the token's issuer and audience, and that the role's trust policy names it.",
    ];
  }
  if (/^(NoPermission|Forbidden|AccessDenied)/.test(code)) {
    return [
      `${capitalize(caller)} is not allowed to assume ${roleArn}.`,
      "Allow it sts:AssumeRole in a RAM policy, and name it in the role's trust policy; only RAM users and roles can assume a role, not the account itself.",
    ];
  }
  if (
    /^(InvalidAccessKeyId|SignatureDoesNotMatch|IncompleteSignature|InvalidSecurityToken|MissingSecurityToken)/.test(
      code,
    )
  ) {
    return [`STS refused ${caller}.`, "Check that these credentials are complete and still valid."];
  }
  return [`STS refused to let ${caller} assume ${roleArn}.`, "Look up the code in the error codes of STS."];
}
