/** Checks the inputs of a program: one sentence for each mistake, which begins with the name of the input. */
import type { z } from "zod";
import type { ConfigReader } from "../credentials/chain.js";
import { configuredVodEndpoint } from "../credentials/role-settings.js";
import { readSetting, SETTINGS } from "../credentials/settings.js";
import type { Manifest } from "../manifest/manifest.js";
import { isReserve, readReserves } from "../plan/reserve.js";
import { keepTriggers } from "../plan/triggers.js";
import { hasHeaders } from "../schema/call-inputs.js";
import { type CallType, getQuotaName, type QuotaName } from "../schema/call-types.js";
import type { Source } from "../schema/content-inputs.js";
import { describeField } from "../schema/fields.js";
import type { InputName, Inputs, ResourceKind } from "../schema/inputs.js";
import { hasUnknown, UNKNOWN } from "../schema/unknown.js";
import { HIDDEN, showLine, showPath } from "../text/show.js";
import { resolveEndpoint, resolveProxy } from "../vod/endpoint.js";
import { VodError } from "../vod/errors.js";
import { formatNumber, pluralize } from "../vod/format.js";
import { DAILY_QUOTA, DEFAULT_ENDPOINT, MAX_PATH_LENGTH, type ObjectType, REGION } from "../vod/limits.js";
import { describeLength, normalizePath } from "../vod/paths.js";
import { findWildcard, type PathUse } from "../vod/wildcards.js";
import { describeIssue, describeUnknownInput } from "./check-value.js";
import type { CallContext } from "./context.js";

/** What a check found: the inputs to go on with, the mistakes, and what is odd but works. */
export interface CheckedInputs {
  /** Complete only if there are no problems. A value that is unknown in a preview is {@link UNKNOWN}. */
  inputs: Record<string, unknown>;
  /** One sentence for each mistake. */
  problems: string[];
  warnings: string[];
  /** What a person may want to know once, when the resource is new. */
  notes: string[];
}

/** Which inputs are secret, so that no sentence shows anything of them. */
type SecretInputs = Pick<CallContext, "secretPaths" | "secretHeaders">;

/** The inputs that name paths. */
const PATH_INPUTS: readonly string[] = ["paths", "contents", "source"];

/** The inputs that are right by themselves, without unknown ones. */
type Known = { [Name in keyof Inputs]?: NonNullable<Inputs[Name]> };

/**
 * Checks the inputs of a program. Properties that begin with `__` are the package's own, and left out.
 *
 * @param news the inputs as Pulumi hands them over: {@link UNKNOWN} stands for a value that isn't known yet.
 * @param environment may have the endpoint, proxies and a region.
 * @param config may have the account's own daily quotas: `alicloud-vod:urlsPerDay`, `:directoriesPerDay`,
 * `:preloadsPerDay`, `:regexPerDay`, `:ignoreParamsPerDay`.
 * @param secrets which inputs are secret. Default: none.
 */
export function checkInputs(
  news: Readonly<Record<string, unknown>>,
  environment: Readonly<NodeJS.ProcessEnv>,
  config: ConfigReader,
  kind: ResourceKind,
  { secretPaths = false, secretHeaders = false }: SecretInputs = {},
): CheckedInputs {
  const isSecret = (name: string) =>
    (secretPaths && PATH_INPUTS.includes(name)) ||
    (secretHeaders && /headers|preload/.test(name)) ||
    (name === "verify" && hasHeaders(news.verify));
  const names = Object.keys(kind.schemas) as InputName[];
  const given = Object.entries(news).filter(([name, value]) => !name.startsWith("__") && value != null);
  // An input with an unknown value in it counts as unknown as a whole, unless it is right whatever that value will be.
  const isUnknown = ([name, value]: [string, unknown]) =>
    value === UNKNOWN || (hasUnknown(value) && kind.schemas[name as InputName]?.safeParse(value).success === false);
  const unknown = Object.fromEntries(given.filter(isUnknown));
  const values = Object.fromEntries(given.filter((entry) => !isUnknown(entry)));

  const problems = given
    .map(([name]) => name)
    .filter((name) => !(names as string[]).includes(name))
    .map((name) => describeUnknownInput(name, kind));
  const known: Known = Object.fromEntries(
    names.flatMap((name) => {
      const schema = kind.schemas[name];
      const result = name in unknown ? undefined : schema?.safeParse(values[name]);
      if (schema && result?.success === false) {
        problems.push(describeIssue(name, schema, values[name], result.error, isSecret(name)));
      }
      return result?.success && result.data !== undefined ? [[name, result.data]] : [];
    }),
  );
  // A preload has no input for its type.
  const objectType = kind.name === "VodCachePreload" ? "Preload" : known.objectType;
  // An input that is wrong by itself has its sentence already, so only the others are checked together.
  const usable = (name: InputName) => name in unknown || name in known;
  if (problems.length === 0) problems.push(...combinationProblems(usable, known, kind));

  const inputs: Record<string, unknown> = { ...known, ...unknown };
  const warnings = findWarnings(known);
  const take = <T>(name: InputName, { value, problems: found, warnings: odd = [] }: CheckedContent<T>) => {
    inputs[name] = value;
    problems.push(...found);
    warnings.push(...odd);
  };
  if (Array.isArray(known.triggers)) inputs.triggers = keepTriggers(known.triggers);
  if (known.paths) take("paths", checkPaths(known.paths, objectType, secretPaths));
  if (known.contents)
    take("contents", checkContents(known.contents, objectType === "Preload" ? "Preload" : "contents", secretPaths));
  if (known.source) take("source", checkSource(known.source, secretPaths));
  problems.push(...reserveProblems({ ...known, ...(objectType ? { objectType } : {}) }, config));
  if (known.paths && objectType) {
    problems.push(...quotaProblem(inputs.paths as string[], { ...known, objectType }, config));
  }
  if (objectType === "Preload") problems.push(...directoryProblems(inputs, known, secretPaths));
  else if (known.preload) problems.push(...preloadProblems(inputs, known));
  if (known.verify && known.wait === false) {
    problems.push("wait is false, but verify has to wait until the tasks have ended; leave wait out.");
  }
  if (unknown.endpoint === undefined) problems.push(...endpointProblem(known.endpoint, environment, config));
  const isSound = problems.length === 0 && unknown.endpoint === undefined;
  return {
    inputs,
    problems,
    warnings,
    notes: isSound ? findNotes(known, environment, config) : [],
  };
}

/** Inputs that are missing, or that exclude each other. */
function combinationProblems(
  usable: (name: InputName) => boolean,
  { objectType, quota }: Known,
  kind: ResourceKind,
): string[] {
  const modes = (["paths", "contents", "source"] as const).filter(usable);
  const [mode, other] = modes;
  if (mode === undefined)
    return ["source, contents and paths are all missing; give one of them, paths with contentHash."];
  if (other !== undefined) return [`${mode} and ${other} are both given; give only one of source, contents and paths.`];
  const problems: string[] = [];
  if (quota?.collapse === "never" && quota.onExceeded === "collapse") {
    problems.push('quota.collapse is "never", but quota.onExceeded is "collapse"; leave one of them out.');
  }
  if (mode === "paths") {
    if (!usable("contentHash")) {
      const { mustBe } = describeField(kind.schemas.contentHash as z.ZodType);
      problems.push(`contentHash is missing; with paths, it must be ${mustBe}.`);
    }
    return problems;
  }
  if (usable("contentHash")) {
    const each = mode === "source" ? "file" : "URL";
    problems.push(`contentHash only goes with paths; leave it out, since ${mode} has a hash for each ${each}.`);
  }
  if (objectType === "Directory" || objectType === "Regex") {
    problems.push(`objectType must be "File" or "IgnoreParams" with ${mode}, which names URLs (got "${objectType}").`);
  }
  return problems;
}

function findWarnings({ force, objectType, quota, refreshNew, refreshRemoved, priority, paths }: Known): string[] {
  const warnings: string[] = [];
  const collapses = quota?.collapse === "always" || quota?.onExceeded === "collapse";
  if (force && objectType === "File" && !collapses) {
    warnings.push('force has no effect with objectType "File", which is always fetched again; leave it out.');
  }
  if (priority !== undefined && paths !== undefined) {
    warnings.push("priority has no effect with paths, which are sent in the order given; leave it out.");
  }
  if (refreshNew && paths !== undefined) {
    warnings.push("refreshNew has no effect with paths, where a new path is always refreshed; leave it out.");
  }
  if (refreshRemoved === false && paths !== undefined) {
    warnings.push("refreshRemoved has no effect with paths, where a removed path is never refreshed; leave it out.");
  }
  return warnings;
}

/** An input that names content, as it is sent, with a sentence for each mistake and for each thing that is odd. */
interface CheckedContent<T> {
  value: T;
  problems: string[];
  warnings?: string[];
}

/** The path as it is sent, or why it can't be or can't be meant; with what is odd about it. */
function checkPath(path: string, objectType: ObjectType | undefined, use: PathUse | undefined) {
  const sound = normalizePath(path, objectType === "Regex" ? objectType : undefined);
  // With a `*` in it, what else a Directory must be like doesn't matter.
  const found = "path" in sound && use ? findWildcard(sound.path, use) : undefined;
  return found && "problem" in found ? found : { ...found, ...normalizePath(path, objectType) };
}

/** The paths as they are sent, without duplicates, and a sentence for each that can't be sent. */
function checkPaths(given: readonly string[], use: CallType | undefined, isSecret: boolean) {
  const mistakes: Mistake[] = [];
  const oddities: Mistake[] = [];
  const paths = new Set<string>();
  for (const [index, path] of given.entries()) {
    const result = path === UNKNOWN ? { path } : checkPath(path, use === "Preload" ? "File" : use, use);
    const where = () => (path === "" ? `paths[${index}]` : `paths[${index}] (${namePath(path, isSecret)})`);
    if ("path" in result) paths.add(result.path);
    else mistakes.push({ where: where(), what: nameProblem(path, result.problem, isSecret) });
    if ("warning" in result) oddities.push({ where: where(), what: nameProblem(path, result.warning, isSecret) });
  }
  const warnings = describeMistakes("paths", oddities);
  return { value: [...paths], problems: describeMistakes("paths", mistakes), warnings };
}

/** What is wrong with one element of an input. */
interface Mistake {
  where: string;
  what: string;
}

/** How many mistakes of one kind are named: a list that was read wrong has thousands. */
const MISTAKES_NAMED = 20;

/** What is wrong, without what differs from one element to the next: quoted texts, paths and lengths. */
function generalize(what: string): string {
  const unquoted = what.replace(/"[^"]*"/g, '"…"').replace(/is [\d,]+ characters/, "is … characters");
  return unquoted.replace(/(?:https?:\/\/)?[\w-]+(?:\.[\w-]+)+\/[^\s,]*/g, "…");
}

/** One sentence for each mistake; of one kind the first few, and how many more there are. */
function describeMistakes(input: InputName, mistakes: readonly Mistake[]): string[] {
  const counts = new Map<string, number>();
  const named = mistakes.filter(({ what }) => {
    const kind = generalize(what);
    const count = (counts.get(kind) ?? 0) + 1;
    counts.set(kind, count);
    return count <= MISTAKES_NAMED;
  });
  const more = [...counts].filter(([, count]) => count > MISTAKES_NAMED);
  return [
    ...named.map(({ where, what }) => `${where} ${what}.`),
    ...more.map(([kind, count]) => `${formatNumber(count - MISTAKES_NAMED)} more in ${input}: each ${kind}.`),
  ];
}

/** The URLs as they are sent. Two spellings of a URL must have the same hash. */
function checkContents(given: Readonly<Record<string, string>>, use: PathUse, isSecret: boolean) {
  const mistakes: Mistake[] = [];
  const oddities: Mistake[] = [];
  const contents: Record<string, string> = {};
  for (const [url, hash] of Object.entries(given)) {
    const result = checkPath(url, "File", use);
    const where = () => `contents["${namePath(url, isSecret)}"]`;
    if ("warning" in result) oddities.push({ where: where(), what: nameProblem(url, result.warning, isSecret) });
    if ("problem" in result) mistakes.push({ where: where(), what: nameProblem(url, result.problem, isSecret) });
    else if (Object.hasOwn(contents, result.path) && contents[result.path] !== hash) {
      mistakes.push({ where: where(), what: "is the same URL as another key, with another hash; keep one of them" });
    } else contents[result.path] = hash;
  }
  const warnings = describeMistakes("contents", oddities);
  return { value: contents, problems: describeMistakes("contents", mistakes), warnings };
}

/** What keeps a preload from following the refresh. */
function preloadProblems({ paths, contents }: Record<string, unknown>, { objectType, wait, preload, source }: Known) {
  const problems: string[] = [];
  if (paths !== undefined && objectType !== undefined && objectType !== "File") {
    problems.push(
      `preload only goes with objectType "File" (got "${objectType}"); declare a VodCachePreload with the URLs of the files instead.`,
    );
  }
  if (wait === false) {
    problems.push("wait is false, but preload has to wait until the refresh has ended; leave wait out.");
  }
  const urls = [...((paths ?? []) as string[]), ...Object.keys(contents ?? {})];
  if (urls.length > 0 && urls.every((url) => url.endsWith("/"))) {
    problems.push(
      "preload has nothing to do, since every URL names a directory, which can't be preloaded; leave preload out.",
    );
  }
  if (typeof preload === "object" && source === undefined && (preload.include ?? preload.exclude) !== undefined) {
    problems.push("preload.include and preload.exclude only go with source; leave them out.");
  }
  return problems;
}

/** Directories among what is to be preloaded: the service preloads files only. */
function directoryProblems(
  { paths, contents }: Record<string, unknown>,
  { source }: Known,
  isSecret: boolean,
): string[] {
  const isDirectory = (url: string) => url.endsWith("/");
  const what = "names a directory, which can't be preloaded; name its files";
  const ofPaths = ((paths ?? []) as string[]).flatMap((path, index) =>
    isDirectory(path) ? [{ where: `paths[${index}] (${namePath(path, isSecret)})`, what }] : [],
  );
  const ofContents = Object.keys(contents ?? {})
    .filter(isDirectory)
    .map((url) => ({ where: `contents["${namePath(url, isSecret)}"]`, what }));
  return [
    ...describeMistakes("paths", ofPaths),
    ...describeMistakes("contents", ofContents),
    ...(source?.indexDocument === undefined || source.cleanUrls
      ? []
      : ["source.indexDocument stands for directories, which can't be preloaded; leave it out."]),
  ];
}

/** The source with its base URL normalised, as the beginning of all URLs below it. */
function checkSource(source: Source, isSecret: boolean) {
  if (source.baseUrl === UNKNOWN) return { value: source, problems: [] };
  const baseUrl = source.baseUrl.endsWith("/") ? source.baseUrl : `${source.baseUrl}/`;
  const result = checkPath(baseUrl, "Directory", "baseUrl");
  if ("path" in result) return { value: { ...source, baseUrl: result.path }, problems: [] };
  const why = nameProblem(baseUrl, result.problem, isSecret);
  return { value: source, problems: [`source.baseUrl (${namePath(source.baseUrl, isSecret)}) ${why}.`] };
}

/** How sentences name a path. */
function namePath(path: string, isSecret: boolean): string {
  return isSecret ? HIDDEN : showPath(path);
}

/** How long a part of a secret path may be that a sentence shows, in characters. */
const LEAST_PART = 3;

/** What is wrong with a path, without the words that hold a part of it if it is secret. */
function nameProblem(path: string, problem: string, isSecret: boolean): string {
  if (!isSecret) return problem;
  const searched = path.replace(/^https?:\/\//i, "").toLowerCase();
  const holdsPart = (word: string) => {
    const starts = Array.from({ length: Math.max(0, word.length - LEAST_PART) }, (_, start) => start);
    return starts.some((start) => searched.includes(word.slice(start, start + LEAST_PART + 1).toLowerCase()));
  };
  return problem.replace(/[^\s"(),;]+/g, (word) => (holdsPart(word) ? HIDDEN : word));
}

/** The URLs of a source that the service doesn't take, of which the longest is named. */
export function findLongUrls(urls: Manifest, areSecret = false): string[] {
  let [count, longest] = [0, ""];
  for (const url of urls.keys()) {
    if (url.length > MAX_PATH_LENGTH) count++;
    if (url.length > longest.length) longest = url;
  }
  if (count === 0) return [];
  return [
    `source has ${pluralize(count, "file whose URL is", "files whose URLs are")} too long: ${namePath(longest, areSecret)} ` +
      `${describeLength(longest)}; shorten the names, or leave these files out with source.exclude.`,
  ];
}

/** The keys of the configuration that say how far Alibaba Cloud raised an account's quotas. */
const QUOTA_CONFIG: Readonly<Record<QuotaName, string>> = {
  urls: "alicloud-vod:urlsPerDay",
  directories: "alicloud-vod:directoriesPerDay",
  preload: "alicloud-vod:preloadsPerDay",
  regex: "alicloud-vod:regexPerDay",
  ignoreParams: "alicloud-vod:ignoreParamsPerDay",
};

/** Reserves that can't be read, or that leave nothing of a day. */
function reserveProblems(known: Known & { objectType?: CallType }, config: ConfigReader): string[] {
  return readReserves(known, config).flatMap(({ quota, setting, value }) => {
    if (!isReserve(value)) {
      return [
        `${setting} must be a whole number such as 200 (got "${showLine(value, 40)}" in the stack's configuration).`,
      ];
    }
    const key = QUOTA_CONFIG[quota];
    const day = Number(config(key) ?? DAILY_QUOTA[quota]);
    if (!(Number(value) >= day)) return [];
    const [what, operation] = RESERVED_WORDS[quota];
    return [
      `${setting} is ${formatNumber(Number(value))}, which leaves none of the ${formatNumber(day)} ${what} that an account may ` +
        `${operation} in a day; lower it, or set ${key} if this account's quota was raised.`,
    ];
  });
}

const RESERVED_WORDS = {
  urls: ["URLs", "refresh"],
  directories: ["directories", "refresh"],
  preload: ["URLs", "preload"],
} as const;

/** Paths that are more than a whole day's quota: they are refused before anything is sent. */
function quotaProblem(
  { length }: readonly string[],
  { objectType = "File", quota: { onExceeded } = { onExceeded: "fail" } }: Known,
  config: ConfigReader,
): string[] {
  // A type counts against a quota of its own where the configuration says that the account has one.
  const own = { regex: config(QUOTA_CONFIG.regex), ignoreParams: config(QUOTA_CONFIG.ignoreParams) };
  const kind = getQuotaName(objectType, own);
  const key = QUOTA_CONFIG[kind];
  const configured = config(key);
  if (configured !== undefined && !/^[1-9]\d{0,8}$/.test(configured)) {
    return [
      `${key} must be a whole number such as 10000 (got "${showLine(configured, 40)}" in the stack's configuration).`,
    ];
  }
  const quota = configured === undefined ? DAILY_QUOTA[kind as keyof typeof DAILY_QUOTA] : Number(configured);
  if (length <= quota || onExceeded !== "fail") return [];
  const [what, operation, instead] = {
    urls: ["URLs", "refresh", 'refresh their directories instead (objectType "Directory")'],
    directories: ["directories or patterns", "refresh", "refresh the directories above them instead"],
    regex: ["patterns", "refresh", 'refresh a directory instead (objectType "Directory")'],
    ignoreParams: ["URLs", "refresh with any query", 'refresh their directories instead (objectType "Directory")'],
    preload: ["URLs", "preload", 'preload the ones that viewers ask for first, or set quota.onExceeded to "partial"'],
  }[kind];
  return [
    `paths has ${formatNumber(length)} ${what}, more than the ${formatNumber(quota)} that an account may ${operation} in a day; ` +
      `${instead}, or set ${key} if this account's quota was raised.`,
  ];
}

function endpointProblem(
  endpoint: string | undefined,
  environment: Readonly<NodeJS.ProcessEnv>,
  config: ConfigReader,
): string[] {
  try {
    resolveProxy(resolveEndpoint(endpoint, environment, configuredVodEndpoint(config)), environment);
    return [];
  } catch (error) {
    if (error instanceof VodError) return [error.message];
    throw error;
  }
}

function findNotes({ endpoint }: Known, environment: Readonly<NodeJS.ProcessEnv>, config: ConfigReader): string[] {
  const region = readSetting(SETTINGS.region, { config, environment });
  if (region === undefined || region.value === REGION || endpoint !== undefined) return [];
  // A person who sets an endpoint knows where the calls go.
  if (resolveEndpoint(undefined, environment, configuredVodEndpoint(config)) !== DEFAULT_ENDPOINT) return [];
  return [
    `${region.where} is ${showLine(region.value, 40)}, but calls go to ${REGION}, the only region with these operations`,
  ];
}
