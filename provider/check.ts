/** Validates what a program wrote: one sentence for each thing that is wrong, with the name of the property. */
import type { z } from "zod";
import { COLLAPSES, QUOTA_POLICIES } from "./choices.js";
import type { ConfigReader } from "./credentials.js";
import { INPUT_NAMES, type InputName, inputShapes, type Source, UNKNOWN } from "./inputs.js";
import { resolveEndpoint, resolveProxy } from "./vod/endpoint.js";
import { VodError } from "./vod/errors.js";
import { DAILY_QUOTA, OBJECT_TYPES, type ObjectType, REGION } from "./vod/limits.js";
import { normalizePath, shownPath } from "./vod/paths.js";
import { type QuotaKind, quotaOf } from "./vod/quota.js";

/** What validation found: the inputs to go on with, what is wrong, and what is odd but works. */
export interface CheckedInputs {
  /** Complete only without problems; values unknown in a preview are still {@link UNKNOWN} in it. */
  inputs: Record<string, unknown>;
  /** A sentence each, which begins with the name of the property. */
  problems: string[];
  warnings: string[];
  /** What a user may want to know once, when the resource is new. */
  notes: string[];
}

/** The inputs that passed on their own; an unknown one is left out. */
type Known = { [Name in InputName]?: NonNullable<z.infer<(typeof inputShapes)[Name]>> };

const quoted = (values: readonly string[]) => values.map((value) => `"${value}"`).join(", ");

/** What to write, for a property whose value is missing or of another type. */
const WANTED: Readonly<Record<InputName, string>> = {
  paths: "give a list of at least one path, such as https://vod.example.com/player/app.js",
  contentHash: 'give a text that changes with the content, such as hashFiles("./dist") or a version',
  contents: 'give a hash for each URL, such as { "https://vod.example.com/a.js": "9f86d081" }',
  source:
    'give { directory: "./dist", baseUrl: "https://vod.example.com/" }, and include, exclude and indexDocument if needed',
  objectType: `write ${quoted(OBJECT_TYPES)}`,
  force: "write true or false",
  refreshOnCreate: "write true or false",
  refreshNew: "write true or false",
  onQuotaExceeded: `write ${quoted(QUOTA_POLICIES)}`,
  collapse: `write ${quoted(COLLAPSES)}`,
  planFile: "give the path of a file",
  wait: 'write true, false, or { timeout: seconds, onTimeout: "fail" or "warn" }',
  retry: "write { timeout: seconds, maxAttempts: a whole number }",
  endpoint: "give a host such as vod.cn-shanghai.aliyuncs.com",
  region: `leave it out, or write "${REGION}"`,
  profile: "give the name of a profile of the Alibaba Cloud CLI",
  roleArn: "give the ARN of a RAM role, such as acs:ram::1234567890123456:role/vod",
  sessionName: "give a name for the role's session",
  externalId: "give the external ID that the role's trust policy asks for",
};
const CHOICES: Partial<Record<InputName, readonly string[]>> = {
  objectType: OBJECT_TYPES,
  onQuotaExceeded: QUOTA_POLICIES,
  collapse: COLLAPSES,
};

/**
 * Validates what the program gave, the properties that begin with `__` aside, which are the package's own.
 *
 * @param news the inputs as Pulumi hands them over, {@link UNKNOWN} where a value isn't known yet.
 * @param environment where the endpoint may come from.
 * @param config where the account's own daily quotas may stand: `alicloud-vod:urlsPerDay`, `:directoriesPerDay`.
 */
export function checkInputs(
  news: Readonly<Record<string, unknown>>,
  environment: Readonly<NodeJS.ProcessEnv>,
  config: ConfigReader,
): CheckedInputs {
  const given = Object.entries(news).filter(([name, value]) => !name.startsWith("__") && value != null);
  const unknown = Object.fromEntries(given.filter(([, value]) => value === UNKNOWN));
  const values = Object.fromEntries(given.filter(([, value]) => value !== UNKNOWN));

  const problems = Object.keys(values)
    .filter((name) => !isInput(name))
    .map(strangeInput);
  const known: Known = Object.fromEntries(
    INPUT_NAMES.filter((name) => !(name in unknown)).flatMap((name) => {
      const result = inputShapes[name].safeParse(values[name]);
      if (!result.success) problems.push(describeIssue(name, values[name], result.error));
      return result.success && result.data !== undefined ? [[name, result.data]] : [];
    }),
  );
  // Only what is sound is combined: an input that is wrong by itself has its sentence already.
  const usable = (name: InputName) => name in unknown || name in known;
  if (problems.length === 0) problems.push(...combinationProblems(usable, known));

  const inputs: Record<string, unknown> = { ...known, ...unknown };
  const take = <T>(name: InputName, { value, problems: found }: { value: T; problems: string[] }) => {
    inputs[name] = value;
    problems.push(...found);
  };
  if (known.paths) take("paths", checkPaths(known.paths, known.objectType));
  if (known.contents) take("contents", checkContents(known.contents));
  if (known.source) take("source", checkSource(known.source));
  if (known.paths && known.objectType) problems.push(...quotaProblem(inputs.paths as string[], known, config));
  if (unknown.endpoint === undefined) problems.push(...endpointProblem(known.endpoint, environment));
  if (known.region) problems.push(...regionProblem(known.region, known.endpoint ?? unknown.endpoint));
  return { inputs, problems, warnings: warningsOf(known), notes: notesOf(known, environment, config) };
}

/** What can't stand together. */
function combinationProblems(
  usable: (name: InputName) => boolean,
  { objectType, collapse, onQuotaExceeded }: Known,
): string[] {
  const modes = (["paths", "contents", "source"] as const).filter(usable);
  const [mode, other] = modes;
  if (mode === undefined) return ["paths is missing; give paths with contentHash, or contents, or source."];
  if (other !== undefined) return [`${mode} and ${other} are both given; give one of paths, contents and source.`];
  if (mode === "paths") return usable("contentHash") ? [] : [`contentHash is missing; ${WANTED.contentHash}.`];
  const problems: string[] = [];
  if (usable("contentHash"))
    problems.push(`contentHash goes with paths; ${mode} has a hash for each file, so leave it out.`);
  if (objectType === "Directory" || objectType === "Regex") {
    problems.push(`objectType is "${objectType}", but ${mode} names URLs; write "File" or "IgnoreParams".`);
  }
  if (collapse === "never" && onQuotaExceeded === "collapse") {
    problems.push('collapse is "never", but onQuotaExceeded is "collapse"; leave one of them out.');
  }
  return problems;
}

function warningsOf({ force, objectType, collapse, onQuotaExceeded, refreshNew, paths }: Known): string[] {
  const warnings: string[] = [];
  const collapses = collapse === "always" || onQuotaExceeded === "collapse";
  if (force && objectType !== undefined && objectType !== "Directory" && !collapses) {
    warnings.push(`force has an effect with objectType "Directory" only; with "${objectType}" it is not sent.`);
  }
  if (refreshNew && paths !== undefined) {
    warnings.push("refreshNew has an effect with contents and source only; a new path in paths is always refreshed.");
  }
  return warnings;
}

/** The paths as they are sent, duplicates removed, and a sentence for each that can't be. */
function checkPaths(given: readonly string[], objectType: ObjectType | undefined) {
  const problems: string[] = [];
  const paths = new Set<string>();
  for (const [index, path] of given.entries()) {
    const result = path === UNKNOWN ? { path } : normalizePath(path, objectType);
    if ("path" in result) paths.add(result.path);
    else problems.push(`paths[${index}] (${shownPath(path)}) ${result.problem}.`);
  }
  return { value: [...paths], problems };
}

/** The URLs as they are sent; two spellings of one must agree on its hash. */
function checkContents(given: Readonly<Record<string, string>>) {
  const problems: string[] = [];
  const contents: Record<string, string> = {};
  for (const [url, hash] of Object.entries(given)) {
    const result = normalizePath(url, "File");
    if ("problem" in result) problems.push(`contents["${shownPath(url)}"] ${result.problem}.`);
    else if (Object.hasOwn(contents, result.path) && contents[result.path] !== hash) {
      problems.push(`contents["${shownPath(url)}"] names a URL twice, with different hashes; write it once.`);
    } else contents[result.path] = hash;
  }
  return { value: contents, problems };
}

/** The source with its base URL as the URLs below it begin. */
function checkSource(source: Source) {
  if (source.baseUrl === UNKNOWN) return { value: source, problems: [] };
  const baseUrl = source.baseUrl.endsWith("/") ? source.baseUrl : `${source.baseUrl}/`;
  const result = normalizePath(baseUrl, "Directory");
  return "path" in result
    ? { value: { ...source, baseUrl: result.path }, problems: [] }
    : { value: source, problems: [`source.baseUrl (${shownPath(source.baseUrl)}) ${result.problem}.`] };
}

/** Where the configuration says that Alibaba Cloud raised an account's quota. */
const QUOTA_CONFIG: Readonly<Record<QuotaKind, string>> = {
  urls: "alicloud-vod:urlsPerDay",
  directories: "alicloud-vod:directoriesPerDay",
};

/** More paths than a day can hold never go through at once, so that they are refused before anything is sent. */
function quotaProblem(
  { length }: readonly string[],
  { objectType = "File", onQuotaExceeded }: Known,
  config: ConfigReader,
): string[] {
  const kind = quotaOf(objectType);
  const key = QUOTA_CONFIG[kind];
  const configured = config(key);
  if (configured !== undefined && !/^[1-9]\d{0,8}$/.test(configured)) {
    return [`${key} is "${configured.slice(0, 40)}" in the stack's configuration; write a whole number such as 10000.`];
  }
  const quota = configured === undefined ? DAILY_QUOTA[kind] : Number(configured);
  if (length <= quota || onQuotaExceeded !== "fail") return [];
  const [what, instead] =
    kind === "urls"
      ? ["URLs", 'refresh their directories instead (objectType "Directory")']
      : ["directories or patterns", "refresh their parents instead"];
  return [
    `paths has ${length} ${what}, more than the ${quota} that an account may refresh in a day; ${instead}, ` +
      `or set ${key} if this account's quota was raised.`,
  ];
}

function endpointProblem(endpoint: string | undefined, environment: Readonly<NodeJS.ProcessEnv>): string[] {
  try {
    resolveProxy(resolveEndpoint(endpoint, environment), environment);
    return [];
  } catch (error) {
    if (error instanceof VodError) return [error.message];
    throw error;
  }
}

function notesOf(
  { endpoint, region }: Known,
  environment: Readonly<NodeJS.ProcessEnv>,
  config: ConfigReader,
): string[] {
  const stacks = config("alicloud:region");
  const isElsewhere = stacks !== undefined && stacks !== "" && stacks !== REGION;
  if (!isElsewhere || endpoint !== undefined || region !== undefined || environment.VOD_ENDPOINT) return [];
  return [
    `the stack's alicloud:region is ${stacks.slice(0, 40)}, but the calls go to ${REGION}: only there the operation exists`,
  ];
}

function regionProblem(region: string, endpoint: unknown): string[] {
  if (region === REGION || endpoint !== undefined) return [];
  return [
    `region is "${region.slice(0, 40)}", but the service has its cache operations in ${REGION} only; leave region out, or ` +
      "give the endpoint of a region that has them by now.",
  ];
}

function isInput(name: string): boolean {
  return (INPUT_NAMES as string[]).includes(name);
}

/** The names under which other tools take a key as an argument. */
const KEY_NAMES = /^(access_?key|secret_?key|access_?key_?(id|secret)|security_?token|sts_?token|token)$/i;

function strangeInput(name: string): string {
  if (KEY_NAMES.test(name)) {
    return (
      `${name} can't be an input, since it would stand in the state; set it as a secret of the stack's configuration ` +
      "(`pulumi config set --secret alicloud:accessKey`) or in the environment, or name a profile or a roleArn."
    );
  }
  const meant = INPUT_NAMES.find((known) => known.toLowerCase() === name.toLowerCase() || `${name}s` === known);
  return `${name} is not an input of VodCacheRefresh; ${meant ? `write ${meant}` : `it has ${INPUT_NAMES.join(", ")}`}.`;
}

/** One sentence for what zod found in one property. */
function describeIssue(name: InputName, value: unknown, error: z.ZodError): string {
  const path = error.issues[0]?.path ?? [];
  const choices = CHOICES[name];
  if (choices && typeof value === "string") {
    const meant = choices.find((choice) => choice.toLowerCase() === value.toLowerCase());
    return `${name} is "${value.slice(0, 40)}", which is none of its values; write ${meant ? `"${meant}"` : quoted(choices)}.`;
  }
  const where = path.map((key) =>
    typeof key === "number"
      ? `[${key}]`
      : name === "source" || name === "retry"
        ? `.${String(key)}`
        : `["${shownPath(String(key))}"]`,
  );
  const wrong = path.reduce<unknown>((inner, key) => (inner as Record<PropertyKey, unknown> | undefined)?.[key], value);
  const strange =
    error.issues[0]?.code === "unrecognized_keys"
      ? ` has ${error.issues[0].keys.join(", ")}, which it doesn't know`
      : undefined;
  return `${name}${where.join("")}${strange ?? ` ${state(wrong)}`}; ${WANTED[name]}.`;
}

function state(value: unknown): string {
  if (value === undefined || value === null) return "is missing";
  if (value === "" || (Array.isArray(value) && value.length === 0)) return "is empty";
  if (typeof value === "number") return `is ${value}`;
  return `is ${Array.isArray(value) ? "a list" : typeof value === "object" ? "an object" : `a ${typeof value}`}`;
}
