/** The clients of a process: one for each caller, endpoint and patience, so that resources share connections and roles. */
import type { Agent } from "node:http";
import { type ConfigReader, type CredentialsSource, findCredentials } from "../credentials/chain.js";
import { configuredVodEndpoint } from "../credentials/role-settings.js";
import { getIdentity, type Inputs } from "../schema/inputs.js";
import { type Limiter, type VodClient, type VodClientOptions, vodClient } from "../vod/client.js";
import { resolveEndpoint, resolveProxy } from "../vod/endpoint.js";
import { agentFor } from "../vod/http-agent.js";
import { DEFAULT_RETRY, LOOK_RETRY, NO_RETRY, type RetryLimits } from "../vod/retry.js";
import type { RunReport } from "./run-report.js";

/** What the provider needs of the process that runs it; tests give their own. */
export interface Runtime {
  environment: Readonly<NodeJS.ProcessEnv>;
  now(): Date;
  /** Waits for that many milliseconds. Default: a timer. */
  sleep?: ((ms: number) => Promise<void>) | undefined;
  /** From 0 up to 1, for the jitter of pauses. Default: `Math.random`. */
  random?: (() => number) | undefined;
  /** Paces the calls. Default: one for the process and endpoint. */
  limiter?: Limiter | undefined;
  /** Makes the connections to the edge, by the origin that is asked. Default: as to the service. */
  edgeAgent?: ((origin: string) => Promise<Agent>) | undefined;
  /** What the process reports. Default: one for each kind of resource. */
  report?: RunReport | undefined;
}

/** Whose configuration it is: the program's, or that of the last run, which the state kept. */
type ConfigOf = "program" | "state";

/** How long a question for the quota or for tasks may take, in milliseconds: its answer only makes lines better. */
const ASK_TIMEOUT_MS = 5_000;

export class Clients {
  private settings: ConfigReader = () => undefined;
  private readonly callers = new Map<string, CredentialsSource>();
  private readonly clients = new Map<string, VodClient>();

  constructor(private readonly runtime: Runtime) {}

  /** Takes the settings in which credentials are looked for from now on. */
  configure(settings: ConfigReader): void {
    this.settings = settings;
    this.callers.clear();
    this.clients.clear();
  }

  /**
   * The credentials of a caller: one source for each identity, so that a role is assumed once for all resources.
   *
   * @throws VodError if there are none, or a source that is named can't be used.
   */
  caller(inputs: Partial<Inputs>, configOf: ConfigOf = "program"): CredentialsSource {
    const { environment, now } = this.runtime;
    const identity = getIdentity(inputs);
    const key = JSON.stringify([identity, configOf]);
    const proxied = (origin: string) => agentFor(origin, resolveProxy(origin, environment));
    const found =
      this.callers.get(key) ??
      findCredentials(identity, this.settings, environment, { configOf, now, agentFor: proxied });
    this.callers.set(key, found);
    return found;
  }

  /** The client that sends, or asks for a program, with the patience that the program sets. */
  submitClient(inputs: Partial<Inputs>): VodClient {
    return this.clientFor(inputs, { retry: retryLimits(inputs) }, "program");
  }

  /** The client for the status of tasks in a refresh of the state: it passes short throttles, and gives up soon. */
  statusClient(inputs: Partial<Inputs>, configOf: ConfigOf): VodClient {
    return this.clientFor(inputs, { timeoutMs: ASK_TIMEOUT_MS, retry: LOOK_RETRY }, configOf);
  }

  /** The client for questions whose answers nothing depends on. */
  queryClient(inputs: Partial<Inputs>, configOf: ConfigOf = "program"): VodClient {
    return this.clientFor(inputs, { timeoutMs: ASK_TIMEOUT_MS, retry: NO_RETRY }, configOf);
  }

  /** Where the calls of a resource go. */
  endpointOf({ endpoint }: Partial<Inputs>): string {
    return resolveEndpoint(endpoint, this.runtime.environment, configuredVodEndpoint(this.settings));
  }

  private clientFor(
    inputs: Partial<Inputs>,
    patience: Pick<VodClientOptions, "timeoutMs" | "retry">,
    configOf: ConfigOf,
  ): VodClient {
    const { now, sleep, random, limiter } = this.runtime;
    const endpoint = this.endpointOf(inputs);
    const key = JSON.stringify([endpoint, patience, getIdentity(inputs), configOf]);
    const credentials = this.caller(inputs, configOf);
    const hooks = { ...(sleep ? { sleep } : {}), ...(random ? { random } : {}), ...(limiter ? { limiter } : {}) };
    const common = { endpoint, credentials, now, ...hooks };
    const client = this.clients.get(key) ?? vodClient({ ...common, ...patience });
    this.clients.set(key, client);
    return client;
  }
}

/** How long and how often the program lets each call be tried. */
export function retryLimits({ retry: { timeout, maxAttempts } = {} }: Partial<Inputs>): RetryLimits {
  return {
    timeoutMs: timeout === undefined ? DEFAULT_RETRY.timeoutMs : timeout * 1000,
    maxAttempts: maxAttempts ?? DEFAULT_RETRY.maxAttempts,
  };
}
