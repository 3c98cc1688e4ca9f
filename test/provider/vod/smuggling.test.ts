/** What no path can do: add another path, a parameter, a header or a request. */
import { createServer } from "node:net";
import fc from "fast-check";
import { afterEach, describe, expect, test } from "vitest";
import { type VodClientOptions, vodClient } from "../../../provider/vod/client.js";
import { OBJECT_TYPES, type ObjectType } from "../../../provider/vod/limits.js";
import { normalizePath } from "../../../provider/vod/paths.js";
import type { Limiter } from "../../../provider/vod/rate-limiter.js";
import { NO_RETRY } from "../../../provider/vod/retry.js";
import { type Emulator, pathsOf } from "../../emulator/index.js";
import { started } from "../../emulator/started.js";

const OTHER = "https://img.example.com/other";
const LINE_BREAKS = ["\n", "\r", "\r\n", "\n\r", "\u0085", "\u2028", "\u2029", "\v", "\f"];
const NAMES = [
  "AccessKeyId,Action,Format,ObjectPath,ObjectType,SignatureMethod,SignatureNonce,SignatureVersion,Timestamp,Version",
  "AccessKeyId,Action,Force,Format,ObjectPath,ObjectType,SignatureMethod,SignatureNonce,SignatureVersion,Timestamp,Version",
];
const unlimited: Limiter = { run: (call) => call(), pauseMs: () => 0, queueMs: () => 0 };

function clientOf({ endpoint, accessKeyId, accessKeySecret }: Emulator, options: Partial<VodClientOptions> = {}) {
  const credentials = { accessKeyId, accessKeySecret };
  return vodClient({ endpoint, credentials, retry: NO_RETRY, limiter: unlimited, ...options });
}

/** What arrives for a call with one path; a refusal by the service counts like an answer. */
async function arrivedOf(emulator: Emulator, path: string, objectType: ObjectType) {
  emulator.received.length = 0;
  await clientOf(emulator)
    .refreshObjectCaches({ paths: [path], objectType, force: false })
    .catch(() => {});
  const [call, ...more] = emulator.received;
  expect(more.filter(({ action }) => action !== "DescribeVodRefreshQuota")).toEqual([]);
  expect(NAMES).toContain(
    Object.keys(call?.parameters ?? {})
      .sort()
      .join(),
  );
  expect(call).toMatchObject({
    action: "RefreshVodObjectCaches",
    method: "POST",
    parameters: { ObjectType: objectType },
  });
  return call === undefined ? [] : pathsOf(call);
}

describe("as any type, a path is refused with", () => {
  test.each(LINE_BREAKS)("the line break %j", (lineBreak) => {
    const places = [`https://vod.example.com/a${lineBreak}${OTHER}`, `${lineBreak}${OTHER}`, `${OTHER}${lineBreak}`];
    for (const path of [...places, `https://vod${lineBreak}.example.com/a`, `https${lineBreak}://vod.example.com/a`]) {
      for (const type of OBJECT_TYPES) expect(normalizePath(path, type)).toHaveProperty("problem");
    }
  });

  test.each(["\0", "\u0000\n", "\u001b[2J", "\u007f", "\u0080", "\t", " ", "\u00a0", "\u3000"])(
    "the line break %j",
    (character) => {
      for (const path of [`https://vod.example.com/a${character}b`, `https://vod${character}.example.com/`]) {
        for (const type of OBJECT_TYPES) expect(normalizePath(path, type)).toHaveProperty("problem");
      }
    },
  );
});

describe("one path arrives for", () => {
  test.each([
    ["a line break in percent-encoding", `a%0A${OTHER}`],
    ["one in lower case", `a%0a${OTHER}`],
    ["a carriage return in percent-encoding", `a%0D${OTHER}`],
    ["both", `a%0D%0A${OTHER}`],
    ["a line break that was encoded twice", `a%250A${OTHER}`],
    ["a line separator in percent-encoding", `a%E2%80%A8${OTHER}`],
    ["an overlong line break", `a%C0%8A${OTHER}`],
    ["a NUL in percent-encoding", `a%00${OTHER}`],
    ["a line break in JSON", "a%5Cn/b"],
    ["another action", "a&Action=DeleteVideo"],
    ["another action in percent-encoding", "a%26Action%3DDeleteVideo"],
    ["another path parameter", `a&ObjectPath=${OTHER}`],
    ["a signature", "a&Signature=c2lnbmF0dXJl&SignatureMethod=none"],
    ["a type", "a&ObjectType=Directory&Force=true"],
    ["separators of old forms", "a;Action=DeleteVideo"],
    ["a space as forms have it", "a+b"],
    ["a request", "a%20HTTP/1.1%0D%0AHost:%20img.example.com"],
  ])("%s", async (_, text) => {
    const emulator = await started();
    const path = `https://vod.example.com/${text}`;
    expect(normalizePath(path, "File")).toEqual({ path });
    expect(await arrivedOf(emulator, path, "File")).toEqual([path]);
  });

  test("a query of parameters", async () => {
    const emulator = await started();
    const path = `https://vod.example.com/a?x=1&Action=DeleteVideo&ObjectPath=${OTHER}`;
    expect(normalizePath(path, "File")).toEqual({ path });
    expect(await arrivedOf(emulator, path, "File")).toEqual([path]);
  });

  test("any text that isn't refused", async () => {
    const emulator = await started();
    const piece = fc.oneof(
      fc.constantFrom(
        ...LINE_BREAKS,
        "%0A",
        "%0d%0a",
        "%00",
        "&",
        "=",
        "+",
        "%",
        "?",
        "#",
        "\\",
        OTHER,
        "&Action=X",
        "é",
      ),
      fc.string({ unit: "binary", maxLength: 4 }),
    );
    const texts = fc.array(piece, { maxLength: 6 }).map((pieces) => pieces.join(""));
    await fc.assert(
      fc.asyncProperty(texts, fc.constantFrom(...OBJECT_TYPES), async (text, objectType) => {
        const result = normalizePath(`https://vod.example.com/${text}`, objectType);
        fc.pre("path" in result);
        expect(await arrivedOf(emulator, (result as { path: string }).path, objectType)).toEqual([
          (result as { path: string }).path,
        ]);
      }),
      { numRuns: 200 },
    );
  });
});

test("the client adds no parameter even for unchecked paths", async () => {
  const emulator = await started();
  const client = clientOf(emulator);
  const text = fc.string({ unit: "grapheme", minLength: 1, maxLength: 40 });
  const hostile = fc.constantFrom("a&Action=DeleteVideo", "a\r\n\r\nGET / HTTP/1.1", "a\0&ObjectPath=b", "%26Action=X");
  await fc.assert(
    fc.asyncProperty(fc.oneof(text, hostile), async (path) => {
      emulator.received.length = 0;
      await client.refreshObjectCaches({ paths: [path], objectType: "File", force: false }).catch(() => {});
      expect(emulator.received.map(({ parameters }) => Object.keys(parameters).sort().join())).toEqual([NAMES[0]]);
      expect(emulator.received[0]?.parameters).toMatchObject({ Action: "RefreshVodObjectCaches", ObjectPath: path });
    }),
    { numRuns: 200 },
  );
});

describe("on the wire", () => {
  const servers: (() => Promise<unknown>)[] = [];
  afterEach(async () => {
    await Promise.all(servers.splice(0).map((close) => close()));
  });

  test.each<[string, { path?: string; accessKeyId?: string; securityToken?: string }]>([
    ["a path", { path: "https://vod.example.com/a\r\nX-Injected: 1\r\n\r\nPOST /?Action=X HTTP/1.1\r\n\r\n" }],
    ["an access key", { accessKeyId: "LTAI\r\nX-Injected: 1" }],
    ["a token", { securityToken: "CAIS\r\n\r\nGET / HTTP/1.1\r\n\r\n" }],
  ])("%s with line breaks stays in the body of the one request", async (_, { path = OTHER, ...parts }) => {
    const received: string[] = [];
    const server = createServer((socket) => {
      socket.on("data", (data) => {
        received.push(data.toString("latin1"));
        const answer = '{"RefreshTaskId":"1","RequestId":"R-1"}';
        const [head = "", body = ""] = received.join("").split("\r\n\r\n");
        const length = Number(/content-length: (\d+)/i.exec(head)?.[1]);
        if (body.length >= length) socket.end(`HTTP/1.1 200 OK\r\ncontent-length: ${answer.length}\r\n\r\n${answer}`);
      });
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    servers.push(() => new Promise((resolve) => server.close(resolve)));
    const endpoint = `http://127.0.0.1:${(server.address() as { port: number }).port}`;
    const credentials = { accessKeyId: "LTAIkey", accessKeySecret: "secret", ...parts };
    const client = vodClient({ endpoint, credentials, retry: NO_RETRY, limiter: unlimited });
    await client.refreshObjectCaches({ paths: [path], objectType: "File", force: false });

    const [head = "", body = "", ...more] = received.join("").split("\r\n\r\n");
    expect(more).toEqual([]);
    expect(head).not.toMatch(/Injected|Action/);
    expect(head).toMatch(/^POST \/ HTTP\/1\.1\r\n/);
    expect(body).not.toMatch(/[\r\n]/);
    expect(head).toMatch(new RegExp(`content-length: ${body.length}\\b`, "i"));
  });
});
