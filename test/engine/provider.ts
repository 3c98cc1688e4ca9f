// Providers as child processes, called over gRPC: the SDK's own host of dynamic resources, and plugins.

import { existsSync, readFileSync } from "node:fs";
import { delimiter, dirname, join } from "node:path";
import type * as grpc from "@grpc/grpc-js";
import type { Struct } from "google-protobuf/google/protobuf/struct_pb.js";
import { type Child, type Environment, ProgramChild, type StartChild } from "./child.js";
import type { Program, Sdk } from "./program.js";
import {
  contains,
  isForeign,
  mapProperties,
  markSecretsLike,
  type PropertyMap,
  UNKNOWN,
  unwrapSecrets,
} from "./properties.js";
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
  /** Whether it tells in a preview what a create or an update would give; otherwise it isn't called. */
  readonly supportsPreview?: boolean;
  check(urn: string, olds: PropertyMap, news: PropertyMap): Promise<CheckAnswer>;
  diff(old: Pick<Resource, "urn" | "id" | "inputs" | "outputs">, news: PropertyMap): Promise<DiffAnswer>;
  create(urn: string, inputs: PropertyMap, isPreview?: boolean): Promise<Result>;
  update(old: Resource, inputs: PropertyMap, isPreview?: boolean): Promise<Result>;
  read(old: Resource): Promise<Result>;
  delete(old: Resource): Promise<void>;
}

export interface ProviderOptions {
  engineAddress: string;
  environment: Environment;
  onLine: (line: string) => void;
}

type Message = { serializeBinary(): Uint8Array };
type Rpc = (request: Message, answered: (error: grpc.ServiceError | null, answer: never) => void) => void;
type Diff = InstanceType<Sdk["provider"]["DiffResponse"]>;

/** A process that serves the protocol of providers, once it has printed its port. */
abstract class ProviderProcess implements Provider {
  abstract readonly supportsPreview: boolean;
  protected readonly child: Child;
  private readonly client: Promise<grpc.Client>;
  private ended = false;
  private isConnected = false;
  private underWay = 0;
  private whenIdle: (() => void)[] = [];

  constructor(
    protected readonly sdk: Sdk,
    name: string,
    start: (onLine: (line: string) => void) => Child,
    onLine: (line: string) => void,
  ) {
    let connect: (client: grpc.Client) => void = () => {};
    const connected = new Promise<grpc.Client>((resolve) => {
      connect = resolve;
    });
    let port: string | undefined;
    this.child = start((line) => {
      if (port !== undefined) return onLine(line);
      // Until the process prints its port, other lines are messages, such as a warning of Node.
      if (!/^\d+$/.test(line.trim())) return onLine(line);
      port = line.trim();
      this.isConnected = true;
      const plain = sdk.grpc.credentials.createInsecure();
      connect(new sdk.providerClient(`127.0.0.1:${port}`, plain, CHANNEL_OPTIONS));
    });
    const died = this.child.exited.then((code): never => {
      throw new Error(`The ${name} ended with exit code ${code} before it was asked to.`);
    });
    died.catch(() => {});
    this.client = Promise.race([connected, died]);
    this.client.catch(() => {});
  }

  /** Makes the process ready for calls about resources. */
  protected abstract prepare(): Promise<unknown>;
  /** The properties as they are sent. */
  protected abstract marshal(values: PropertyMap): PropertyMap;
  /** The properties of an answer with their secrets marked. */
  protected abstract mark(answered: PropertyMap, given: PropertyMap): PropertyMap;

  get isBusy(): boolean {
    return this.underWay > 0;
  }

  async check(urn: string, olds: PropertyMap, news: PropertyMap): Promise<CheckAnswer> {
    const request = new this.sdk.provider.CheckRequest().setUrn(urn);
    request.setOlds(this.struct(olds)).setNews(this.struct(news));
    const answer = await this.call<InstanceType<Sdk["provider"]["CheckResponse"]>>("check", request);
    return { inputs: this.mark(properties(answer.getInputs()), news), failures: readFailures(answer) };
  }

  async diff(old: Pick<Resource, "urn" | "id" | "inputs" | "outputs">, news: PropertyMap): Promise<DiffAnswer> {
    const request = new this.sdk.provider.DiffRequest().setUrn(old.urn).setId(old.id ?? "");
    request.setOldInputs(this.struct(old.inputs)).setOlds(this.struct(old.outputs)).setNews(this.struct(news));
    return this.readDiff(await this.call<Diff>("diff", request));
  }

  async create(urn: string, inputs: PropertyMap, isPreview = false): Promise<Result> {
    const request = new this.sdk.provider.CreateRequest().setUrn(urn).setPreview(isPreview);
    request.setProperties(this.struct(inputs));
    return this.withInitErrors(inputs, async () => {
      const answer = await this.call<InstanceType<Sdk["provider"]["CreateResponse"]>>("create", request);
      if (answer.getId() === "" && !isPreview) throw new Error("provider did not return an ID from Create");
      return { id: answer.getId(), outputs: this.mark(properties(answer.getProperties()), inputs) };
    });
  }

  async update(old: Resource, inputs: PropertyMap, isPreview = false): Promise<Result> {
    const request = new this.sdk.provider.UpdateRequest()
      .setUrn(old.urn)
      .setId(old.id ?? "")
      .setPreview(isPreview);
    request.setOldInputs(this.struct(old.inputs)).setOlds(this.struct(old.outputs)).setNews(this.struct(inputs));
    return this.withInitErrors(inputs, async () => {
      const answer = await this.call<InstanceType<Sdk["provider"]["UpdateResponse"]>>("update", request);
      return { id: old.id ?? "", outputs: this.mark(properties(answer.getProperties()), inputs) };
    });
  }

  async read(old: Resource): Promise<Result> {
    const request = new this.sdk.provider.ReadRequest().setUrn(old.urn).setId(old.id ?? "");
    request.setInputs(this.struct(old.inputs)).setProperties(this.struct(old.outputs));
    const answer = await this.call<InstanceType<Sdk["provider"]["ReadResponse"]>>("read", request);
    const inputs = answer.getInputs();
    return {
      id: answer.getId(),
      outputs: this.mark(properties(answer.getProperties()), old.outputs ?? {}),
      ...(inputs && { inputs: this.mark(properties(inputs), old.inputs ?? {}) }),
    };
  }

  async delete(old: Resource): Promise<void> {
    const request = new this.sdk.provider.DeleteRequest().setUrn(old.urn).setId(old.id ?? "");
    await this.call("delete", request.setProperties(this.struct(old.outputs)).setOldInputs(this.struct(old.inputs)));
  }

  async end(): Promise<void> {
    this.ended = true;
    await this.child.end({ isIdle: this.isConnected && this.underWay === 0 });
    await this.client.then(
      (connected) => connected.close(),
      () => {},
    );
  }

  protected struct(values: PropertyMap | undefined): Struct {
    return this.sdk.struct.Struct.fromJavaScript(this.marshal(refuseForeign(values ?? {})));
  }

  protected async call<T>(name: string, request: Message): Promise<T> {
    await this.prepare();
    return this.send(name, request);
  }

  protected async send<T>(name: string, request: Message): Promise<T> {
    const client = await this.client;
    const rpc = (client as unknown as Record<string, Rpc>)[name]?.bind(client);
    if (!rpc) throw new Error(`The SDK's provider client has no ${name}.`);
    this.underWay++;
    try {
      return await new Promise<T>((resolve, reject) => {
        rpc(request, (error, answer) => (error ? reject(error) : resolve(answer)));
      });
    } finally {
      this.underWay--;
      if (this.underWay === 0) for (const resume of this.whenIdle.splice(0)) resume();
      // What the process printed during the call is in the pipe by now: read it before the answer.
      await new Promise((resolve) => setImmediate(resolve));
    }
  }

  /** Resolves when no call is under way. */
  protected async idle(): Promise<void> {
    if (this.underWay > 0) await new Promise<void>((resolve) => this.whenIdle.push(resolve));
  }

  protected readDiff(answer: Diff): DiffAnswer {
    const kinds = this.sdk.provider.DiffResponse.DiffChanges;
    const open = answer.getChanges() === kinds.DIFF_UNKNOWN;
    const detailed = new Map<string, { kind: "add" | "delete" | "update"; isInput: boolean }>();
    answer.getDetaileddiffMap().forEach((change, path) => {
      const kind = DIFF_KINDS[change.getKind()];
      if (kind === undefined) throw new Refusal("differences of a provider that replace a resource");
      detailed.set(path, { kind, isInput: change.getInputdiff() });
    });
    return {
      changes: open ? undefined : answer.getChanges() === kinds.DIFF_SOME,
      replaces: answer.getReplacesList(),
      deleteBeforeReplace: answer.getDeletebeforereplace(),
      ...(answer.getHasdetaileddiff() && { detailed }),
    };
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
      const outputs = this.mark(properties(failure.getProperties()), inputs);
      return { id: failure.getId(), outputs, initErrors: failure.getReasonsList() };
    }
  }
}

/** The kinds of a detailed difference by their numbers; those between them replace. */
const DIFF_KINDS: Readonly<Record<number, "add" | "delete" | "update">> = { 0: "add", 2: "delete", 4: "update" };

const readFailures = (answer: InstanceType<Sdk["provider"]["CheckResponse"]>): CheckAnswer["failures"] =>
  answer.getFailuresList().map((one) => ({ property: one.getProperty(), reason: one.getReason() }));

/**
 * The SDK's own host of dynamic resources. It does not understand secrets, so inputs are sent as plain values, and outputs are marked
 * as secret again.
 */
export class ProviderHost extends ProviderProcess {
  readonly supportsPreview = false;
  private configuration: PropertyMap = {};
  private configured: Promise<unknown> | undefined;

  constructor(sdk: Sdk, program: Program, options: ProviderOptions & { start: StartChild }) {
    const start = (onLine: (line: string) => void) =>
      options.start(sdk.host, [options.engineAddress], {
        directory: program.directory,
        environment: { ...options.environment, PULUMI_NODEJS_PROJECT: program.project },
        preload: buildPreload(sdk),
        onLine,
      });
    super(sdk, "dynamic provider host", start, options.onLine);
  }

  /** Sets the configuration of the default provider, which the host receives before the first call. */
  configure(configuration: PropertyMap): void {
    this.configuration = configuration;
    this.configured = undefined;
  }

  protected prepare(): Promise<unknown> {
    this.configured ??= this.send(
      "configure",
      new this.sdk.provider.ConfigureRequest().setAcceptsecrets(true).setArgs(this.struct(this.configuration)),
    );
    return this.configured;
  }

  protected marshal(values: PropertyMap): PropertyMap {
    return unwrapSecrets(values);
  }

  protected mark(answered: PropertyMap, given: PropertyMap): PropertyMap {
    return markSecretsLike(answered, given);
  }
}

/** A plugin, `pulumi-resource-…`, which shakes hands and understands secrets. */
export class ProviderPlugin extends ProviderProcess {
  readonly supportsPreview = true;
  private acceptsSecrets = false;
  private readonly ready: Promise<unknown>;

  constructor(
    sdk: Sdk,
    private readonly packageName: string,
    directory: string,
    { engineAddress, environment, onLine }: ProviderOptions,
  ) {
    const launcher = findPlugin(packageName, environment);
    super(
      sdk,
      `plugin ${packageName}`,
      (online) => new ProgramChild(launcher, [engineAddress], { directory, environment, onLine: online }),
      onLine,
    );
    const request = new sdk.provider.ProviderHandshakeRequest().setEngineAddress(engineAddress);
    const folder = dirname(launcher);
    request.setRootDirectory(folder).setProgramDirectory(folder).setConfigureWithUrn(true);
    this.ready = this.send<InstanceType<Sdk["provider"]["ProviderHandshakeResponse"]>>("handshake", request).then(
      async (answer) => {
        this.acceptsSecrets = answer.getAcceptSecrets();
        if (!this.acceptsSecrets) throw new Refusal(`plugins that don't accept secrets, such as ${packageName}`);
        // The engine compares the version that a plugin says with the one that it wants.
        await this.send("getPluginInfo", new sdk.empty.Empty());
      },
    );
    this.ready.catch(() => {});
  }

  /** Checks the configuration, whose secrets the plugin sees as plain values, as in Pulumi. */
  async checkConfig(urn: string, olds: PropertyMap, news: PropertyMap): Promise<CheckAnswer> {
    const plain = (values: PropertyMap) => this.struct(unwrapSecrets(values));
    const request = new this.sdk.provider.CheckRequest().setUrn(urn).setOlds(plain(olds)).setNews(plain(news));
    const answer = await this.call<InstanceType<Sdk["provider"]["CheckResponse"]>>("checkConfig", request);
    return { inputs: markSecretsLike(properties(answer.getInputs()), news), failures: readFailures(answer) };
  }

  async diffConfig(old: Pick<Resource, "urn" | "inputs" | "outputs">, news: PropertyMap): Promise<DiffAnswer> {
    const plain = (values: PropertyMap = {}) => this.struct(unwrapSecrets(values));
    const request = new this.sdk.provider.DiffRequest().setUrn(old.urn).setOldInputs(plain(old.inputs));
    return this.readDiff(await this.call<Diff>("diffConfig", request.setOlds(plain(old.outputs)).setNews(plain(news))));
  }

  async configure(urn: string, id: string, inputs: PropertyMap): Promise<void> {
    if (contains(inputs, (part) => part === UNKNOWN)) {
      throw new Refusal(`a configuration of ${this.packageName} that isn't known in a preview`);
    }
    const request = new this.sdk.provider.ConfigureRequest().setAcceptsecrets(true).setAcceptresources(true);
    request.setSendsOldInputs(true).setSendsOldInputsToDelete(true);
    request
      .setUrn(urn)
      .setId(id)
      .setName(urn.split("::")[3] ?? "")
      .setType(urn.split("::")[2] ?? "");
    await this.call("configure", request.setArgs(this.struct(inputs)));
  }

  async invoke(token: string, args: PropertyMap): Promise<InstanceType<Sdk["provider"]["InvokeResponse"]>> {
    const request = new this.sdk.provider.InvokeRequest().setTok(token).setArgs(this.struct(args));
    return this.call("invoke", request);
  }

  /** Asks the plugin to stop its calls, and resolves when they are answered. */
  async cancel(): Promise<void> {
    await this.send("cancel", new this.sdk.empty.Empty()).catch(() => {});
    await this.idle();
  }

  protected prepare(): Promise<unknown> {
    return this.ready;
  }

  protected marshal(values: PropertyMap): PropertyMap {
    return values;
  }

  protected mark(answered: PropertyMap): PropertyMap {
    return answered;
  }
}

/** The launcher of a plugin on the PATH. */
function findPlugin(packageName: string, environment: Environment): string {
  const name = `pulumi-resource-${packageName}`;
  const { PATH = "" } = { ...process.env, ...environment };
  const found = PATH.split(delimiter)
    .filter(Boolean)
    .map((folder) => join(folder, name))
    .find((file) => existsSync(file));
  if (found === undefined) throw new Error(`There is no plugin of ${packageName}: no ${name} is on the PATH.`);
  return found;
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
