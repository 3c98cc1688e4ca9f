/** What a program may write: the inputs of VodCacheRefresh, validated and brought into the form the state keeps. */
import { z } from "zod";
import type { ConfigReader } from "./credentials.js";
import { resolveEndpoint } from "./vod/endpoint.js";
import { VodError } from "./vod/errors.js";
import { DAILY_QUOTA, OBJECT_TYPES, type ObjectType } from "./vod/limits.js";
import { normalizePath, shownPath } from "./vod/paths.js";
import { type QuotaKind, quotaOf } from "./vod/quota.js";

/** What stands in a preview for a value that isn't known yet. Source: Pulumi's protocol (`UnknownStringValue`). */
export const UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";

/** The inputs as `check` returns them: complete, normalised, duplicates removed. */
export interface RefreshInputs {
  /** The paths as they are sent, in the order given. */
  paths: string[];
  objectType: ObjectType;
  force: boolean;
  contentHash: string;
  refreshOnCreate: boolean;
  /** As written; left out where it isn't set. */
  endpoint?: string;
}

/** What validation found: the inputs to go on with, what is wrong, and what is odd but works. */
export interface CheckedInputs {
  /** Complete only without problems; values unknown in a preview are still {@link UNKNOWN} in it. */
  inputs: Record<string, unknown>;
  /** A sentence each, which begins with the name of the property. */
  problems: string[];
  warnings: string[];
}

const KNOWN_INPUTS = ["paths", "objectType", "force", "contentHash", "refreshOnCreate", "endpoint"] as const;

const shape = z.object({
  paths: z.array(z.string()).min(1),
  objectType: z.enum(OBJECT_TYPES).default("File"),
  force: z.boolean().default(false),
  contentHash: z.string().min(1),
  refreshOnCreate: z.boolean().default(true),
  endpoint: z.string().optional(),
});

/** What to write, for a property whose value has another type or is missing. */
const WANTED: Readonly<Record<string, string>> = {
  paths: "give a list of at least one path, such as https://vod.example.com/player/app.js",
  objectType: `write ${OBJECT_TYPES.map((type) => `"${type}"`).join(", ")}`,
  force: "write true or false",
  contentHash: 'give a text that changes with the content, such as hashFiles("./dist") or a version',
  refreshOnCreate: "write true or false",
  endpoint: "give a host such as vod.cn-shanghai.aliyuncs.com",
};

/** Reads inputs that `check` returned; undefined where a value isn't known yet (in previews only). */
export function readInputs(checked: Readonly<Record<string, unknown>>): RefreshInputs | undefined {
  const parsed = shape.safeParse(checked);
  if (!parsed.success || parsed.data.contentHash === UNKNOWN || parsed.data.endpoint === UNKNOWN) return undefined;
  return parsed.data.paths.includes(UNKNOWN) ? undefined : (parsed.data as RefreshInputs);
}

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
  const known = Object.fromEntries(given.filter(([, value]) => value !== UNKNOWN));

  const problems = Object.keys(known)
    .filter((name) => !isInput(name))
    .map(strangeInput);
  const parsed = Object.fromEntries(
    KNOWN_INPUTS.filter((name) => !(name in unknown)).flatMap((name) => {
      const result = shape.shape[name].safeParse(known[name]);
      if (!result.success) problems.push(describeIssue(name, known[name], result.error));
      return result.success && result.data !== undefined ? [[name, result.data]] : [];
    }),
  ) as Partial<RefreshInputs>;

  const { paths, objectType, endpoint, force } = parsed;
  const inputs: Record<string, unknown> = { ...parsed, ...unknown };
  if (paths !== undefined) {
    const checked = checkPaths(paths, objectType, config);
    problems.push(...checked.problems);
    inputs.paths = checked.paths;
  }
  if (unknown.endpoint === undefined) problems.push(...endpointProblem(endpoint, environment));
  const warnings =
    force === true && objectType !== undefined && objectType !== "Directory"
      ? [`force has an effect with objectType "Directory" only; with "${objectType}" it is not sent.`]
      : [];
  return { inputs, problems, warnings };
}

/** The paths as they are sent, duplicates removed, and a sentence for each that can't be. */
function checkPaths(given: readonly string[], objectType: ObjectType | undefined, config: ConfigReader) {
  const problems: string[] = [];
  const paths = new Set<string>();
  for (const [index, path] of given.entries()) {
    if (path === UNKNOWN) {
      paths.add(path);
      continue;
    }
    const result = normalizePath(path, objectType);
    if ("path" in result) paths.add(result.path);
    else problems.push(`paths[${index}] (${shownPath(path)}) ${result.problem}.`);
  }
  if (objectType !== undefined) problems.push(...quotaProblem(paths.size, quotaOf(objectType), config));
  return { paths: [...paths], problems };
}

/** Where the configuration says that Alibaba Cloud raised an account's quota. */
const QUOTA_CONFIG: Readonly<Record<QuotaKind, string>> = {
  urls: "alicloud-vod:urlsPerDay",
  directories: "alicloud-vod:directoriesPerDay",
};

/** More paths than a day can hold never go through, so that they are refused before anything is sent. */
function quotaProblem(count: number, kind: QuotaKind, config: ConfigReader): string[] {
  const key = QUOTA_CONFIG[kind];
  const configured = config(key);
  if (configured !== undefined && !/^[1-9]\d{0,8}$/.test(configured)) {
    return [`${key} is "${configured.slice(0, 40)}" in the stack's configuration; write a whole number such as 10000.`];
  }
  const quota = configured === undefined ? DAILY_QUOTA[kind] : Number(configured);
  if (count <= quota) return [];
  const [what, instead] =
    kind === "urls"
      ? ["URLs", 'refresh their directories instead (objectType "Directory")']
      : ["directories or patterns", "refresh their parents instead"];
  return [
    `paths has ${count} ${what}, more than the ${quota} that an account may refresh in a day; ${instead}, ` +
      `or set ${key} if this account's quota was raised.`,
  ];
}

function endpointProblem(endpoint: string | undefined, environment: Readonly<NodeJS.ProcessEnv>): string[] {
  try {
    resolveEndpoint(endpoint, environment);
    return [];
  } catch (error) {
    if (error instanceof VodError) return [error.message];
    throw error;
  }
}

function isInput(name: string): boolean {
  return (KNOWN_INPUTS as readonly string[]).includes(name);
}

function strangeInput(name: string): string {
  const meant = KNOWN_INPUTS.find((known) => known.toLowerCase() === name.toLowerCase() || `${name}s` === known);
  return `${name} is not an input of VodCacheRefresh; ${meant ? `write ${meant}` : `it has ${KNOWN_INPUTS.join(", ")}`}.`;
}

/** One sentence for what zod found in one property. */
function describeIssue(name: (typeof KNOWN_INPUTS)[number], value: unknown, error: z.ZodError): string {
  const index = error.issues[0]?.path[0];
  const where = index === undefined ? name : `${name}[${String(index)}]`;
  if (name === "objectType" && typeof value === "string") {
    const meant = OBJECT_TYPES.find((type) => type.toLowerCase() === value.toLowerCase());
    return `objectType is "${value.slice(0, 40)}", which the service doesn't know; ${meant ? `write "${meant}"` : WANTED[name]}.`;
  }
  const wrong = index === undefined ? value : (value as Record<PropertyKey, unknown>)[index];
  return `${where} ${state(wrong)}; ${WANTED[name]}.`;
}

function state(value: unknown): string {
  if (value === undefined || value === null) return "is missing";
  if (value === "" || (Array.isArray(value) && value.length === 0)) return "is empty";
  return `is ${Array.isArray(value) ? "a list" : typeof value === "object" ? "an object" : `a ${typeof value}`}`;
}
