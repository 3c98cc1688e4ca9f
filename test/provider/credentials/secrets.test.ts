import { inspect } from "node:util";
import { describe, expect, test } from "vitest";
import { VodError } from "../../../provider/vod/errors.js";
import { configFile, failureOf, fakeSts, file, find, serving } from "./fakes.js";

/** What must never be shown anywhere. */
const SECRETS = {
  secret: "PlantedSecret0123456789abcdef",
  token: "CAISplanted/token+with=signs",
  oidc: "ey.planted-oidc.jwt",
  // As long as real tokens, which no file name can be.
  longOidc: `eyJhbGciOiJSUzI1NiJ9.${"planted0".repeat(100)}.c2lnbmF0dXJl`,
  ticket: "plantedTicket",
};
const ROLE = "acs:ram::1234567890123456:role/deploy";
const KEY = {
  "alicloud:accessKey": "STS.LTAIkey",
  "alicloud:secretKey": SECRETS.secret,
  "alicloud:securityToken": SECRETS.token,
};
const ASSUME = { "alicloud:assumeRole": { roleArn: ROLE } };
const OIDC = {
  "alicloud:assumeRoleWithOidc": {
    roleArn: ROLE,
    oidcProviderArn: "acs:ram::1:oidc-provider/x",
    oidcToken: SECRETS.oidc,
  },
};

/** Everything that anybody could print of an error. */
function shownBy(error: Error): string {
  const fields = Object.getOwnPropertyNames(error).map((name) => String((error as never)[name]));
  return [
    error.message,
    error.stack,
    String(error),
    JSON.stringify(error),
    inspect(error, { depth: 9 }),
    ...fields,
  ].join("\n");
}

function expectNoSecret(error: Error): void {
  const shown = shownBy(error);
  for (const secret of Object.values(SECRETS)) {
    for (const spelling of [secret, encodeURIComponent(secret), Buffer.from(secret).toString("base64")]) {
      expect(shown).not.toContain(spelling);
    }
  }
  expect(shown).not.toMatch(/Signature=|node_modules|\n\s+at /);
  expect(error.cause).toBeUndefined();
}

/** A server that answers with everything it was sent, and with all secrets, in every field. */
async function echoing(status: number, wrap: (text: string) => string) {
  return serving(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const text = `${request.url} ${JSON.stringify(request.headers)} ${Buffer.concat(chunks)} ${Object.values(SECRETS)}`;
    response.writeHead(status, { location: `http://127.0.0.1:1/?${SECRETS.secret}` }).end(wrap(text));
  });
}

describe("no secret is shown", () => {
  const answers: [name: string, status: number, wrap: (text: string) => string][] = [
    ["a page", 200, (text) => `<html>${text}`],
    [
      "JSON of another kind",
      200,
      (text) => JSON.stringify({ Credentials: { AccessKeyId: text, AccessKeySecret: text } }),
    ],
    ["a redirect", 302, (text) => text],
    [
      "a refusal whose every field is what was sent",
      400,
      (text) => JSON.stringify({ Code: text, Message: text, RequestId: text }),
    ],
    [
      "a refusal whose code is the secret",
      403,
      () => JSON.stringify({ Code: SECRETS.secret, Message: "", RequestId: SECRETS.secret }),
    ],
    ["a refusal whose code is the token", 403, () => JSON.stringify({ Code: SECRETS.oidc, RequestId: SECRETS.token })],
    ["a fault", 500, (text) => text],
    ["more than 64 KB", 200, (text) => text.repeat(1000)],
  ];
  describe.each(answers)("where the service answers with %s", (_, status, wrap) => {
    test.each([
      ["a role", { ...KEY, ...ASSUME }],
      ["a role with OIDC", OIDC],
    ])("and is asked for %s", async (_, config) => {
      const environment = { ALIBABA_CLOUD_STS_ENDPOINT: await echoing(status, wrap) };
      expectNoSecret(await failureOf(() => find(config, environment).get()));
    });

    test("and is a credentials URI", async () => {
      const uri = `${await echoing(status, wrap)}/a?ticket=${SECRETS.ticket}`;
      expectNoSecret(await failureOf(() => find({ "alicloud:credentialsUri": uri }).get()));
    });

    test("and is the metadata service", async () => {
      const metadataOrigin = await echoing(status, wrap);
      expectNoSecret(await failureOf(() => find({ "alicloud:ecsRoleName": "r" }, {}, { metadataOrigin }).get()));
    });
  });

  test("where a refusal repeats what was signed", async () => {
    const sts = await fakeSts({ keys: { "STS.LTAIkey": { secret: "another", token: SECRETS.token } } });
    const failure = await failureOf(() => find({ ...KEY, ...ASSUME }, sts.environment).get());
    expect(failure.message).toMatch(/code SignatureDoesNotMatch, HTTP 400, request ID /);
    expectNoSecret(failure);
  });

  test("where the connection fails", async () => {
    const environment = { ALIBABA_CLOUD_STS_ENDPOINT: "http://127.0.0.1:1" };
    expectNoSecret(await failureOf(() => find({ ...KEY, ...ASSUME }, environment).get()));
    expectNoSecret(await failureOf(() => find(OIDC, environment).get()));
    const uri = `http://127.0.0.1:1/?ticket=${SECRETS.ticket}`;
    expectNoSecret(await failureOf(() => find({ "alicloud:credentialsUri": uri }).get()));
  });

  test("where an agent throws", async () => {
    const agentFor = () => {
      throw Object.assign(new Error(SECRETS.secret), { cause: SECRETS.token });
    };
    expectNoSecret(await failureOf(() => find({ ...KEY, ...ASSUME }, {}, { agentFor }).get()));
  });

  test.each([
    ["a broken object", { "alicloud:assumeRoleWithOidc": `{"oidcToken":"${SECRETS.oidc}",}` }],
    ["an object with wrong fields", { "alicloud:assumeRoleWithOidc": { oidcToken: [SECRETS.oidc], roleArn: 1 } }],
    ["an object that isn't complete", { "alicloud:assumeRoleWithOidc": { oidcToken: SECRETS.oidc } }],
    ["a key with a space", { ...KEY, "alicloud:secretKey": `${SECRETS.secret} ${SECRETS.token}` }],
    ["a part of a key", { "alicloud:secretKey": SECRETS.secret }],
    ["an invalid URI", { "alicloud:credentialsUri": `x:${SECRETS.ticket}` }],
    ["an invalid role name", { "alicloud:ecsRoleName": `${SECRETS.token}!` }],
    ["an invalid role ARN", { ...KEY, "alicloud:assumeRole": { roleArn: SECRETS.secret } }],
    [
      "an endpoint with a password",
      { ...KEY, ...ASSUME, "alicloud:endpoints": [{ sts: `https://u:${SECRETS.secret}@x` }] },
    ],
  ])("where the configuration has %s", async (_, config) => {
    expectNoSecret(await failureOf(() => find(config)));
  });

  test("where a file is broken", async () => {
    const profile = { name: "a", mode: SECRETS.secret, access_key_id: "x", access_key_secret: SECRETS.secret };
    for (const path of [file(`{"profiles":[{"access_key_secret":"${SECRETS.secret}",}`), configFile(profile)]) {
      const config = { "alicloud:profile": "a", "alicloud:sharedCredentialsFile": path };
      expectNoSecret(await failureOf(() => find(config)));
    }
    const environment = {
      ALIBABA_CLOUD_ROLE_ARN: ROLE,
      ALIBABA_CLOUD_OIDC_PROVIDER_ARN: "acs:ram::1:oidc-provider/x",
      ALIBABA_CLOUD_OIDC_TOKEN_FILE: file(`${SECRETS.oidc} ${SECRETS.token}`),
    };
    expectNoSecret(await failureOf(() => find({}, environment)));
  });

  test.each([SECRETS.oidc, SECRETS.longOidc])("where a token stands in place of its file: %s", async (token) => {
    const { roleArn, oidcProviderArn } = OIDC["alicloud:assumeRoleWithOidc"];
    const inConfig = { "alicloud:assumeRoleWithOidc": { roleArn, oidcProviderArn, oidcTokenFile: token } };
    const inEnvironment = {
      ALIBABA_CLOUD_ROLE_ARN: roleArn,
      ALIBABA_CLOUD_OIDC_PROVIDER_ARN: oidcProviderArn,
      ALIBABA_CLOUD_OIDC_TOKEN_FILE: token,
    };
    const profile = { name: "a", mode: "OIDC", oidc_provider_arn: oidcProviderArn, ram_role_arn: roleArn };
    const inProfile = {
      "alicloud:profile": "a",
      "alicloud:sharedCredentialsFile": configFile({ ...profile, oidc_token_file: token }),
    };
    for (const [config, environment] of [
      [inConfig, {}],
      [{}, inEnvironment],
      [inProfile, {}],
    ] as const) {
      expectNoSecret(await failureOf(() => find(config, environment)));
    }
  });

  test("in a sentence about anything else, once the secret was found", () => {
    find(KEY);
    const typed = `${SECRETS.secret}, ${encodeURIComponent(SECRETS.token)}`;
    expectNoSecret(new VodError(`The directory ${typed} isn't there.`, `Correct ${typed}.`, { code: "Any" }));
  });

  test("in a description", () => {
    const uri = `http://user:${SECRETS.secret}@127.0.0.1/${SECRETS.token}?ticket=${SECRETS.ticket}`;
    const sources = [find({ ...KEY, ...ASSUME }), find(OIDC), find({ "alicloud:credentialsUri": uri })];
    expect(sources.map((source) => inspect(source, { depth: 9 })).join()).not.toMatch(/planted/i);
  });
});
