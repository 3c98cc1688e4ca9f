/** Why a request got no answer. Only the code of what was thrown is shown, since the rest may hold a secret. */

/** What kept a request from being answered. */
export interface NetworkFailure {
  /** The sentence after the name of the service: `can't be reached (ECONNREFUSED)`. */
  what: string;
  /** What to do about it, where the cause alone tells. */
  remedy: string | undefined;
  /** The system's code or Node's; empty where there is none. */
  code: string;
  /** Whether it is certain that nothing of the request was sent. */
  isUnsent: boolean;
  /** Whether the next attempt can succeed: certificates and refusals by a proxy stay as they are. */
  retryable: boolean;
}

/** Connection errors after which it is certain that no request was sent. */
const NOT_SENT = /^(ECONNREFUSED|ENOTFOUND|EAI_AGAIN|EHOSTUNREACH|ENETUNREACH|EADDRNOTAVAIL)$/;

/** Connection errors of TLS and its certificates: nothing was sent, and the next attempt meets the same certificate. */
const UNTRUSTED = /CERT|TLS|SSL|LEAF_SIGNATURE/;

/** @param thrown what a request failed with, which may be no error. */
export function classifyNetworkError(thrown: unknown): NetworkFailure {
  const { code: given, message } = (typeof thrown === "object" && thrown !== null ? thrown : {}) as {
    code?: unknown;
    message?: unknown;
  };
  const code = typeof given === "string" && /^[A-Z_]{1,60}$/.test(given) ? given : "";
  const isUntrusted = UNTRUSTED.test(code);
  if (/CERT|LEAF_SIGNATURE/.test(code)) {
    return {
      what: `has a certificate that isn't trusted (${code})`,
      remedy: "If a private CA or a proxy that reads https signed it, name that CA's file in NODE_EXTRA_CA_CERTS.",
      code,
      isUnsent: true,
      retryable: false,
    };
  }
  // The message of hpagent where a proxy doesn't answer a CONNECT with 200.
  const proxyStatus = /^Bad response: (\d{3})/.exec(String(message))?.[1];
  const why = proxyStatus === undefined ? code : `the proxy answered HTTP ${proxyStatus}`;
  return {
    what: `can't be reached${why && ` (${why})`}`,
    remedy: undefined,
    code,
    isUnsent: isUntrusted || NOT_SENT.test(code),
    retryable: !isUntrusted && !proxyStatus?.startsWith("4"),
  };
}
