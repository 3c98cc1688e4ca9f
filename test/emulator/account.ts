/**
 * The account that the emulator serves: its access key and token, whether the service is open for it, and its domains. Tests
 * change all of it while the emulator runs.
 */
import { refusal } from "./errors.js";

/** `deleted`: the key is not found any more. `forbidden`: its RAM user may not call this. */
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
  /** Lower-case host to state. */
  domains: Map<string, DomainState>;
}

export function requireOpenService(account: Account): void {
  if (account.serviceState === "closed") throw refusal("OperationDenied");
  if (account.serviceState === "suspended") throw refusal("OperationDenied.Suspended");
}

/** Refuses the call when that host is not the account's, or can't be operated on now. */
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
