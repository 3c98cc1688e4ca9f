/**
 * What a test sets of the edge: how each domain is configured, and how late a refresh reaches each node.
 */
/** The configuration of a domain, at its edge and at its origin. */
export interface DomainConfig {
  /** The key of URL authentication of type A. Without one, URLs need no signature. */
  authKey?: string;
  /** How many seconds a signed URL is valid from its timestamp on. Defaults to 1,800. */
  authSeconds?: number;
  /** The hosts of the Referer list, such as `www.example.com` and `*.example.com`. Without one, any Referer passes. */
  referers?: readonly string[];
  /** Whether a request without a Referer passes the list. Defaults to false. */
  emptyReferer?: boolean;
  /** Whether the edge compresses text for who accepts gzip. Defaults to false. */
  compression?: boolean;
  /** Whether the edge redirects http to https. Defaults to false. */
  forceHttps?: boolean;
  /** What the origin is, which decides on the headers that tell of its files. Defaults to `oss`. */
  originKind?: OriginKind;
  /** What the origin answers in place of a file, by path without query. */
  answers?: Readonly<Record<string, OriginAnswer>>;
}

/** A bucket with simple uploads, a bucket with multipart uploads, or a web server. */
export const ORIGIN_KINDS = ["oss", "oss-multipart", "nginx"] as const;
export type OriginKind = (typeof ORIGIN_KINDS)[number];

export interface OriginAnswer {
  status: number;
  /** The target of a redirect. */
  location?: string;
  body?: string;
  /** Defaults to `text/html`. */
  contentType?: string;
}

/** The fields that are given are set, and null unsets one; the others stay as they are. */
export type ConfigChange = { [Field in keyof DomainConfig]: DomainConfig[Field] | null };

/** How many ms after the end of its task a refresh reaches a node, in the service's time; `never`: it is lost there. */
export type Lag = number | "never";

/**
 * What a Regex or IgnoreParams refresh without Force does to what it covers: it drops it, or has it compared with the origin as a
 * Directory refresh does. The page speaks of directories only; the pages of CDN and DCDN of any type but File.
 */
export const UNFORCED = ["drop", "revalidate"] as const;
export type Unforced = (typeof UNFORCED)[number];

/** A node by its number, or the layer above all nodes. */
export type NodeName = number | "parent";

export interface EdgeSettings {
  unforced: Unforced;
  /** By domain, in lower case. */
  readonly configs: Map<string, DomainConfig>;
  /** One for each node, and for the layer above if there is one. */
  readonly lags: Map<NodeName, Lag>;
}

/** Sets the configuration of domains; null unsets all of a domain. */
export function configure(settings: EdgeSettings, changes: Readonly<Record<string, ConfigChange | null>>): void {
  for (const [name, change] of Object.entries(changes)) {
    const domain = name.toLowerCase();
    const merged = Object.entries({ ...settings.configs.get(domain), ...change }).filter(([, value]) => value !== null);
    if (change === null || merged.length === 0) settings.configs.delete(domain);
    else settings.configs.set(domain, Object.fromEntries(merged));
  }
}

/** Sets the lags of nodes, by their names. Sets none if there is no such node. */
export function setLags(settings: EdgeSettings, lags: Readonly<Record<string, Lag>>): void {
  const names = new Map([...settings.lags.keys()].map((name) => [String(name), name]));
  const unknown = Object.keys(lags).find((node) => !names.has(node));
  if (unknown !== undefined) {
    throw new Error(`There is no node ${JSON.stringify(unknown)}; there are ${[...names.keys()].join(", ")}.`);
  }
  for (const [node, lag] of Object.entries(lags)) settings.lags.set(names.get(node) as NodeName, lag);
}
