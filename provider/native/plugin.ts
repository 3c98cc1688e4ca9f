/** The resources and functions as a plugin runs them: for several accounts, with secrets marked, and stopped by a signal. */
import type { ShowLine } from "../host/engine-log.js";
import { type HostRuntime, ResourceHost } from "../host/host.js";
import { SECRET_HEADERS, SECRET_PATHS } from "../host/secret-paths.js";
import type { Properties } from "../resource/context.js";
import { type VodFunctions, vodFunctions } from "../resource/functions.js";
import { ResourceInitFailedError } from "../resource/outputs.js";
import { callerSchemas } from "../schema/call-inputs.js";
import { PRELOAD, REFRESH, type ResourceKind } from "../schema/inputs.js";
import { outputSchemas } from "../schema/outputs.js";
import { UNKNOWN } from "../schema/unknown.js";
import { logTo } from "../text/log.js";
import { describeNoImport } from "../text/no-import.js";
import { VodError } from "../vod/errors.js";
import { type Change, findChanges } from "./changes.js";
import { coerceInputs } from "./coerce.js";
import { configReader, renameSettings } from "./configuration.js";
import { nativeSchemas, type Release, tokenOf } from "./package-schema.js";
import { decode, encode } from "./values.js";

const KINDS: readonly ResourceKind[] = [REFRESH, PRELOAD];

interface Resource {
  kind: ResourceKind;
  host: ResourceHost;
}

export class Plugin {
  private readonly resources: ReadonlyMap<string, Resource>;
  private functions: VodFunctions;
  /** The calls under way. */
  private readonly running = new Set<AbortController>();
  private readonly runtime: HostRuntime;

  constructor(
    readonly release: Release,
    runtime: HostRuntime,
  ) {
    const log: ShowLine = ({ severity, text }, resource) =>
      runtime.log({ severity, text: renameSettings(text) }, resource);
    this.runtime = { ...runtime, log };
    this.resources = new Map(
      KINDS.map((kind) => [tokenOf(kind.name), { kind, host: new ResourceHost(kind, this.runtime) }]),
    );
    this.functions = vodFunctions(configReader({}), this.runtime);
  }

  /** @param settings the stack's, or those of an explicit provider. */
  configure(settings: Properties): void {
    const read = configReader(settings);
    for (const { host } of this.resources.values()) host.configureWith(read);
    this.functions = vodFunctions(read, this.runtime);
  }

  async check(urn: string, olds: Properties, news: Properties) {
    const { kind, host } = this.find(urn);
    const { values, secrets } = decode(news);
    const schemas = nativeSchemas(kind);
    const given = coerceInputs(schemas, values);
    const unknown = Object.keys(given).filter((name) => name === "preload");
    if (unknown.length > 0) return { inputs: news, failures: [{ property: "", reason: NO_PRELOAD }] };
    const marked = { ...given, ...markSecrets(secrets), __urn: urn };
    const { inputs, failures } = await this.run((signal) => host.check(decode(olds).values, marked, signal));
    return { inputs: encode(withoutUrn(inputs), secrets), failures };
  }

  /** @param given the inputs before are those among the outputs where they aren't given. */
  async diff(
    urn: string,
    id: string,
    given: { olds: Properties; oldInputs: Properties | undefined; news: Properties },
  ): Promise<{ changes: boolean; paths: ReadonlyMap<string, Change> }> {
    const { kind, host } = this.find(urn);
    const olds = decode(given.olds);
    const oldInputs = decode(given.oldInputs ?? pickInputs(kind, given.olds));
    const news = decode(given.news);
    const { changes } = await this.run((signal) => host.diff(id, olds.values, { ...news.values, __urn: urn }, signal));
    if (!changes) return { changes, paths: new Map() };
    const paths = findChanges(oldInputs.values, news.values, new Set([...oldInputs.secrets, ...news.secrets]));
    // What the last update left is due, whatever changed.
    if ((olds.values.pending as unknown[] | undefined)?.length) paths.set("pending", "update");
    return { changes, paths };
  }

  async create(urn: string, news: Properties, isPreview: boolean): Promise<{ id: string; outputs: Properties }> {
    const { kind, host } = this.find(urn);
    const { values, secrets } = decode(news);
    const marked = { ...values, __urn: urn };
    if (isPreview) {
      const foreseen = await this.run((signal) => host.foresee(undefined, marked, signal));
      return { id: "", outputs: encode(withoutUrn(foreseen ?? withUnknownOutputs(kind, values)), secrets) };
    }
    const created = this.run((signal) => host.create(marked, signal));
    const { id, outs } = await created.catch(failWith(secrets));
    return { id, outputs: encode(withoutUrn(outs), secrets) };
  }

  async update(
    urn: string,
    id: string,
    given: { olds: Properties; news: Properties },
    isPreview: boolean,
  ): Promise<Properties> {
    const { kind, host } = this.find(urn);
    const { values, secrets } = decode(given.news);
    const olds = decode(given.olds).values;
    const marked = { ...values, __urn: urn };
    if (isPreview) {
      const foreseen = await this.run((signal) => host.foresee(olds, marked, signal));
      return encode(withoutUrn(foreseen ?? withUnknownOutputs(kind, values)), secrets);
    }
    const updated = this.run((signal) => host.update(id, olds, marked, signal));
    const { outs } = await updated.catch(failWith(secrets));
    return encode(withoutUrn(outs), secrets);
  }

  async read(urn: string, id: string, properties: Properties): Promise<Properties> {
    const { kind, host } = this.find(urn);
    const { values, secrets } = decode(properties);
    // The engine has no properties of what it doesn't manage yet.
    if (Object.keys(values).length === 0) throw refuseImport(kind, urn);
    const { props } = await this.run((signal) => host.read(id, { ...values, __urn: urn }, signal));
    return encode(withoutUrn(props), secrets);
  }

  async delete(urn: string, id: string, properties: Properties): Promise<void> {
    const { host } = this.find(urn);
    await this.run((signal) => host.delete(id, { ...decode(properties).values, __urn: urn }, signal));
  }

  /** @param token of a function. */
  async invoke(token: string, args: Properties): Promise<Properties> {
    const { values, secrets } = decode(args);
    const answer = await this.run((signal) => this.ask(token, values, signal));
    // What comes of a secret is one.
    return encode(answer, secrets.size > 0 ? new Set(Object.keys(answer)) : secrets);
  }

  private async ask(token: string, given: Properties, signal: AbortSignal): Promise<Properties> {
    const args = coerceInputs(callerSchemas, given);
    const context = { log: logTo(() => {}), signal };
    if (token === tokenOf("getVodRefreshQuota")) {
      return { ...(await this.functions.quota(args, context)) };
    }
    if (token === tokenOf("getVodRefreshTasks")) {
      return { ...(await this.functions.tasks(args, context)) };
    }
    throw new VodError(`alicloud-vod has no function ${token}.`, "Use one of its schema.", { code: "UnknownFunction" });
  }

  /** Stops the calls under way: each keeps what it did. */
  cancel(): void {
    for (const controller of this.running) controller.abort();
  }

  private async run<T>(call: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const controller = new AbortController();
    this.running.add(controller);
    try {
      return await call(controller.signal);
    } finally {
      this.running.delete(controller);
    }
  }

  private find(urn: string): Resource {
    const type = urn.split("::")[2]?.split("$").at(-1) ?? "";
    const resource = this.resources.get(type);
    if (resource === undefined)
      throw new VodError(`alicloud-vod has no resource ${type}.`, "Use one of its schema.", {
        code: "UnknownResource",
      });
    return resource;
  }
}

const NO_PRELOAD =
  "preload is not an input of this resource: the plugin makes no second one. Declare a VodCachePreload, with the outputs of this " +
  "resource as its refresh.";

/** The marks that the core keeps of secrets among the inputs: what it may not show. */
function markSecrets(secrets: ReadonlySet<string>): Properties {
  const hasAny = (...names: string[]) => names.some((name) => secrets.has(name));
  return {
    ...(hasAny("paths", "contents", "source") ? { [SECRET_PATHS]: true } : {}),
    ...(hasAny("headers") ? { [SECRET_HEADERS]: true } : {}),
  };
}

/** The inputs among the outputs of a resource. */
function pickInputs(kind: ResourceKind, outputs: Properties): Properties {
  const names = [...Object.keys(nativeSchemas(kind)), "files"];
  return Object.fromEntries(Object.entries(outputs).filter(([name]) => names.includes(name)));
}

/** Has the engine keep what a failure leaves in the form of any other outputs. */
function failWith(secrets: ReadonlySet<string>) {
  return (error: unknown): never => {
    if (!(error instanceof ResourceInitFailedError)) throw error;
    throw new ResourceInitFailedError(error.id, encode(withoutUrn(error.properties), secrets), error.reasons);
  };
}

/** The plugin is told the URN with each call. */
function withoutUrn({ __urn, ...properties }: Properties): Properties {
  return properties;
}

/** The outputs of a preview in which a call is due: what comes of it isn't known yet. */
function withUnknownOutputs(kind: ResourceKind, inputs: Properties): Properties {
  const unknown = Object.keys(outputSchemas(kind)).filter((name) => name !== "files");
  return { ...inputs, ...Object.fromEntries(unknown.map((name) => [name, UNKNOWN])) };
}

function refuseImport({ name }: ResourceKind, urn: string): VodError {
  const { happened, remedy } = describeNoImport(name, urn.split("::").slice(3).join("::"));
  return new VodError(happened, remedy, { code: "NoImport" });
}
