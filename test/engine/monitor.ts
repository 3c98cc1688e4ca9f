// The engine's side of the protocol: a resource monitor and an engine service on one loopback port, for the program's
// runner. It translates messages for the deployment and decides nothing itself.

import type * as grpc from "@grpc/grpc-js";
import type * as aliasMessages from "@pulumi/pulumi/proto/alias_pb.js";
import type * as engineMessages from "@pulumi/pulumi/proto/engine_pb.js";
import type * as resourceMessages from "@pulumi/pulumi/proto/resource_pb.js";
import type { Sdk } from "./program.js";
import { type LogLine, type Severity, Stopped } from "./progress.js";
import type { PropertyMap } from "./properties.js";
import { CHANNEL_OPTIONS, readMessage } from "./provider.js";
import { REFUSED_CALLS, Refusal, refuseUnsupported } from "./refusals.js";
import { type Alias, type Goal, seconds } from "./steps.js";

/** What the monitor reports to. A rejection stops the deployment, and the program sees a monitor that is gone. */
export interface Deployer {
  urn(type: string, name: string, parent: string): string;
  register(goal: Goal): Promise<{ urn: string; id: string; outputs: PropertyMap }>;
  registerOutputs(urn: string, outputs: PropertyMap): Promise<void>;
  /** Called when the program has registered everything; resolves when the deletes are done. */
  programDone(): Promise<void>;
  invoke(call: { token: string; args: PropertyMap; provider?: string; version?: string }): Promise<unknown>;
  log(line: LogLine): void;
  fail(message: string): void;
}

// Without the feature of resource references, the SDK sends a resource as its id: enough for a dynamic resource.
const FEATURES = ["secrets", "aliasSpecs", "deletedWith"];

/** The program's own to handle: nothing stops. */
class CallFailure extends Error {}

type Handler = (request: never) => Promise<unknown>;

export class Monitor {
  private readonly server: grpc.Server;
  private rootUrn = "";
  private bound = 0;
  /** Set before the program starts. */
  deployer: Deployer | undefined;

  constructor(
    private readonly sdk: Sdk,
    private readonly context: { project: string; stack: string; dryRun: boolean },
  ) {
    this.server = new sdk.grpc.Server(CHANNEL_OPTIONS);
    const refused = Object.fromEntries(
      Object.entries(REFUSED_CALLS).map(([name, what]) => [name, () => Promise.reject(new Refusal(what))]),
    );
    this.serve(sdk.services.monitor, { ...refused, ...this.monitorHandlers() });
    this.serve(sdk.services.engine, this.engineHandlers());
  }

  async start(): Promise<void> {
    const insecure = this.sdk.grpc.ServerCredentials.createInsecure();
    this.bound = await new Promise<number>((resolve, reject) => {
      this.server.bindAsync("127.0.0.1:0", insecure, (error, port) => (error ? reject(error) : resolve(port)));
    });
  }

  get address(): string {
    return `127.0.0.1:${this.bound}`;
  }

  stop(): void {
    this.server.forceShutdown();
  }

  private get target(): Deployer {
    if (!this.deployer) throw new Stopped();
    return this.deployer;
  }

  private serve(service: grpc.ServiceDefinition, handlers: Record<string, Handler>): void {
    const implementation: grpc.UntypedServiceImplementation = {};
    for (const name of Object.keys(service)) {
      const handler = handlers[name] ?? (() => Promise.reject(new Refusal(`the call ${name} of the SDK`)));
      implementation[name] = this.toHandler(handler);
    }
    this.server.addService(service, implementation);
  }

  /** Answers a call. An error stops the deployment, and the program sees a monitor that is gone. */
  private toHandler(handler: Handler): grpc.UntypedHandleCall {
    const { status } = this.sdk.grpc;
    return ((call: { request: never; emit?(name: string, error: object): void }, answer: unknown) => {
      const reply = (error: object | null, value?: unknown): void => {
        if (typeof answer === "function") answer(error, value);
        else if (error) call.emit?.("error", error);
      };
      handler(call.request).then(
        (value) => reply(null, value),
        (error: unknown) => {
          if (error instanceof CallFailure) return reply({ code: status.UNKNOWN, details: error.message });
          if (!(error instanceof Stopped)) this.deployer?.fail(readMessage(error));
          reply({ code: status.UNAVAILABLE, details: "the deployment has stopped" });
        },
      );
    }) as unknown as grpc.UntypedHandleCall;
  }

  private monitorHandlers(): Record<string, Handler> {
    const { resource, struct, empty } = this.sdk;
    return {
      supportsFeature: async (request: resourceMessages.SupportsFeatureRequest) =>
        new resource.SupportsFeatureResponse().setHassupport(FEATURES.includes(request.getId())),
      getDeploymentInfo: async () => this.deploymentInfo(),
      registerResource: async (request: resourceMessages.RegisterResourceRequest) => {
        refuseUnsupported(request);
        const done = await this.target.register(this.readGoal(request));
        const response = new resource.RegisterResourceResponse().setUrn(done.urn).setId(done.id);
        response.setObject(struct.Struct.fromJavaScript(done.outputs));
        return response;
      },
      invoke: async (request: resourceMessages.ResourceInvokeRequest) => {
        const [token, provider, version] = [request.getTok(), request.getProvider(), request.getVersion()];
        const args = (request.getArgs()?.toJavaScript() ?? {}) as PropertyMap;
        const call = { token, args, ...(provider !== "" && { provider }), ...(version !== "" && { version }) };
        return this.target.invoke(call).catch((error: unknown) => {
          if (error instanceof Refusal) throw error;
          throw new CallFailure(`invocation of ${token} returned an error: ${readMessage(error)}`);
        });
      },
      registerResourceOutputs: async (request: resourceMessages.RegisterResourceOutputsRequest) => {
        const outputs = (request.getOutputs()?.toJavaScript() ?? {}) as PropertyMap;
        await this.target.registerOutputs(request.getUrn(), outputs);
        return new empty.Empty();
      },
      signalAndWaitForShutdown: async () => {
        await this.target.programDone();
        return new empty.Empty();
      },
    };
  }

  private engineHandlers(): Record<string, Handler> {
    const { engine, empty } = this.sdk;
    const severities: Severity[] = ["debug", "info", "warning", "error"];
    return {
      log: async (request: engineMessages.LogRequest) => {
        this.target.log({
          severity: severities[request.getSeverity()] ?? "info",
          message: request.getMessage(),
          urn: request.getUrn(),
          ephemeral: request.getEphemeral(),
        });
        return new empty.Empty();
      },
      getRootResource: async () => new engine.GetRootResourceResponse().setUrn(this.rootUrn),
      setRootResource: async (request: engineMessages.SetRootResourceRequest) => {
        this.rootUrn = request.getUrn();
        return new engine.SetRootResourceResponse();
      },
    };
  }

  private deploymentInfo(): resourceMessages.DeploymentInfo {
    const { DeploymentInfo, ResourceMonitorFeature } = this.sdk.resource;
    const { project, stack, dryRun } = this.context;
    return new DeploymentInfo()
      .setProject(project)
      .setStack(stack)
      .setOrganization("organization")
      .setDryrun(dryRun)
      .setSupportedfeaturesList([
        ResourceMonitorFeature.RESOURCE_MONITOR_FEATURE_SECRETS,
        ResourceMonitorFeature.RESOURCE_MONITOR_FEATURE_ALIAS_SPECS,
        ResourceMonitorFeature.RESOURCE_MONITOR_FEATURE_DELETED_WITH,
      ]);
  }

  private readGoal(request: resourceMessages.RegisterResourceRequest): Goal {
    const [type, name, parent] = [request.getType(), request.getName(), request.getParent()];
    const byProperty: Record<string, string[]> = {};
    request.getPropertydependenciesMap().forEach((dependencies, key) => {
      byProperty[key] = [...dependencies.getUrnsList()].sort();
    });
    const timeouts = readTimeouts(request.getCustomtimeouts());
    const deletedWith = request.getDeletedwith();
    const [provider, version] = [request.getProvider(), request.getVersion()];
    const aliases = request.getAliasesList().map(readAlias);
    return {
      urn: this.target.urn(type, name, parent),
      type,
      name,
      custom: request.getCustom(),
      inputs: (request.getObject()?.toJavaScript() ?? {}) as PropertyMap,
      ...(parent !== "" && { parent }),
      ...(provider !== "" && { provider }),
      ...(version !== "" && { version }),
      ...(aliases.length > 0 && { aliases }),
      ...(request.getProtect() && { protect: true }),
      dependencies: [...request.getDependenciesList()].sort(),
      propertyDependencies: byProperty,
      additionalSecretOutputs: request.getAdditionalsecretoutputsList(),
      ignoreChanges: request.getIgnorechangesList(),
      replaceOnChanges: request.getReplaceonchangesList(),
      ...(request.getRetainondelete() && { retainOnDelete: true }),
      ...(deletedWith !== "" && { deletedWith }),
      ...(request.getDeletebeforereplacedefined() && { deleteBeforeReplace: request.getDeletebeforereplace() }),
      ...(timeouts && { customTimeouts: timeouts }),
    };
  }
}

function readAlias(alias: aliasMessages.Alias): Alias {
  const spec = alias.getSpec();
  if (spec === undefined) return { urn: alias.getUrn() };
  const [type, name, parent] = [spec.getType(), spec.getName(), spec.getParenturn()];
  return {
    ...(type !== "" && { type }),
    ...(name !== "" && { name }),
    ...(parent !== "" && { parent }),
    ...(spec.getNoparent() && { noParent: true }),
  };
}

function readTimeouts(
  given: resourceMessages.RegisterResourceRequest.CustomTimeouts | undefined,
): Goal["customTimeouts"] {
  const texts = { create: given?.getCreate(), update: given?.getUpdate(), delete: given?.getDelete() };
  const entries = Object.entries(texts).flatMap(([key, text]) => {
    const value = seconds(text ?? "");
    return value === undefined ? [] : [[key, value] as const];
  });
  return entries.length > 0 ? Object.fromEntries(entries) : undefined;
}
