/** What an update with `verify` says, from the functions that judge answers of the edge and describe what was seen. */
import { EdgeClient, type Question } from "../../../provider/edge/ask.js";
import {
  cancelledVerification,
  describeNotVerifiable,
  describePlanned,
  describeStale,
  describeStaleWarning,
  describeVerified,
  staleError,
} from "../../../provider/edge/describe.js";
import { type Answer, type Expected, judge } from "../../../provider/edge/judge.js";
import { type Verification, verifyTargets } from "../../../provider/edge/verify.js";
import { formatLine, logTo } from "../../../provider/text/log.js";
import { url } from "../resource/deploys.js";
import type { Section } from "./page.js";

const HOUR_S = 3_600;
const NOW = Date.parse("2026-11-24T07:19:00Z");
const SINCE = NOW - 60_000;

const FILE: Expected = { kind: "file", hash: "aaaaaaa", size: 1_204 };
const COPY = { kind: "copy" } as const;
const REMOVED: Expected = { kind: "removed" };
const HIT = { "x-cache": "HIT TCP_MEM_HIT" };
const OLD = { ...HIT, age: String(HOUR_S) };
const NEW = { ...HIT, age: "12" };
const MISS = { "x-cache": "MISS TCP_MISS" };
const OSS = { "x-oss-request-id": "1", etag: '"4A2AF5CB747AD540651EB4AC051CFC59"' };
const OTHER = { hash: Buffer.alloc(32), size: 3, hasPasswordField: false };

function see(expected: Expected, headers: Answer["headers"], more: Partial<Answer> = {}): string {
  const answer = { status: 200, headers, isRedirected: false, askedAt: NOW, answeredAt: NOW, ...more };
  return judge(expected, answer, SINCE).seen;
}

/** What is seen where the connection fails, or a redirect leads away. */
async function ask(agentFor: () => Promise<never>): Promise<string> {
  const question: Question = { url: url("a.js"), expected: COPY, since: SINCE };
  return (await new EdgeClient({ agentFor, connections: 1, now: () => NOW }).ask(question)).seen;
}

const seen = (name: string, what: string) => ({ path: url(name), seen: what });
const verification = (more: Partial<Verification>): Verification => ({
  fresh: Array.from({ length: 18 }, (_, index) => seen(String(index), "its ETag")),
  stale: [],
  notVerifiable: [],
  cancelled: false,
  ...more,
});

export async function verifyingSection(): Promise<Section> {
  const progress: string[] = [];
  await verifyTargets([seen("a.js", ""), seen("b.js", "")], {
    timeoutMs: 1_500,
    ask: async ({ path }) => ({ outcome: path.endsWith("a.js") ? "fresh" : "stale", seen: "" }),
    now: () => NOW + 1_000 * progress.length * 2,
    sleep: async () => {},
    random: () => 1,
    onProgress: (line) => progress.push(line),
  });
  const signature = "HTTP 403, the URL needs a signature";
  const stale = [seen("a.js", see(FILE, OLD, { body: OTHER })), seen("b.js", see(REMOVED, OLD))];
  const denied = (reason: string) => see(COPY, { "x-tengine-error": reason }, { status: 403 });
  const happened = describeStale(stale, 20, 300);
  const lines: string[] = [];
  logTo((line) => lines.push(formatLine(line))).warning(describeStaleWarning(happened));
  return {
    title: "While an update verifies",
    intro:
      "With [`verify`](verify.md), an update asks the edge for a sample of what it sent. What is stale is asked for again until `timeout`; " +
      "what can't be verified is told once, and is no failure.",
    groups: [
      {
        title: "What will be verified",
        messages: [describePlanned(20, 2_000), describePlanned(3, 3, "up to "), describePlanned(0, 1)],
      },
      { title: "As long as something is stale", messages: progress.slice(0, 1) },
      {
        title: "At the end",
        messages: [
          describeVerified(verification({})),
          describeVerified(verification({ stale: stale.slice(0, 1), notVerifiable: [seen("c.js", signature)] })),
          describeNotVerifiable([seen("c.js", signature), seen("d.js", "HTTP 401")]),
        ],
      },
      {
        title: "Paths that stay stale",
        messages: [staleError(happened, "refresh").message, staleError(happened, "preload").message, ...lines],
      },
      {
        title: "Cancelled",
        messages: [cancelledVerification(verification({ stale: stale })).message],
      },
      {
        title: "Why a path is stale",
        messages: [
          see(FILE, OLD, { body: OTHER }),
          see(FILE, NEW, { body: OTHER }),
          see(FILE, { ...OLD, ...OSS }, { digest: "0".repeat(32) }),
          see(FILE, { ...OLD, "content-length": "1180" }),
          see(FILE, OLD, { status: 404 }),
          see(FILE, MISS, { status: 404 }),
          see(COPY, OLD),
          see(COPY, { ...HIT, "x-swift-savetime": new Date(NOW - HOUR_S * 1_000).toUTCString() }),
          see(REMOVED, OLD),
        ],
        note:
          "An origin that still has old content, such as files that are uploaded after the refresh, is seen here as well: let the resource " +
          "depend on what uploads them.",
      },
      {
        title: "Why a path can't be verified",
        messages: [
          denied("denied by req auth: no url arg auth_key"),
          denied("denied by Referer ACL"),
          denied("denied by IP ACL"),
          denied("denied by user-agent"),
          see(COPY, { "x-tengine-bf-error": "non-existent domain" }, { status: 403 }),
          see(FILE, MISS, { body: { ...OTHER, hasPasswordField: true } }),
          see(FILE, MISS, { body: OTHER, isRedirected: true }),
          see(COPY, {}),
          see({ ...COPY, mayBeOlder: true }, OLD),
          "a redirect to another domain",
          "more than 3 redirects",
          "no answer within 10 s",
          "HTTP 503",
          `${await ask(async () => {
            throw Object.assign(new Error(), { code: "ECONNREFUSED" });
          })}`,
        ],
        note:
          "An edge that doesn't answer is asked three times. `verify.headers` opens what a Referer list protects; URLs that need a signature " +
          "can't be verified.",
      },
      {
        title: "Why a path is fresh",
        messages: [
          see(FILE, OLD, { body: { hash: Buffer.from("aaaaaaaa", "base64url"), size: 1, hasPasswordField: false } }),
          see(FILE, { ...OLD, ...OSS }, { digest: "4a2af5cb747ad540651eb4ac051cfc59" }),
          see(COPY, { ...OLD, etag: '"5d365b98-12532c"' }),
          see({ ...COPY, hash: '"5d365b98-12532c"' }, { ...OLD, etag: '"5d365b98-12532c"' }),
          see(COPY, NEW),
          see(COPY, MISS),
          see(COPY, { "x-cache": "HIT TCP_REFRESH_HIT" }),
          see(COPY, { ...HIT, "x-swift-cachetime": "0" }),
          see(REMOVED, {}, { status: 404 }),
        ],
      },
    ],
  };
}
