/** The credentials that requests are signed with. */

/** An access key. The secret and the token stay in the closures of their source and of the request that they sign. */
export interface Credentials {
  accessKeyId: string;
  accessKeySecret: string;
  /** Of temporary credentials (STS) only. */
  securityToken?: string;
}

/** Where the credentials of a resource come from. */
export interface CredentialsSource {
  /**
   * Where they come from, as part of a sentence: `the stack's alicloud:accessKey`, `the profile "prod" of
   * /home/x/.aliyun/config.json, which assumes acs:ram::1:role/x`. It holds nothing secret.
   */
  readonly description: string;
  /** The last 4 characters of the access key ID, if it is known before it is asked for: that of a lasting key. */
  readonly accessKeyIdEnd?: string | undefined;
  /** The ARN of the role that is assumed. Undefined if none is. */
  readonly role?: string | undefined;
  /**
   * Gives credentials that are valid now: they are kept until 5 minutes before they expire, then renewed. Concurrent
   * callers share one request. A renewal that fails is tried again half a minute later, as long as the old ones are valid.
   *
   * @throws VodError for every failure; `retryable` where a later call can succeed.
   */
  get(): Promise<Credentials>;
}
