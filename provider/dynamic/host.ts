/**
 * The resources as Pulumi's dynamic provider host runs them. The host tells a provider no URN of a resource and no secrets, so
 * that both travel in properties of this package's own.
 */
import type { dynamic } from "@pulumi/pulumi";
import type { Runtime } from "../resource/clients.js";
import type { CallContext, Properties } from "../resource/context.js";
import { ResourceInitFailedError } from "../resource/outputs.js";
import { CacheResourceProvider } from "../resource/provider.js";
import { PRELOAD, REFRESH, type ResourceKind } from "../schema/inputs.js";
import { logTo } from "../text/log.js";
import { showLine } from "../text/show.js";
import type { ShowLine } from "./engine-log.js";
import { markSecretFiles, markSecretPaths, SECRET_HEADERS, SECRET_PATHS } from "./secret-paths.js";

export interface HostRuntime extends Runtime {
  log: ShowLine;
}

/** The provider of VodCacheRefresh. */
export const refreshProvider = (runtime: HostRuntime) => dynamicProvider(REFRESH, runtime);

/** The provider of VodCachePreload. */
export const preloadProvider = (runtime: HostRuntime) => dynamicProvider(PRELOAD, runtime);

/** The properties that travel through inputs and state as they are: the host's own, the URN, and the marks of secrets. */
const OWN = ["__provider", "__urn", SECRET_PATHS, SECRET_HEADERS];

function dynamicProvider(kind: ResourceKind, { log, ...runtime }: HostRuntime) {
  const provider = new CacheResourceProvider(kind, runtime);
  /**
   * Runs a call with a context of its own, and answers once its lines are shown.
   *
   * @param others properties of before: what was secret once stays so.
   */
  const run = async <T>(
    call: (context: CallContext) => Promise<T>,
    properties: Properties,
    ...others: Properties[]
  ): Promise<T> => {
    const resource = identify(properties);
    let shown: unknown;
    const isMarked = (mark: string) => [properties, ...others].some((each) => each[mark] === true);
    const context: CallContext = {
      ...resource,
      secretPaths: isMarked(SECRET_PATHS),
      secretHeaders: isMarked(SECRET_HEADERS),
      log: logTo(({ severity, text }) => {
        shown = log({ severity, text: showLine(text) }, resource);
      }),
    };
    try {
      return await call(context);
    } finally {
      await shown;
    }
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
    check: (olds: Properties, news: Properties) =>
      run(
        async (context) => {
          const { inputs, failures } = await provider.check(withoutOwn(olds), withoutOwn(news), context);
          const checked = { ...inputs, ...pickOwn(news) };
          return { inputs: context.secretPaths ? markSecretFiles(checked) : checked, failures };
        },
        news,
        olds,
      ),
    diff: (id: string, olds: Properties, news: Properties) =>
      run((context) => provider.diff(id, withoutOwn(olds), withoutOwn(news), context), news, olds),
    async create(news: Properties) {
      const created = run((context) => provider.create(withoutOwn(news), context), news);
      const { id, outs } = await created.catch(failing(news));
      return { id, outs: buildOutputs(outs, news) };
    },
    async update(id: string, olds: Properties, news: Properties) {
      const updated = run((context) => provider.update(id, withoutOwn(olds), withoutOwn(news), context), news, olds);
      const { outs } = await updated.catch(failing(news, olds));
      return { outs: buildOutputs(outs, news, olds) };
    },
    async read(id: string, properties: Properties) {
      const { props } = await run((context) => provider.read(id, withoutOwn(properties), context), properties);
      return { id, props: buildOutputs(props, properties) };
    },
    delete: (id: string, properties: Properties) =>
      run((context) => provider.delete(id, withoutOwn(properties), context), properties),
  };
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
