/** What keeps credentials from being found or got, from each source. */
import { mkdirSync, mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { findCredentials, type Identity } from "../../../provider/credentials/chain.js";
import { timedOut, tooLong, unreachable } from "../../../provider/credentials/http.js";
import { refreshingCredentials } from "../../../provider/credentials/refreshing.js";
import { stsRefusalError } from "../../../provider/credentials/sts-errors.js";
import { describeSameSources } from "../../../provider/resource/provider.js";
import { VodError } from "../../../provider/vod/errors.js";
import { agentFor } from "../../../provider/vod/http-agent.js";
import { classifyNetworkError } from "../../../provider/vod/network-error.js";
import { messageOf, messagesOf, type Section } from "./page.js";
import { fakeServer } from "./server.js";

const ROLE = "acs:ram::1234567890123456:role/vod";
const PAIR = { "alicloud:accessKey": "LTAI5tExample9bC1", "alicloud:secretKey": "example-of-a-secret" };
const NOW = new Date("2026-11-24T07:19:00Z");
const CALLER = {
  roleArn: ROLE,
  caller: 'the profile "prod" of /home/me/.aliyun/config.json (access key ID ending in 9bC1)',
};

type Settings = Readonly<Record<string, string>>;

function find(config: Settings, environment: Settings = {}, identity: Identity = {}, more = {}) {
  return findCredentials(identity, (key) => config[key], environment, { now: () => NOW, ...more });
}
const missing = (config: Settings, environment: Settings = {}, identity: Identity = {}) =>
  messageOf(() => find(config, environment, identity));

const refused = (code: string, status = 403) =>
  stsRefusalError(status, { code, message: "", requestId: "D61E4801-EAFF-4A63-AAAA-FBF6CE1CFD1C" }, CALLER).message;

/** What a credentials URI says that answers so. */
async function fromUri(status: number, body: string): Promise<string> {
  const server = await fakeServer((_, response) => response.writeHead(status).end(body));
  const source = find({ "alicloud:credentialsUri": `${server.origin}/credentials` });
  return messageOf(() => source.get()).finally(server.close);
}

/** What an instance says that has no role, to a profile that names none. */
async function fromAnyRole(): Promise<string> {
  const server = await fakeServer((request, response) => response.end(request.url?.endsWith("token") ? "token" : ""));
  const file = join(mkdtempSync(join(tmpdir(), "home-")), "file-0");
  writeFileSync(file, JSON.stringify({ profiles: [{ name: "prod", mode: "EcsRamRole" }] }));
  const config = { "alicloud:sharedCredentialsFile": file };
  const source = find(config, {}, { profile: "prod" }, { metadataOrigin: server.origin });
  return messageOf(() => source.get()).finally(server.close);
}

/** What the metadata service says that answers so. */
async function fromMetadata(answer: (path: string) => string): Promise<string> {
  const server = await fakeServer((request, response) => response.end(answer(request.url ?? "")));
  const source = find({}, { ALIBABA_CLOUD_ECS_METADATA: "vod" }, {}, { metadataOrigin: server.origin });
  return messageOf(() => source.get()).finally(server.close);
}

export async function credentialsSection(): Promise<Section> {
  const home = mkdtempSync(join(tmpdir(), "home-"));
  mkdirSync(join(home, "empty"), { recursive: true });
  let files = 0;
  const write = (text: string) => {
    const file = join(home, `file-${files++}`);
    writeFileSync(file, text);
    return file;
  };
  const shown = (message: string) =>
    message.replaceAll(/\S*\/home-\w+\/file-\d+/g, "/home/me/.aliyun/config.json").replaceAll(home, "/home/me");
  const withProfiles = async (profile: string, ...profiles: object[]) => {
    const file = write(JSON.stringify({ current: "prod", profiles }));
    return missing({ "alicloud:sharedCredentialsFile": file }, {}, { profile });
  };
  const prod = {
    name: "prod",
    mode: "AK",
    access_key_id: "LTAI5tExample9bC1",
    access_key_secret: "example-of-a-secret",
  };
  const oidc = {
    ALIBABA_CLOUD_ROLE_ARN: ROLE,
    ALIBABA_CLOUD_OIDC_PROVIDER_ARN: "acs:ram::1234567890123456:oidc-provider/github",
  };
  const service = {
    name: "STS at https://sts.aliyuncs.com",
    remedy: "Check the network between this machine and STS, then run `pulumi up` again.",
    timeoutMs: 20_000,
  };
  const token = write("");
  const proxied = await agentFor("https://sts.aliyuncs.com", new URL("http://proxy.example.com:3128"));
  const groups = [
    {
      title: "No source of credentials is configured",
      note: "Each line below the message says why that source gave nothing. [Who calls](credentials.md) has all sources.",
      messages: [await missing({}, { HOME: "/home/me" })],
    },
    {
      title: "The same, for the next resource of the run",
      messages: [describeSameSources("site", new VodError("", "", { code: "NoCredentials" }))],
    },
    {
      title: "One line of a source",
      messages: (
        await messagesOf(
          () => find({}, {}),
          () => find({}, { HOME: "/home/me", ALIBABA_CLOUD_CLI_PROFILE_DISABLED: "true" }),
          () => find({}, { HOME: "/home/me", ALIBABA_CLOUD_ROLE_ARN: ROLE }),
        )
      ).map((message, index) => message.split("\n").slice(index < 2 ? 6 : 5, index < 2 ? 7 : 6)[0] ?? ""),
    },
    {
      title: "A part of an access key",
      messages: [
        await missing({ "alicloud:accessKey": "LTAI5tExample9bC1" }),
        await missing({}, { ALICLOUD_SECRET_KEY: "example-of-a-secret" }),
        await missing({ ...PAIR, "alicloud:secretKey": "two words" }),
      ],
    },
    {
      title: "Profiles of the CLI",
      messages: [
        await missing({ "alicloud:profile": "prod" }),
        await missing({ "alicloud:profile": "prod", "alicloud:sharedCredentialsFile": "/home/me/none.json" }),
        await missing({ "alicloud:profile": "prod", "alicloud:sharedCredentialsFile": join(home, "empty") }),
        await missing({
          "alicloud:profile": "prod",
          "alicloud:sharedCredentialsFile": write("a".repeat(2 * 1024 * 1024)),
        }),
        await missing({ "alicloud:profile": "prod", "alicloud:sharedCredentialsFile": write("[]") }),
        await withProfiles("eu", prod),
        await withProfiles("prod", { ...prod, access_key_secret: "" }),
        await withProfiles("prod", { ...prod, mode: "CloudSSO" }),
        await withProfiles("prod", {
          ...prod,
          mode: "ChainableRamRoleArn",
          ram_role_arn: ROLE,
          source_profile: "prod",
        }),
        await withProfiles("prod", { ...prod, mode: "RamRoleArn", ram_role_arn: "vod" }),
      ],
    },
    {
      title: "Roles",
      messages: [
        await missing({ ...PAIR, "alicloud:assumeRole": "vod" }),
        await missing({ ...PAIR, "alicloud:assumeRole": '{"roleArn":"vod"}' }),
        await missing({ ...PAIR, "alicloud:assumeRole": '{"roleArn":5,"externalId":5}' }),
        await missing({ ...PAIR, "alicloud:assumeRole": `{"roleArn":"${ROLE}","sessionExpiration":60}` }),
        await missing(PAIR, {}, { roleArn: "vod" }),
        await missing(PAIR, {}, { sessionName: "release" }),
        await missing({ ...PAIR, "alicloud:endpoints": '{"sts":"http://sts.example.com"}' }, {}, { roleArn: ROLE }),
      ],
    },
    {
      title: "STS refused to give credentials",
      messages: [
        refused("EntityNotExist.Role", 404),
        refused("NoPermission"),
        refused("InvalidAccessKeyId.NotFound", 404),
        refused("Throttling.User"),
        refused("InvalidTimeStamp.Expired", 400),
        refused("AuthenticationFail.OIDCToken.Expired", 401),
        refused("AuthenticationFail.NoPermission", 401),
        refused("InvalidParameter", 400),
      ],
    },
    {
      title: "OIDC tokens",
      messages: [
        await missing({ "alicloud:assumeRoleWithOidc": `{"roleArn":"${ROLE}"}` }),
        await missing({}, { ...oidc, ALIBABA_CLOUD_OIDC_TOKEN_FILE: "/none" }),
        await missing({}, { ...oidc, ALIBABA_CLOUD_OIDC_TOKEN_FILE: token }),
        await withProfiles("prod", {
          name: "prod",
          mode: "OIDC",
          oidc_provider_arn: "a",
          oidc_token_file: "/none",
          ram_role_arn: ROLE,
        }),
      ],
    },
    {
      title: "The role of an ECS instance",
      messages: [
        await missing({}, { ALIBABA_CLOUD_ECS_METADATA: ROLE }),
        await missing({}, { ALIBABA_CLOUD_ECS_METADATA: "vod", ALIBABA_CLOUD_ECS_METADATA_DISABLED: "true" }),
        await fromMetadata(() => "{}"),
        await fromAnyRole(),
      ],
    },
    {
      title: "A credentials URI",
      messages: [
        await missing({ "alicloud:credentialsUri": "none" }),
        await fromUri(404, ""),
        await fromUri(200, "{}"),
        await fromUri(200, "a".repeat(100_000)),
      ],
    },
    {
      title: "A service that gives credentials can't be reached",
      messages: [
        timedOut(service, undefined).message,
        tooLong(service).message,
        unreachable(service, classifyNetworkError({ code: "ECONNREFUSED" }), undefined).message,
        unreachable(service, classifyNetworkError({ code: "ECONNREFUSED" }), proxied).message,
        await messageOf(() =>
          refreshingCredentials(
            "the credentials URI at http://127.0.0.1:8080 (the environment's ALICLOUD_CREDENTIALS_URI)",
            async () => ({ credentials: { accessKeyId: "a", accessKeySecret: "b" }, expiresAt: new Date(0) }),
            () => NOW,
          ).get(),
        ),
      ],
    },
  ];
  return {
    title: "Credentials",
    intro:
      "A preview fails without credentials if the update needs some. A source that is configured but can't be used is an error, whatever the " +
      "other sources have. No message shows a key, a secret or a token.",
    groups: groups.map((group) => ({ ...group, messages: group.messages.map(shown) })),
  };
}
