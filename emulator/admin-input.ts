/**
 * Parses the input of the admin endpoint. An unknown field or a bad value is an error of one sentence, so that a test
 * with a mistake fails where the mistake is.
 */
import type { Conditions } from "./controls.js";
import { type ConfigChange, type Lag, ORIGIN_KINDS, UNFORCED } from "./edge-config.js";
import type { Fault, FaultKind } from "./faults.js";

/** What a field may hold: a type, or one of a few words. */
type Kind = "a text" | "a whole number" | "true or false" | "a list of texts" | readonly string[];
type Fields = Record<string, Kind>;

const SCOPE: Fields = { action: "a text", times: "a whole number" };
const MOMENT: Fields = { ...SCOPE, afterWork: "true or false" };

const FAULT_FIELDS: Record<FaultKind, Fields> = {
  throttle: {
    ...SCOPE,
    code: ["Throttling", "Throttling.User", "Throttling.Api", "TooManyRequests"],
    retryAfterMs: "a whole number",
  },
  error: { ...MOMENT, code: "a text", status: "a whole number", message: "a text" },
  "reset-before": SCOPE,
  "reset-after": SCOPE,
  delay: { ...MOMENT, ms: "a whole number" },
  html: { ...MOMENT, status: "a whole number" },
  answer: { ...MOMENT, body: "a text", status: "a whole number", contentType: "a text" },
  truncated: SCOPE,
  "wrong-types": SCOPE,
  "missing-fields": SCOPE,
  empty: SCOPE,
  "task-failed": { ...SCOPE, description: "a text", path: "a text" },
  "task-stuck": { ...SCOPE, status: ["Refreshing", "Pending"], path: "a text" },
};

const REQUIRED: Partial<Record<FaultKind, string>> = { delay: "ms", answer: "body" };

const CONDITION_FIELDS: Fields = {
  service: ["open", "closed", "suspended"],
  accessKey: ["active", "inactive", "deleted", "forbidden"],
  securityToken: "a text",
  token: ["valid", "expired"],
  taskDelayMs: "a whole number",
  urlRemain: "a whole number",
  dirRemain: "a whole number",
  preloadRemain: "a whole number",
  regexQuota: "a whole number",
  ignoreParamsQuota: "a whole number",
  tellsOwnQuotas: "true or false",
  perMinuteQuota: "a whole number",
  preloadQueue: "a whole number",
  unforced: UNFORCED,
};
/** The conditions that `null` switches off. */
const NULLABLE = ["securityToken", "regexQuota", "ignoreParamsQuota", "perMinuteQuota", "preloadQueue"];
const DOMAIN_STATES = ["online", "offline", "configuring", "configure-failed", "illegal"];

const CONFIG_FIELDS: Fields = {
  authKey: "a text",
  authSeconds: "a whole number",
  referers: "a list of texts",
  emptyReferer: "true or false",
  compression: "true or false",
  forceHttps: "true or false",
  originKind: ORIGIN_KINDS,
};
const ANSWER_FIELDS: Fields = { status: "a whole number", location: "a text", body: "a text", contentType: "a text" };

const TIME_FIELDS: Fields = { set: "a whole number", advance: "a whole number", frozen: "true or false" };

export interface TimeChange {
  set?: number;
  advance?: number;
  frozen?: boolean;
}

export function parseFault(input: unknown): Fault {
  const { kind, ...fields } = parseObject(input);
  if (typeof kind !== "string" || !Object.hasOwn(FAULT_FIELDS, kind)) {
    throw new Error(`"kind" wants one of ${Object.keys(FAULT_FIELDS).join(", ")}.`);
  }
  checkFields(fields, FAULT_FIELDS[kind as FaultKind]);
  const required = REQUIRED[kind as FaultKind];
  if (required !== undefined && fields[required] === undefined)
    throw new Error(`"${kind}" wants a field "${required}".`);
  if (fields.times === 0) throw new Error('"times" wants at least 1.');
  return { kind, ...fields } as Fault;
}

export function parseConditions(input: unknown): Conditions {
  const { domains = {}, lags = {}, configs = {}, ...fields } = parseObject(input);
  const given = Object.entries(fields).filter(([name, value]) => !(value === null && NULLABLE.includes(name)));
  checkFields(Object.fromEntries(given), CONDITION_FIELDS);
  for (const [domain, state] of Object.entries(parseObject(domains))) {
    if (state !== null) checkFields({ [domain]: state }, { [domain]: DOMAIN_STATES });
  }
  return { domains, lags: parseLags(lags), configs: parseConfigs(configs), ...fields } as Conditions;
}

export function parseLags(input: unknown): Record<string, Lag> {
  const lags = parseObject(input);
  for (const [node, lag] of Object.entries(lags)) {
    if (lag !== "never" && !isKind(lag, "a whole number")) {
      throw new Error(`The lag of node ${node} wants a whole number or "never".`);
    }
  }
  return lags as Record<string, Lag>;
}

export function parseConfigs(input: unknown): Record<string, ConfigChange | null> {
  const configs = parseObject(input);
  for (const config of Object.values(configs)) if (config !== null) checkConfig(parseObject(config));
  return configs as Record<string, ConfigChange | null>;
}

function checkConfig({ answers, ...fields }: Record<string, unknown>): void {
  checkFields(Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== null)), CONFIG_FIELDS);
  for (const answer of Object.values(parseObject(answers ?? {}))) {
    const given = parseObject(answer);
    checkFields(given, ANSWER_FIELDS);
    if (given.status === undefined) throw new Error('An answer wants a field "status".');
  }
}

export function parseTimeChange(input: unknown): TimeChange {
  const change = parseObject(input);
  checkFields(change, TIME_FIELDS);
  return change;
}

function parseObject(input: unknown): Record<string, unknown> {
  if (typeof input === "object" && input !== null && !Array.isArray(input)) return input as Record<string, unknown>;
  throw new Error("A JSON object is wanted here.");
}

function checkFields(given: Record<string, unknown>, fields: Fields): void {
  for (const [name, value] of Object.entries(given)) {
    const kind = Object.hasOwn(fields, name) ? fields[name] : undefined;
    if (kind === undefined) {
      throw new Error(`There is no field "${name}" here; there are ${Object.keys(fields).join(", ")}.`);
    }
    if (!isKind(value, kind)) {
      throw new Error(`"${name}" wants ${typeof kind === "string" ? kind : `one of ${kind.join(", ")}`}.`);
    }
  }
}

function isKind(value: unknown, kind: Kind): boolean {
  if (kind === "a text") return typeof value === "string";
  if (kind === "a whole number") return Number.isSafeInteger(value) && (value as number) >= 0;
  if (kind === "true or false") return typeof value === "boolean";
  if (kind === "a list of texts") return Array.isArray(value) && value.every((item) => typeof item === "string");
  return typeof value === "string" && kind.includes(value);
}
