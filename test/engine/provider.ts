// The provider of dynamic resources: the SDK's own host as a child process, called over gRPC. The host does not
// understand secrets, so inputs are sent as plain values, and outputs are marked as secret again.

import { readFileSync } from "node:fs";
import type * as grpc from "@grpc/grpc-js";
import type { Struct } from "google-protobuf/google/protobuf/struct_pb.js";
import type { Child, Environment, StartChild } from "./child.js";
import type { Program, Sdk } from "./program.js";
import { isForeign, mapProperties, markSecretsLike, type PropertyMap, unwrapSecrets } from "./properties.js";
import { Refusal } from "./refusals.js";
import type { Resource } from "./state.js";
import type { DiffAnswer } from "./steps.js";

export interface CheckAnswer {
  inputs: PropertyMap;
  failures: { property: string; reason: string }[];
}

/** The result of create, update and read. With `initErrors`, the resource exists but is not initialized. */
export interface Result {
  id: string;
  outputs: PropertyMap;
  inputs?: PropertyMap;
  initErrors?: string[];
}

export interface Provider {
  check(urn: string, olds: PropertyMap, news: PropertyMap): Promise<CheckAnswer>;
  diff(old: Pick<Resource, "urn" | "id" | "inputs" | "outputs">, news: PropertyMap): Promise<DiffAnswer>;
  create(urn: string, inputs: PropertyMap): Promise<Result>;
  update(old: Resource, inputs: PropertyMap): Promise<Result>;
  read(old: Resource): Promise<Result>;
  delete(old: Resource): Promise<void>;
}

type Message = { serializeBinary(): Uint8Array };
type Rpc = (request: Message, answered: (error: grpc.ServiceError | null, answer: never) => void) => void;

export class ProviderHost implements Provider {
  private readonly child: Child;
  private readonly client: Promise<grpc.Client>;
  private configuration: PropertyMap = {};
  private configured: Promise<unknown> | undefined;
  private ended = false;
  private isConnected = false;
  private underWay = 0;

  constructor(
    private readonly sdk: Sdk,
    program: Program,
    options: { engineAddress: string; environment: Environment; onLine: (line: string) => void; start: StartChild },
  ) {
    let connect: (client: grpc.Client) => void = () => {};
    const connected = new Promise<grpc.Client>((resolve) => {
      connect = resolve;
    });
    let port: string | undefined;
    this.child = options.start(sdk.host, [options.engineAddress], {
      directory: program.directory,
      environment: { ...options.environment, PULUMI_NODEJS_PROJECT: program.project },
      preload: buildPreload(sdk),
      onLine: (line) => {
        if (port !== undefined) return options.onLine(line);
        // Until the host prints its port, other lines are messages, such as a warning of Node.
        if (!/^\d+$/.test(line.trim())) return options.onLine(line);
        port = line.trim();
        this.isConnected = true;
        const plain = sdk.grpc.credentials.createInsecure();
        connect(new sdk.providerClient(`127.0.0.1:${port}`, plain, CHANNEL_OPTIONS));
      },
    });
    const died = this.child.exited.then((code): never => {
      throw new Error(`The dynamic provider host ended with exit code ${code} before it was asked to.`);
    });
    died.catch(() => {});
    this.client = Promise.race([connected, died]);
    this.client.catch(() => {});
  }

  /** Sets the configuration of the default provider, which the host receives before the first call. */
  configure(configuration: PropertyMap): void {
    this.configuration = configuration;
    this.configured = undefined;
  }

  async check(urn: string, olds: PropertyMap, news: PropertyMap): Promise<CheckAnswer> {
    const request = new this.sdk.provider.CheckRequest().setUrn(urn);
    request.setOlds(this.plain(olds)).setNews(this.plain(news));
    const answer = await this.call<InstanceType<Sdk["provider"]["CheckResponse"]>>("check", request);
    return {
      inputs: markSecretsLike(properties(answer.getInputs()), news),
      failures: answer.getFailuresList().map((one) => ({ property: one.getProperty(), reason: one.getReason() })),
    };
  }

  async diff(old: Pick<Resource, "urn" | "id" | "inputs" | "outputs">, news: PropertyMap): Promise<DiffAnswer> {
    const request = new this.sdk.provider.DiffRequest().setUrn(old.urn).setId(old.id ?? "");
    request.setOldInputs(this.plain(old.inputs)).setOlds(this.plain(old.outputs)).setNews(this.plain(news));
    const answer = await this.call<InstanceType<Sdk["provider"]["DiffResponse"]>>("diff", request);
    const kinds = this.sdk.provider.DiffResponse.DiffChanges;
    const open = answer.getChanges() === kinds.DIFF_UNKNOWN;
    return {
      changes: open ? undefined : answer.getChanges() === kinds.DIFF_SOME,
      replaces: answer.getReplacesList(),
      deleteBeforeReplace: answer.getDeletebeforereplace(),
    };
  }

  async create(urn: string, inputs: PropertyMap): Promise<Result> {
    const request = new this.sdk.provider.CreateRequest().setUrn(urn).setProperties(this.plain(inputs));
    return this.withInitErrors(inputs, async () => {
      const answer = await this.call<InstanceType<Sdk["provider"]["CreateResponse"]>>("create", request);
      if (answer.getId() === "") throw new Error("provider did not return an ID from Create");
      return { id: answer.getId(), outputs: markSecretsLike(properties(answer.getProperties()), inputs) };
    });
  }

  async update(old: Resource, inputs: PropertyMap): Promise<Result> {
    const request = new this.sdk.provider.UpdateRequest().setUrn(old.urn).setId(old.id ?? "");
    request.setOldInputs(this.plain(old.inputs)).setOlds(this.plain(old.outputs)).setNews(this.plain(inputs));
    return this.withInitErrors(inputs, async () => {
      const answer = await this.call<InstanceType<Sdk["provider"]["UpdateResponse"]>>("update", request);
      return { id: old.id ?? "", outputs: markSecretsLike(properties(answer.getProperties()), inputs) };
    });
  }

  async read(old: Resource): Promise<Result> {
    const request = new this.sdk.provider.ReadRequest().setUrn(old.urn).setId(old.id ?? "");
    request.setInputs(this.plain(old.inputs)).setProperties(this.plain(old.outputs));
    const answer = await this.call<InstanceType<Sdk["provider"]["ReadResponse"]>>("read", request);
    const inputs = answer.getInputs();
    return {
      id: answer.getId(),
      outputs: markSecretsLike(properties(answer.getProperties()), old.outputs ?? {}),
      ...(inputs && { inputs: markSecretsLike(properties(inputs), old.inputs ?? {}) }),
    };
  }

  async delete(old: Resource): Promise<void> {
    const request = new this.sdk.provider.DeleteRequest().setUrn(old.urn).setId(old.id ?? "");
    await this.call("delete", request.setProperties(this.plain(old.outputs)));
  }

  async end(): Promise<void> {
    this.ended = true;
    await this.child.end({ isIdle: this.isConnected && this.underWay === 0 });
    await this.client.then(
      (connected) => connected.close(),
      () => {},
    );
  }

  private plain(values: PropertyMap | undefined): Struct {
    return this.sdk.struct.Struct.fromJavaScript(unwrapSecrets(refuseForeign(values ?? {})));
  }

  private async call<T>(name: string, request: Message): Promise<T> {
    const client = await this.client;
    this.configured ??= this.send(
      client,
      "configure",
      new this.sdk.provider.ConfigureRequest().setAcceptsecrets(true).setArgs(this.plain(this.configuration)),
    );
    await this.configured;
    return this.send(client, name, request);
  }

  private async send<T>(client: grpc.Client, name: string, request: Message): Promise<T> {
    const rpc = (client as unknown as Record<string, Rpc>)[name]?.bind(client);
    if (!rpc) throw new Error(`The SDK's provider client has no ${name}.`);
    this.underWay++;
    try {
      return await new Promise<T>((resolve, reject) => {
        rpc(request, (error, answer) => (error ? reject(error) : resolve(answer)));
      });
    } finally {
      this.underWay--;
      // What the host printed during the call is in the pipe by now: read it before the answer.
      await new Promise((resolve) => setImmediate(resolve));
    }
  }

  /** Turns the error of a resource that exists but is not initialized into a result. */
  private async withInitErrors(inputs: PropertyMap, call: () => Promise<Result>): Promise<Result> {
    try {
      return await call();
    } catch (error) {
      if (this.ended) throw new Error("the operation was stopped while the provider worked");
      const { metadata } = error as Partial<grpc.ServiceError>;
      const file = metadata?.get(LONG_DETAILS)[0];
      const details = typeof file === "string" ? readFileSync(file) : metadata?.get("grpc-status-details-bin")[0];
      if (details === undefined) throw error;
      const { ErrorResourceInitFailed } = this.sdk.provider;
      const bytes = typeof details === "string" ? Buffer.from(details, "binary") : details;
      const failure = this.sdk.status.Status.deserializeBinary(bytes)
        .getDetailsList()
        .map((detail) => detail.unpack(ErrorResourceInitFailed.deserializeBinary, "pulumirpc.ErrorResourceInitFailed"))
        .find((detail) => detail !== null);
      if (!failure) throw error;
      const outputs = markSecretsLike(properties(failure.getProperties()), inputs);
      return { id: failure.getId(), outputs, initErrors: failure.getReasonsList() };
    }
  }
}

/** Properties can be large, so only memory limits a message. */
export const CHANNEL_OPTIONS = { "grpc.max_receive_message_length": -1, "grpc.max_send_message_length": -1 };

const properties = (struct: Struct | undefined): PropertyMap => (struct?.toJavaScript() ?? {}) as PropertyMap;

function refuseForeign(values: PropertyMap): PropertyMap {
  return mapProperties(values, (part) => {
    if (isForeign(part)) throw new Refusal("assets, archives and other special values in properties");
    return undefined;
  });
}

/** The provider's own message: gRPC puts the status in front of it. */
export function readMessage(error: unknown): string {
  const details = (error as { details?: unknown }).details;
  if (typeof details === "string" && details !== "") return details;
  return error instanceof Error ? error.message : String(error);
}

/**
 * The host loads this first. An init failure carries the resource's properties in the trailers of its answer. Go's gRPC
 * accepts 16 MB of them. Node's HTTP/2 never answers above about 100 KB, so that long ones go through a file.
 */
const LONG_DETAILS = "stand-in-details-file";
const buildPreload = (sdk: Sdk): string => `
const { Metadata } = require(require.resolve("@grpc/grpc-js", { paths: [${JSON.stringify(sdk.host)}] }));
const { add } = Metadata.prototype;
let files = 0;
Metadata.prototype.add = function (key, value) {
  if (key !== "grpc-status-details-bin" || value.length < 32768) return add.call(this, key, value);
  const file = require("path").join(__dirname, "details-" + files++);
  require("fs").writeFileSync(file, value);
  return add.call(this, "${LONG_DETAILS}", file);
};
`;
