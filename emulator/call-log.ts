/**
 * The log of the calls that the API received, in the order of their arrival. It holds no secret.
 */

/** A call of the API, without secrets. */
export interface ReceivedCall {
  action: string;
  /** All parameters of query and body by name, without `Signature` and `SecurityToken`. */
  parameters: Record<string, string>;
  /** When the call arrived by the service's clock, in ms since the epoch. */
  at: number;
  /** The HTTP status of the answer; 0 while there is none, and after a reset of the connection. */
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

/** Returns the paths of a logged refresh or preload, in the order in which they were sent. */
export function pathsOf(call: ReceivedCall): string[] {
  return call.parameters.ObjectPath?.split(/\r?\n/) ?? [];
}
