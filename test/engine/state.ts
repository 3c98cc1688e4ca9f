// The state of a stack: in memory a list of resources with readable secrets, on disk a deployment of version 3 with
// encrypted secrets, as `pulumi stack export` prints it. Each write replaces the file in one step.

import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import type { ResourceResult, RunResult } from "./index.js";
import {
  contains,
  isSecret,
  mapProperties,
  mapValue,
  type PropertyMap,
  type PropertyValue,
  redact,
  SECRET,
  SIGNATURE,
  wrapSecret,
} from "./properties.js";
import { type Crypter, newCrypter, openCrypter } from "./secrets.js";

/** A resource with the names of the state's JSON. Properties that this engine does not know are kept. */
export interface Resource {
  urn: string;
  custom: boolean;
  /** Replaced by a resource with the same URN, and still to be deleted. */
  delete?: boolean;
  id?: string;
  type: string;
  inputs?: PropertyMap;
  outputs?: PropertyMap;
  parent?: string;
  protect?: boolean;
  dependencies?: string[];
  initErrors?: string[];
  provider?: string;
  propertyDependencies?: Record<string, string[]>;
  /** Deleted to be replaced, and not created again yet. */
  pendingReplacement?: boolean;
  additionalSecretOutputs?: string[];
  customTimeouts?: { create?: number; update?: number; delete?: number };
  retainOnDelete?: boolean;
  deletedWith?: string;
  ignoreChanges?: string[];
  replaceOnChanges?: string[];
  created?: string;
  modified?: string;
}

export const STACK_TYPE = "pulumi:pulumi:Stack";
/** The package of dynamic resources. */
export const DYNAMIC_PACKAGE = "pulumi-nodejs";
const PROVIDER_TYPES = "pulumi:providers:";
/** The type of the provider of dynamic resources. */
export const DYNAMIC_PROVIDER_TYPE = `${PROVIDER_TYPES}${DYNAMIC_PACKAGE}`;

/** The type of a package's providers. */
export const providerTypeOf = (packageName: string): string => `${PROVIDER_TYPES}${packageName}`;

export const isProviderType = (type: string): boolean => type.startsWith(PROVIDER_TYPES);

/** Whether the engine made a provider itself, which no display shows. */
export const isDefaultProvider = (urn: string): boolean =>
  isProviderType(urn.split("::")[2] ?? "") && (urn.split("::")[3] ?? "").startsWith("default");

/** The type and the name in a URN. */
export const splitUrn = (urn: string): { type: string; name: string } => {
  const [, , types = "", ...name] = urn.split("::");
  return { type: types.slice(types.lastIndexOf("$") + 1), name: name.join("::") };
};

/** A provider as the resources name it: its URN and its ID. */
export const splitReference = (reference: string): { urn: string; id: string } => {
  const at = reference.lastIndexOf("::");
  return { urn: reference.slice(0, at), id: reference.slice(at + 2) };
};

/** The package of a provider by its URN. */
export const packageOf = (providerUrn: string): string =>
  (providerUrn.split("::")[2] ?? "").slice(PROVIDER_TYPES.length);

interface Deployment {
  manifest: { time: string; magic: string; version: string };
  secrets_providers?: { type: string; state: { salt: string } };
  resources?: Resource[];
  pending_operations?: unknown[];
  metadata?: unknown;
}

// The manifest names the version of the engine that wrote it; its "magic" is a checksum of that version.
const VERSION = "3.0.0-stand-in";
const MAGIC = createHash("sha256").update(VERSION).digest("hex");

/** The URNs that a resource needs: its parent, its provider, and the resources that its properties are made from. */
export function needs(resource: Resource): string[] {
  const provider = resource.provider === undefined ? [] : [splitReference(resource.provider).urn];
  const properties = Object.values(resource.propertyDependencies ?? {}).flat();
  const others = [resource.parent, resource.deletedWith].filter((urn) => urn !== undefined);
  return [...new Set([...provider, ...properties, ...(resource.dependencies ?? []), ...others])];
}

const withProperties = (resource: Resource, change: (properties: PropertyMap) => PropertyMap): Resource => ({
  ...resource,
  ...(resource.inputs && { inputs: change(resource.inputs) }),
  ...(resource.outputs && { outputs: change(resource.outputs) }),
});

export class StateFile {
  private crypter: Promise<Crypter> | undefined;
  private writes: Promise<void> = Promise.resolve();

  constructor(
    readonly path: string,
    private readonly passphrase: string,
  ) {}

  /** The text on disk, or the text of an empty deployment. */
  text(): string {
    try {
      return readFileSync(this.path, "utf8");
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "ENOENT") return print(emptyDeployment());
      throw error;
    }
  }

  async read(): Promise<Resource[]> {
    const deployment = parse(this.text(), this.path);
    const salt = deployment.secrets_providers?.state.salt;
    const resources = deployment.resources ?? [];
    if (salt !== undefined) this.crypter = openCrypter(this.passphrase, salt);
    if (!resources.some(holdsSecret)) return resources;
    const crypter = await this.keys();
    const decrypt = (part: PropertyValue): PropertyValue | undefined =>
      isSecret(part) && typeof part.ciphertext === "string"
        ? wrapSecret(JSON.parse(crypter.decrypt(part.ciphertext)) as PropertyValue)
        : undefined;
    return resources.map((resource) => withProperties(resource, (properties) => mapProperties(properties, decrypt)));
  }

  /** Derives the key before the first write, while programs start. */
  warm(): void {
    this.keys().catch(() => {});
  }

  /** Writes the resources after all earlier writes. */
  write(resources: readonly Resource[]): Promise<void> {
    // Writes the resources as they are now, and not as they are when their turn comes.
    const copy = structuredClone(resources) as Resource[];
    const done = this.writes.then(async () => this.replace(print(await this.encryptSecrets(copy))));
    this.writes = done.catch(() => {});
    return done;
  }

  /** Imports a whole deployment, if it can be read. */
  async import(text: string): Promise<void> {
    const deployment = parse(text, "the imported state");
    const salt = deployment.secrets_providers?.state.salt;
    if (salt !== undefined) await openCrypter(this.passphrase, salt);
    this.crypter = undefined;
    this.replace(text);
  }

  private keys(): Promise<Crypter> {
    this.crypter ??= newCrypter(this.passphrase);
    return this.crypter;
  }

  private async encryptSecrets(resources: Resource[]): Promise<Deployment> {
    if (!this.crypter && !resources.some(holdsSecret)) return { ...emptyDeployment(), resources };
    const crypter = await this.keys();
    const encrypt = (part: PropertyValue): PropertyValue | undefined => {
      if (!isSecret(part)) return undefined;
      const plain = mapValue(part.value ?? null, (inner) => (isSecret(inner) ? (inner.value ?? null) : undefined));
      return { [SIGNATURE]: SECRET, ciphertext: crypter.encrypt(JSON.stringify(plain)) };
    };
    return {
      ...emptyDeployment(),
      secrets_providers: { type: "passphrase", state: { salt: crypter.salt } },
      resources: resources.map((resource) => withProperties(resource, (values) => mapProperties(values, encrypt))),
    };
  }

  private replace(text: string): void {
    mkdirSync(dirname(this.path), { recursive: true });
    const next = `${this.path}.${process.pid}.tmp`;
    writeFileSync(next, text, { mode: 0o600 });
    renameSync(next, this.path);
  }
}

function emptyDeployment(): Deployment {
  return { manifest: { time: new Date().toISOString(), magic: MAGIC, version: VERSION }, metadata: {} };
}

const print = (deployment: Deployment): string => `${JSON.stringify({ version: 3, deployment }, undefined, 4)}\n`;

function parse(text: string, name: string): Deployment {
  const broken = (what: string): Error => new Error(`${name} is not a state that this engine can read: ${what}.`);
  let read: { version?: unknown; deployment?: Deployment };
  try {
    read = JSON.parse(text);
  } catch {
    throw broken("it is not JSON");
  }
  if (read.version !== 3 || !read.deployment) throw broken("it is not a deployment of version 3");
  const provider = read.deployment.secrets_providers?.type;
  if (provider !== undefined && provider !== "passphrase") throw broken(`its secrets provider is ${provider}`);
  return read.deployment;
}

const holdsSecret = (resource: Resource): boolean =>
  contains(resource.inputs ?? {}, isSecret) || contains(resource.outputs ?? {}, isSecret);

/** What people and tests see of a state: the stack's outputs, and the resources without the providers. */
export function shownState(resources: readonly Resource[]): Pick<RunResult, "outputs" | "resources"> {
  const stack = resources.find((resource) => resource.type === STACK_TYPE);
  const own = resources.filter((one) => one.type !== STACK_TYPE && !isProviderType(one.type));
  const shown = ({ inputs, outputs, ...rest }: Resource): ResourceResult => ({
    ...rest,
    inputs: redact(inputs ?? {}),
    outputs: redact(outputs ?? {}),
  });
  return { outputs: redact(stack?.outputs ?? {}), resources: own.map(shown) };
}
