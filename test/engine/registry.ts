// The providers of an operation. As in Pulumi, a provider is a resource of the state, and this registry is its provider: a check asks
// for the plugin's CheckConfig, a diff for its DiffConfig, and a create, an update and an unchanged provider configure it.

import { randomUUID } from "node:crypto";
import { equal, type PropertyMap, UNKNOWN } from "./properties.js";
import type { CheckAnswer, Provider, ProviderHost, ProviderPlugin, Result } from "./provider.js";
import { Refusal } from "./refusals.js";
import { DYNAMIC_PACKAGE, isProviderType, packageOf, type Resource, splitReference } from "./state.js";
import type { DiffAnswer } from "./steps.js";

/** Where the steps of an operation find the providers of resources. */
export interface Providers {
  find(resource: Pick<Resource, "type" | "provider">): Promise<Provider>;
  /** Configures a provider that an operation leaves as it is. */
  same(provider: Resource): Promise<void>;
  /** The plugin behind a reference; undefined for the host of dynamic resources. */
  plugin(reference: string): Promise<ProviderPlugin | undefined>;
}

export class Registry implements Providers, Provider {
  readonly supportsPreview = true;
  /** Configured, or about to be, by reference. */
  private readonly configured = new Map<string, Promise<ProviderPlugin>>();
  /** Checked, and to be configured, by URN. */
  private readonly checked = new Map<string, ProviderPlugin>();
  private readonly started = new Set<ProviderPlugin>();

  /** @param stored the providers of the state before the operation, by URN. */
  constructor(
    private readonly host: ProviderHost,
    private readonly startPlugin: (packageName: string) => ProviderPlugin,
    private readonly stored: (urn: string) => Resource | undefined,
  ) {}

  async find({ type, provider }: Pick<Resource, "type" | "provider">): Promise<Provider> {
    if (isProviderType(type)) return this;
    return (provider === undefined ? undefined : await this.plugin(provider)) ?? this.host;
  }

  async plugin(reference: string): Promise<ProviderPlugin | undefined> {
    const { urn } = splitReference(reference);
    if (packageOf(urn) === DYNAMIC_PACKAGE) return undefined;
    const known = this.configured.get(reference);
    if (known !== undefined) return known;
    const stored = this.stored(urn);
    if (stored === undefined) throw new Error(`unknown provider reference: ${reference}`);
    await this.same(stored);
    return this.configured.get(reference);
  }

  async check(urn: string, olds: PropertyMap, news: PropertyMap): Promise<CheckAnswer> {
    const plugin = this.start(urn);
    this.checked.set(urn, plugin);
    return plugin.checkConfig(urn, olds, news);
  }

  async diff(old: Pick<Resource, "urn" | "inputs" | "outputs">, news: PropertyMap): Promise<DiffAnswer> {
    const plugin = this.checked.get(old.urn);
    if (plugin === undefined) throw new Error(`The provider ${old.urn} was not checked.`);
    const answer = await plugin.diffConfig(old, news);
    return { ...answer, changes: answer.changes ?? !equal(old.outputs ?? {}, news) };
  }

  async create(urn: string, inputs: PropertyMap, isPreview = false): Promise<Result> {
    const id = isPreview ? UNKNOWN : randomUUID();
    await this.configure(urn, id, inputs);
    return { id, outputs: inputs };
  }

  async update({ urn, id = "" }: Resource, inputs: PropertyMap): Promise<Result> {
    await this.configure(urn, id, inputs);
    return { id, outputs: inputs };
  }

  async same({ urn, id = "", inputs = {} }: Resource): Promise<void> {
    if (packageOf(urn) !== DYNAMIC_PACKAGE && !this.configured.has(`${urn}::${id}`))
      await this.configure(urn, id, inputs);
  }

  async read(): Promise<Result> {
    throw new Refusal("reading a provider");
  }

  async delete(): Promise<void> {}

  /**
   * Asks the plugins to stop their calls, and resolves when they are answered.
   *
   * @returns whether nothing is under way: the host of dynamic resources doesn't stop its calls.
   */
  async cancel(): Promise<boolean> {
    await Promise.all([...this.started].map((plugin) => plugin.cancel()));
    return !this.host.isBusy;
  }

  /** Ends all processes. Plugins are told before, as by Pulumi. */
  async end(): Promise<void> {
    const endPlugin = async (plugin: ProviderPlugin) => {
      await plugin.cancel();
      await plugin.end();
    };
    await Promise.all([this.host.end(), ...[...this.started].map(endPlugin)]);
  }

  private start(urn: string): ProviderPlugin {
    const plugin = this.startPlugin(packageOf(urn));
    this.started.add(plugin);
    return plugin;
  }

  private async configure(urn: string, id: string, inputs: PropertyMap): Promise<void> {
    const plugin = this.checked.get(urn) ?? this.start(urn);
    this.checked.delete(urn);
    const configured = plugin.configure(urn, id, inputs).then(() => plugin);
    this.configured.set(`${urn}::${id}`, configured);
    await configured;
  }
}
