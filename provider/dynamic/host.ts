/**
 * The resources as Pulumi's dynamic provider host runs them. The host tells a provider no name of a resource and no secrets, so
 * that both travel in properties of this package's own.
 */
import type { dynamic } from "@pulumi/pulumi";
import type { Runtime } from "../resource/clients.js";
import type { CallContext, Properties } from "../resource/context.js";
import { ResourceInitFailedError } from "../resource/outputs.js";
import { CacheResourceProvider } from "../resource/provider.js";
import { PRELOAD, REFRESH, type ResourceKind } from "../schema/inputs.js";
import { type Line, logTo } from "../text/log.js";
import { showLine } from "../text/show.js";
import { formatNumber } from "../vod/format.js";
import { markSecretFiles, markSecretPaths, SECRET_HEADERS, SECRET_PATHS } from "./secret-paths.js";

export interface HostRuntime extends Runtime {
  /** Shows a line of the resource with this name. */
  log(line: Line, name: string | undefined): void;
}

/** The provider of VodCacheRefresh. */
export const refreshProvider = (runtime: HostRuntime) => dynamicProvider(REFRESH, runtime);

/** The provider of VodCachePreload. */
export const preloadProvider = (runtime: HostRuntime) => dynamicProvider(PRELOAD, runtime);

/** The properties that travel through inputs and state as they are: the host's own, the resource's name, and the marks of secrets. */
const OWN = ["__provider", "__resourceName", SECRET_PATHS, SECRET_HEADERS];

function dynamicProvider(kind: ResourceKind, { log, ...runtime }: HostRuntime) {
  const provider = new CacheResourceProvider(kind, runtime);
  /** @param others properties of before: what was secret once stays so. */
  const buildContext = (properties: Properties, ...others: Properties[]): CallContext => {
    const { __resourceName } = properties;
    const name = typeof __resourceName === "string" ? __resourceName : undefined;
    const ownLog = logTo(({ severity, text }) => log({ severity, text: showLine(text) }, name));
    const isMarked = (mark: string) => [properties, ...others].some((each) => each[mark] === true);
    return {
      name,
      secretPaths: isMarked(SECRET_PATHS),
      secretHeaders: isMarked(SECRET_HEADERS),
      log: ownLog,
      onHashed: (done, total) => ownLog.progress(`hashed ${formatNumber(done)} of ${formatNumber(total)} files`),
    };
  };
  /** The outputs as the state keeps them. After a failure, the host itself adds nothing to them. */
  const buildOutputs = (outputs: Properties, news: Properties, olds?: Properties) =>
    markSecretPaths(kind, { ...outputs, ...pickOwn(news) }, olds);
  const failing = (news: Properties, olds?: Properties) => (error: unknown) => {
    if (!(error instanceof ResourceInitFailedError)) throw error;
    throw new ResourceInitFailedError(error.id, buildOutputs(error.properties, news, olds), error.reasons);
  };
  return {
    // It must not wait for anything: the host lets the first calls run without it.
    async configure({ config }: dynamic.ConfigureRequest): Promise<void> {
      provider.configure((key) => config.get(key));
    },
    async check(olds: Properties, news: Properties) {
      const context = buildContext(news, olds);
      const { inputs, failures } = await provider.check(withoutOwn(olds), withoutOwn(news), context);
      const checked = { ...inputs, ...pickOwn(news) };
      return { inputs: context.secretPaths ? markSecretFiles(checked) : checked, failures };
    },
    diff: (id: string, olds: Properties, news: Properties) =>
      provider.diff(id, withoutOwn(olds), withoutOwn(news), buildContext(news, olds)),
    async create(news: Properties) {
      const { id, outs } = await provider.create(withoutOwn(news), buildContext(news)).catch(failing(news));
      return { id, outs: buildOutputs(outs, news) };
    },
    async update(id: string, olds: Properties, news: Properties) {
      const done = provider.update(id, withoutOwn(olds), withoutOwn(news), buildContext(news, olds));
      const { outs } = await done.catch(failing(news, olds));
      return { outs: buildOutputs(outs, news, olds) };
    },
    async read(id: string, properties: Properties) {
      const { props } = await provider.read(id, withoutOwn(properties), buildContext(properties));
      return { id, props: buildOutputs(props, properties) };
    },
    delete: (id: string, properties: Properties) =>
      provider.delete(id, withoutOwn(properties), buildContext(properties)),
  };
}

function pickOwn(properties: Properties): Properties {
  return Object.fromEntries(Object.entries(properties).filter(([name]) => OWN.includes(name)));
}

function withoutOwn(properties: Properties): Properties {
  return Object.fromEntries(Object.entries(properties).filter(([name]) => !OWN.includes(name)));
}
