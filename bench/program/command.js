// Another peer: Pulumi's own command resource with the vendor's command line, as many a page on Pulumi and a CDN has it.
const command = require("@pulumi/command");
const pulumi = require("@pulumi/pulumi");
const { resources } = require("./paths.js");

const config = new pulumi.Config("alicloud");
const endpoint = process.env.VOD_ENDPOINT ?? "https://vod.cn-shanghai.aliyuncs.com";
const { protocol, host } = new URL(endpoint);
const create =
  "aliyun vod RefreshVodObjectCaches --region cn-shanghai --method POST --force --version 2017-03-21 " +
  `--endpoint ${host} ${protocol === "http:" ? "--insecure" : ""} --ObjectPath "$PATHS"`;
// The command line writes them into the URL of its request, which may be 16 KB long at Node's HTTP server, the emulator's.
const PATHS_PER_CALL = 200;

for (const [name, { paths, contentHash }] of resources) {
  for (let first = 0; first < paths.length; first += PATHS_PER_CALL) {
    new command.local.Command(first === 0 ? name : `${name}-${first}`, {
      create,
      update: create,
      triggers: [contentHash],
      environment: {
        PATHS: paths.slice(first, first + PATHS_PER_CALL).join("\n"),
        ALIBABA_CLOUD_ACCESS_KEY_ID: config.requireSecret("accessKey"),
        ALIBABA_CLOUD_ACCESS_KEY_SECRET: config.requireSecret("secretKey"),
      },
    });
  }
}
