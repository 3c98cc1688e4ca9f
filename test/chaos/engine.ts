/**
 * A model of Pulumi's engine for one resource, as far as a provider sees it: check, diff, create or update, and the
 * inputs, outputs and init errors that the state keeps when these fail. It starts no processes, so that thousands of
 * deployments take minutes.
 */
import type { Properties } from "./program.js";

/** The methods of the provider, as its host calls them. */
export interface Provider {
  check(
    olds: Properties,
    news: Properties,
  ): Promise<{ inputs: Properties; failures: { property: string; reason: string }[] }>;
  diff(id: string, olds: Properties, news: Properties): Promise<{ changes: boolean }>;
  create(news: Properties): Promise<{ id: string; outs: Properties }>;
  update(id: string, olds: Properties, news: Properties): Promise<{ outs: Properties }>;
  read(id: string, properties: Properties): Promise<{ id: string; props: Properties }>;
  delete(id: string, properties: Properties): Promise<void>;
}

/** A resource in the state. */
export interface StoredResource {
  id: string;
  inputs: Properties;
  outputs: Properties;
  initErrors?: readonly string[];
}

/** The result of deploying one resource: `partial` is an init failure, `failed` leaves the old state. */
export type Outcome =
  | { kind: "created" | "updated" | "same" }
  | { kind: "partial" | "failed"; thrown: unknown; messages: readonly string[] }
  | { kind: "killed" | "skipped" };

export class EngineModel {
  readonly state = new Map<string, StoredResource>();

  /** Calls the provider as a preview does. */
  async preview(provider: Provider, name: string, program: Properties): Promise<void> {
    const old = this.state.get(name);
    const { inputs, failures } = await provider.check(wire(old?.inputs ?? {}), wire(program));
    if (failures.length === 0 && old) await provider.diff(old.id, wire(old.outputs), wire(inputs));
  }

  /**
   * Deploys a resource.
   *
   * @param isKilled whether the provider's process has died; called after each answer. `isLast` marks the answer of the
   * last call.
   */
  async up(
    provider: Provider,
    name: string,
    program: Properties,
    isKilled: (isLast: boolean) => boolean,
  ): Promise<Outcome> {
    const old = this.state.get(name);
    const checked = await provider.check(wire(old?.inputs ?? {}), wire(program));
    if (isKilled(false)) return { kind: "killed" };
    const inputs = wire(checked.inputs);
    if (checked.failures.length > 0) {
      return { kind: "failed", thrown: undefined, messages: checked.failures.map(({ reason }) => reason) };
    }
    try {
      if (!old) {
        const { id, outs } = await provider.create(inputs);
        if (isKilled(true)) return { kind: "killed" };
        this.state.set(name, { id, inputs, outputs: wire(outs) });
        return { kind: "created" };
      }
      const { changes } = await provider.diff(old.id, wire(old.outputs), inputs);
      if (isKilled(false)) return { kind: "killed" };
      if (!changes && !old.initErrors) {
        this.state.set(name, { ...old, inputs });
        return { kind: "same" };
      }
      const { outs } = await provider.update(old.id, wire(old.outputs), inputs);
      if (isKilled(true)) return { kind: "killed" };
      this.state.set(name, { id: old.id, inputs, outputs: wire(outs) });
      return { kind: "updated" };
    } catch (thrown) {
      if (isKilled(true)) return { kind: "killed" };
      const { message, id, properties, reasons } = thrown as Error & Partial<Failure>;
      if (id === undefined || properties === undefined) return { kind: "failed", thrown, messages: [message] };
      const initErrors = reasons ?? [];
      // After a failed update the state has the old inputs and the new properties.
      this.state.set(name, { id, inputs: old?.inputs ?? inputs, outputs: wire(properties), initErrors });
      return { kind: "partial", thrown, messages: [message, ...initErrors] };
    }
  }

  /**
   * Does an `up` whose process may die at any time. What the state has recorded by then has happened, even if the death
   * is heard of first.
   */
  upUntil(death: Promise<unknown>, ...given: Parameters<EngineModel["up"]>): Promise<Outcome> {
    const [, name] = given;
    const before = this.state.get(name);
    const ended = this.up(...given);
    const killed = death.then(() => (this.state.get(name) === before ? { kind: "killed" as const } : ended));
    return Promise.race([ended, killed]);
  }

  /** Does a `pulumi refresh`: stores what the provider reads, and drops init errors. */
  async refresh(provider: Provider, name: string): Promise<void> {
    const old = this.state.get(name);
    if (!old) return;
    const { id, props } = await provider.read(old.id, wire(old.outputs));
    this.state.set(name, { id, inputs: old.inputs, outputs: wire(props) });
    await provider.diff(id, wire(props), wire(old.inputs));
  }

  async remove(provider: Provider, name: string): Promise<void> {
    const old = this.state.get(name);
    if (!old) return;
    await provider.delete(old.id, wire(old.outputs));
    this.state.delete(name);
  }
}

interface Failure {
  id: string;
  properties: Properties;
  reasons: string[];
}

/** Copies a value as the engine transports it. Throws on `undefined`, which would make the engine lose the resource. */
function wire<T>(value: T): T {
  return JSON.parse(
    JSON.stringify(value, (key, inner: unknown) => {
      if (inner === undefined) throw new Unsendable(key);
      return inner;
    }),
  ) as T;
}

/** The engine fails with "Unexpected struct type." after the work is done. */
export class Unsendable extends Error {
  constructor(property: string) {
    super(`${property} is undefined, so that the engine would lose the resource`);
  }
}
