/**
 * Puts the parts of the emulator together and opens its servers.
 */
import { createHash } from "node:crypto";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import type { Account } from "./account.js";
import { Admin } from "./admin.js";
import { Api } from "./api.js";
import { createApiServer } from "./api-server.js";
import type { ReceivedCall } from "./call-log.js";
import { Clock } from "./clock.js";
import { type Conditions, Controls, type QuotaLeft, type TaskView } from "./controls.js";
import { EdgeCache, originSource } from "./edge.js";
import {
  type ConfigChange,
  configure,
  type EdgeSettings,
  type Lag,
  type NodeName,
  setLags,
  type Unforced,
} from "./edge-config.js";
import { EdgeServers, type NodeAddress } from "./edge-servers.js";
import { type EdgeCaches, type EdgeEvent, EdgeWork } from "./edge-work.js";
import type { Fault } from "./faults.js";
import { DIRECTORIES_PER_DAY, PRELOADS_PER_DAY, URLS_PER_DAY } from "./limits.js";
import { close, listen } from "./listen.js";
import { publish } from "./publish.js";
import { Quota } from "./quota.js";
import { VodService } from "./service.js";
import { TaskBook } from "./tasks.js";
import { type View, type ViewOptions, view } from "./view.js";

/** How an emulator starts. Each option may be left out. */
export interface EmulatorOptions {
  /** Port of the API. Defaults to 0, any free one. */
  port?: number;
  /**
   * Port of the first edge node; further nodes take the ports after it, and with `https` their ports for TLS the ones after
   * these. Defaults to 0, any free ones.
   */
  edgePort?: number;
  /**
   * The address to listen on; `0.0.0.0` is all of the machine. Whoever reaches it can control the emulator. Defaults to
   * `127.0.0.1`.
   */
  host?: string;
  /** The account's accelerated domains. Defaults to `vod.example.com` and `img.example.com`. */
  domains?: string[];
  /**
   * The origin: the files of a domain lie in `<originDirectory>/<domain>/`. Defaults to a new temporary directory,
   * which is removed on close.
   */
  originDirectory?: string;
  /** How long a task takes, in ms. Defaults to 0: it is complete when its call is answered. */
  taskDelayMs?: number;
  /** Defaults to one that looks like a key, works nowhere else, and is the same in every run. */
  accessKeyId?: string;
  /** Defaults to one that works nowhere else, and is the same in every run. */
  accessKeySecret?: string;
  /** An STS token that every call must carry. Defaults to none: the key is a permanent one. */
  securityToken?: string;
  /** How many URLs may be refreshed in a day. Defaults to 2,000. */
  urlQuota?: number;
  /** How many directories may be refreshed in a day. Defaults to 100. */
  directoryQuota?: number;
  /** How many URLs may be preloaded in a day. Defaults to 500. */
  preloadQuota?: number;
  /** How many patterns may be refreshed in a day. Defaults to no quota of their own: each counts as a directory. */
  regexQuota?: number;
  /** How many URLs may be refreshed in a day as IgnoreParams. Defaults to no quota of their own: each counts as a URL. */
  ignoreParamsQuota?: number;
  /** Whether DescribeVodRefreshQuota tells of these two quotas. Defaults to true. */
  tellsOwnQuotas?: boolean;
  /**
   * How many paths of any type may be refreshed in a minute. Defaults to no limit: the service has one, but doesn't
   * publish it.
   */
  perMinuteQuota?: number;
  /**
   * How many preloads may be unfinished at a time. Defaults to no limit: the service has one, but its pages contradict
   * each other.
   */
  preloadQueue?: number;
  /**
   * What a Regex or IgnoreParams refresh without Force does: `drop` what it covers, or `revalidate` it, which keeps what has the
   * same Last-Modified. Defaults to `drop`: the service's pages speak of directories only.
   */
  unforced?: Unforced;
  /** How many nodes the edge has. Defaults to 1. */
  nodes?: number;
  /** Whether a layer above the nodes keeps copies too, which they ask for what they don't have. Defaults to false. */
  parent?: boolean;
  /**
   * How late a refresh reaches a node, by the node's number, or the layer above, by `parent`. Defaults to the end of its task.
   */
  lags?: Readonly<Record<string, Lag>>;
  /** How domains are configured. Defaults to nothing that protects or changes what the origin has. */
  configs?: Readonly<Record<string, ConfigChange | null>>;
  /** Whether each node also listens for TLS, at a port of its own. Defaults to false. */
  https?: boolean;
  /** Returns the real time in ms since the epoch, against which signatures are checked. Defaults to `Date.now`. */
  now?: () => number;
}

/** A running emulator: where it is, what it saw, and what a test can change. */
export interface Emulator {
  /** Base URL of the API, `http://127.0.0.1:PORT`: the `endpoint` of a resource, or `VOD_ENDPOINT`. */
  endpoint: string;
  /** The key with which calls must be signed. */
  accessKeyId: string;
  accessKeySecret: string;
  /** The account's accelerated domains. */
  domains: string[];
  /** Base URL of the first edge node, over http. */
  edge: string;
  /** Where the edge nodes are, by their numbers. */
  nodes: NodeAddress[];
  /** The certificate of the authority that the nodes' certificates come from, as PEM; with `https` only. */
  authority?: string;
  /** The same as a file, such as for NODE_EXTRA_CA_CERTS. It is removed on close. */
  authorityFile?: string;
  /** The origin directory on disk. */
  origin: string;
  /** What the API received, in the order of arrival. */
  received: ReceivedCall[];
  /** What the edge did, in the order in which it took effect. */
  events: EdgeEvent[];

  /**
   * Puts a file on the origin, as an upload does. The edge keeps its copy of an older one until a refresh drops it.
   *
   * @param name domain and path, such as `vod.example.com/a/b.txt`
   * @param seconds its Last-Modified time since the epoch; by default, each publication has one of its own
   */
  publish(name: string, content: string, seconds?: number): void;
  /** Requests a URL from the edge, like a browser whose DNS points there; the edge keeps a copy of what it fetches. */
  view(url: string, options?: ViewOptions): Promise<View>;
  /** Lists the tasks that can still be queried, newest first: one for each path that was accepted. */
  tasks(): TaskView[];
  /** Lists the URLs in the caches of the edge, of every node and area. */
  cached(): string[];
  /** What is left of today's quota. */
  quota(): QuotaLeft;

  /** Sets conditions of the account, its domains and the edge. What isn't named stays as it is. */
  set(conditions: Conditions): void;
  /** Adds a fault: what goes wrong with the calls from now on, or with the next `times` of them. */
  fault(fault: Fault): void;
  clearFaults(): void;

  /** Returns the service's time, in ms since the epoch. Signatures are checked against the real time. */
  time(): number;
  setTime(ms: number): void;
  /** Moves the service's time on: tasks end, and a day's quota comes back. */
  advance(ms: number): void;
  /** Stops the service's time, until `thaw`. */
  freeze(): void;
  thaw(): void;

  /** Ends its servers, and removes its temporary files. */
  close(): Promise<void>;
}

export const DEFAULT_DOMAINS = ["vod.example.com", "img.example.com"];
/** Looks like a key, works nowhere else, and is the same in every run. */
export const DEFAULT_ACCESS_KEY_ID = `LTAI5t${deriveKey("access key ID", 18)}`;
export const DEFAULT_ACCESS_KEY_SECRET = deriveKey("access key secret", 30);

/** Starts an emulator, which serves until it is closed. */
export async function startEmulator(options: EmulatorOptions = {}): Promise<Emulator> {
  const account = openAccount(options);
  const domains = [...account.domains.keys()];
  const origin = openOrigin(options.originDirectory, domains);
  const clock = new Clock(options.now ?? Date.now);
  const limits = {
    url: options.urlQuota ?? URLS_PER_DAY,
    directory: options.directoryQuota ?? DIRECTORIES_PER_DAY,
    preload: options.preloadQuota ?? PRELOADS_PER_DAY,
    regex: options.regexQuota,
    ignoreParams: options.ignoreParamsQuota,
  };
  const quota = new Quota(limits, options.perMinuteQuota, options.tellsOwnQuotas);
  const tasks = new TaskBook(options.preloadQueue);
  const settings = openSettings(options);
  const caches = openCaches(settings, origin.directory);
  const received: ReceivedCall[] = [];
  const events: EdgeEvent[] = [];
  const work = new EdgeWork(caches, settings.lags, tasks, clock, events);
  const settle = () => work.settle();
  const controls = new Controls({ account, clock, quota, tasks, work, settings }, options.taskDelayMs ?? 0);
  const service = new VodService(account, clock, quota, tasks);
  const { faults } = controls;
  const api = new Api({ account, clock, service, faults, received, settle, taskDelayMs: () => controls.taskDelayMs });
  const apiServer = createApiServer(api, new Admin(controls, received, events), () => clock.now());
  const edge = new EdgeServers({ work, settings, domains: account.domains, now: () => clock.now() });
  const stop = async () => {
    api.close();
    await Promise.all([close(apiServer), edge.close()]);
    origin.remove();
  };
  try {
    const { host, https, edgePort } = options;
    const endpoint = await listen(apiServer, options.port ?? 0, host === undefined ? {} : { host });
    const opened = await edge.open({ count: caches.nodes.length, https, host, port: edgePort });
    const { accessKeyId, accessKeySecret } = account;
    const where = { endpoint, ...opened, origin: origin.directory, accessKeyId, accessKeySecret, domains };
    return Object.assign(controls, where, {
      received,
      events,
      publish: (name: string, content: string, seconds?: number) => publish(where, name, content, seconds),
      view: (url: string, options?: ViewOptions) => view(where, url, options),
      close: stop,
    });
  } catch (error) {
    await stop();
    throw error;
  }
}

function openAccount(options: EmulatorOptions): Account {
  const domains = options.domains ?? DEFAULT_DOMAINS;
  return {
    accessKeyId: options.accessKeyId ?? DEFAULT_ACCESS_KEY_ID,
    accessKeySecret: options.accessKeySecret ?? DEFAULT_ACCESS_KEY_SECRET,
    securityToken: options.securityToken,
    keyState: "active",
    tokenState: "valid",
    serviceState: "open",
    domains: new Map(domains.map((domain) => [domain.toLowerCase(), "online"])),
  };
}

function openSettings(options: EmulatorOptions): EdgeSettings {
  const { unforced = "drop", nodes = 1, parent = false, lags = {}, configs = {} } = options;
  const names: NodeName[] = [...(parent ? ["parent" as const] : []), ...Array(nodes).keys()];
  const settings: EdgeSettings = { unforced, configs: new Map(), lags: new Map(names.map((name) => [name, 0])) };
  setLags(settings, lags);
  configure(settings, configs);
  return settings;
}

function openCaches(settings: EdgeSettings, directory: string): EdgeCaches {
  const origin = originSource(directory, settings);
  const parent = settings.lags.has("parent") ? new EdgeCache(origin, settings) : undefined;
  const numbers = [...settings.lags.keys()].filter((name) => name !== "parent");
  return { parent, nodes: numbers.map(() => new EdgeCache(parent?.asSource ?? origin, settings)) };
}

interface Origin {
  directory: string;
  remove: () => void;
}

function openOrigin(given: string | undefined, domains: readonly string[]): Origin {
  const directory = given === undefined ? mkdtempSync(join(tmpdir(), "vod-origin-")) : resolve(given);
  for (const domain of domains) mkdirSync(join(directory, domain), { recursive: true });
  return {
    directory,
    remove: () => {
      if (given === undefined) rmSync(directory, { recursive: true, force: true });
    },
  };
}

function deriveKey(name: string, length: number): string {
  return createHash("sha256").update(`emulator ${name}`).digest("hex").slice(0, length);
}
