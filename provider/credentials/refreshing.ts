/** Sources of credentials: those that stay as they are, and those that are renewed before they expire. */
import type http from "node:http";
import { z } from "zod";
import { rememberSecrets } from "../text/show.js";
import type { Credentials, CredentialsSource } from "../vod/credentials.js";
import { VodError } from "../vod/errors.js";
import { type HttpResponse, type Service, unexpected } from "./http.js";
import { parseJson } from "./settings.js";

/** What sources need besides their settings. */
export interface CredentialContext {
  environment: Readonly<NodeJS.ProcessEnv>;
  now: () => Date;
  /** Origin of the metadata service of ECS. */
  metadataOrigin: string;
  /** How long the metadata service may take, in milliseconds. */
  metadataTimeoutMs: number;
  /** How long STS or a credentials URI may take, in milliseconds. */
  timeoutMs: number;
  /** Gives what connections to STS or a credentials URI go through, by their origin. */
  agentFor: (origin: string) => http.Agent | Promise<http.Agent>;
}

/** Credentials as a service gave them. */
export interface TemporaryCredentials {
  credentials: Credentials;
  /** When they end; undefined where the service doesn't say. */
  expiresAt: Date | undefined;
}

/** How long before their end credentials are renewed, in milliseconds: longer than any call may take. */
const RENEW_BEFORE_MS = 5 * 60_000;

/** How long before their end credentials are no longer used at all, in milliseconds. */
const UNUSABLE_MS = 30_000;

/** How long after a failed renewal the next one is tried, in milliseconds. */
const PAUSE_MS = 30_000;

/** How long credentials are kept where the service doesn't say when they end, in milliseconds. */
const KEEP_MS = 60_000;

/** A key or a token is one word: with an empty or a broken one, the request would be unsigned. */
const word = z.string().regex(/^\S+$/);

/**
 * The answer of the metadata service and of a credentials URI. Source: their SDKs. STS has the same within
 * `Credentials`.
 */
const temporaryCredentialsSchema = z.object({
  Code: z.literal("Success").optional(),
  AccessKeyId: word,
  AccessKeySecret: word,
  SecurityToken: word,
  Expiration: z.iso
    .datetime({ offset: true })
    .transform((text) => new Date(text))
    .optional(),
});

/** Credentials that stay as they are. */
export function staticCredentials(description: string, credentials: Credentials): CredentialsSource {
  rememberSecrets(Object.values(credentials));
  const keys = [credentials.accessKeyId, credentials.accessKeySecret, credentials.securityToken ?? "none"];
  if (!keys.every((key) => word.safeParse(key).success)) {
    throw new VodError(
      `The access key ID, secret or security token of ${description} is empty or contains a space.`,
      "Write each as one word, without quotes or line breaks.",
      { code: "InvalidCredentials" },
    );
  }
  return { description, accessKeyIdEnd: endOf(credentials.accessKeyId), get: async () => credentials };
}

/** What tells a key from others without being of use to anybody; undefined of one that is too short for that. */
function endOf(accessKeyId: string): string | undefined {
  return accessKeyId.length < 12 ? undefined : accessKeyId.slice(-4);
}

/**
 * Credentials that end, and are renewed in time.
 *
 * @param request asks the service for new ones.
 */
export function refreshingCredentials(
  description: string,
  request: () => Promise<TemporaryCredentials>,
  now: () => Date,
): CredentialsSource {
  let last: { credentials: Credentials; expiresAtMs: number } | undefined;
  let pausedUntilMs = 0;
  let pending: Promise<Credentials> | undefined;
  const leftMs = () => (last === undefined ? 0 : last.expiresAtMs - now().getTime());

  const renew = async (): Promise<Credentials> => {
    try {
      const { credentials, expiresAt } = await request();
      const at = now().getTime();
      const expiresAtMs = expiresAt?.getTime() ?? at + RENEW_BEFORE_MS + KEEP_MS;
      if (expiresAtMs <= at) throw expired(description);
      last = { credentials, expiresAtMs };
      return credentials;
    } catch (error) {
      if (last === undefined || leftMs() <= UNUSABLE_MS) throw error;
      pausedUntilMs = now().getTime() + PAUSE_MS;
      return last.credentials;
    }
  };

  return {
    description,
    async get() {
      const isPaused = leftMs() > UNUSABLE_MS && now().getTime() < pausedUntilMs;
      if (last !== undefined && (leftMs() > RENEW_BEFORE_MS || isPaused)) return last.credentials;
      pending ??= renew().finally(() => {
        pending = undefined;
      });
      return pending;
    },
  };
}

/** Reads credentials from an answer in JSON; undefined where they aren't complete. */
export function readTemporaryCredentials(answer: unknown): TemporaryCredentials | undefined {
  const parsed = temporaryCredentialsSchema.safeParse(answer);
  if (!parsed.success) return undefined;
  const { AccessKeyId, AccessKeySecret, SecurityToken, Expiration } = parsed.data;
  rememberSecrets([AccessKeyId, AccessKeySecret, SecurityToken]);
  return {
    credentials: { accessKeyId: AccessKeyId, accessKeySecret: AccessKeySecret, securityToken: SecurityToken },
    expiresAt: Expiration,
  };
}

/**
 * Reads the credentials that the metadata service or a credentials URI answers with.
 *
 * @throws VodError InvalidResponse where it doesn't answer with credentials.
 */
export function readIssuedCredentials(service: Service, { status, text }: HttpResponse): TemporaryCredentials {
  if (status !== 200) throw unexpected(service, `HTTP ${status}`, status);
  const issued = readTemporaryCredentials(parseJson(text));
  if (issued === undefined) throw unexpected(service, "incomplete or unreadable data", status);
  return issued;
}

/** A description at the beginning of a sentence. */
export function capitalize(description: string): string {
  return description.charAt(0).toUpperCase() + description.slice(1);
}

function expired(description: string): VodError {
  return new VodError(
    `The credentials of ${description} had already expired when they arrived.`,
    "Check the clock of this machine, then run `pulumi up` again.",
    { code: "InvalidCredentials" },
  );
}
