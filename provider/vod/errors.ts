/** The error of everything that can go wrong with a call. */
import { showLine } from "../text/show.js";

/** The HTTP status of a throttle, whatever code comes with it. */
export const TOO_MANY_REQUESTS = 429;

/** What is known of a failure besides its two sentences. */
interface VodErrorDetails {
  /**
   * The service's code, or one of this package: NoCredentials, InvalidCredentials, InvalidArguments, InvalidEndpoint,
   * InvalidProxy, Unreachable, Timeout, InvalidResponse, Cancelled, Internal.
   */
  code: string;
  /** HTTP status of the answer; none where there was no answer. */
  httpStatus?: number | undefined;
  /** The service's ID of the request, for its support; none where there was no answer. */
  requestId?: string | undefined;
  /** Whether the same call can succeed a little later. Default: false. */
  retryable?: boolean;
  /** How long the service asked to wait before the next call, in milliseconds; none where it asked nothing. */
  retryAfterMs?: number | undefined;
  /** Whether the service may have done the work: no answer came, or none that tells. Default: false. */
  outcomeUnknown?: boolean;
  /** Lines below the message, for a place that has room for them. Default: none. */
  details?: readonly string[];
}

/**
 * The one error of this package's calls: one sentence of what happened, one of what to do, then code, HTTP status and
 * request ID. The message is one line; where several lines have room, `full` has the details below it. It carries nothing
 * that a dependency threw, since that may hold a secret, and no stack, since the provider host prints stacks to the user.
 */
export class VodError extends Error {
  override readonly name = "VodError";
  /** The first sentence of the message. */
  readonly happened: string;
  /** The second sentence. */
  readonly remedy: string;
  readonly code: string;
  readonly httpStatus: number | undefined;
  readonly requestId: string | undefined;
  readonly retryable: boolean;
  readonly retryAfterMs: number | undefined;
  readonly outcomeUnknown: boolean;
  readonly details: readonly string[];

  constructor(happened: string, remedy: string, known: VodErrorDetails) {
    const {
      code,
      httpStatus,
      requestId,
      retryable = false,
      retryAfterMs,
      outcomeUnknown = false,
      details = [],
    } = known;
    const facts = [
      `code ${code}`,
      ...(httpStatus === undefined ? [] : [`HTTP ${httpStatus}`]),
      ...(requestId === undefined ? [] : [`request ID ${requestId}`]),
    ];
    super(showLine(`${happened} ${remedy} (${facts.join(", ")})`));
    this.happened = showLine(happened);
    this.remedy = showLine(remedy);
    this.code = code;
    this.httpStatus = httpStatus;
    this.requestId = requestId;
    this.retryable = retryable;
    this.retryAfterMs = retryAfterMs;
    this.outcomeUnknown = outcomeUnknown;
    this.details = details.map((line) => showLine(line));
    this.stack = "";
  }

  /** The message with the details below it, each on a line of its own. */
  get full(): string {
    return [this.message, ...this.details].join("\n");
  }

  override toString(): string {
    return this.message;
  }
}

/**
 * Turns what was thrown into a {@link VodError}. Anything else is a fault of this package and may hold a secret:
 * nothing of it is shown.
 */
export function asVodError(error: unknown): VodError {
  if (error instanceof VodError) return error;
  return new VodError("pulumi-alicloud-vod failed unexpectedly.", "Report it to the project.", { code: "Internal" });
}
