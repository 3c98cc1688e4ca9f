/**
 * Secret paths: a path may hold a signature in its query. Pulumi keeps an output secret where the input of the same name
 * is, and paths come back under other names as well, so those are marked here.
 */
import type { ResourceKind } from "../schema/inputs.js";

type Properties = Record<string, unknown>;

/** The input by which the sdk says that paths are secret; not there where they aren't. */
export const SECRET_PATHS = "__secretPaths";

/** How Pulumi's protocol marks a value as secret. Source: its `SpecialSigKey` and `SpecialSecretSig`. */
const SECRET = { "4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270" };

interface Provider {
  create(news: Properties): Promise<{ id: string; outs: Properties }>;
  update(id: string, olds: Properties, news: Properties): Promise<{ outs: Properties }>;
  read(id: string, properties: Properties): Promise<{ id: string; props: Properties }>;
}

/**
 * The same provider, whose outputs that name paths are secret where its inputs are; those of a failure too. They stay so for
 * good: what vanished is named long after the inputs do.
 */
export function withSecretPaths<P extends Provider>(kind: ResourceKind, provider: P): P {
  const named = new Set(["pending", "unconfirmed", "__removedPaths", kind.outputs.sent]);
  const marked = (outputs: Properties, olds: Properties = {}): Properties => {
    if (outputs[SECRET_PATHS] !== true && olds[SECRET_PATHS] !== true) return outputs;
    const entries = Object.entries({ ...outputs, [SECRET_PATHS]: true });
    return Object.fromEntries(entries.map(([name, value]) => [name, named.has(name) ? { ...SECRET, value } : value]));
  };
  const failing = (olds?: Properties) => (error: unknown) => {
    const { properties } = (error ?? {}) as { properties?: Properties };
    if (properties !== undefined) Object.assign(error as object, { properties: marked(properties, olds) });
    throw error;
  };
  return {
    ...provider,
    create: async (news) => {
      const { id, outs } = await provider.create(news).catch(failing());
      return { id, outs: marked(outs) };
    },
    update: async (id, olds, news) => {
      const { outs } = await provider.update(id, olds, news).catch(failing(olds));
      return { outs: marked(outs, olds) };
    },
    read: async (id, properties) => {
      const { props, ...read } = await provider.read(id, properties);
      return { ...read, props: marked(props) };
    },
  };
}
