/**
 * A resource as Pulumi runs it, with its lines beside it and its secrets marked. Its URN, and what is secret, travel in properties of
 * this package's own.
 */
import type { ConfigReader } from "../credentials/chain.js";
import type { Runtime } from "../resource/clients.js";
import type { CallContext, Properties } from "../resource/context.js";
import { ResourceInitFailedError } from "../resource/outputs.js";
import { CacheResourceProvider } from "../resource/provider.js";
import type { ResourceKind } from "../schema/inputs.js";
import { logTo } from "../text/log.js";
import { showLine } from "../text/show.js";
import type { ShowLine } from "./engine-log.js";
import { markSecretFiles, markSecretHeaders, markSecretPaths, SECRET_HEADERS, SECRET_PATHS } from "./secret-paths.js";

export interface HostRuntime extends Runtime {
  log: ShowLine;
}

/** The properties that travel through inputs and state as they are: the dynamic host's own, the URN, and the marks of secrets. */
const OWN = ["__provider", "__urn", SECRET_PATHS, SECRET_HEADERS];

export class ResourceHost {
  private readonly provider: CacheResourceProvider;

  constructor(
    private readonly kind: ResourceKind,
    private readonly runtime: HostRuntime,
  ) {
    const { log: _, ...own } = runtime;
    this.provider = new CacheResourceProvider(kind, own);
  }

  configureWith(settings: ConfigReader): void {
    this.provider.configure(settings);
  }

  check(olds: Properties, news: Properties, signal?: AbortSignal) {
    const call = async (context: CallContext) => {
      const { inputs, failures } = await this.provider.check(withoutOwn(olds), withoutOwn(news), context);
      const checked = markSecretHeaders({ ...inputs, ...pickOwn(news) });
      return { inputs: context.secretPaths ? markSecretFiles(checked) : checked, failures };
    };
    return this.run(call, [news, olds], signal);
  }

  diff(id: string, olds: Properties, news: Properties, signal?: AbortSignal): Promise<{ changes: boolean }> {
    const call = (context: CallContext) => this.provider.diff(id, withoutOwn(olds), withoutOwn(news), context);
    return this.run(call, [news, olds], signal);
  }

  /**
   * The outputs that a deployment will have.
   *
   * @returns undefined if they aren't known before it: it has calls to make or tasks to wait for.
   */
  foresee(olds: Properties | undefined, news: Properties, signal?: AbortSignal): Promise<Properties | undefined> {
    const call = async (context: CallContext) => {
      const outs = await this.provider.foresee(olds && withoutOwn(olds), withoutOwn(news), context);
      return outs && this.buildOutputs(outs, news, olds);
    };
    return this.run(call, [news, olds ?? {}], signal);
  }

  async create(news: Properties, signal?: AbortSignal): Promise<{ id: string; outs: Properties }> {
    const created = this.run((context) => this.provider.create(withoutOwn(news), context), [news], signal);
    const { id, outs } = await created.catch(this.failing(news));
    return { id, outs: this.buildOutputs(outs, news) };
  }

  async update(id: string, olds: Properties, news: Properties, signal?: AbortSignal): Promise<{ outs: Properties }> {
    const call = (context: CallContext) => this.provider.update(id, withoutOwn(olds), withoutOwn(news), context);
    const { outs } = await this.run(call, [news, olds], signal).catch(this.failing(news, olds));
    return { outs: this.buildOutputs(outs, news, olds) };
  }

  async read(id: string, properties: Properties, signal?: AbortSignal): Promise<{ id: string; props: Properties }> {
    const call = (context: CallContext) => this.provider.read(id, withoutOwn(properties), context);
    const { props } = await this.run(call, [properties], signal);
    return { id, props: this.buildOutputs(props, properties) };
  }

  delete(id: string, properties: Properties, signal?: AbortSignal): Promise<void> {
    return this.run((context) => this.provider.delete(id, withoutOwn(properties), context), [properties], signal);
  }

  /**
   * Runs a call with a context of its own, and answers once its lines are shown.
   *
   * @param marked the properties of now, then those of before: what was secret once stays so.
   */
  private async run<T>(
    call: (context: CallContext) => Promise<T>,
    marked: readonly [now: Properties, ...before: Properties[]],
    signal: AbortSignal | undefined,
  ): Promise<T> {
    const resource = identify(marked[0]);
    let shown: unknown;
    const isMarked = (mark: string) => marked.some((properties) => properties[mark] === true);
    const context: CallContext = {
      ...resource,
      secretPaths: isMarked(SECRET_PATHS),
      secretHeaders: isMarked(SECRET_HEADERS),
      log: logTo(({ severity, text }) => {
        shown = this.runtime.log({ severity, text: showLine(text) }, resource);
      }),
      signal,
    };
    try {
      return await call(context);
    } finally {
      await shown;
    }
  }

  /** The outputs as the state keeps them. After a failure, the host itself adds nothing to them. */
  private buildOutputs(outputs: Properties, news: Properties, olds?: Properties): Properties {
    return markSecretPaths(this.kind, { ...outputs, ...pickOwn(news) }, olds);
  }

  private failing(news: Properties, olds?: Properties) {
    return (error: unknown): never => {
      if (!(error instanceof ResourceInitFailedError)) throw error;
      throw new ResourceInitFailedError(error.id, this.buildOutputs(error.properties, news, olds), error.reasons);
    };
  }
}

/** Which resource it is. A state may be without a URN. */
function identify({ __urn: urn }: Properties): Pick<CallContext, "urn" | "name"> {
  if (typeof urn !== "string" || !urn.startsWith("urn:")) return {};
  return { urn, name: urn.split("::").slice(3).join("::") };
}

function pickOwn(properties: Properties): Properties {
  return Object.fromEntries(Object.entries(properties).filter(([name]) => OWN.includes(name)));
}

function withoutOwn(properties: Properties): Properties {
  return Object.fromEntries(Object.entries(properties).filter(([name]) => !OWN.includes(name)));
}
