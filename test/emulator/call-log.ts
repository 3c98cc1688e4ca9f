/**
 * The log of what the API received, in the order of arrival, to be asserted on. It holds no secret.
 */

export interface ReceivedCall {
  action: string;
  /** All parameters of query and body by name, without `Signature` and `SecurityToken`. */
  parameters: Record<string, string>;
  /** The service's time of arrival, in ms since the epoch. */
  at: number;
  /** The HTTP status that was answered; 0 while there is no answer, and when the connection was cut instead. */
  status: number;
  /** The code of a refusal. */
  code?: string;
  requestId: string;
  method: string;
}

const SECRETS = ["Signature", "SecurityToken"];

export function withoutSecrets(parameters: Record<string, string>): Record<string, string> {
  return Object.fromEntries(Object.entries(parameters).filter(([name]) => !SECRETS.includes(name)));
}

/** The paths of a logged refresh or preload, in the order in which they were sent. */
export function pathsOf(call: ReceivedCall): string[] {
  return call.parameters.ObjectPath?.split(/\r?\n/) ?? [];
}
