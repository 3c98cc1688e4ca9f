/**
 * The account that the emulator serves: its access key and token, the state of the service, and its domains. Tests
 * change all of these while the emulator runs.
 */
import { refusal } from "./errors.js";

/** `deleted`: the key is no longer found. `forbidden`: its RAM user may not call this. */
export type KeyState = "active" | "inactive" | "deleted" | "forbidden";
export type TokenState = "valid" | "expired";
/** `closed`: VOD was never activated. `suspended`: a payment is overdue. */
export type ServiceState = "open" | "closed" | "suspended";
export type DomainState = "online" | "offline" | "configuring" | "configure-failed" | "illegal";

export interface Account {
  accessKeyId: string;
  accessKeySecret: string;
  securityToken: string | undefined;
  keyState: KeyState;
  tokenState: TokenState;
  serviceState: ServiceState;
  /** The state of each host, in lower case. */
  domains: Map<string, DomainState>;
}

export function requireOpenService(account: Account): void {
  if (account.serviceState === "closed") throw refusal("OperationDenied");
  if (account.serviceState === "suspended") throw refusal("OperationDenied.Suspended");
}

/** Refuses the call if the host doesn't belong to the account, or if its state forbids the call. */
export function requireDomain(account: Account, domain: string): void {
  const state = account.domains.get(domain);
  switch (state) {
    case "online":
      return;
    case undefined:
      throw refusal("InvalidDomain.NotFound");
    case "offline":
      throw refusal("InvalidDomain.Offline");
    case "configuring":
      throw refusal("ServiceBusy");
    case "configure-failed":
      throw refusal("InvalidDomain.Configure_failed");
    case "illegal":
      throw refusal("IllegalOperation");
  }
}
